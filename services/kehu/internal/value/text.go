package value

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// WriteText prints what a fit found for a person, in lines of at most width columns.
func (f *File) WriteText(w io.Writer, width int) error {
	p := &layout.Page{Width: width}
	p.Title("Fitted models of " + f.Source)
	f.writeSample(p)
	for i := range f.Models {
		f.Models[i].writeText(p, f)
	}
	if f.Rows != nil {
		writeRows(p, *f.Rows)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (f *File) writeSample(p *layout.Page) {
	facts := [][2]string{{"Unit of time", f.Unit}}
	if f.CalibrationEnd != "" {
		facts = append(facts, [2]string{"Calibration up to", f.CalibrationEnd + " (" + f.TimeZone + ")"})
	}
	if f.End != "" {
		facts = append(facts, [2]string{"Hold-out up to", f.End})
	}
	if n := f.Population; n != nil {
		facts = append(facts,
			[2]string{"Customers", fmt.Sprintf("%d, of whom %d bought again, %d times in all", n.Customers, n.RepeatBuyers, n.Repeats)})
		if n.Later > 0 {
			facts = append(facts, [2]string{"Left out", fmt.Sprintf("%d who first bought after the calibration", n.Later)})
		}
	}
	p.Facts(facts)
	for _, note := range f.Notes {
		p.Item(note)
	}
}

func (m *Model) writeText(p *layout.Page, f *File) {
	p.Heading(m.Model)
	if m.Fitted() {
		rows := [][]string{{"parameter", "value", "std. error", "lower", "upper", "interval"}}
		for _, i := range m.Intervals {
			deviation := "-"
			if se, known := m.StandardErrors[i.Parameter]; known {
				deviation = figure(&se)
			}
			value := m.Params[i.Parameter]
			rows = append(rows, []string{i.Parameter, figure(&value), deviation, figure(i.Lower), figure(i.Upper),
				fmt.Sprintf("%g%% %s", 100*i.Level, strings.ReplaceAll(i.Method, "_", " "))})
		}
		p.Table(rows)
		p.Facts(m.facts(f.Currency))
	}
	for _, w := range m.Warnings {
		p.Item(fmt.Sprintf("%s [%s]", w.Message, w.Reason))
	}
	if m.Holdout != nil {
		m.Holdout.writeText(p)
	}
}

func (m *Model) facts(currency string) [][2]string {
	state := "converged"
	if !m.Converged {
		state = "NOT converged"
	}
	facts := [][2]string{
		{"Log-likelihood", strconv.FormatFloat(*m.LogLikelihood, 'f', 4, 64)},
		{"Search", fmt.Sprintf("%s after %d steps, largest gradient %.1e", state, m.Iterations, m.Gradient)},
		{"Customers", strconv.FormatFloat(m.Customers, 'f', -1, 64)},
	}
	if m.PopulationMean != nil {
		facts = append(facts, [2]string{"Mean of a purchase", strings.TrimSpace(fmt.Sprintf("%.2f %s", *m.PopulationMean, currency))})
	}
	if m.Correlation != nil {
		facts = append(facts, [2]string{"Spend and frequency", fmt.Sprintf("correlation %.3f", *m.Correlation)})
	}
	return facts
}

func (h *Holdout) writeText(p *layout.Page) {
	ranks := "-"
	if h.Spearman != nil {
		ranks = fmt.Sprintf("%.3f", *h.Spearman)
	}
	p.Facts([][2]string{
		{"Hold-out", fmt.Sprintf("%.0f purchases in %.4g periods, %.1f predicted (%+.1f%%)", h.Actual, h.Periods, h.Predicted, percentOff(h.Predicted, h.Actual))},
		{"Per customer", fmt.Sprintf("mean absolute error %.3f, root mean square %.3f, rank correlation %s", h.MAE, h.RMSE, ranks)},
		{"Top tenth", fmt.Sprintf("made %.1f%% of the purchases", 100*h.TopDecileShare)},
	})
	rows := [][]string{{"repeats so far", "customers", "actual", "predicted"}}
	for _, c := range h.ByFrequency {
		rows = append(rows, []string{c.Frequency, fmt.Sprintf("%.0f", c.Customers), fmt.Sprintf("%.0f", c.Actual), fmt.Sprintf("%.1f", c.Predicted)})
	}
	p.Table(rows)
}

func percentOff(predicted, actual float64) float64 {
	if actual == 0 {
		return 0
	}
	return 100 * (predicted/actual - 1)
}

func writeRows(p *layout.Page, rows Rows) {
	if rows.Refused == 0 {
		return
	}
	p.Heading(fmt.Sprintf("%d of %d rows were refused, the first of them", rows.Refused, rows.Read))
	table := [][]string{{"row", "column", "value", "why"}}
	for _, r := range rows.First {
		table = append(table, []string{fmt.Sprint(r.Row), r.Column, r.Value, r.Message})
	}
	p.Table(table)
}

// figure is a number with five digits, or a dash for none.
func figure(v *float64) string {
	if v == nil {
		return "-"
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}

// textSink shows the first customers and the totals.
type textSink struct {
	out   *bufio.Writer
	page  layout.Page
	setup Setup
	rows  [][]string
}

// shownRows is how many customers a text shows.
const shownRows = 20

func (s *textSink) begin(setup Setup) error {
	s.setup = setup
	s.rows = [][]string{{"customer", "alive", "purchases", "churn risk", "spend", "residual", "residual CLV"}}
	return nil
}

func (s *textSink) row(p *Prediction) error {
	if len(s.rows) > shownRows {
		return nil
	}
	name := p.ID
	if name == "" {
		name = "row " + strconv.FormatInt(p.Row, 10)
	}
	cells := []string{name}
	for _, v := range p.figures() {
		cells = append(cells, figure(v))
	}
	s.rows = append(s.rows, cells)
	return nil
}

func (s *textSink) end(totals Totals, rows Rows) error {
	p, setup := &s.page, s.setup
	p.Title(fmt.Sprintf("The next %g %ss by %s", setup.Horizon, setup.Unit, setup.Model))
	clv := "Residual CLV"
	if !setup.MarginKnown {
		clv = "Residual revenue"
	}
	p.Facts([][2]string{
		{"Discount rate", fmt.Sprintf("%g a year, %.6g a %s: %s", setup.Discount.AnnualRate, setup.Discount.PerPeriod, setup.Unit, setup.Discount.Formula)},
		{"Margin", fmt.Sprintf("%g", setup.Margin)},
		{"Customers", strconv.FormatInt(totals.Customers, 10)},
		{"Alive", fmt.Sprintf("%.1f expected", totals.Alive)},
		{"Purchases", fmt.Sprintf("%.1f expected", totals.Purchases)},
		{clv, strings.TrimSpace(fmt.Sprintf("%.2f %s in all", totals.ResidualCLV, setup.Currency))},
	})
	for _, note := range setup.Notes {
		p.Item(note)
	}
	p.Heading("The first customers; --format csv has all")
	p.Table(s.rows)
	writeRows(p, rows)
	_, err := s.out.WriteString(p.String())
	return err
}
