package value

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// Totals are the sums of what there is.
type Totals struct {
	Customers            int64   `json:"customers"`
	Alive                float64 `json:"p_alive"`
	Purchases            float64 `json:"expected_purchases"`
	ResidualTransactions float64 `json:"residual_transactions"`
	ResidualCLV          float64 `json:"residual_clv"`
}

func (t *Totals) add(p *Prediction) {
	t.Customers++
	for _, figure := range []struct {
		to   *float64
		from *float64
	}{{&t.Alive, p.Alive}, {&t.Purchases, p.Purchases}, {&t.ResidualTransactions, p.ResidualTransactions}, {&t.ResidualCLV, p.ResidualCLV}} {
		if figure.from != nil {
			*figure.to += *figure.from
		}
	}
}

// sink is where predictions are written as they come.
type sink interface {
	begin(Setup) error
	row(*Prediction) error
	end(Totals, Rows) error
}

// Formats of predictions.
var Formats = []string{"text", "json", "csv"}

// Predict predicts each row of a summary and writes it in a format, row by row.
func (p *Predictor) Predict(file *Summary, w io.Writer, format string, width int) error {
	out := bufio.NewWriterSize(w, 64<<10)
	var to sink
	switch format {
	case "json":
		to = &jsonSink{out: out}
	case "csv":
		to = &csvSink{out: csv.NewWriter(out), id: file.HasID()}
	default:
		to = &textSink{out: out, page: layout.Page{Width: width}}
	}
	if err := to.begin(p.Setup); err != nil {
		return err
	}
	var totals Totals
	err := file.Each(func(row Row) error {
		prediction, err := p.Of(row)
		if err != nil {
			return err
		}
		totals.add(prediction)
		return to.row(prediction)
	})
	if err != nil {
		return errors.Join(err, out.Flush())
	}
	return errors.Join(to.end(totals, file.Rows), out.Flush(), file.Rows.Err())
}

// jsonSink writes one object: the setup's members, rows, totals and file.
type jsonSink struct {
	out  *bufio.Writer
	rows int64
}

func (s *jsonSink) begin(setup Setup) error {
	text, err := json.Marshal(setup)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "%s,\n\"rows\": [", text[:len(text)-1])
	return err
}

func (s *jsonSink) row(p *Prediction) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	separator := ",\n"
	if s.rows == 0 {
		separator = "\n"
	}
	s.rows++
	_, err = fmt.Fprintf(s.out, "%s%s", separator, text)
	return err
}

func (s *jsonSink) end(totals Totals, rows Rows) error {
	sums, err := json.Marshal(totals)
	if err != nil {
		return err
	}
	file, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.out, "\n],\n\"totals\": %s,\n\"file\": %s}\n", sums, file)
	return err
}

// csvSink writes a row per customer; what else there is to say is not in the table.
type csvSink struct {
	out *csv.Writer
	id  bool
}

func (s *csvSink) begin(Setup) error {
	header := []string{"row"}
	if s.id {
		header = append(header, "id")
	}
	return s.out.Write(append(header, "p_alive", "expected_purchases", "churn_risk", "expected_spend",
		"residual_transactions", "residual_clv", "reasons"))
}

func (s *csvSink) row(p *Prediction) error {
	fields := []string{strconv.FormatInt(p.Row, 10)}
	if s.id {
		fields = append(fields, harmless(p.ID))
	}
	for _, figure := range p.figures() {
		text := ""
		if figure != nil {
			text = strconv.FormatFloat(*figure, 'g', -1, 64)
		}
		fields = append(fields, text)
	}
	var reasons []string
	for _, name := range slices.Sorted(maps.Keys(p.Reasons)) {
		reasons = append(reasons, name+"="+p.Reasons[name])
	}
	return s.out.Write(append(fields, strings.Join(reasons, ";")))
}

func (s *csvSink) end(Totals, Rows) error {
	s.out.Flush()
	return s.out.Error()
}

// WriteNotes says beside a table what it has no room for.
func (p *Predictor) WriteNotes(w io.Writer, rows Rows) {
	fmt.Fprintf(w, "%s, discount rate of a %s %.6g (%s)\n", p.Setup.Model, p.Setup.Unit, p.Setup.Discount.PerPeriod, p.Setup.Discount.Formula)
	for _, note := range p.Setup.Notes {
		fmt.Fprintf(w, "%s\n", note)
	}
	for _, r := range rows.First {
		fmt.Fprintf(w, "row %d, column %s, value %q: %s [%s]\n", r.Row, r.Column, r.Value, r.Message, r.Reason)
	}
	if rows.Refused > 0 {
		fmt.Fprintf(w, "%d of %d rows were refused\n", rows.Refused, rows.Read)
	}
}

// harmless is an id that a spreadsheet takes for no formula.
func harmless(id string) string {
	if id != "" && strings.ContainsRune("=+-@\t\r", rune(id[0])) {
		return "'" + id
	}
	return id
}

func (at *Prediction) figures() []*float64 {
	return []*float64{at.Alive, at.Purchases, at.ChurnRisk, at.Spend, at.ResidualTransactions, at.ResidualCLV}
}
