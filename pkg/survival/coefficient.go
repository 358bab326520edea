package survival

import "math"

// Coefficient is an estimate with its interval, symmetric about it.
type Coefficient struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // for one unit of the covariate
	// StdErr is from the information; Robust is the sandwich's, 0 unless asked for.
	StdErr float64 `json:"standard_error"`
	Robust float64 `json:"robust_standard_error,omitempty"`
	// Lower, Upper, Z and P are by the robust error where there is one.
	Lower float64 `json:"lower"`
	Upper float64 `json:"upper"`
	Z     float64 `json:"z"`
	P     float64 `json:"p_value"` // two-sided, of a coefficient that is 0
}

// newCoefficient takes standard errors above 0, and the quantile of the interval.
func newCoefficient(name string, value, stdErr, robust, z float64) Coefficient {
	se := stdErr
	if robust > 0 {
		se = robust
	}
	return Coefficient{
		Name: name, Value: value, StdErr: stdErr, Robust: robust,
		Lower: value - z*se, Upper: value + z*se,
		Z: value / se, P: math.Erfc(math.Abs(value) / se / math.Sqrt2),
	}
}
