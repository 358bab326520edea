package value

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/services/kehu/internal/purchases"
)

// Sample is what models are fitted to: sums per distinct history, never the
// customers one by one.
type Sample struct {
	Population Population
	Cells      *btyd.Cells
	// Spend is nil where there is none, and NoSpend then says why.
	Spend    *btyd.SpendCells
	NoSpend  *fault.Fault
	Currency string    // of Spend, its major unit; empty where the file states none
	Warnings []Warning // of Spend
	// Held is how many customers have each history with so many purchases in the
	// hold-out, which is HeldPeriods long. It is nil without one.
	Held        map[held]int64
	HeldPeriods float64
	// Repeats are the repeat purchases in each whole period since the first purchase
	// of the first customer, up to the end of the hold-out; nil where it is not known
	// when they were.
	Repeats []float64
}

// held is a history with the purchases in the hold-out.
type held struct {
	btyd.History
	later int
}

func newSample() *Sample { return &Sample{Cells: btyd.NewCells()} }

func (s *Sample) add(h btyd.History, weight int64) error {
	if err := s.Cells.Add(h, float64(weight)); err != nil {
		return err
	}
	s.Population.Customers += weight
	if h.X > 0 {
		s.Population.RepeatBuyers += weight
		s.Population.Repeats += weight * int64(h.X)
	}
	return nil
}

// Orders says how the orders of a running suite are to be read.
type Orders struct {
	Window   purchases.Window
	Unit     Unit
	Currency string // whose orders tell the spend; empty where there is one alone
	// NoSpend is why amounts are not to be used; nil where they are.
	NoSpend *fault.Fault
}

// FromOrders takes the histories of all customers of a suite. It is NO_CUSTOMERS
// where nobody had bought by the end of the calibration.
func FromOrders(ctx context.Context, conn grpc.ClientConnInterface, o Orders) (*Sample, error) {
	s, p := newSample(), newPurses()
	seen, days := map[held]int64{}, newDiary()
	later, err := purchases.Stream(ctx, conn, o.Window, func(c purchases.Customer) error {
		seen[held{btyd.DayHistory(c.Repeats, c.Last, c.Age, o.Unit.Days), c.Held}]++
		days.add(c, o.Window)
		return p.add(c)
	})
	if err != nil {
		return nil, err
	}
	s.Population.Later = later
	for h, customers := range seen {
		if err := s.add(h.History, customers); err != nil {
			return nil, err
		}
	}
	if s.Population.Customers == 0 {
		return nil, invalid("NO_CUSTOMERS", "nobody had bought by %s, the end of the calibration: there is nothing to learn from",
			purchases.DateOf(o.Window.CalibrationEnd))
	}
	s.Repeats = days.periods(o)
	if days := o.Window.HoldoutDays(); days > 0 {
		s.Held, s.HeldPeriods = seen, float64(days)/o.Unit.Days
	}
	if s.NoSpend = o.NoSpend; s.NoSpend == nil {
		p.choose(s, o.Currency)
	}
	return s, nil
}

// diary counts the repeat purchases of each day.
type diary struct {
	first   int // day of the first purchase of the first customer
	repeats map[int]int64
}

func newDiary() *diary { return &diary{first: math.MaxInt, repeats: map[int]int64{}} }

func (d *diary) add(c purchases.Customer, w purchases.Window) {
	d.first = min(d.first, w.CalibrationEnd-c.Age)
	for _, day := range c.RepeatDays {
		d.repeats[day]++
	}
}

// longestTracking is how many periods are followed at most.
const longestTracking = 1000

// periods are the counts of whole periods. The first day ends at time 0, so that a
// period ends with the day that is so many days behind it.
func (d *diary) periods(o Orders) []float64 {
	n := int(float64(o.Window.End-d.first) / o.Unit.Days)
	if n < 1 || n > longestTracking {
		return nil
	}
	counts := make([]float64, n)
	for day, repeats := range d.repeats {
		if period := int(math.Ceil(float64(day-d.first)/o.Unit.Days)) - 1; period >= 0 && period < n {
			counts[period] += float64(repeats)
		}
	}
	return counts
}

