// Package findings sets what the analyses of customers found into tables for
// people: in a terminal, as CSV, or as the API's own JSON.
package findings

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Share is a fraction, shown in percent.
type Share float64

// Finding is one table and what is to be known about it.
type Finding struct {
	Title string
	// Header has a title for each column; it is left out where all are empty.
	Header []string
	// Rows have a cell for each title: text, Long, int64, float64, Share or *Money. Nil
	// is a cell without anything.
	Rows [][]any
	// Notes stand below the table, in text only.
	Notes []string
	// Answer is what the table was made of.
	Answer proto.Message
}

// Long is a text of which a terminal is shown the beginning only.
type Long string

// longest is how many characters of it that are.
const longest = 60

// titled tells whether the columns have titles.
func (f *Finding) titled() bool {
	return slices.ContainsFunc(f.Header, func(title string) bool { return title != "" })
}

// Formats are the names that Write knows.
var Formats = []string{"text", "json", "csv"}

// Write writes the finding in a format: text for a terminal with so many columns,
// json as the API answers, csv with fractions and decimal amounts.
func (f *Finding) Write(w io.Writer, format string, columns int) error {
	switch format {
	case "json":
		return writeJSON(w, f.Answer)
	case "csv":
		return f.writeCSV(w)
	default:
		p := &layout.Page{Width: columns}
		p.Heading(f.Title)
		f.Set(p)
		_, err := io.WriteString(w, p.String())
		return err
	}
}

// Set sets table and notes, without the title.
func (f *Finding) Set(p *layout.Page) {
	var rows [][]string
	if f.titled() {
		rows = append(rows, f.Header)
	}
	for _, row := range f.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = text(cell)
		}
		rows = append(rows, cells)
	}
	p.Table(rows)
	for _, note := range f.Notes {
		p.Item(note)
	}
}

// text is a cell for people.
func text(cell any) string {
	switch v := cell.(type) {
	case nil:
		return ""
	case string:
		return v
	case Long:
		return cut(string(v), longest)
	case int64:
		return money.Grouped(strconv.FormatInt(v, 10))
	case Share:
		return fmt.Sprintf("%.1f%%", 100*float64(v))
	case float64:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case *apiv1.Money:
		return Amount(v)
	default:
		return fmt.Sprint(v)
	}
}

// Amount is an amount for people, e.g. "12,345.60 CNY".
func Amount(m *apiv1.Money) string {
	if m == nil {
		return ""
	}
	return money.Grouped(money.Format(m)) + " " + m.GetCurrencyCode()
}

func (f *Finding) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	if f.titled() {
		if err := out.Write(f.Header); err != nil {
			return err
		}
	}
	for _, row := range f.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			switch v := cell.(type) {
			case nil:
			case Share:
				cells[i] = strconv.FormatFloat(float64(v), 'g', -1, 64)
			case float64:
				cells[i] = strconv.FormatFloat(v, 'g', -1, 64)
			case *apiv1.Money:
				cells[i] = money.Format(v) + " " + v.GetCurrencyCode()
			case string:
				cells[i] = unarmed(v)
			case Long:
				cells[i] = unarmed(string(v))
			default:
				cells[i] = fmt.Sprint(v)
			}
		}
		if err := out.Write(cells); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// unarmed is text that no spreadsheet takes for a formula.
func unarmed(text string) string {
	if text != "" && bytes.IndexByte([]byte("=+-@\t\r"), text[0]) >= 0 {
		return "'" + text
	}
	return text
}

func writeJSON(w io.Writer, answer proto.Message) error {
	data, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(answer)
	if err != nil {
		return err
	}
	// protojson varies its spaces at random; output that can be compared must not.
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = w.Write(b.Bytes())
	return err
}
