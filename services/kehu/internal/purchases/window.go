// Package purchases turns a file of orders into what the models of pkg/btyd take:
// per customer how often, until when and for how long, in whole days.
package purchases

import (
	"fmt"
	"slices"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Window says which days count. Days are those of a zone, counted from 1970-01-01.
type Window struct {
	Zone           *time.Location
	CalibrationEnd int // last day of the histories that a model is fitted to
	End            int // last day of the hold-out; CalibrationEnd without one
}

// HoldoutDays is how long the hold-out is, 0 without one.
func (w Window) HoldoutDays() int { return w.End - w.CalibrationEnd }

// ParseDay reads a date, YYYY-MM-DD, as a day. The fault names the field.
func ParseDay(field, date string) (int, error) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, fault.Invalid(field, "must be a date, YYYY-MM-DD, is %q", date)
	}
	return int(t.Unix() / secondsPerDay), nil
}

// DateOf writes a day as YYYY-MM-DD.
func DateOf(day int) string {
	return time.Unix(int64(day)*secondsPerDay, 0).UTC().Format(time.DateOnly)
}

// DayOf is the day of an instant in a zone.
func DayOf(t time.Time, zone *time.Location) int {
	local := t.In(zone)
	_, offset := local.Zone()
	seconds := local.Unix() + int64(offset)
	day := seconds / secondsPerDay
	if seconds%secondsPerDay < 0 {
		day--
	}
	return int(day)
}

const secondsPerDay = 24 * 60 * 60

// History is what a purchase model knows of a customer. Orders of one day are one
// purchase; the first is what makes a customer and is not counted.
type History struct {
	Repeats int // x: days with an order after the first such day
	Last    int // t_x: days from the first to the last of them, 0 without repeats
	Age     int // T: days from the first to the end of the calibration
	Held    int // days with an order in the hold-out
}

// Customer is a history and what its repeat purchases were worth.
type Customer struct {
	ID string
	History
	// Spend is the sum of the orders of the repeat days, in minor units of
	// Currency; meaningless where Mixed.
	Spend    int64
	Currency string
	Mixed    bool // the orders are in several currencies
	// RepeatDays are the days with an order after the first such day, those of the
	// hold-out too.
	RepeatDays []int
}

// Of reads one customer's orders. It reports whether the customer had bought by
// the end of the calibration; others have no history yet.
func (w Window) Of(orders *profilev1.PurchaseHistory) (Customer, bool, error) {
	c := Customer{ID: orders.GetCustomerId()}
	n := len(orders.GetOrderTimeMs())
	if len(orders.GetNetMinor()) != n || len(orders.GetCurrency()) != 0 && len(orders.GetCurrency()) != n {
		return c, false, malformed(c.ID)
	}
	type order struct {
		day int
		net int64
	}
	counted := make([]order, 0, n)
	for i, ms := range orders.GetOrderTimeMs() {
		day := DayOf(time.UnixMilli(ms), w.Zone)
		if day > w.End {
			continue
		}
		counted = append(counted, order{day, orders.GetNetMinor()[i]})
		code, err := codeOf(orders, i)
		if err != nil {
			return c, false, err
		}
		c.Mixed = c.Mixed || c.Currency != "" && c.Currency != code
		c.Currency = code
	}
	slices.SortFunc(counted, func(a, b order) int { return a.day - b.day })
	if len(counted) == 0 || counted[0].day > w.CalibrationEnd {
		return c, false, nil
	}
	first, last := counted[0].day, counted[0].day
	c.Age = w.CalibrationEnd - first
	for _, o := range counted {
		again := o.day != last
		last = o.day
		if again {
			c.RepeatDays = append(c.RepeatDays, o.day)
		}
		switch {
		case o.day > w.CalibrationEnd:
			if again {
				c.Held++
			}
		case o.day > first:
			if again {
				c.Repeats++
			}
			c.Last = o.day - first
			if c.Spend += o.net; c.Spend < 0 {
				return c, false, fault.New(fault.OutOfRange, "MONEY_OVERFLOW", "the orders of customer %q come to more than 64 bits hold", c.ID)
			}
		}
	}
	return c, true, nil
}

func codeOf(orders *profilev1.PurchaseHistory, i int) (string, error) {
	at := uint32(0)
	if len(orders.GetCurrency()) > 0 {
		at = orders.GetCurrency()[i]
	}
	if int(at) >= len(orders.GetCurrencyCodes()) {
		return "", malformed(orders.GetCustomerId())
	}
	return orders.GetCurrencyCodes()[at], nil
}

func malformed(customer string) error {
	return fmt.Errorf("the history of customer %q cannot be used: its columns do not fit together", customer)
}
