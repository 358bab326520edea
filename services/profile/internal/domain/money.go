package domain

import (
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
)

// MaxMinor is the largest amount accepted, in minor units: more than any order
// is worth, and low enough that the sums of thousands of them fit 64 bits.
const MaxMinor = 1_000_000_000_000_000

// Optional is an amount in minor units that may not be known; the zero value is not.
type Optional struct {
	Minor int64
	Known bool
}

// Known is an amount that is known.
func Known(minor int64) Optional { return Optional{Minor: minor, Known: true} }

// CheckCurrency reports what is not an ISO 4217 code in upper case.
func CheckCurrency(field, code string) *fault.Fault {
	return money.Check(field, code)
}

// SameCurrency reports an amount in another currency than its order.
func SameCurrency(field, code, of string) *fault.Fault {
	if code != of {
		return refuse("CURRENCY_MISMATCH", field, "must be %q as in the order's amount, is %q", of, code)
	}
	return nil
}

func checkMinor(field string, minor int64) *fault.Fault {
	if minor < 0 || minor > MaxMinor {
		return fault.Invalid(field, "must be from 0 to %d minor units, is %d", MaxMinor, minor)
	}
	return nil
}

func (o Optional) check(field string) *fault.Fault {
	if !o.Known {
		return nil
	}
	return checkMinor(field, o.Minor)
}
