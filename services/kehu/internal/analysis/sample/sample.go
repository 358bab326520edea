// Package sample makes up what the services would answer about a small shop, for
// tests of reports: every figure is counted from the same invented orders.
package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

const (
	zone     = "Asia/Shanghai"
	currency = "CNY"
)

// Shop is an invented shop and what is said of it.
type Shop struct {
	Import     *profilev1.Import
	Refused    []upload.Refused
	Summary    *valuationv1.ValuationSummary
	Valuations []*valuationv1.Valuation // by customer id
	Top        []*valuationv1.Valuation // the ten with the most revenue
}

// Report is the report on the shop.
func (s *Shop) Report() *analysis.Report {
	return analysis.NewReport(s.Import, s.Refused, s.Summary, s.Top)
}

// order is one of a customer's orders.
type order struct {
	day    int // since start
	amount int64
	refund int64
}

// customer is one with at least one order.
type customer struct {
	id     string
	orders []order // by day
}

func (c customer) revenue() int64 {
	var sum int64
	for _, o := range c.orders {
		sum += o.amount - o.refund
	}
	return sum
}

func (c customer) days() []int {
	var days []int
	for _, o := range c.orders {
		days = append(days, o.day)
	}
	return slices.Compact(days)
}

// New makes a shop of so many customers, buying for so many months from January
// 2023 on. The same seed makes the same shop. A few customers have names that a
// page must not take as its own text.
func New(seed uint64, customers, months int) *Shop {
	random := rand.New(rand.NewPCG(seed, 7))
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, analysis.Location(zone))
	end := start.AddDate(0, months, -10) // the last month has not ended
	span := int(end.Sub(start).Hours() / 24)
	all := make([]customer, customers)
	for i := range all {
		all[i] = draw(random, fmt.Sprintf("m%06d", 100000+i*37), span)
	}
	slices.SortFunc(all, func(a, b customer) int { return int(b.revenue() - a.revenue()) })
	for i, id := range Hostile() { // among the best, so that the page names them
		all[2+i].id = id
	}
	b := book{start: start, end: end, customers: all}
	s := &Shop{Import: b.imported(), Summary: b.summary()}
	s.Valuations = b.valuations()
	s.Top = s.Valuations[:min(10, len(s.Valuations))]
	s.Refused = []upload.Refused{
		{Row: 18, Column: "订单编号", Value: "1.23E+18", Reason: "ORDER_ID_ROUNDED", Message: "a spreadsheet has rounded it: export again"},
	}
	return s
}

// Hostile are customer ids that try to be markup, formulas or more than one line.
func Hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `=HYPERLINK("http://example.invalid","x")`, `"><img src=http://example.invalid/x>`,
		`@sum(a1)`, "张三\u202egnp.exe", `-1+1`, `+8613800138000`, `a,"b"`, `00123`, `123456789012345678`,
	}
}

func draw(random *rand.Rand, id string, span int) customer {
	c := customer{id: id}
	pace := math.Exp(random.NormFloat64()*0.9 + 4.3) // days between orders
	spend := math.Exp(random.NormFloat64()*0.7 + 4.9)
	leaves := random.Float64() < 0.55
	for day := int(math.Pow(random.Float64(), 1.3) * float64(span)); day < span; {
		o := order{day: day, amount: int64(100 * spend * math.Exp(random.NormFloat64()*0.5))}
		if random.IntN(20) == 0 {
			o.refund = o.amount / 2
		}
		c.orders = append(c.orders, o)
		if leaves && random.Float64() < 0.5 {
			break
		}
		day += 1 + int(random.ExpFloat64()*pace)
	}
	return c
}

func yuan(minor int64) *apiv1.Money {
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
}
