package alerts

import (
	"container/heap"
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// Valuations is what the room reads of valuations.
type Valuations interface {
	Page(ctx context.Context, generation int64, order store.Order, after *docstore.Position, size int) ([]*domain.Valuation, *docstore.Position, error)
	All(ctx context.Context, generation int64, span store.Span) iter.Seq2[*domain.Valuation, error]
	GetMany(ctx context.Context, generation int64, customers []string) ([]*domain.Valuation, error)
}

// Customers knows which ids are one customer.
type Customers interface {
	Root(ctx context.Context, id string) string
	Members(ctx context.Context, id string) []string
}

// Room is the alerts.
type Room struct {
	docs       *collection
	valuations Valuations
	customers  Customers
	now        func() time.Time
}

// New opens the room's collection.
func New(ctx context.Context, engine docstore.Engine, valuations Valuations, customers Customers, clock func() time.Time) (*Room, error) {
	docs, err := docstore.Open(ctx, engine, schema(), docstore.WithClock(clock))
	return &Room{docs, valuations, customers, func() time.Time { return clock().UTC().Truncate(time.Millisecond) }}, err
}

// Refresh is a refresh that has been published.
type Refresh struct {
	Generation int64
	Before     int64 // the refresh before, 0 where there is none to compare with
	Policy     domain.AlertPolicy
	Currency   string
	// OtherModels says that the refresh before predicted with other models.
	OtherModels bool
	// Hidden reports customers who are being erased.
	Hidden func(customer string) bool
}

// batch is how many alerts are read or written at a time.
const batch = 500

// target is a customer and a kind.
type target struct {
	customer string
	kind     kind
}

// Raise brings the alerts up to date with a refresh: raises new ones, refreshes
// the figures of those that are not closed, and closes what has recovered. It
// may be done again, and comes out the same. Its memory is that of the alerts.
func (r *Room) Raise(ctx context.Context, g Refresh) error {
	if g.Policy.Disabled {
		return nil
	}
	wanted := make(map[target]figures)
	if err := r.atRisk(ctx, g, wanted); err != nil {
		return err
	}
	if g.Before != 0 {
		if err := r.fallen(ctx, g, wanted); err != nil {
			return err
		}
	}
	if err := r.keep(ctx, g, wanted); err != nil {
		return err
	}
	return r.add(ctx, g, wanted)
}

// atRisk finds the customers with most at stake who have probably left.
func (r *Room) atRisk(ctx context.Context, g Refresh, wanted map[target]figures) error {
	var after *docstore.Position
	left := g.Policy.Most
	for {
		page, next, err := r.valuations.Page(ctx, g.Generation, store.ByAtRisk, after, batch)
		if err != nil {
			return err
		}
		for _, v := range page {
			if !told(v) || v.Prediction.AtRisk.Minor < max(1, g.Policy.MinMinor) {
				return nil // those that follow have less
			}
			if g.hidden(v.Customer) || 1-v.Prediction.Alive.Value < g.Policy.MinRisk {
				continue
			}
			wanted[target{v.Customer, valueAtRisk}] = figuresOf(valueAtRisk, g.Currency, v, nil)
			if left--; left == 0 {
				return nil
			}
		}
		if next == nil {
			return nil
		}
		after = next
	}
}

func (g *Refresh) hidden(customer string) bool { return g.Hidden != nil && g.Hidden(customer) }

// fallen finds the customers whose residual value has fallen most, by walking
// both refreshes side by side.
func (r *Room) fallen(ctx context.Context, g Refresh, wanted map[target]figures) error {
	next, stop := iter.Pull2(r.valuations.All(ctx, g.Before, store.Span{}))
	defer stop()
	before, err, more := next()
	var most falls
	for now, errNow := range r.valuations.All(ctx, g.Generation, store.Span{}) {
		if errNow != nil {
			return errNow
		}
		place := docstore.ID(now.Customer)
		for more && err == nil && docstore.ID(before.Customer) < place {
			before, err, more = next()
		}
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if before.Customer != now.Customer || g.hidden(now.Customer) {
			continue
		}
		if f, fell := g.fall(before, now); fell {
			heap.Push(&most, fall{now.Customer, f})
			if int64(len(most)) > g.Policy.Most {
				heap.Pop(&most)
			}
		}
	}
	for _, f := range most {
		wanted[target{f.customer, valueFallen}] = f.figures
	}
	return nil
}

// fall compares a customer with the refresh before.
func (g *Refresh) fall(before, now *domain.Valuation) (figures, bool) {
	sameMoney := len(before.Revenue) > 0 && len(now.Revenue) > 0 && before.Revenue[0].Currency == now.Revenue[0].Currency
	if !sameMoney || !told(before) || !told(now) {
		return figures{}, false
	}
	was, is := before.Prediction.Residual.Minor, now.Prediction.Residual.Minor
	if was-is < max(1, g.Policy.MinMinor) || float64(was-is) < g.Policy.MinFall*float64(was) {
		return figures{}, false
	}
	f := figuresOf(valueFallen, g.Currency, now, &was)
	f.OtherModels = g.OtherModels
	return f, true
}

// falls is a heap with the smallest fall on top; of equal ones the customer
// whose id comes last.
type falls []fall

type fall struct {
	customer string
	figures  figures
}

func (f falls) Len() int { return len(f) }
func (f falls) Less(i, j int) bool {
	if a, b := f[i].figures.AtRisk, f[j].figures.AtRisk; a != b {
		return a < b
	}
	return f[i].customer > f[j].customer
}
func (f falls) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *falls) Push(x any)   { *f = append(*f, x.(fall)) }
func (f *falls) Pop() any {
	lowest := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return lowest
}

