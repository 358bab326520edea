package quality

import (
	"context"
	"iter"
	"math"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Customers are all customers in the order of their escaped ids.
type Customers interface {
	All(ctx context.Context, span store.Span) iter.Seq2[domain.Customer, error]
}

// Purchases are their counting orders, in the order of the customers.
type Purchases interface {
	Purchases(ctx context.Context, span store.Span, beforeMS int64) iter.Seq2[*store.Purchase, error]
}

// Events are what they did, in the order of the customers.
type Events interface {
	Walk(ctx context.Context, span events.Span, contents bool) iter.Seq2[*events.CustomerEvents, error]
}

// Candidates are the customers of whom an open candidate for a duplicate speaks.
type Candidates interface {
	Open(ctx context.Context) (map[string]struct{}, error)
}

// Sources is what is assessed.
type Sources struct {
	Customers  Customers
	Purchases  Purchases
	Events     Events
	Candidates Candidates
}

// progress tells how many customers are done in a stage; it may be nil.
type progress func(done int64, stage string)

// assess checks all customers, or those of a span. It reads them twice: once to
// count the values that many share, once to check.
func (s Sources) assess(ctx context.Context, span store.Span, base *Base, tell progress) (*Tally, error) {
	heaps, err := s.heaps(ctx, tell)
	if err != nil {
		return nil, err
	}
	base.heaps = heaps
	open, err := s.Candidates.Open(ctx)
	if err != nil {
		return nil, err
	}
	purchases := newCursor(s.Purchases.Purchases(ctx, span, math.MaxInt64), func(p *store.Purchase) string { return p.CustomerKey })
	defer purchases.stop()
	acts := newCursor(s.Events.Walk(ctx, events.Span(span), false), func(e *events.CustomerEvents) string { return docstore.ID(e.Customer) })
	defer acts.stop()
	tally := NewTally(base)
	for c, err := range s.Customers.All(ctx, span) {
		if err != nil {
			return nil, err
		}
		r := &Record{Customer: &c}
		_, r.Candidate = open[c.ID]
		revenue, orders, err := r.bought(purchases)
		if err != nil {
			return nil, err
		}
		if err := r.did(acts); err != nil {
			return nil, err
		}
		tally.Add(r, revenue, orders)
		if tell != nil && tally.customers%1000 == 0 {
			tell(tally.customers, "checking")
		}
	}
	return tally, nil
}

func (s Sources) heaps(ctx context.Context, tell progress) (*Heaps, error) {
	h, n := NewHeaps(), int64(0)
	for c, err := range s.Customers.All(ctx, store.Span{}) {
		if err != nil {
			return nil, err
		}
		h.Add(&c)
		if n++; tell != nil && n%1000 == 0 {
			tell(n, "counting")
		}
	}
	return h, nil
}

// bought takes the customer's purchases.
func (r *Record) bought(from *cursor[*store.Purchase]) (revenue, orders map[string]int64, err error) {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	err = from.take(docstore.ID(r.ID), func(p *store.Purchase) {
		if revenue == nil {
			revenue, orders = map[string]int64{}, map[string]int64{}
		}
		revenue[string(p.Currency)] += p.Amount - p.Refunded
		orders[string(p.Currency)]++
		r.Orders++
		first, last = min(first, p.TimeMS), max(last, p.TimeMS)
	})
	if r.Orders > 0 {
		r.FirstOrder, r.LastOrder = time.UnixMilli(first).UTC(), time.UnixMilli(last).UTC()
	}
	return revenue, orders, err
}

// did takes the customer's events.
func (r *Record) did(from *cursor[*events.CustomerEvents]) error {
	return from.take(docstore.ID(r.ID), func(e *events.CustomerEvents) {
		if n := len(e.Events); n > 0 {
			r.LastEvent = e.Events[n-1].Time
		}
	})
}

// cursor walks a stream ordered by customer beside that of the customers.
type cursor[T any] struct {
	key  func(T) string
	pull func() (T, error, bool)
	stop func()
	next T
	more bool
	err  error
	read bool
}

func newCursor[T any](all iter.Seq2[T, error], key func(T) string) *cursor[T] {
	next, stop := iter.Pull2(all)
	return &cursor[T]{key: key, pull: next, stop: stop}
}

// take hands out what the stream has of a customer, and passes over what it has
// of customers before.
func (c *cursor[T]) take(customer string, each func(T)) error {
	if !c.read {
		c.step()
	}
	for c.more && c.err == nil && c.key(c.next) <= customer {
		if c.key(c.next) == customer {
			each(c.next)
		}
		c.step()
	}
	return c.err
}

func (c *cursor[T]) step() {
	c.read = true
	c.next, c.err, c.more = c.pull()
}
