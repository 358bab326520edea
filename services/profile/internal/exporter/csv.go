package exporter

import (
	"encoding/csv"
	"io"
	"regexp"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// file is a file being written.
type file interface {
	write(proto.Message) error
	close() error
}

// byteOrderMark is by what spreadsheets know that a file is UTF-8.
const byteOrderMark = "\uFEFF"

type csvFile struct {
	columns []column
	to      *csv.Writer
	row     []string
}

func newCSV(w io.Writer, columns []column) (*csvFile, error) {
	if _, err := io.WriteString(w, byteOrderMark); err != nil {
		return nil, err
	}
	f := &csvFile{columns: columns, to: csv.NewWriter(w), row: make([]string, len(columns))}
	for i, c := range columns {
		f.row[i] = c.name
	}
	return f, f.to.Write(f.row)
}

func (f *csvFile) write(m proto.Message) error {
	for i, c := range f.columns {
		v, err := c.of(m.ProtoReflect())
		if err != nil {
			return err
		}
		f.row[i] = cell(v)
	}
	return f.to.Write(f.row)
}

func (f *csvFile) close() error {
	f.to.Flush()
	return f.to.Error()
}

// cell is a value as text; an amount in major units, as "29.33".
func cell(v any) string {
	switch v := v.(type) {
	case string:
		return harmless(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(v)
	case time.Time:
		return written(v)
	case *apiv1.Money:
		return major(v)
	}
	return ""
}

func major(m *apiv1.Money) string {
	decimals, _ := money.Decimals(m.GetCurrencyCode())
	return money.Decimal(m.GetMinorUnits(), decimals)
}

// number is what begins like a formula and is none: a phone number, a date
// without a year.
var number = regexp.MustCompile(`^(\+[0-9]+|--[0-9]{2}-[0-9]{2})$`)

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(s string) string {
	if number.MatchString(s) {
		return s
	}
	return sheet.Harmless(s)
}
