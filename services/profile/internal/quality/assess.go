package quality

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Customers are all customers in the order of their escaped ids.
type Customers interface {
	All(ctx context.Context, span store.Span) iter.Seq2[domain.Customer, error]
}

// Activity is what they bought and did.
type Activity interface {
	Walk(ctx context.Context, span store.Span, needs activity.Needs, before time.Time) iter.Seq2[*activity.Person, error]
	Of(ctx context.Context, id string, needs activity.Needs, before time.Time) (*activity.Person, error)
}

// Candidates are the customers of whom an open candidate for a duplicate speaks.
type Candidates interface {
	Open(ctx context.Context) (map[string]struct{}, error)
	OpenOf(ctx context.Context, customer string) (bool, error)
}

// Sources is what is assessed.
type Sources struct {
	Customers  Customers
	Activity   Activity
	Candidates Candidates
}

// needed is what is read of each customer.
var needed = activity.Needs{Events: true, Orders: true}

// before is behind every order and event: they may be dated up to a day ahead.
func (b *Base) before() time.Time { return b.Now.AddDate(0, 0, 2) }

// progress tells how many customers are done in a stage.
type progress func(done int64, stage string)

// assess checks all customers. It reads them twice: once to count the values that
// many share, once to check.
func (s Sources) assess(ctx context.Context, base *Base, tell progress) (*Tally, error) {
	var err error
	if base.heaps, err = s.heaps(ctx, tell); err != nil {
		return nil, err
	}
	open, err := s.Candidates.Open(ctx)
	if err != nil {
		return nil, err
	}
	tally := NewTally(base)
	for p, err := range s.Activity.Walk(ctx, store.Span{}, needed, base.before()) {
		if err != nil {
			return nil, err
		}
		r := recordOf(p)
		_, r.Candidate = open[r.ID]
		tally.Add(r)
		if tally.customers%1000 == 0 {
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
		if n++; n%1000 == 0 {
			tell(n, "counting")
		}
	}
	return h, nil
}

// recordOf is what is known of a customer.
func recordOf(p *activity.Person) *Record {
	r := &Record{Customer: &p.Customer, Orders: int64(len(p.Orders))}
	for i, o := range p.Orders { // by time
		at := time.UnixMilli(o.TimeMS).UTC()
		if i == 0 {
			r.FirstOrder, r.Bought = at, map[string]Spending{}
		}
		r.LastOrder = at
		r.Bought[o.Currency] = Spending{r.Bought[o.Currency].Orders + 1, r.Bought[o.Currency].Minor + o.Amount - o.Refunded}
	}
	for _, step := range p.Steps {
		if step.Type != activity.Ordered {
			r.LastEvent = time.UnixMilli(step.TimeMS).UTC()
		}
	}
	return r
}
