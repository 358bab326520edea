package cluster

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Prepared are rows as a Scaler has made them, and what it has done to them.
type Prepared struct {
	Matrix Matrix
	// Kept are the rows of the matrix before that are in Matrix, counted from 0; nil
	// where all are.
	Kept    []int
	Dropped int   // rows left out for a missing number
	Imputed []int // numbers of each column that were missing and are the median now
	Moved   []int // numbers of each column that were moved to a quantile
}

// Apply prepares the rows of m, whose columns must be those of the scaler in their
// order. It refuses what the policies refuse (VALUE_MISSING, OUTLIER), and numbers that
// are infinite or become so (NUMBER_NOT_FINITE), each with row and column.
func (s *Scaler) Apply(m Matrix) (*Prepared, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := m.shape(); err != nil {
		return nil, err
	}
	if !slices.Equal(m.Names, s.Names) {
		return nil, fault.Invalid("columns", "must be %.500q, are %.500q", s.Names, m.Names)
	}
	p := &Prepared{
		Matrix:  Matrix{Names: m.Names, Values: make([]float64, 0, len(m.Values))},
		Imputed: make([]int, len(s.Names)), Moved: make([]int, len(s.Names)),
	}
	drop := s.Preparation.Missing == MissingDrop
	for i := range m.Rows() {
		row := m.Row(i)
		if drop && slices.ContainsFunc(row, math.IsNaN) {
			if p.Dropped == 0 {
				p.Kept = make([]int, i, m.Rows())
				for before := range i {
					p.Kept[before] = before
				}
			}
			p.Dropped++
			continue
		}
		if p.Dropped > 0 {
			p.Kept = append(p.Kept, i)
		}
		at := len(p.Matrix.Values)
		p.Matrix.Values = append(p.Matrix.Values, row...)
		if err := s.row(p.Matrix.Values[at:], i, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// row prepares one row in place, and counts in p, if there is one.
func (s *Scaler) row(x []float64, row int, p *Prepared) error {
	policy := s.Preparation.Outliers.Policy
	for j, v := range x {
		if math.IsNaN(v) && s.Preparation.Missing == MissingMedian {
			v = s.Fill[j]
			if p != nil {
				p.Imputed[j]++
			}
		}
		if !(math.Abs(v) <= MaxMagnitude) {
			return wrongCell(row, s.Names[j], v)
		}
		if policy != OutliersKeep && (v < s.Low[j] || v > s.High[j]) {
			if policy == OutliersRefuse {
				return refuseCell(ReasonOutlier, row, s.Names[j], "must lie within %g standard deviations of the mean, %g to %g, is %g", s.Preparation.Outliers.Z, s.Low[j], s.High[j], v)
			}
			v = min(max(v, s.Low[j]), s.High[j])
			if p != nil {
				p.Moved[j]++
			}
		}
		scaled := (v - s.Centre[j]) / s.Scale[j]
		if !(math.Abs(scaled) <= MaxMagnitude) {
			return refuseCell(ReasonNotFinite, row, s.Names[j], "must be at most %g in units of its column's spread, is %g", MaxMagnitude, v)
		}
		x[j] = scaled
	}
	return nil
}

// Warnings say what was done to the rows.
func (p *Prepared) Warnings() (all []Warning) {
	if p.Dropped > 0 {
		all = append(all, warn(ReasonRowsDropped, "", "%d of %d rows were left out for a missing value", p.Dropped, p.Dropped+p.Matrix.Rows()))
	}
	for j, name := range p.Matrix.Names {
		if n := p.Imputed[j]; n > 0 {
			all = append(all, warn(ReasonImputed, name, "%d missing values of %s were taken to be its median", n, name))
		}
		if n := p.Moved[j]; n > 0 {
			all = append(all, warn(ReasonWinsorised, name, "%d outlying values of %s were moved to its quantiles", n, name))
		}
	}
	return all
}

// Original brings a row of scaled numbers, such as a centre, back to the units of the
// columns: x·Scale + Centre.
func (s *Scaler) Original(scaled []float64) []float64 {
	x := make([]float64, len(scaled))
	for j, v := range scaled {
		x[j] = v*s.Scale[j] + s.Centre[j]
	}
	return x
}
