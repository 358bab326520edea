// Package rfmscore scores the customers of a table of orders by recency, frequency
// and monetary value, and writes the scores.
package rfmscore

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/orderscan"
)

// Settings say how to score.
type Settings struct {
	AsOf   int32 // day since 1970-01-01; orders after it do not count
	Scores int   // of each scale, 1 to 9
	Ties   stat.Ties
	Cores  int
}

// Result is a row for each customer with an order up to the day, by id.
type Result struct {
	stat.RFMValues
	IDs      []string
	Cells    []stat.RFM
	Settings Settings
	Currency string // empty where the file states none
	Orders   int64  // that were read
	Skipped  int64  // rows in another currency
	Later    int    // customers without an order up to the day
}

// Score scores the customers.
func Score(o *orderscan.Orders, s Settings) (*Result, error) {
	values, err := o.Values(s.AsOf, s.Cores)
	if err != nil {
		return nil, fault.New(fault.InvalidArgument, "ORDERS_INVALID", "%v", err)
	}
	r := &Result{RFMValues: values, IDs: o.IDs, Settings: s, Currency: o.Currency, Orders: o.Rows - o.Skipped, Skipped: o.Skipped}
	r.dropLater()
	if len(r.IDs) == 0 {
		return nil, fault.New(fault.InvalidArgument, "NO_ORDERS", "no order is of %s or earlier; the last is of %s", orderscan.Date(s.AsOf), orderscan.Date(o.Last))
	}
	scales := [3]struct {
		values []int64
		better stat.Better
		scores []uint8
		err    error
	}{{values: r.Recency, better: stat.LowerIsBetter}, {values: r.Frequency, better: stat.HigherIsBetter}, {values: r.Monetary, better: stat.HigherIsBetter}}
	var all sync.WaitGroup
	for i := range scales {
		all.Go(func() {
			scales[i].scores, scales[i].err = stat.Score(scales[i].values, s.Scores, s.Ties, scales[i].better)
		})
	}
	all.Wait()
	for _, scale := range scales {
		if scale.err != nil {
			return nil, fault.New(fault.InvalidArgument, "INVALID_FIELD", "%v", scale.err)
		}
	}
	r.Cells = make([]stat.RFM, len(r.IDs))
	for i := range r.Cells {
		r.Cells[i] = stat.RFM{R: scales[0].scores[i], F: scales[1].scores[i], M: scales[2].scores[i]}
	}
	return r, nil
}

// dropLater leaves out customers whose first order is after the day.
func (r *Result) dropLater() {
	kept := 0
	for i, f := range r.Frequency {
		if f == 0 {
			continue
		}
		if kept < i {
			r.IDs[kept], r.Recency[kept], r.Frequency[kept], r.Monetary[kept] = r.IDs[i], r.Recency[i], f, r.Monetary[i]
		}
		kept++
	}
	r.Later = len(r.IDs) - kept
	r.IDs, r.Recency, r.Frequency, r.Monetary = r.IDs[:kept], r.Recency[:kept], r.Frequency[:kept], r.Monetary[:kept]
}

// Summary is what all customers come to.
type Summary struct {
	AsOf      string         `json:"as_of"`
	Ties      string         `json:"ties"`
	Scores    int            `json:"scores"`
	Customers int            `json:"customers"`
	Orders    int64          `json:"orders"`
	Skipped   int64          `json:"skipped"` // rows in another currency
	Later     int            `json:"later"`   // customers without an order up to the day
	Currency  string         `json:"currency_code"`
	Cells     map[string]int `json:"cells"`
}

// Summary counts the customers of each cell.
func (r *Result) Summary() Summary {
	s := Summary{
		AsOf: orderscan.Date(r.Settings.AsOf), Ties: "shared", Scores: r.Settings.Scores, Customers: len(r.IDs),
		Orders: r.Orders, Skipped: r.Skipped, Later: r.Later, Currency: r.Currency, Cells: map[string]int{},
	}
	if r.Settings.Ties == stat.OrdinalTies {
		s.Ties = "ordinal"
	}
	counts := map[stat.RFM]int{}
	for _, c := range r.Cells {
		counts[c]++
	}
	for c, n := range counts {
		s.Cells[c.String()] = n
	}
	return s
}

// WriteText writes the cells with the most customers.
func (r *Result) WriteText(w io.Writer, columns int) error {
	s, p := r.Summary(), &layout.Page{Width: columns}
	p.Heading("RFM scores as of " + s.AsOf)
	var cells []string
	for c := range s.Cells {
		cells = append(cells, c)
	}
	slices.SortFunc(cells, func(a, b string) int {
		if s.Cells[a] != s.Cells[b] {
			return s.Cells[b] - s.Cells[a]
		}
		return strings.Compare(a, b)
	})
	const shown = 15
	rows := [][]string{{"cell", "customers", "share"}}
	for _, c := range cells[:min(shown, len(cells))] {
		rows = append(rows, []string{c, strconv.Itoa(s.Cells[c]), fmt.Sprintf("%.1f%%", 100*float64(s.Cells[c])/float64(s.Customers))})
	}
	p.Table(rows)
	if len(cells) > shown {
		p.Item(fmt.Sprintf("%d more cells; --format json has all, --format csv every customer", len(cells)-shown))
	}
	p.Item(fmt.Sprintf("%d customers, %d orders; %s ties, %d scores", s.Customers, s.Orders, s.Ties, s.Scores))
	if s.Later > 0 {
		p.Item(fmt.Sprintf("%d customers left out, whose first order is later", s.Later))
	}
	if s.Skipped > 0 {
		p.Item(fmt.Sprintf("%d rows left out, in another currency than %s", s.Skipped, s.Currency))
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// WriteCSV writes a row for each customer.
func (r *Result) WriteCSV(w io.Writer) error {
	out := bufio.NewWriterSize(w, 1<<20)
	if _, err := out.WriteString("customer_id,recency_days,frequency,monetary,r,f,m\n"); err != nil {
		return err
	}
	decimals, _ := money.Decimals(r.Currency)
	quoted := csv.NewWriter(out)
	row := make([]byte, 0, 128)
	for i, id := range r.IDs {
		c := r.Cells[i]
		if strings.ContainsAny(id, ",\"\r\n") || strings.ContainsRune("=+-@\t", rune(id[0])) {
			// No id becomes two fields, nor a formula in a spreadsheet.
			if strings.ContainsRune("=+-@\t", rune(id[0])) {
				id = "'" + id
			}
			err := quoted.Write([]string{
				id, strconv.FormatInt(r.Recency[i], 10), strconv.FormatInt(r.Frequency[i], 10), money.Decimal(r.Monetary[i], decimals),
				strconv.Itoa(int(c.R)), strconv.Itoa(int(c.F)), strconv.Itoa(int(c.M)),
			})
			if quoted.Flush(); err != nil {
				return err
			}
			continue
		}
		row = append(append(row[:0], id...), ',')
		row = append(strconv.AppendInt(row, r.Recency[i], 10), ',')
		row = append(strconv.AppendInt(row, r.Frequency[i], 10), ',')
		row = append(append(row, money.Decimal(r.Monetary[i], decimals)...), ',')
		row = append(strconv.AppendUint(row, uint64(c.R), 10), ',')
		row = append(strconv.AppendUint(row, uint64(c.F), 10), ',')
		row = append(strconv.AppendUint(row, uint64(c.M), 10), '\n')
		if _, err := out.Write(row); err != nil {
			return err
		}
	}
	return out.Flush()
}
