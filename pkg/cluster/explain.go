package cluster

import (
	"cmp"
	"math"
	"slices"
)

// Explanation says why a row is in its cluster.
type Explanation struct {
	Assignment
	// Features are the columns by how much they decide, the most first.
	Features []Feature `json:"features"`
	// Changes are those of a single column after which the row would be in another
	// cluster, the smallest in scaled units first. A column that cannot bring that
	// about is not among them.
	Changes []Change `json:"changes"`
}

// Feature is what a column contributes to next² − own², the difference of the squared
// distances, with x the row, a its own centre and b the next one, in scaled units:
//
//	(xⱼ−bⱼ)² − (xⱼ−aⱼ)²
//
// Contributions add up to the difference. One above 0 speaks for the own cluster.
type Feature struct {
	Column string `json:"column"`
	// Value is that of the row, after what the preparation does to missing and outlying
	// ones; OwnCentre and NextCentre are those of the clusters. All are in the units of
	// the column.
	Value        float64 `json:"value"`
	OwnCentre    float64 `json:"own_centre"`
	NextCentre   float64 `json:"next_centre"`
	Contribution float64 `json:"contribution"` // in squared scaled units
}

// Change is the smallest change of one column that ends the row's assignment. With
// D = ‖x−b‖² − ‖x−a‖² for another centre b, moving xⱼ by t leaves D − 2t(bⱼ−aⱼ), which
// is 0 at t = D / 2(bⱼ−aⱼ); of all b the one with the least |t| comes first.
type Change struct {
	Column string  `json:"column"`
	From   float64 `json:"from"` // in the units of the column
	// To is where the row is as near to the other cluster as to its own: beyond it, the
	// row is in the other one.
	To     float64 `json:"to"`
	Label  int     `json:"label"`  // of the other cluster
	Scaled float64 `json:"scaled"` // To − From in scaled units
}

// Explain finds the cluster of a row as Assign does, and says which columns decided
// that and what would have to change. With a single cluster it names no columns.
func (m *Model) Explain(row []float64) (*Explanation, error) {
	x, err := m.scaled(row)
	if err != nil {
		return nil, err
	}
	a, own, next := m.assign(x)
	e := &Explanation{Assignment: a, Features: []Feature{}, Changes: []Change{}}
	if next < 0 {
		return e, nil
	}
	values, centre, other := m.Scaler.Original(x), m.centre(own), m.centre(next)
	ownValues, nextValues := m.Scaler.Original(centre), m.Scaler.Original(other)
	for j, name := range m.Scaler.Names {
		p, q := x[j]-other[j], x[j]-centre[j]
		e.Features = append(e.Features, Feature{
			Column: name, Value: values[j], OwnCentre: ownValues[j], NextCentre: nextValues[j], Contribution: p*p - q*q,
		})
		if change, can := m.change(x, row[j], own, j); can {
			e.Changes = append(e.Changes, change)
		}
	}
	slices.SortStableFunc(e.Features, func(f, g Feature) int {
		return cmp.Compare(math.Abs(g.Contribution), math.Abs(f.Contribution))
	})
	slices.SortStableFunc(e.Changes, func(f, g Change) int { return cmp.Compare(math.Abs(f.Scaled), math.Abs(g.Scaled)) })
	return e, nil
}

// change is the smallest one of column j that brings the row x to another cluster, if
// the column can take such a value.
func (m *Model) change(x []float64, from float64, own, j int) (Change, bool) {
	a := m.centre(own)
	least, place := math.Inf(1), -1
	for other := range m.Labels {
		b := m.centre(other)
		if b[j] == a[j] {
			continue
		}
		if t := (distance(x, b) - distance(x, a)) / 2 / (b[j] - a[j]); math.Abs(t) < math.Abs(least) {
			least, place = t, other
		}
	}
	s := &m.Scaler
	to := (x[j]+least)*s.Scale[j] + s.Centre[j]
	if place < 0 || !(math.Abs(to) <= MaxMagnitude) {
		return Change{}, false
	}
	if s.Preparation.Outliers.Policy != OutliersKeep && (to < s.Low[j] || to > s.High[j]) {
		return Change{}, false
	}
	if math.IsNaN(from) {
		from = s.Fill[j]
	}
	return Change{Column: s.Names[j], From: from, To: to, Label: m.Labels[place], Scaled: least}, true
}
