package partition

import (
	"math"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Grouping is what becomes a label of RFM.
type Grouping string

// The groupings.
const (
	EightGroups    Grouping = "eight_groups"    // high or low in each of the three
	ElevenSegments Grouping = "eleven_segments" // by recency and frequency scores
	Cells          Grouping = "cells"           // the 125 triples of scores
)

// Threshold is above what a value is high.
type Threshold string

// The thresholds.
const (
	AtMean   Threshold = "mean"
	AtMedian Threshold = "median"
	AtFixed  Threshold = "fixed"
)

// scores is how many there are of each of the three.
const scores = 5

// RFMSpec is RFM before it has seen customers.
type RFMSpec struct {
	Currency string
	Grouping Grouping
	// Cuts of days since the last order, of days with an order, of revenue in minor
	// units: four each that ascend, or none for quintiles.
	RecencyCuts, FrequencyCuts, MonetaryCuts []int64
	// Threshold of the eight groups, and where it is fixed.
	Threshold                                   Threshold
	FixedRecency, FixedFrequency, FixedMonetary int64
}

// RFM scores customers by cut points that stand still. A customer without an order has
// no scores.
type RFM struct {
	Currency   string            `bson:"currency"`
	Grouping   Grouping          `bson:"grouping"`
	Cuts       [3]stat.Cuts      `bson:"cuts"` // of recency in days, frequency in days, revenue in minor units
	Thresholds [3]stat.Threshold `bson:"thresholds"`
}

// rfmInputs are recency, frequency and monetary value, known of customers with an order.
func rfmInputs(currency string) ([]input, error) {
	if !facts.IsCurrency(currency) {
		return nil, fault.Invalid("method.rfm.currency_code", "must be an ISO 4217 code, e.g. CNY, is %.10q", currency)
	}
	inputs, err := findInputs("method.rfm", []string{"orders.recency_days", "orders.days"})
	if err != nil {
		return nil, err
	}
	monetary := &Variable{
		Name: "revenue_minor." + currency, Label: "revenue in the minor unit of " + currency, LabelZh: "收入(" + currency + " 最小单位)",
		Unit: currency, Reads: []string{"revenue"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			for _, m := range f.Revenue {
				if m.Currency == currency {
					return float64(m.Minor), true
				}
			}
			return 0, true
		},
	}
	inputs = append(inputs, numberInput(monetary))
	for j := range inputs {
		number := inputs[j].number
		inputs[j].number = func(f *facts.Facts, m Moment) (float64, bool) {
			if f.Orders.Count <= 0 {
				return 0, false
			}
			return number(f, m)
		}
	}
	return inputs, nil
}

func (s *RFMSpec) check() error {
	for _, given := range []struct {
		field string
		cuts  []int64
	}{{"recency_cuts", s.RecencyCuts}, {"frequency_cuts", s.FrequencyCuts}, {"monetary_cuts", s.MonetaryCuts}} {
		if n := len(given.cuts); n != 0 && n != scores-1 {
			return fault.Invalid("method.rfm."+given.field, "must be 4 cut points, or none for quintiles, are %d", n)
		}
		for i := 1; i < len(given.cuts); i++ {
			if given.cuts[i] <= given.cuts[i-1] {
				return fault.Invalid("method.rfm."+given.field, "must ascend, has %d after %d", given.cuts[i], given.cuts[i-1])
			}
		}
	}
	if s.Threshold == AtFixed && s.FixedRecency == 0 {
		return fault.Invalid("method.rfm.fixed_recency_days", "must be given with a fixed threshold")
	}
	return nil
}

// column is what is known of one input of the rows, as integers.
func column(rows []float64, width, j int) []int64 {
	known := make([]int64, 0, len(rows)/width)
	for at := j; at < len(rows); at += width {
		if !math.IsNaN(rows[at]) {
			known = append(known, int64(rows[at]))
		}
	}
	return known
}

func (s *RFMSpec) fit(rows []float64) (*Fitted, error) {
	m := &RFM{Currency: s.Currency, Grouping: s.Grouping}
	out := &Fitted{Model: &Model{RFM: m, Labels: append(rfmLabels(s.Grouping), unknownLabel())}}
	given := [3][]int64{s.RecencyCuts, s.FrequencyCuts, s.MonetaryCuts}
	fixed := [3]int64{s.FixedRecency, s.FixedFrequency, s.FixedMonetary}
	names := [3]string{"orders.recency_days", "orders.days", "revenue_minor." + s.Currency}
	for j := range 3 {
		values := column(rows, 3, j)
		if len(values) == 0 {
			return nil, fault.New(fault.FailedPrecondition, "NO_CUSTOMER_WITH_ORDERS", "nobody has an order, so that there is nothing to score")
		}
		better := stat.HigherIsBetter
		if j == 0 {
			better = stat.LowerIsBetter
		}
		var err error
		basis := "given"
		if len(given[j]) > 0 {
			m.Cuts[j], err = stat.NewCuts(given[j], better)
		} else {
			basis = "quintiles, equal values at their mid-rank"
			m.Cuts[j], err = stat.CutsOf(values, scores, better)
			if c, is := stat.Concentrated(values); is && err == nil {
				out.concentrated(j, names[j], c)
			}
		}
		if err != nil {
			return nil, err
		}
		out.cut(names[j], basis, m.Cuts[j].At...)
		if s.Grouping != EightGroups {
			continue
		}
		if m.Thresholds[j], err = s.threshold(values, better, fixed[j]); err != nil {
			return nil, err
		}
		out.Cuts = append(out.Cuts, Cut{Fact: names[j], At: []float64{m.Thresholds[j].At}, Basis: "high or low: " + string(s.Threshold)})
	}
	return out, nil
}

func (s *RFMSpec) threshold(values []int64, better stat.Better, fixed int64) (stat.Threshold, error) {
	switch s.Threshold {
	case AtFixed:
		return stat.Threshold{At: float64(fixed), Better: better}, nil
	case AtMedian:
		return stat.MedianThreshold(values, better)
	default:
		return stat.MeanThreshold(values, better)
	}
}

// concentrated warns of a value that too many customers have, and offers cut points.
func (f *Fitted) concentrated(j int, name string, c stat.Concentration) {
	offer := "declare cut points of your own"
	if j == 1 {
		offer = "cut points 2, 3, 4, 6 (1, 2, 3, 4–5, 6 and more days) part them better: frequency_cuts"
	}
	f.warn("VALUES_CONCENTRATED", "%.0f %% of the customers have %s %d, so that quintiles say little: %s", 100*c.Share, name, c.Value, offer)
}

func rfmLabels(g Grouping) (labels []Label) {
	switch g {
	case EightGroups:
		for _, group := range stat.Groups() {
			labels = append(labels, Label{slug(group.String()), group.String(), group.Chinese()})
		}
	case ElevenSegments:
		for i, s := range stat.EnglishSegments() {
			labels = append(labels, Label{slug(s.String()), s.String(), elevenZh[i]})
		}
	default:
		for cell := range scores * scores * scores {
			id := stat.RFM{R: uint8(cell/25 + 1), F: uint8(cell/5%5 + 1), M: uint8(cell%5 + 1)}.String()
			labels = append(labels, Label{id, "RFM " + id, "RFM " + id})
		}
	}
	return labels
}

var elevenZh = []string{"冠军客户", "忠诚客户", "潜在忠诚", "新客户", "有潜力", "需关注", "即将沉睡", "不能失去", "有流失风险", "沉睡", "已流失"}

func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// rfmDivider divides by scores.
type rfmDivider struct {
	*RFM
	boxes
}

func (m *RFM) divider() divider {
	inputs, _ := rfmInputs(m.Currency) // its currency was checked when it was fitted
	return &rfmDivider{m, boxes{inputs, m.boxes()}}
}

func (d *rfmDivider) divide(row []float64) int {
	if slices.ContainsFunc(row, math.IsNaN) {
		return len(d.labels)
	}
	var v [3]int64
	var s [3]uint8
	for j := range 3 {
		v[j] = int64(row[j])
		s[j] = d.Cuts[j].Score(v[j])
	}
	switch d.Grouping {
	case EightGroups:
		t := &d.Thresholds
		return int(stat.GroupOf(t[0].High(v[0]), t[1].High(v[1]), t[2].High(v[2]))) - 1
	case ElevenSegments:
		segment, err := stat.EnglishSegmentOf(s[0], s[1])
		if err != nil {
			return len(d.labels)
		}
		return int(segment) - 1
	default:
		return int(s[0]-1)*25 + int(s[1]-1)*5 + int(s[2]-1)
	}
}

// boxes are the values that each label stands for.
func (m *RFM) boxes() [][]box {
	switch m.Grouping {
	case EightGroups:
		all := make([][]box, 8)
		for bits := range 8 {
			r, f, v := bits&1 != 0, bits&2 != 0, bits&4 != 0
			t := &m.Thresholds
			all[stat.GroupOf(r, f, v)-1] = []box{{highSpan(t[0], r), highSpan(t[1], f), highSpan(t[2], v)}}
		}
		return all
	case ElevenSegments:
		all := make([][]box, len(stat.EnglishSegments()))
		for cell := range 25 {
			r, f := uint8(cell/5+1), uint8(cell%5+1)
			segment, err := stat.EnglishSegmentOf(r, f)
			in := box{scoreSpan(m.Cuts[0], r), scoreSpan(m.Cuts[1], f), anything}
			if err == nil && !in.empty() {
				all[segment-1] = append(all[segment-1], in)
			}
		}
		return all
	default:
		all := make([][]box, scores*scores*scores)
		for cell := range all {
			all[cell] = []box{{scoreSpan(m.Cuts[0], uint8(cell/25+1)), scoreSpan(m.Cuts[1], uint8(cell/5%5+1)), scoreSpan(m.Cuts[2], uint8(cell%5+1))}}
		}
		return all
	}
}

func (b box) empty() bool {
	return slices.ContainsFunc(b, func(s span) bool { return s.low >= s.high })
}

// highSpan is what is on one side of a threshold.
func highSpan(t stat.Threshold, high bool) span {
	below := t.Better == stat.LowerIsBetter
	switch {
	case below && high:
		return span{low: math.Inf(-1), high: t.At}
	case below:
		return span{low: t.At, high: math.Inf(1)}
	case high:
		return span{low: t.At, high: math.Inf(1), above: true}
	default:
		return span{low: math.Inf(-1), high: t.At, upToAndHas: true}
	}
}

// scoreSpan is what has a score.
func scoreSpan(c stat.Cuts, score uint8) span {
	passed := int(score) - 1
	if c.Better == stat.LowerIsBetter {
		passed = c.K - int(score)
	}
	s := anything
	switch {
	case passed > len(c.At):
		return span{low: math.Inf(1), high: math.Inf(1)} // nothing has it
	case passed > 0:
		s.low = float64(c.At[passed-1])
	}
	if passed < len(c.At) {
		s.high = float64(c.At[passed])
	}
	return s
}
