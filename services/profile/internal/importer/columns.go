package importer

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// column is a column that a file may have.
type column struct {
	name     string
	required bool
	aliases  []string
}

var orderColumns = []column{
	{name: "order_id", required: true},
	{name: "customer_id", required: true},
	{name: "order_time", required: true},
	{name: "amount", required: true},
	{name: "currency"},
	{name: "discount"},
	{name: "cost"},
	{name: "channel"},
	{name: "payment_method"},
	{name: "status"},
	{name: "sku"},
	{name: "quantity"},
}

var customerColumns = []column{
	{name: "customer_id", required: true},
	{name: "display_name", aliases: []string{"name"}},
	{name: "kind"},
	{name: "gender"},
	{name: "birth_date"},
	{name: "region"},
	{name: "city"},
	{name: "email"},
	{name: "phone"},
	{name: "external_id"},
	{name: "namespace"},
	{name: "acquisition"},
}

// columns tells where in a row each known column stands.
type columns struct {
	count   int
	at      map[string]int
	ignored []string // as the header names them
}

// has reports whether the file has the column.
func (c *columns) has(name string) bool {
	_, ok := c.at[name]
	return ok
}

// place is where the column stands in a row, -1 where the file does not have it.
func (c *columns) place(name string) int {
	if at, ok := c.at[name]; ok {
		return at
	}
	return -1
}

// columnsOf reads a header. Faults are of the file as a whole: FILE_HEADER_MISSING,
// FILE_COLUMN_TWICE, FILE_COLUMN_MISSING.
func columnsOf(header []string, known []column) (*columns, error) {
	c := &columns{count: len(header), at: make(map[string]int, len(known))}
	for i, title := range header {
		name := columnName(title, known)
		if name == "" {
			c.ignored = append(c.ignored, title)
			continue
		}
		if first, twice := c.at[name]; twice {
			return nil, fault.New(fault.InvalidArgument, "FILE_COLUMN_TWICE",
				"column %s is in the header twice, as columns %d and %d", name, first+1, i+1)
		}
		c.at[name] = i
	}
	var missing []string
	for _, k := range known {
		if k.required && !c.has(k.name) {
			missing = append(missing, k.name)
		}
	}
	switch {
	case len(missing) == 0:
		return c, nil
	case len(c.at) == 0 && nearest(missing[0], c.ignored) == "":
		return nil, fault.New(fault.InvalidArgument, "FILE_HEADER_MISSING",
			"the first row must name the columns, among them %s; it begins with %s",
			strings.Join(required(known), ", "), quoteSome(header))
	}
	f := fault.New(fault.InvalidArgument, "FILE_COLUMN_MISSING", "%s", missingColumns(missing, c.ignored))
	for _, name := range missing {
		f.Violations = append(f.Violations, fault.Violation{Field: name, Description: "must be a column of the file"})
	}
	return nil, f
}

func columnName(title string, known []column) string {
	title = strings.ToLower(strings.TrimSpace(norm.NFKC.String(title)))
	for _, k := range known {
		if title == k.name || slices.Contains(k.aliases, title) {
			return k.name
		}
	}
	return ""
}

func required(known []column) []string {
	var names []string
	for _, k := range known {
		if k.required {
			names = append(names, k.name)
		}
	}
	return names
}

func missingColumns(missing, candidates []string) string {
	parts := make([]string, len(missing))
	for i, name := range missing {
		parts[i] = "column " + name + " is missing"
		if near := nearest(name, candidates); near != "" {
			parts[i] = fmt.Sprintf("column %q: did you mean %s?", clip(near, 60), name)
		}
	}
	return strings.Join(parts, "; ")
}

// nearest is the candidate that could be name misspelt, empty where none is.
func nearest(name string, candidates []string) string {
	best, distance := "", len(name)/3+1
	for _, candidate := range candidates {
		plain := strings.ToLower(strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(norm.NFKC.String(candidate))))
		if len(plain) > 2*len(name) {
			continue
		}
		d := editDistance(plain, name)
		if strings.ReplaceAll(plain, "_", "") == strings.ReplaceAll(name, "_", "") {
			d = 0 // "CustomerID"
		}
		if d < distance {
			best, distance = candidate, d
		}
	}
	return best
}

// editDistance is the least number of bytes to insert, drop or replace to make b of a.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// quoteSome quotes the first few of many texts.
func quoteSome(texts []string) string {
	const most = 10
	quoted := make([]string, 0, most)
	for _, text := range texts[:min(len(texts), most)] {
		quoted = append(quoted, fmt.Sprintf("%q", clip(text, 60)))
	}
	if len(texts) > most {
		quoted = append(quoted, fmt.Sprintf("and %d more", len(texts)-most))
	}
	return strings.Join(quoted, ", ")
}

// clip shortens text to some 3 × limit bytes at most, by whole characters.
func clip(text string, limit int) string {
	n := 0
	for at := range text {
		if n == limit {
			return text[:at] + "…"
		}
		n++
	}
	return text
}

// headerOf checks the first row of a file.
func headerOf(row sheet.Row, known []column) (*columns, error) {
	if f := sheet.CheckHeader(row); f != nil {
		return nil, f
	}
	return columnsOf(row.Fields, known)
}
