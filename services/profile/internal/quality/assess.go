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
	OpenOf(ctx context.Context, customer string) (bool, error)
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

// assess checks all customers. It reads them twice: once to count the values that
// many share, once to check.
func (s Sources) assess(ctx context.Context, base *Base, tell progress) (*Tally, error) {
	heaps, err := s.heaps(ctx, tell)
	if err != nil {
		return nil, err
	}
	base.heaps = heaps
	open, err := s.Candidates.Open(ctx)
	if err != nil {
		return nil, err
	}
	did := s.deeds(ctx, store.Span{})
	defer did.stop()
	tally := NewTally(base)
	for c, err := range s.Customers.All(ctx, store.Span{}) {
		if err != nil {
			return nil, err
		}
		r := &Record{Customer: &c}
		_, r.Candidate = open[c.ID]
		if err := did.of(r); err != nil {
			return nil, err
		}
		tally.Add(r)
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

// deeds are what the customers of a span bought and did, beside a walk over them.
type deeds struct {
	purchases *cursor[*store.Purchase]
	events    *cursor[*events.CustomerEvents]
}

func (s Sources) deeds(ctx context.Context, span store.Span) deeds {
	return deeds{
		newCursor(s.Purchases.Purchases(ctx, span, math.MaxInt64), func(p *store.Purchase) string { return p.CustomerKey }),
		newCursor(s.Events.Walk(ctx, events.Span(span), false), func(e *events.CustomerEvents) string { return docstore.ID(e.Customer) }),
	}
}

func (d deeds) stop() {
	d.purchases.stop()
	d.events.stop()
}

// of takes what the customer of a record bought and did into the record.
func (d deeds) of(r *Record) error {
	key := docstore.ID(r.ID)
	err := d.purchases.take(key, func(p *store.Purchase) {
		at := time.UnixMilli(p.TimeMS).UTC()
		if r.Orders++; r.Orders == 1 {
			r.Bought, r.FirstOrder, r.LastOrder = map[string]Spending{}, at, at
		}
		currency := string(p.Currency)
		r.Bought[currency] = Spending{r.Bought[currency].Orders + 1, r.Bought[currency].Minor + p.Amount - p.Refunded}
		if at.Before(r.FirstOrder) {
			r.FirstOrder = at
		}
		if at.After(r.LastOrder) {
			r.LastOrder = at
		}
	})
	if err != nil {
		return err
	}
	return d.events.take(key, func(e *events.CustomerEvents) {
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
