package value

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/delimited"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// Row is a customer of a summary file.
type Row struct {
	Number int64 // of the row, the first below the header being 1
	ID     string
	X      int
	TX, T  float64
	// Spend is the mean value of a repeat purchase; HasSpend is false where the
	// file has no column for it, the field is empty or x is 0.
	Spend    float64
	HasSpend bool
	Held     int // purchases in the hold-out; 0 where the file has no column for them
}

// refusedShown is how many refused rows are named.
const refusedShown = 10

// Rows says what became of a file's rows.
type Rows struct {
	Read    int64            `json:"read"`
	Refused int64            `json:"refused"`
	First   []upload.Refused `json:"refused_rows"` // the first of them
}

func (r *Rows) refuse(row upload.Refused) {
	r.Refused++
	if len(r.First) < refusedShown {
		r.First = append(r.First, row)
	}
}

// aliases are the titles of the columns, in lower case, our own first.
var aliases = map[string][]string{
	"id":     {"id", "customer_id", "customer", "cust"},
	"x":      {"x", "frequency", "frequency_cal"},
	"t_x":    {"t_x", "tx", "t.x", "recency", "recency_cal"},
	"T":      {"t", "age", "t_cal", "t.cal"},
	"spend":  {"spend", "zbar", "monetary_value", "monetary_value_cal", "monetary", "m_x", "mean_spend"},
	"x_hold": {"x_hold", "frequency_holdout"},
}

// Summary reads a CSV file with a row per customer: x, the number of repeat
// purchases; t_x, the time from the first to the last; T, from the first to the end
// of what was observed; optionally id and spend, the mean value of the repeat
// purchases. Frequency, recency and zbar are known too; other columns are ignored.
type Summary struct {
	Rows   Rows
	in     *delimited.Reader
	at     map[string]int // column of each name, -1 where there is none
	header []string
	close  func() error
}

// OpenSummary opens the file at path and reads its header. Faults, InvalidArgument:
// FILE_EMPTY, FILE_COLUMN_MISSING, FILE_COLUMN_TWICE, FILE_MALFORMED.
func OpenSummary(path string) (*Summary, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, errors.Join(invalid("FILE_MALFORMED", "%s is not a regular file", path), file.Close())
	}
	s, err := newSummary(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	s.close = file.Close
	return s, nil
}

func newSummary(from io.Reader) (*Summary, error) {
	s := &Summary{in: delimited.NewReader(from, "", false), at: map[string]int{}, Rows: Rows{First: []upload.Refused{}}}
	header, err := s.in.Next()
	if errors.Is(err, io.EOF) {
		return nil, invalid("FILE_EMPTY", "the file is empty: its first row must name the columns x, t_x and T")
	}
	if err != nil {
		return nil, invalid("FILE_MALFORMED", "the header cannot be read: %v", err)
	}
	s.header = append(s.header, header...)
	return s, s.columns()
}

func (s *Summary) columns() error {
	for name, titles := range aliases {
		s.at[name] = -1
		for i, title := range s.header {
			for _, known := range titles {
				if strings.ToLower(strings.TrimSpace(title)) != known {
					continue
				}
				if first := s.at[name]; first >= 0 {
					return invalid("FILE_COLUMN_TWICE", "columns %q and %q are both %s", clip(s.header[first]), clip(title), name)
				}
				s.at[name] = i
			}
		}
	}
	var missing []string
	for _, name := range []string{"x", "t_x", "T"} {
		if s.at[name] < 0 {
			missing = append(missing, name+" ("+strings.Join(aliases[name][1:], ", ")+")")
		}
	}
	if len(missing) > 0 {
		return invalid("FILE_COLUMN_MISSING", "the first row must name the columns x, t_x and T; it lacks %s", strings.Join(missing, "; "))
	}
	return nil
}

// HasID tells whether the file has a column of ids, HasSpend one of mean values.
func (s *Summary) HasID() bool { return s.at["id"] >= 0 }

// HasSpend tells whether the file has a column of mean values.
func (s *Summary) HasSpend() bool { return s.at["spend"] >= 0 }

// Close closes the file.
func (s *Summary) Close() error { return s.close() }

