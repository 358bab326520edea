package btyd

import "math"

const (
	// agePoints is how many ages a figure is computed for in order to interpolate.
	agePoints = 32
	// ageAccuracy is what the last coefficients of an interpolation may be, relative
	// to the largest, so that it is as good as the figures themselves.
	ageAccuracy = 1e-13
	// fewOfAge is how many customers are not worth an interpolation.
	fewOfAge = 2 * agePoints
)

// ageRange are the customers with the same x: how many, and between which T.
type ageRange struct {
	customers int
	low, high float64
}

// ageCurve is a figure of customers with the same x as a function of T: Chebyshev
// polynomials of ln(shift+T). In that variable what the models say has no singularity
// nearer than π, so that a few dozen points give it to the last digits.
type ageCurve struct {
	shift, middle, half float64
	coefficients        []float64
}

// newAgeCurve interpolates figure between two ages. It reports false where that is not
// as good as computing each figure.
func newAgeCurve(r ageRange, shift float64, figure func(t float64) (float64, error)) (*ageCurve, bool, error) {
	low, high := math.Log(shift+r.low), math.Log(shift+r.high)
	c := &ageCurve{shift: shift, middle: (low + high) / 2, half: (high - low) / 2}
	if c.half < 1e-6 {
		return nil, false, nil // a single age
	}
	var values [agePoints]float64
	for k := range values {
		at := math.Cos(math.Pi * (float64(k) + 0.5) / agePoints)
		v, err := figure(math.Max(r.low, math.Min(r.high, math.Exp(c.middle+c.half*at)-shift)))
		if err != nil {
			return nil, false, err
		}
		values[k] = v
	}
	c.coefficients = make([]float64, agePoints)
	largest := 0.0
	for j := range c.coefficients {
		var total sum
		for k, v := range values {
			total.add(v * math.Cos(math.Pi*float64(j)*(float64(k)+0.5)/agePoints))
		}
		c.coefficients[j] = 2 * total.value() / agePoints
		largest = math.Max(largest, math.Abs(c.coefficients[j]))
	}
	c.coefficients[0] /= 2
	for _, last := range c.coefficients[agePoints-3:] {
		if math.Abs(last) > ageAccuracy*largest {
			return nil, false, nil
		}
	}
	// What is below the accuracy anyway need not be added up.
	for n := len(c.coefficients); n > 1 && math.Abs(c.coefficients[n-1]) <= ageAccuracy/100*largest; n-- {
		c.coefficients = c.coefficients[:n-1]
	}
	return c, true, nil
}

// at is the figure at an age within the range, by Clenshaw's recurrence.
func (c *ageCurve) at(t float64) float64 {
	u := (logarithm(c.shift+t) - c.middle) / c.half
	last, before := 0.0, 0.0
	for j := len(c.coefficients) - 1; j > 0; j-- {
		last, before = 2*u*last-before+c.coefficients[j], last
	}
	return u*last - before + c.coefficients[0]
}
