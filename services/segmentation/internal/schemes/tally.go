package schemes

import (
	"math"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/describe"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// tally is what is counted of the customers of one label.
type tally struct {
	customers int64
	revenue   map[string]int64 // by currency, in the minor unit
	payers    map[string]int64 // customers with revenue in a currency
	reachable int64
	recent    int64         // seen within 90 days
	spreads   []stat.Spread // of the numeric columns
	groups    [][]int64     // of the categorical columns, by place
	ranks     [][]int64     // of the numeric outside columns, by bins
}

func newTally(w *work) *tally {
	t := &tally{revenue: make(map[string]int64), payers: make(map[string]int64), spreads: make([]stat.Spread, len(w.columns)), groups: make([][]int64, len(w.columns)), ranks: make([][]int64, len(w.columns))}
	for j, c := range w.columns {
		if !c.Numeric() {
			t.groups[j] = make([]int64, maxGroups+1)
		}
	}
	return t
}

// How many days back counts as reachable, and as need.
const (
	reachableDays = 365
	needDays      = 90
)

func (t *tally) add(w *work, f *facts.Facts, row []float64, rank []*stat.Baseline) {
	t.customers++
	for _, m := range f.Revenue {
		t.revenue[m.Currency] += m.Minor
		t.payers[m.Currency]++
	}
	if len(f.Customer.Channels) > 0 || f.Feedback.Responses > 0 || w.within(f, reachableDays) {
		t.reachable++
	}
	if w.within(f, needDays) {
		t.recent++
	}
	for j, x := range row {
		switch {
		case math.IsNaN(x):
		case t.groups[j] != nil:
			t.groups[j][int(x)]++
		default:
			t.spreads[j].Add(x)
			if rank[j] != nil {
				if t.ranks[j] == nil {
					t.ranks[j] = make([]int64, len(rank[j].Edges)+1)
				}
				t.ranks[j][rank[j].Bin(x)]++
			}
		}
	}
}

// assigned is what the pass over all customers has come to.
type assigned struct {
	labels []*tally // unknown last
	failed int64
	// described are the labels in words.
	described []*describe.Description
	// cross counts customers by their label in the baseline run's model and in this one.
	cross [][]int64
	// beforeLabels are those of the baseline.
	beforeLabels []string
	// labelled are the clusters of each customer in both, where both are clusters.
	labelled [2][]int
	// counts of the forming columns in the bins of this run, by half, and of the baseline.
	own  []*counted
	base []*counted
}

// counted is a column in bins.
type counted struct {
	frozen frozenBins
	halves [2][]int64
}

func (c *counted) add(x float64, half int) {
	c.halves[half][c.frozen.Baseline.Bin(x)]++
}

func (c *counted) total() []int64 {
	sum := make([]int64, len(c.halves[0]))
	for i := range sum {
		sum[i] = c.halves[0][i] + c.halves[1][i]
	}
	return sum
}

func newCounted(b frozenBins) *counted {
	n := len(b.Baseline.Edges) + 1
	return &counted{frozen: b, halves: [2][]int64{make([]int64, n), make([]int64, n)}}
}
