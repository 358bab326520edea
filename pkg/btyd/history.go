package btyd

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// History is what the purchase models need to know of a customer. Times are in
// one unit of the caller's choice, such as weeks; a model fitted in that unit
// speaks it too.
type History struct {
	X  int     // repeat purchases: occasions after the first, at most one a day
	Tx float64 // time from the first purchase to the last; 0 where X is 0
	T  float64 // time from the first purchase to the end of the observation
}

// DayHistory is the history of a customer who is known by the day: the days from
// the first purchase to the last and to the end, in units of daysPerUnit days (7
// for weeks). Equal days give equal histories, so that they share a cell.
func DayHistory(x, daysToLast, daysToEnd int, daysPerUnit float64) History {
	return History{X: x, Tx: float64(daysToLast) / daysPerUnit, T: float64(daysToEnd) / daysPerUnit}
}

// The range of histories: far beyond any customer, and such that no formula leaves
// the range of floating-point numbers.
const (
	maxPurchases = 1_000_000_000
	minAge       = 1e-9 // unless it is 0
	maxAge       = 1e12
)

// Validate checks that 0 ≤ x ≤ 10⁹, 0 ≤ t_x ≤ T, that t_x is 0 exactly where x is,
// and that T is 0 or lies between 10⁻⁹ and 10¹². Its faults name the field: x, t_x or T.
func (h History) Validate() error {
	if h.ordinary() {
		return nil
	}
	return h.invalid()
}

// ordinary is the check for almost all customers, small enough to be compiled into loops.
func (h *History) ordinary() bool {
	return h.T >= minAge && h.T <= maxAge && h.Tx <= h.T && h.Tx >= 0 && (h.X > 0) == (h.Tx > 0) && uint(h.X) <= maxPurchases
}

func (h History) invalid() error {
	switch {
	case h.X < 0 || h.X > maxPurchases:
		return fault.Invalid("x", "must be a whole number of repeat purchases from 0 to %d, got %d", maxPurchases, h.X)
	case !(h.T >= minAge && h.T <= maxAge || h.T == 0):
		return fault.Invalid("T", "must be 0 or a time between %.0e and %.0e, got %v", minAge, maxAge, h.T)
	case math.IsNaN(h.Tx) || math.IsInf(h.Tx, 0) || h.Tx < 0:
		return fault.Invalid("t_x", "must be a finite time from 0, got %v", h.Tx)
	case h.Tx > h.T:
		return fault.Invalid("t_x", "must not be after T = %v, got %v", h.T, h.Tx)
	case h.X == 0 && h.Tx != 0:
		return fault.Invalid("t_x", "must be 0 where x is 0: it is the time of the last repeat purchase, got %v", h.Tx)
	case h.X > 0 && h.Tx == 0:
		return fault.Invalid("t_x", "must be above 0 where x is %d: the first purchase, at time 0, is not in x", h.X)
	}
	return nil // a customer of this very moment: all is 0
}

// checkHorizon checks a time ahead.
func checkHorizon(t float64) error {
	if t >= 0 && t <= maxAge {
		return nil
	}
	return fault.Invalid("horizon", "must be a time from 0 to %.0e, got %v", maxAge, t)
}

// checkPositive checks a model's parameters: finite, above 0, and within a range in
// which the formulas keep their accuracy.
func checkPositive(names *[4]string, a, b, c, d float64) error {
	const low, high = 1e-12, 1e15
	if a >= low && b >= low && c >= low && d >= low && a <= high && b <= high && c <= high && d <= high {
		return nil
	}
	for i, v := range [4]float64{a, b, c, d} {
		if !(v >= low && v <= high) {
			return fault.New(fault.InvalidArgument, ReasonParameterInvalid,
				"%s must lie between %.0e and %.0e, got %v", names[i], low, high, v)
		}
	}
	return nil
}
