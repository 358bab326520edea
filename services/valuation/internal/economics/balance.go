package economics

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// balance adds up orders and lines of both sides.
func (s *Server) balance(ctx context.Context, q question, orders *domain.History, own, shared []*line) (*valuationv1.CustomerEconomics, error) {
	b := &book{question: q, start: math.MaxInt64}
	if err := b.read(orders); err != nil {
		return nil, err
	}
	if err := b.begin(own); err != nil {
		return nil, err
	}
	if b.start == math.MaxInt64 {
		return nil, fault.New(fault.FailedPrecondition, "ECONOMICS_NOTHING_KNOWN",
			"as of %s there is no order of the customer, and no line of its own has fallen due: there is no relationship to add up", domain.Date(q.asOf.Day))
	}
	if err := b.settle(slices.Concat(own, shared)); err != nil {
		return nil, err
	}
	if err := s.convert(ctx, b); err != nil {
		return nil, err
	}
	theirs, err := b.customerSide()
	if err != nil {
		return nil, err
	}
	ours, err := b.companySide()
	if err != nil {
		return nil, err
	}
	return &valuationv1.CustomerEconomics{
		AsOf: timestamppb.New(q.asOf.Time()), TimeZone: q.zone, StartDate: domain.Date(b.start), CurrencyCode: b.currency,
		DiscountRate: q.rate, Orders: b.placed, CustomerSide: theirs, CompanySide: ours, Warnings: b.warnings(),
	}, nil
}

// book is what is being added up.
type book struct {
	question
	start    int64 // first day of the relationship
	currency string
	codes    []string // that occur, while none is asked for
	orders   []order
	placed   int64
	entries  []entry
}

// order is one order on its local day.
type order struct {
	day, net, cost int64 // cost may be domain.Unknown
}

// entry is a line with what it comes to.
type entry struct {
	line   *line
	times  int64
	factor float64 // mean discount factor of its times
	stated int64   // in its own currency, undiscounted
	amount int64   // in that of the book, discounted
}

// read takes the orders up to the date. Faults: those of domain.Bookkeeper.
func (b *book) read(h *domain.History) error {
	if _, err := domain.NewBookkeeper(b.asOf).Account(h, new(domain.Account)); err != nil {
		return err
	}
	for i, at := range h.TimeMS {
		if at >= b.asOf.EndMS {
			continue
		}
		o := order{day: b.asOf.Calendar.Day(at), net: h.Net[i], cost: h.Cost[i]}
		b.orders = append(b.orders, o)
		b.start = min(b.start, o.day)
		code := uint32(0)
		if len(h.Currency) > 0 {
			code = h.Currency[i]
		}
		b.meet(h.Codes[code])
	}
	b.placed = int64(len(b.orders))
	return nil
}

// meet notes a currency.
func (b *book) meet(code string) {
	if !slices.Contains(b.codes, code) {
		b.codes = append(b.codes, code)
	}
}

// begin finds the first day of the relationship: that of an order, or of a line of
// the customer's own.
func (b *book) begin(own []*line) error {
	for _, l := range own {
		first, err := day(l.Start)
		if err != nil {
			return err
		}
		if first <= b.asOf.Day {
			b.start = min(b.start, first)
		}
	}
	return nil
}

// settle counts how often each line has fallen due since the relationship began.
func (b *book) settle(lines []*line) error {
	for _, l := range lines {
		days, err := l.dueDays(b.asOf.Day)
		if err != nil {
			return err
		}
		e, factors := entry{line: l}, 0.0
		for due := range days {
			if due >= b.start {
				e.times++
				factors += b.discount(due)
			}
		}
		if e.times == 0 {
			continue
		}
		e.factor, e.stated = factors/float64(e.times), e.times*l.Minor // which fits: see mostMinor
		b.entries = append(b.entries, e)
		b.meet(l.Currency)
	}
	return nil
}

// discount is what an amount of a day counts for.
func (b *book) discount(day int64) float64 {
	if b.rate == 0 {
		return 1
	}
	return math.Pow(1+b.rate, -float64(day-b.start)/365)
}

// discounted is minor units times a factor, halves to even; a factor of 1 is exact.
func discounted(minor int64, factor float64) int64 {
	if factor == 1 {
		return minor
	}
	return int64(math.RoundToEven(float64(minor) * factor)) // not more than minor: rates are 0 or more
}

// convert brings all into one currency. Without one asked for there must be one.
func (s *Server) convert(ctx context.Context, b *book) error {
	b.currency = b.reporting
	if b.currency == "" {
		if len(b.codes) > 1 {
			slices.Sort(b.codes)
			return fault.New(fault.FailedPrecondition, "MIXED_CURRENCIES",
				"orders and lines are in %s, which are never added up: name a reporting_currency_code, into which profile's exchange rates convert", strings.Join(b.codes, ", "))
		}
		b.currency = b.codes[0]
	}
	last := b.asOf.Time().Add(-time.Millisecond)
	for i := range b.entries {
		e := &b.entries[i]
		amount := e.stated
		if e.line.Currency != b.currency {
			var err error
			if amount, err = s.profile.Convert(ctx, e.stated, e.line.Currency, b.currency, last); err != nil {
				return err
			}
		}
		e.amount = discounted(amount, e.factor)
	}
	return nil
}
