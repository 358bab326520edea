package domain

import (
	"cmp"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/stat"
)

// Summary is what a finished refresh says of the whole base.
type Summary struct {
	Generation  int64
	PublishedAt time.Time
	Policy      Policy // with its defaults filled in
	AsOf        time.Time
	Customers   int64
	Orders      int64
	Excluded    int64   // customers who do not allow to be valued, in no other figure
	Revenue     []Money // the valuation's currency first, the others by their codes
	RepeatRate  float64
	Cells       []CellCount      // that occur, by name
	Scores      [3][scale]int64  // customers per Dimension and score; index 0 is score 1
	Groups      []GroupSummary   // all eight, in their order
	Segments    []SegmentSummary // that occur, best first
	Warnings    []Warning
	// What Describe adds. It is nil and empty in a summary that was published
	// before there was any.
	Cohorts     *CohortTable
	OrderValues *Distribution   // net values in the valuation's currency, minor units
	Intervals   *Distribution   // days between a customer's successive days with an order
	TopShares   []stat.TopShare // of the revenue in the valuation's currency
	// Erased is how many customers have been erased since; all else is as it was.
	Erased int64
	// Predictions is nil where the refresh made none.
	Predictions *PredictionSummary
}

// CellCount is how many customers are in one cell.
type CellCount struct {
	Cell      string // e.g. "545"
	Customers int64
}

// GroupSummary is one of the eight groups. Revenue and its share are in the
// valuation's currency.
type GroupSummary struct {
	Group        stat.Group
	Customers    int64
	Revenue      int64
	RevenueShare float64
}

// SegmentSummary is one of the eleven segments.
type SegmentSummary struct {
	Segment      stat.EnglishSegment
	Customers    int64
	RevenueShare float64
}

// Summarize sums up a refresh. monetary is the values of the Monetary dimension.
func Summarize(asOf AsOf, tally *Tally, scoring *Scoring, monetary []int64) Summary {
	s := Summary{
		Policy: scoring.Policy, AsOf: asOf.Time(),
		Customers: tally.Customers, Orders: tally.Orders, RepeatRate: tally.RepeatRate(),
		Revenue: revenue(tally, scoring.Policy.Currency),
	}
	counts := make(map[Scores]*part)
	for i, value := range monetary {
		scores := scoring.At(i)
		if counts[scores] == nil {
			counts[scores] = new(part)
		}
		counts[scores].add(part{1, value})
	}
	s.divide(counts)
	s.Warnings = warnings(tally, scoring)
	return s
}

// part is customers and their revenue. Sums of parts of the whole fit if the
// whole does.
type part struct{ customers, revenue int64 }

func (p *part) add(q part) {
	p.customers += q.customers
	p.revenue += q.revenue
}

// divide fills in everything that is counted by scores.
func (s *Summary) divide(counts map[Scores]*part) {
	var total part
	cells := make(map[string]int64)
	groups := make(map[stat.Group]part)
	segments := make(map[stat.EnglishSegment]part)
	for scores, p := range counts {
		total.add(*p)
		cells[scores.Cell()] += p.customers
		for d, score := range [...]uint8{scores.R, scores.F, scores.M} {
			s.Scores[d][score-1] += p.customers
		}
		group, segment := groups[scores.Group], segments[scores.Segment()]
		group.add(*p)
		segment.add(*p)
		groups[scores.Group], segments[scores.Segment()] = group, segment
	}
	for cell, n := range cells {
		s.Cells = append(s.Cells, CellCount{cell, n})
	}
	slices.SortFunc(s.Cells, func(a, b CellCount) int { return cmp.Compare(a.Cell, b.Cell) })
	for _, group := range stat.Groups() {
		p := groups[group]
		s.Groups = append(s.Groups, GroupSummary{group, p.customers, p.revenue, share(p.revenue, total.revenue)})
	}
	for _, segment := range stat.EnglishSegments() {
		if p := segments[segment]; p.customers > 0 {
			s.Segments = append(s.Segments, SegmentSummary{segment, p.customers, share(p.revenue, total.revenue)})
		}
	}
}

func revenue(tally *Tally, currency string) []Money {
	if currency == "" {
		return nil
	}
	all := []Money{{currency, tally.Currencies[currency].Revenue}}
	for code, turnover := range tally.Currencies {
		if code != currency {
			all = append(all, Money{code, turnover.Revenue})
		}
	}
	slices.SortFunc(all[1:], func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return all
}
