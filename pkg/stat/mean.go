package stat

import "math"

// Moments add up numbers for their mean. Those of parts add up to those of the whole.
type Moments struct {
	N       int64
	Sum     float64
	Squares float64 // sum of the squares
}

// Add counts a number, which must be finite.
func (m *Moments) Add(x float64) {
	m.N++
	m.Sum += x
	m.Squares += x * x
}

// Mean estimates the mean of the numbers' population from a sample of them, with
// the interval of Wald: x̄ ± z·s/√n, where s² = Σ(x−x̄)²/(n−1), cut off at least
// and greatest, the bounds of what the numbers can be. It fails with fewer than two
// numbers, which say nothing of how much they vary, and unless 0 < level < 1.
func (m Moments) Mean(least, greatest, level float64) (Estimate, error) {
	if m.N < 2 {
		return Estimate{}, outside("n", "must be at least 2, got %d", m.N)
	}
	z, err := normalQuantile(level)
	if err != nil {
		return Estimate{}, err
	}
	n := float64(m.N)
	mean := m.Sum / n
	variance := math.Max(0, (m.Squares-n*mean*mean)/(n-1)) // rounding may take it below 0
	e := Estimate{Value: mean, StdErr: math.Sqrt(variance / n), Level: level, Method: MethodWald, N: m.N}
	e.Low, e.High = math.Max(least, mean-z*e.StdErr), math.Min(greatest, mean+z*e.StdErr)
	return e, nil
}
