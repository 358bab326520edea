package domain

import "github.com/kehuhq/kehu/pkg/fault"

// Money is an amount in minor units of a currency.
type Money struct {
	Currency string // ISO 4217
	Minor    int64
}

// Optional is an amount in minor units that may not be known; the zero value is not.
type Optional struct {
	Minor int64
	Known bool
}

// Known is an amount that is known.
func Known(minor int64) Optional { return Optional{Minor: minor, Known: true} }

// Add returns the sum of two amounts that are not negative, and whether it fits.
func Add(a, b int64) (int64, bool) {
	sum := a + b
	return sum, sum >= 0
}

// Overflow is the fault for sums that exceed 64 bits. It names the customer at
// whom that happened.
func Overflow(customer string) error {
	return fault.New(fault.OutOfRange, "MONEY_OVERFLOW",
		"the amounts up to and with those of customer %q add up to more than 9,223,372,036,854,775,807 minor units", customer).
		With("customer", customer)
}

// mean is sum/n to the nearest minor unit, halves up. sum is not negative, n positive.
func mean(sum, n int64) int64 {
	q, rest := sum/n, sum%n
	if rest >= n-rest {
		q++
	}
	return q
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
