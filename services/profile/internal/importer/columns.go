package importer

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// columns tells where in a row each known column stands.
type columns struct {
	count   int
	at      map[string][]int // where each name stands, the first to look at first
	header  []string
	names   []string // of each column, empty where it is not known
	ignored []string // as the header names them
	ours    bool
	orders  *mapping.Mapping // resolved; nil for what is no order
	json    bool             // the titles are paths of JSON lines
	open    bool             // columns and members that are not known are read too
	own     bool             // there may be attributes
	further []further        // those columns
}

// further is a column whose title is not known.
type further struct {
	at    int
	title string
}

// reads reports whether a member without a title is read all the same.
func (c *columns) reads(m sheet.Member) bool {
	return c.open || c.own && (m.Name == ofAttributes || isAttribute(mapping.Fold(m.Name)))
}

// has reports whether the file has the column.
func (c *columns) has(name string) bool { return len(c.at[name]) > 0 }

// itemLevel reports whether the rows are the items of orders, and not records.
func (c *columns) itemLevel() bool { return c.orders != nil && c.orders.Rows == mapping.ItemRows }

// known are the places of the columns that are known, in the order of the file.
func (c *columns) known() []int {
	var known []int
	for at, name := range c.names {
		if name != "" {
			known = append(known, at)
		}
	}
	return known
}

// places are where in a row a value may stand: the first that is not empty counts.
type places []int

// in is the value in a row, empty where the row has none.
func (p places) in(fields []string) string {
	for _, at := range p {
		if at < len(fields) && tidy(fields[at]) != "" {
			return fields[at]
		}
	}
	return ""
}

// in is the value of a column in a row, empty where there is none.
func (c *columns) in(fields []string, name string) string { return places(c.at[name]).in(fields) }

// title is how the file calls the column in which a value stands, or would.
func (c *columns) title(fields []string, name string) string {
	if name == "order_time" && c.in(fields, "paid_time") != "" {
		name = "paid_time" // which goes before it
	}
	if c.ours {
		return name
	}
	title := ""
	if len(c.at[name]) == 0 && c.orders == nil {
		return name
	}
	for _, at := range c.at[name] {
		if at < len(fields) && tidy(fields[at]) != "" {
			return c.header[at]
		}
		if title == "" {
			title = c.header[at]
		}
	}
	return title
}

// columnsOf reads a header. Faults are of the file as a whole: FILE_HEADER_MISSING,
// FILE_COLUMN_TWICE, FILE_COLUMN_MISSING.
func columnsOf(header []string, known layout) (*columns, error) {
	c := &columns{
		count: len(header), at: make(map[string][]int, len(known.columns)),
		header: header, names: make([]string, len(header)), ours: known.ours,
		json: known.json, open: known.open, own: known.attributes,
	}
	where := make(map[string]int, len(header))
	for i, title := range header {
		folded := mapping.Fold(title)
		k := slices.IndexFunc(known.columns, func(k column) bool { return k.titled(folded) })
		attribute := k < 0 && known.attributes && isAttribute(folded)
		open := k < 0 && known.open && folded != ""
		if k < 0 && !attribute && !open {
			c.ignored = append(c.ignored, title)
			continue
		}
		if first, twice := where[folded]; twice {
			return nil, fault.New(fault.InvalidArgument, "FILE_COLUMN_TWICE",
				"column %s is in the header twice, as columns %d and %d", clip(folded, 60), first+1, i+1)
		}
		where[folded] = i
		switch {
		case attribute:
			c.names[i], c.at[folded] = folded, []int{i}
			continue
		case open:
			c.names[i], c.further = propertyOf(title), append(c.further, further{i, tidy(title)})
			continue
		}
		c.names[i] = known.columns[k].name
	}
	for _, k := range known.columns {
		for _, title := range k.titles {
			if at, ok := where[mapping.Fold(title)]; ok {
				c.at[k.name] = append(c.at[k.name], at)
			}
		}
	}
	if known.orders != nil {
		c.orders = known.orders.Resolved(c.has(string(mapping.SKU)) && !known.json)
	}
	return c, c.checkRequired(known)
}

func (c *columns) checkRequired(known layout) error {
	var missing, names, required []string
	for _, group := range known.required {
		titles := known.titles(group)
		required = append(required, titles[0])
		if !slices.ContainsFunc(group, c.has) {
			missing, names = append(missing, titles[0]), append(names, group[0])
		}
	}
	switch {
	case len(missing) == 0:
		return nil
	case len(c.at) == 0 && nearest(missing[0], c.ignored) == "":
		return fault.New(fault.InvalidArgument, "FILE_HEADER_MISSING",
			"the first row must name the columns, among them %s; it begins with %s",
			strings.Join(required, ", "), quoteSome(c.header))
	}
	f := fault.New(fault.InvalidArgument, "FILE_COLUMN_MISSING", "%s", missingColumns(missing, c.ignored))
	for _, name := range names {
		f.Violations = append(f.Violations, fault.Violation{Field: name, Description: "must be a column of the file"})
	}
	return f
}

// headerOf checks the first row of a file.
func headerOf(row sheet.Row, known layout) (*columns, error) {
	if known.json {
		return columnsOf(known.paths(), known)
	}
	if f := sheet.CheckHeader(row); f != nil {
		return nil, f
	}
	return columnsOf(slices.Clone(row.Fields), known)
}

// warnings are what to know of the columns of a file.
func (c *columns) warnings() []warning {
	var all []warning
	if len(c.ignored) > 0 {
		all = append(all, warning{"COLUMNS_IGNORED", "these columns are not known and were ignored: " + quoteSome(c.ignored)})
	}
	if c.orders != nil && !c.ours && !c.has(string(mapping.Refunded)) {
		all = append(all, warning{"REFUNDS_NOT_STATED", "no column says what was refunded: refunds of orders that are not wholly returned are in no total"})
	}
	return all
}
