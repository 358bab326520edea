package partition

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/cluster"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

// nearest divides by the nearest centre.
type nearest struct {
	*KMeans
	inputs []input
	labels []Label
}

// scaled is a row as the centres are, false where a number is missing that is not to
// be imputed.
func (d *nearest) scaled(row, into []float64) bool {
	copy(into, row)
	bend(d.Log, into)
	s := d.Scaler
	for j, x := range into {
		if math.IsNaN(x) {
			if s.Preparation.Missing != cluster.MissingMedian {
				return false
			}
			x = s.Fill[j]
		}
		if len(s.Low) > 0 {
			x = min(max(x, s.Low[j]), s.High[j])
		}
		into[j] = (x - s.Centre[j]) / s.Scale[j]
	}
	return true
}

func (d *nearest) divide(row []float64) int {
	var numbers [MaxInputs]float64
	x := numbers[:len(row)]
	if !d.scaled(row, x) {
		return d.K
	}
	best, least := 0, math.Inf(1)
	for c := range d.K {
		if squared := d.squared(x, c); squared < least {
			best, least = c, squared
		}
	}
	return best
}

// squared is the squared distance of a scaled row from a centre.
func (d *nearest) squared(x []float64, c int) (sum float64) {
	centre := d.Centres[c*len(x) : (c+1)*len(x)]
	for j, v := range x {
		sum += (v - centre[j]) * (v - centre[j])
	}
	return sum
}

// horizon is how far ahead a label is followed, in days.
const horizon = 36_525

// hold follows the row as it moves on. What is nearest to one centre is convex, so that
// a row that moves straight on leaves it once, and the day is found by halving. It
// moves straight where one number grows, or several in their own unit; otherwise the
// label is looked at again tomorrow.
func (d *nearest) hold(row []float64, days []int) int {
	if len(days) > 1 && (len(d.Scaler.Low) > 0 || slices.ContainsFunc(days, func(j int) bool { return d.Log[j] })) {
		return 1
	}
	own := d.divide(row)
	moved := slices.Clone(row)
	stays := func(n int) bool {
		for _, j := range days {
			moved[j] = row[j] + float64(n)
		}
		return d.divide(moved) == own
	}
	if stays(horizon) {
		return horizon
	}
	held, left := 0, horizon
	for left-held > 1 {
		if middle := (held + left) / 2; stays(middle) {
			held = middle
		} else {
			left = middle
		}
	}
	return left
}

// explain tells the distances from all centres, and what makes the row nearer to its
// own than to the next, or than to that of the label asked about.
func (d *nearest) explain(row []float64, label int) (criterion.Condition, []criterion.Distance) {
	x := make([]float64, len(row))
	if label >= d.K || !d.scaled(row, x) {
		c := unknownCondition(d.inputs, row)
		c.Holds = c.Holds && d.divide(row) == label
		return c, nil
	}
	type place struct {
		centre  int
		squared float64
	}
	order := make([]place, d.K)
	for c := range order {
		order[c] = place{c, d.squared(x, c)}
	}
	slices.SortStableFunc(order, func(a, b place) int {
		switch {
		case a.squared < b.squared:
			return -1
		case a.squared > b.squared:
			return 1
		}
		return 0
	})
	own := order[0].centre
	all := make([]criterion.Distance, 0, d.K)
	for i, p := range order {
		against := own
		if i == 0 && d.K > 1 {
			against = order[1].centre
		}
		all = append(all, criterion.Distance{
			Label: d.labels[p.centre].ID, Distance: math.Sqrt(p.squared), Features: d.contributions(row, x, own, p.centre, against),
		})
	}
	whole := criterion.Condition{Text: "the centre of this cluster is the nearest", Holds: own == label, Decided: true}
	for j := range d.inputs {
		whole.Values = append(whole.Values, criterion.Value{Fact: d.inputs[j].Name, Text: d.inputs[j].text(row[j])})
	}
	return whole, all
}

// contributions are the features' parts in the own centre's being nearer than another,
// largest first. With x scaled, a the own centre and b the other, feature j's part of
// |x−b|² − |x−a|² is (bⱼ−aⱼ)(aⱼ+bⱼ−2xⱼ); and that difference is 0 where xⱼ alone
// changes by difference / 2(bⱼ−aⱼ).
func (d *nearest) contributions(row, x []float64, own, centre, against int) []criterion.Contribution {
	other := centre
	if centre == own {
		other = against
	}
	width := len(x)
	a, b := d.Centres[own*width:(own+1)*width], d.Centres[other*width:(other+1)*width]
	difference := d.squared(x, other) - d.squared(x, own)
	shown := d.Scaler.Original(d.Centres[centre*width : (centre+1)*width])
	unbend(d.Log, shown)
	all := make([]criterion.Contribution, 0, width)
	for j := range width {
		c := criterion.Contribution{Feature: d.inputs[j].Name, Value: row[j], Centre: shown[j]}
		if math.IsNaN(c.Value) {
			c.Value = d.Scaler.Fill[j] // imputed
		}
		if difference > 0 {
			c.Share = (b[j] - a[j]) * (a[j] + b[j] - 2*x[j]) / difference
		}
		c.Flip = d.flip(x, j, b[j]-a[j], difference)
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(p, q criterion.Contribution) int {
		switch {
		case math.Abs(p.Share) > math.Abs(q.Share):
			return -1
		case math.Abs(p.Share) < math.Abs(q.Share):
			return 1
		}
		return 0
	})
	return all
}

// flip is the value of a feature, in its unit, at which two centres are as near as each
// other; nil where there is none, or where outliers are moved so that it is not reached.
func (d *nearest) flip(x []float64, j int, apart, difference float64) *float64 {
	if apart == 0 {
		return nil
	}
	at := []float64{x[j] + difference/(2*apart)}
	raw := at[0]*d.Scaler.Scale[j] + d.Scaler.Centre[j]
	if len(d.Scaler.Low) > 0 && (raw < d.Scaler.Low[j] || raw > d.Scaler.High[j]) {
		return nil
	}
	if d.Log[j] {
		raw = math.Copysign(math.Expm1(math.Abs(raw)), raw)
	}
	if math.IsNaN(raw) || math.IsInf(raw, 0) {
		return nil
	}
	return &raw
}
