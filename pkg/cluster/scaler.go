package cluster

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Scaler is a Preparation with what it has learnt of the columns of a matrix, to be
// stored and applied to other rows: x becomes (x − Centre)/Scale, after a missing x
// was taken to be Fill, and one outside Low to High was moved there or refused. All
// slices have a number for each column; those of a policy that is not declared are
// empty.
type Scaler struct {
	Names       []string    `json:"names" bson:"names"`
	Preparation Preparation `json:"preparation" bson:"preparation"`
	Fill        []float64   `json:"fill,omitempty" bson:"fill,omitempty"`
	Low         []float64   `json:"low,omitempty" bson:"low,omitempty"`
	High        []float64   `json:"high,omitempty" bson:"high,omitempty"`
	Centre      []float64   `json:"centre" bson:"centre"`
	Scale       []float64   `json:"scale" bson:"scale"`
}

// FitScaler learns from the columns of m what the preparation needs, and warns of
// constant columns (CONSTANT_COLUMN) that are kept.
//
// Quantiles are interpolated between neighbours (R's type 7). Constant is a column
// whose range is below 10⁻¹³ of its numbers. It refuses missing numbers where that is
// declared (VALUE_MISSING), infinite ones (NUMBER_NOT_FINITE), a column without a
// number (VALUE_MISSING), constant columns where that is declared (CONSTANT_COLUMN),
// and a robust scaling of a column whose quartiles are equal (SPREAD_ZERO).
func FitScaler(m Matrix, p Preparation) (*Scaler, []Warning, error) {
	p = p.withDefaults()
	if err := p.check(); err != nil {
		return nil, nil, err
	}
	if err := m.shape(); err != nil {
		return nil, nil, err
	}
	if len(m.Values) == 0 {
		return nil, nil, refuse(ReasonTooFewRows, "rows", "must be at least 1")
	}
	s := &Scaler{Names: slices.Clone(m.Names), Preparation: p}
	columns, err := s.columns(m)
	if err != nil {
		return nil, nil, err
	}
	var warnings []Warning
	for j, column := range columns {
		if len(column) == 0 {
			return nil, nil, refuse(ReasonMissing, "columns."+m.Names[j], "must have at least one value")
		}
		constant, err := s.learn(j, column)
		if err != nil {
			return nil, nil, err
		}
		if constant {
			warnings = append(warnings, warn(ReasonConstantColumn, m.Names[j], "%s has one value everywhere: it tells no rows apart", m.Names[j]))
		}
	}
	return s, warnings, nil
}

// columns are the numbers of each column that are there, of rows that are not dropped,
// in ascending order.
func (s *Scaler) columns(m Matrix) ([][]float64, error) {
	columns := make([][]float64, m.Columns())
	for j := range columns {
		columns[j] = make([]float64, 0, m.Rows())
	}
	for i := range m.Rows() {
		row := m.Row(i)
		if s.Preparation.Missing == MissingDrop && slices.ContainsFunc(row, math.IsNaN) {
			continue
		}
		for j, v := range row {
			switch {
			case math.IsNaN(v) && s.Preparation.Missing == MissingMedian:
			case !(math.Abs(v) <= MaxMagnitude):
				return nil, wrongCell(i, m.Names[j], v)
			default:
				columns[j] = append(columns[j], v)
			}
		}
	}
	for _, column := range columns {
		slices.Sort(column)
	}
	return columns, nil
}

// learn takes from a sorted column what the preparation needs. It tells whether the
// column is constant.
func (s *Scaler) learn(j int, column []float64) (constant bool, err error) {
	p := s.Preparation
	if p.Missing == MissingMedian {
		s.Fill = append(s.Fill, quantile(column, 0.5))
	}
	switch p.Outliers.Policy {
	case OutliersWinsorise:
		low, high := quantile(column, p.Outliers.Tail), quantile(column, 1-p.Outliers.Tail)
		s.Low, s.High = append(s.Low, low), append(s.High, high)
		column = slices.Clone(column)
		for i, v := range column {
			column[i] = min(max(v, low), high)
		}
	case OutliersRefuse:
		mean, deviation := moments(column)
		s.Low, s.High = append(s.Low, mean-p.Outliers.Z*deviation), append(s.High, mean+p.Outliers.Z*deviation)
	}
	centre, scale := s.centreAndScale(column)
	least, greatest := column[0], column[len(column)-1]
	constant = greatest-least <= 1e-13*max(math.Abs(least), math.Abs(greatest))
	if constant && p.Scaling != ScaleNone {
		if p.Constant == ConstantRefuse {
			return true, refuse(ReasonConstantColumn, "columns."+s.Names[j], "must vary to be scaled, is %g everywhere: leave it out", column[0]).With("column", s.Names[j])
		}
		scale = 1
	}
	if !(scale > 0) {
		return constant, refuse(ReasonNoSpread, "columns."+s.Names[j], "must have different quartiles for a robust scaling, both are %g: take another scaling", quantile(column, 0.75)).With("column", s.Names[j])
	}
	s.Centre, s.Scale = append(s.Centre, centre), append(s.Scale, scale)
	return constant, nil
}

func (s *Scaler) centreAndScale(column []float64) (centre, scale float64) {
	switch s.Preparation.Scaling {
	case ScaleStandard:
		return moments(column)
	case ScaleMinMax:
		return column[0], column[len(column)-1] - column[0]
	case ScaleRobust:
		return quantile(column, 0.5), quantile(column, 0.75) - quantile(column, 0.25)
	default:
		return 0, 1
	}
}

// moments are the mean and √(Σ(x−x̄)²/n).
func moments(column []float64) (mean, deviation float64) {
	n := float64(len(column))
	for _, v := range column {
		mean += v / n
	}
	for _, v := range column {
		deviation += (v - mean) * (v - mean) / n
	}
	return mean, math.Sqrt(deviation)
}

// quantile of sorted numbers, interpolated between the two next to it.
func quantile(column []float64, share float64) float64 {
	at := share * float64(len(column)-1)
	below := int(at)
	if below+1 >= len(column) {
		return column[len(column)-1]
	}
	return column[below] + (at-float64(below))*(column[below+1]-column[below])
}

// check refuses a scaler that FitScaler cannot have made.
func (s *Scaler) check() error {
	if err := checkNames(s.Names); err != nil {
		return err
	}
	if err := s.Preparation.check(); err != nil {
		return err
	}
	needed := func(want bool) int {
		if want {
			return len(s.Names)
		}
		return 0
	}
	bounds := needed(s.Preparation.Outliers.Policy != OutliersKeep)
	for _, c := range []struct {
		field  string
		values []float64
		want   int
		most   float64
	}{
		{"fill", s.Fill, needed(s.Preparation.Missing == MissingMedian), MaxMagnitude},
		{"low", s.Low, bounds, math.MaxFloat64}, {"high", s.High, bounds, math.MaxFloat64},
		{"centre", s.Centre, len(s.Names), MaxMagnitude}, {"scale", s.Scale, len(s.Names), 2 * MaxMagnitude},
	} {
		if len(c.values) != c.want {
			return fault.Invalid("scaler."+c.field, "must be %d numbers, are %d", c.want, len(c.values))
		}
		for _, v := range c.values {
			if !(math.Abs(v) <= c.most) || c.field == "scale" && v <= 0 {
				return fault.Invalid("scaler."+c.field, "must be finite, at most %g without its sign, and a scale above 0, is %g", c.most, v)
			}
		}
	}
	return nil
}
