package cluster

import (
	"context"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Model assigns rows to the clusters that were found: all of it can be stored and
// read back. Its clusters have places, 0 to k−1, in Centres, and labels that a later
// model of the same clusters keeps (see Continue).
type Model struct {
	Scaler Scaler `json:"scaler" bson:"scaler"`
	// Centres are k rows of as many numbers as the scaler has columns, in scaled units.
	Centres []float64 `json:"centres" bson:"centres"`
	Labels  []int     `json:"labels" bson:"labels"` // of the clusters, each once
	// NextLabel is above every label that was ever used, so that none is used again
	// for another cluster.
	NextLabel int `json:"next_label" bson:"next_label"`
}

// Fitted is a model with the division that it comes from.
type Fitted struct {
	Model    *Model
	Division *Result
	Rows     *Prepared // in scaled units; Division.Labels are of these
	Warnings []Warning // of all steps
}

// Fit prepares the rows of m and divides them: FitScaler, Apply and KMeans, with
// labels 0 to k−1. It fails as these do. Centres of InitGiven are in scaled units.
func Fit(ctx context.Context, m Matrix, p Preparation, o Options) (*Fitted, error) {
	scaler, warnings, err := FitScaler(m, p)
	if err != nil {
		return nil, err
	}
	rows, err := scaler.Apply(m)
	if err != nil {
		return nil, err
	}
	division, err := KMeans(ctx, rows.Matrix, o)
	if err != nil {
		return nil, err
	}
	model := &Model{Scaler: *scaler, Centres: slices.Clone(division.Centres), NextLabel: division.K}
	for label := range division.K {
		model.Labels = append(model.Labels, label)
	}
	return &Fitted{
		Model: model, Division: division, Rows: rows,
		Warnings: slices.Concat(warnings, rows.Warnings(), division.Warnings),
	}, nil
}

// K is the number of clusters.
func (m *Model) K() int { return len(m.Labels) }

// Check refuses a model that cannot have come from Fit, such as one read from a
// damaged record.
func (m *Model) Check() error {
	if err := m.Scaler.check(); err != nil {
		return err
	}
	k := m.K()
	if k < 1 || k > MaxClusters || len(m.Centres) != k*len(m.Scaler.Names) {
		return fault.Invalid("centres", "must be %d numbers for each of 1 to %d labels, are %d for %d", len(m.Scaler.Names), MaxClusters, len(m.Centres), k)
	}
	for _, v := range m.Centres {
		if !(math.Abs(v) <= MaxMagnitude) {
			return refuse(ReasonNotFinite, "centres", "must be finite and at most %g without their sign, one is %g", MaxMagnitude, v)
		}
	}
	used := make(map[int]bool, k)
	for _, label := range m.Labels {
		if label < 0 || label >= m.NextLabel || used[label] {
			return fault.Invalid("labels", "must be 0 to %d and each once, one is %d", m.NextLabel-1, label)
		}
		used[label] = true
	}
	return nil
}

// centre is that of the cluster at a place, in scaled units.
func (m *Model) centre(place int) []float64 {
	d := len(m.Scaler.Names)
	return m.Centres[place*d : place*d+d : place*d+d]
}

// Assignment is the cluster of a row.
type Assignment struct {
	Label    int     `json:"label"`
	Distance float64 `json:"distance"` // from its centre, Euclidean, in scaled units
	// Next is the label of the next nearest cluster, −1 where there is no other.
	Next         int     `json:"next"`
	NextDistance float64 `json:"next_distance"` // 0 where there is no other
}

// Assign finds the cluster of a row in the units of its columns: that with the nearest
// centre, the first of equally near ones. A missing number (NaN) is taken as the
// preparation declares; where that is to drop the row, it is refused (VALUE_MISSING).
// It refuses too what Apply refuses.
func (m *Model) Assign(row []float64) (Assignment, error) {
	x, err := m.scaled(row)
	if err != nil {
		return Assignment{}, err
	}
	a, _, _ := m.assign(x)
	return a, nil
}

// scaled checks the model and the row, and brings it to scaled units.
func (m *Model) scaled(row []float64) ([]float64, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if len(row) != len(m.Scaler.Names) {
		return nil, fault.Invalid("row", "must have %d numbers, for %.500q, has %d", len(m.Scaler.Names), m.Scaler.Names, len(row))
	}
	x := slices.Clone(row)
	return x, m.Scaler.row(x, 0, nil)
}

// assign finds the places of the nearest and of the next centre, the latter −1 where
// there is none.
func (m *Model) assign(x []float64) (a Assignment, own, next int) {
	own, next = -1, -1
	var best, second float64
	for place := range m.Labels {
		square := distance(x, m.centre(place))
		switch {
		case own < 0 || square < best:
			next, second = own, best
			own, best = place, square
		case next < 0 || square < second:
			next, second = place, square
		}
	}
	a = Assignment{Label: m.Labels[own], Distance: math.Sqrt(best), Next: -1}
	if next >= 0 {
		a.Next, a.NextDistance = m.Labels[next], math.Sqrt(second)
	}
	return a, own, next
}

// AssignAll finds the cluster of each row of a matrix, as Assign does, and leaves out
// rows where that is declared: label i is that of row i of the prepared rows.
func (m *Model) AssignAll(rows Matrix) (labels []int, prepared *Prepared, err error) {
	if err := m.Check(); err != nil {
		return nil, nil, err
	}
	if prepared, err = m.Scaler.Apply(rows); err != nil {
		return nil, nil, err
	}
	labels = make([]int, prepared.Matrix.Rows())
	for i := range labels {
		place, _, _ := nearest(prepared.Matrix.Row(i), m.Centres)
		labels[i] = m.Labels[place]
	}
	return labels, prepared, nil
}
