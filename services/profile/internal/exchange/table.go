package exchange

import (
	"sort"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

const dayMS = 24 * 60 * 60 * 1000

// Table is the rates into one currency, for converting many amounts. It is not
// safe for concurrent use.
type Table struct {
	to    string
	rates map[string][]dated // by the currency converted, by day
	last  held
}

type dated struct {
	day  int64 // since 1970-01-01, UTC
	rate Rate
	factor
}

// held is the rate used last: orders near to each other mostly need the same.
type held struct {
	from     string
	day, end int64
	*dated
}

func newTable(to string) *Table { return &Table{to: to, rates: make(map[string][]dated)} }

// To is the currency into which the table converts.
func (t *Table) To() string { return t.to }

// add takes a rate into the currency; those of a pair come by day.
func (t *Table) add(r Rate) error {
	start, err := time.Parse(time.DateOnly, r.Start)
	if err != nil {
		return err
	}
	t.rates[r.From] = append(t.rates[r.From], dated{start.UnixMilli() / dayMS, r, r.factor()})
	return nil
}

// Convert converts minor units of a currency by the rate that held at an instant,
// in milliseconds since 1970-01-01T00:00:00Z, and rounds to the minor unit, halves
// to even. It returns a fault: FailedPrecondition EXCHANGE_RATE_MISSING where no
// rate held, OutOfRange AMOUNT_TOO_LARGE where the result is none an order can have.
func (t *Table) Convert(minor int64, from string, timeMS int64) (int64, error) {
	if from == t.to {
		return minor, nil
	}
	rate, err := t.at(from, timeMS)
	if err != nil {
		return 0, err
	}
	converted, ok := rate.convert(minor)
	if !ok {
		return 0, fault.New(fault.OutOfRange, "AMOUNT_TOO_LARGE",
			"%d minor units of %s are more than an amount of %s can be", minor, from, t.to)
	}
	return converted, nil
}

// at is the rate of a currency that held at an instant.
func (t *Table) at(from string, timeMS int64) (*dated, error) {
	day := timeMS / dayMS
	if t.last.from == from && t.last.day <= day && day < t.last.end {
		return t.last.dated, nil
	}
	rates := t.rates[from]
	n := sort.Search(len(rates), func(i int) bool { return rates[i].day > day })
	if n == 0 {
		date := time.UnixMilli(timeMS).UTC().Format(time.DateOnly)
		return nil, fault.New(fault.FailedPrecondition, "EXCHANGE_RATE_MISSING",
			"there is no exchange rate from %s to %s for %s: state one that starts on that day or before", from, t.to, date).
			With("from", from).With("to", t.to).With("date", date)
	}
	end := int64(1 << 62)
	if n < len(rates) {
		end = rates[n].day
	}
	t.last = held{from, rates[n-1].day, end, &rates[n-1]}
	return t.last.dated, nil
}