// sortedHeld are the histories in an order of their own, so that sums come out the
// same to the last digit.
func sortedHeld(of map[held]int64) []held {
	return slices.SortedFunc(maps.Keys(of), func(a, b held) int {
		return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(a.T, b.T), cmp.Compare(a.Tx, b.Tx), cmp.Compare(a.later, b.later))
	})
}

// purses are the spend of repeat purchases, apart for each currency: they are never
// added up.
type purses struct {
	of    map[string]*btyd.SpendCells
	mixed int64 // customers who pay in several currencies
}

func newPurses() *purses { return &purses{of: map[string]*btyd.SpendCells{}} }

func (p *purses) add(c purchases.Customer) error {
	if c.Mixed {
		p.mixed++
		return nil
	}
	cells := p.of[c.Currency]
	if cells == nil {
		cells = new(btyd.SpendCells)
		p.of[c.Currency] = cells
	}
	decimals, _ := money.Decimals(c.Currency)
	mean := 0.0
	if c.Repeats > 0 {
		mean = float64(c.Spend) / float64(c.Repeats) / math.Pow10(decimals)
	}
	return cells.Add(c.Repeats, mean, 1)
}

// choose gives the sample the spend in one currency, or the reason for none.
func (p *purses) choose(s *Sample, currency string) {
	known := slices.Sorted(maps.Keys(p.of))
	switch {
	case currency == "" && len(known) == 1 && p.mixed == 0:
		currency = known[0]
	case currency == "":
		s.NoSpend = fault.New(fault.FailedPrecondition, "CURRENCIES_MIXED",
			"orders are in several currencies (%s), which are never added up: name one with --currency", strings.Join(known, ", "))
		return
	}
	s.Spend, s.Currency = p.of[currency], currency
	if s.Spend == nil {
		s.NoSpend = fault.New(fault.FailedPrecondition, "CURRENCY_NOT_FOUND", "nobody buys in %s alone; there are %s", currency, strings.Join(known, ", "))
		return
	}
	var others float64
	for _, code := range known {
		if code != currency {
			others += p.of[code].OneTime + p.of[code].NotPositive + p.of[code].Customers()
		}
	}
	if others += float64(p.mixed); others > 0 {
		s.Warnings = append(s.Warnings, Warning{"OTHER_CURRENCIES_LEFT_OUT",
			formatted("%g customers are left out who pay in other currencies than %s, or in several", others, currency)})
	}
}

// FromSummary takes the customers of a summary file. Where it has a column for them,
// its counts of purchases in a hold-out of so many periods are compared with what is
// predicted; 0 periods compare nothing. Rows that cannot be read are counted in the
// file's Rows.
func FromSummary(file *Summary, holdout float64) (*Sample, error) {
	s := newSample()
	if file.at["x_hold"] >= 0 && holdout > 0 {
		s.Held, s.HeldPeriods = map[held]int64{}, holdout
	}
	spend, unknown := new(btyd.SpendCells), 0.0
	err := file.Each(func(row Row) error {
		h := btyd.History{X: row.X, Tx: row.TX, T: row.T}
		if err := h.Validate(); err != nil {
			return err
		}
		switch {
		case row.X > 0 && !row.HasSpend:
			unknown++
		default:
			if err := spend.Add(row.X, row.Spend, 1); err != nil {
				return err
			}
		}
		if s.Held != nil {
			s.Held[held{h, row.Held}]++
		}
		return s.add(h, 1)
	})
	if err != nil {
		return nil, err
	}
	if err := file.Rows.Err(); err != nil {
		return nil, err
	}
	if !file.HasSpend() {
		s.NoSpend = fault.New(fault.FailedPrecondition, "SPEND_MISSING", "no column is called %s: there is no spend to learn from", strings.Join(aliases["spend"], ", "))
		return s, nil
	}
	if s.Spend = spend; unknown > 0 {
		s.Warnings = append(s.Warnings, Warning{"SPEND_MISSING", formatted("%g customers with repeat purchases are left out, whose spend is empty", unknown)})
	}
	return s, nil
}
