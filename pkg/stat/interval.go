package stat

import "math"

// Method names how an interval was computed; it is shown with every estimate.
type Method string

// The methods.
const (
	MethodWald         Method = "wald"          // estimate ± z·standard error
	MethodAdjustedWald Method = "adjusted_wald" // Wald after adding a few pseudo-observations
	MethodWilson       Method = "wilson"        // score interval
)

// Estimate is a figure with its two-sided confidence interval.
type Estimate struct {
	Value     float64 // from the sample as it is
	StdErr    float64 // standard error of Value, plain; 0 where the sample does not vary
	Low, High float64 // interval, within the figure's possible range
	Level     float64 // confidence level as a fraction, e.g. 0.95
	Method    Method
	N         int64 // observations
}

// normalQuantile returns z with P(|Z| ≤ z) = level for a standard normal Z. It
// fails unless level lies strictly between 0 and 1 and z is finite.
func normalQuantile(level float64) (float64, error) {
	if !(level > 0 && level < 1) {
		return 0, outside("level", "must lie between 0 and 1 such as 0.95, got %v", level)
	}
	return math.Sqrt2 * math.Erfinv(level), nil
}