// keep brings the alerts that are not closed up to date, and takes what they
// warn of from what is wanted.
func (r *Room) keep(ctx context.Context, g Refresh, wanted map[target]figures) error {
	var live []*alert
	for a, err := range r.docs.Scan(ctx, docstore.Range{Index: byLive}) {
		if err != nil {
			return err
		}
		if a.LastGeneration <= g.Generation { // no later refresh has been here
			live = append(live, a)
		} else {
			delete(wanted, target{a.Customer, a.Kind})
		}
	}
	for from := 0; from < len(live); from += batch {
		some := live[from:min(from+batch, len(live))]
		customers := make([]string, len(some))
		for i, a := range some {
			customers[i] = a.Customer
		}
		valuations, err := r.valuations.GetMany(ctx, g.Generation, customers)
		if err != nil {
			return err
		}
		for i, a := range some {
			t := target{a.Customer, a.Kind}
			change := r.verdict(ctx, g, a, valuations[i], wanted)
			delete(wanted, t)
			if change == nil {
				continue
			}
			if err := r.change(ctx, a.ID, g.Generation, change); err != nil {
				return err
			}
		}
	}
	return nil
}

// verdict is how an alert changes, nil for not at all.
func (r *Room) verdict(ctx context.Context, g Refresh, a *alert, v *domain.Valuation, wanted map[target]figures) func(*alert) {
	if f, still := wanted[target{a.Customer, a.Kind}]; still {
		return func(a *alert) { a.Figures = f }
	}
	if v == nil {
		why := notValued
		if r.customers.Root(ctx, a.Customer) != a.Customer {
			why = merged
		}
		return func(a *alert) { a.close(system, why, r.now()) }
	}
	if !told(v) || v.Revenue[0].Currency != a.Figures.Currency {
		return nil
	}
	f := figuresOf(a.Kind, g.Currency, v, a.Figures.Before)
	well := f.Loss < g.Policy.MinRisk
	if a.Kind == valueFallen && f.Before != nil {
		well = float64(f.Residual) > (1-g.Policy.MinFall)*float64(*f.Before)
	}
	return func(a *alert) {
		a.Figures = f
		if well {
			a.close(system, recovered, r.now())
		}
	}
}

func (a *alert) close(by string, why uint8, at time.Time) {
	a.State, a.ClosedBy, a.CloseReason, a.ClosedAt = closed, by, why, at
}

// change changes an alert that nobody has closed meanwhile.
func (r *Room) change(ctx context.Context, id string, generation int64, change func(*alert)) error {
	_, err := r.docs.Update(ctx, id, func(a *alert) error {
		if a.State == closed || a.LastGeneration > generation {
			return docstore.ErrUnchanged
		}
		a.LastGeneration = generation
		change(a)
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) { // it was erased
		return nil
	}
	return err
}

// add raises what is wanted and not there. What a person has closed is not
// raised again before the customer has ordered again; a new fall is news.
func (r *Room) add(ctx context.Context, g Refresh, wanted map[target]figures) error {
	var ops []docstore.Op[alert]
	flush := func() error {
		errs, err := r.docs.Write(ctx, ops)
		if err != nil {
			return err
		}
		for _, err := range errs {
			if err != nil && !errors.Is(err, docstore.ErrConflict) { // another run has raised it
				return err
			}
		}
		ops = ops[:0]
		return nil
	}
	for t, f := range wanted {
		name := series(t.customer, t.kind)
		before, err := last(ctx, r.docs, name)
		if err != nil {
			return err
		}
		episode := 1
		if before != nil {
			if before.State != closed || before.Generation == g.Generation || before.settles(t.kind, f) {
				continue
			}
			episode = episodeOf(before.ID) + 1
		}
		ops = append(ops, docstore.Op[alert]{Expect: docstore.Absent, Doc: &alert{
			Meta: docstore.Meta{ID: id(name, episode)}, Customer: t.customer, Kind: t.kind, State: open, Figures: f,
			Generation: g.Generation, LastGeneration: g.Generation, CreatedAt: r.now(),
		}})
		if len(ops) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if len(ops) == 0 {
		return nil
	}
	return flush()
}

// settles reports whether a closed alert speaks of what would be raised again.
func (a *alert) settles(k kind, f figures) bool {
	return k == valueAtRisk && a.ClosedBy != system && f.LastMS <= a.Figures.LastMS
}
