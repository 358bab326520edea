package stat

import "math"

// Spread adds up numbers for their mean and variance without loss, also where they
// vary little around a large mean: Welford (1962), Technometrics 4:419–420. Those of
// parts merge to that of the whole.
type Spread struct {
	N    int64   `json:"n" bson:"n"`
	Mean float64 `json:"mean" bson:"mean"`
	M2   float64 `json:"m2" bson:"m2"` // Σ(x−x̄)²
	Min  float64 `json:"min" bson:"min"`
	Max  float64 `json:"max" bson:"max"`
}

// SpreadOf is that of some numbers, which must be finite.
func SpreadOf(values []float64) Spread {
	var s Spread
	for _, x := range values {
		s.Add(x)
	}
	return s
}

// Add counts a number, which must be finite.
func (s *Spread) Add(x float64) {
	if s.N == 0 {
		s.Min, s.Max = x, x
	}
	s.N++
	before := x - s.Mean
	s.Mean += before / float64(s.N)
	s.M2 += before * (x - s.Mean)
	s.Min, s.Max = min(s.Min, x), max(s.Max, x)
}

// Merge counts what another has counted, and returns the sum of squares between
// the two: Chan, Golub & LeVeque (1983), The American Statistician 37:242–247.
func (s *Spread) Merge(other Spread) (between float64) {
	switch {
	case other.N == 0:
		return 0
	case s.N == 0:
		*s = other
		return 0
	}
	a, b := float64(s.N), float64(other.N)
	apart := other.Mean - s.Mean
	between = apart * apart * a * (b / (a + b))
	s.N += other.N
	s.Mean += apart * (b / (a + b))
	s.M2 += other.M2 + between
	s.Min, s.Max = min(s.Min, other.Min), max(s.Max, other.Max)
	return between
}

// Variance is Σ(x−x̄)²/(n−1), 0 of fewer than two numbers.
func (s Spread) Variance() float64 {
	if s.N < 2 {
		return 0
	}
	return max(0, s.M2) / float64(s.N-1)
}

// SD is the standard deviation, √Variance.
func (s Spread) SD() float64 { return math.Sqrt(s.Variance()) }

// sound reports whether a spread can be one of finite numbers.
func (s Spread) sound() bool {
	return s.N >= 0 && s.M2 >= 0 && finite(s.Mean, s.M2, s.Min, s.Max) && s.Min <= s.Max
}