// Each gives each row to use, which may refuse it by an InvalidArgument fault whose
// violation names the column. Rows that cannot be read, or are refused, are counted
// in Rows and do not end the reading; any other error does.
func (s *Summary) Each(use func(Row) error) error {
	for {
		fields, err := s.in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		s.Rows.Read++
		row := Row{Number: s.Rows.Read}
		var wrong *upload.Refused
		var quote *csv.ParseError
		switch {
		case errors.As(err, &quote):
			wrong = &upload.Refused{Reason: "ROW_MALFORMED", Message: quote.Err.Error()}
		case err != nil:
			return fmt.Errorf("row %d: %w", s.Rows.Read, err)
		case len(fields) != len(s.header):
			wrong = &upload.Refused{Reason: "ROW_FIELD_COUNT", Message: fmt.Sprintf("the row has %d fields where the header has %d", len(fields), len(s.header))}
		default:
			wrong = s.parse(fields, &row)
		}
		if wrong == nil {
			if wrong, err = s.judged(use(row), fields); err != nil {
				return err
			}
		}
		if wrong != nil {
			wrong.Row = s.Rows.Read
			s.Rows.refuse(*wrong)
		}
	}
}

// judged tells a row that was refused from an error that ends the reading.
func (s *Summary) judged(err error, fields []string) (*upload.Refused, error) {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.InvalidArgument {
		return nil, err
	}
	wrong := &upload.Refused{Reason: f.Reason, Message: f.Message}
	if len(f.Violations) > 0 {
		wrong.Column = f.Violations[0].Field
		if at, known := s.at[wrong.Column]; known && at >= 0 {
			wrong.Column, wrong.Value = s.header[at], clip(fields[at])
		}
	}
	return wrong, nil
}

func (s *Summary) parse(fields []string, row *Row) *upload.Refused {
	if at := s.at["id"]; at >= 0 {
		row.ID = strings.Clone(fields[at])
	}
	var wrong *upload.Refused
	if row.X, wrong = s.count(fields, "x"); wrong != nil {
		return wrong
	}
	if s.at["x_hold"] >= 0 {
		if row.Held, wrong = s.count(fields, "x_hold"); wrong != nil {
			return wrong
		}
	}
	if row.TX, wrong = s.number(fields, "t_x"); wrong != nil {
		return wrong
	}
	if row.T, wrong = s.number(fields, "T"); wrong != nil {
		return wrong
	}
	if at := s.at["spend"]; at < 0 || row.X == 0 || strings.TrimSpace(fields[at]) == "" {
		return nil
	}
	row.HasSpend = true
	row.Spend, wrong = s.number(fields, "spend")
	return wrong
}

// count reads a number of purchases.
func (s *Summary) count(fields []string, name string) (int, *upload.Refused) {
	x, wrong := s.number(fields, name)
	if wrong == nil && (x != math.Trunc(x) || x < 0 || x > math.MaxInt32) {
		wrong = s.wrong(fields, name, "must be a whole number of purchases, 0 or more")
	}
	if wrong != nil {
		return 0, wrong
	}
	return int(x), nil
}

func (s *Summary) number(fields []string, name string) (float64, *upload.Refused) {
	text := strings.TrimSpace(fields[s.at[name]])
	value, err := strconv.ParseFloat(text, 64)
	// What Go takes for a number beyond decimals is no number in a table.
	if err != nil || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, s.wrong(fields, name, "must be a decimal number such as 38.86")
	}
	return value, nil
}

func (s *Summary) wrong(fields []string, name, requirement string) *upload.Refused {
	at := s.at[name]
	return &upload.Refused{Column: s.header[at], Value: clip(fields[at]), Reason: "VALUE_INVALID",
		Message: fmt.Sprintf("%s: %s, is %q", s.header[at], requirement, clip(fields[at]))}
}

// Err is a fault where no row at all could be used; nil otherwise.
func (r *Rows) Err() error {
	switch {
	case r.Read == 0:
		return invalid("NO_CUSTOMERS", "the file has no rows: there is nobody to learn from")
	case r.Refused == r.Read:
		first := r.First[0]
		return fault.New(fault.InvalidArgument, first.Reason, "all %d rows were refused; row %d: %s", r.Read, first.Row, first.Message)
	}
	return nil
}

func invalid(reason, format string, args ...any) *fault.Fault {
	return fault.New(fault.InvalidArgument, reason, format, args...)
}

// clip shortens what is quoted from a file.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strings.ToValidUTF8(text[:cut], "\ufffd") + "…"
}
