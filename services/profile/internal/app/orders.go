package app

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// RecordOrders records orders, each by itself, and returns one outcome per
// order. An order that is there already is corrected where its content differs,
// and keeps its returns. Customers not known yet are created with nothing but
// their ids, or with the identifier that tells the Buyer where nobody has that
// yet; such an order's Customer becomes whoever has it. The orders are normalised
// in place.
//
// For an import every order carries its Row, and rows come in their order. A step
// taken again has the outcome it had the first time; a second row with the key of
// one that was recorded is refused as DUPLICATE_IN_FILE, unless the first found
// the order just so. The error is one of the call as a whole: then nobody knows
// what was recorded, and recording all of it again is safe.
func (a *App) RecordOrders(ctx context.Context, orders []domain.Order, src domain.Source) ([]Outcome, error) {
	if err := a.settleBuyers(ctx, orders, src); err != nil {
		return nil, err
	}
	outcomes := make([]Outcome, len(orders))
	keys := make([]string, len(orders))
	sound := make([]int, 0, len(orders))
	now := a.now()
	for i := range orders {
		if err := orders[i].Normalize(now); err != nil {
			outcomes[i] = refusedBy(err)
			continue
		}
		keys[i] = orders[i].Customer + "\x00" + orders[i].ID
		sound = append(sound, i)
	}
	key := func(i int) string { return keys[i] }
	row := func(i int) int64 { return orders[i].Row }
	sound = distinct(sound, key, row, src, outcomes)

	customers := func(yield func(string) bool) {
		for _, i := range sound {
			if orders[i].Customer != domain.Anonymous && !yield(orders[i].Customer) {
				return
			}
		}
	}
	r := &recording{app: a, orders: orders, src: src, outcomes: outcomes}
	r.guess.Store(a.fresh.Load() && !src.ValidateOnly)
	return outcomes, a.withCustomers(ctx, customers, src, func() error {
		one := func(i int, to []string) []string { return append(to, keys[i]) }
		return inRounds(ctx, sound, one, func(round []int) ([]int, error) { return r.round(ctx, round) })
	})
}

// recording is one call of RecordOrders.
type recording struct {
	app      *App
	orders   []domain.Order
	src      domain.Source
	outcomes []Outcome
	// guess takes the orders for new without looking, as those of the batch before
	// were: the write looks anyway, and refuses those that are there.
	guess atomic.Bool
}

// Orders of one round are recorded in parts, some at a time: while one waits for
// the disk, another is prepared.
const (
	partSize     = 1000
	partsAtATime = 4
)

// round records the orders of one round and returns those to be tried again.
func (r *recording) round(ctx context.Context, items []int) ([]int, error) {
	again := make([][]int, (len(items)+partSize-1)/partSize)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtATime)
	for n := range again {
		group.Go(func() (err error) {
			again[n], err = r.part(ctx, items[n*partSize:min((n+1)*partSize, len(items))])
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(again...), err
}

func (r *recording) part(ctx context.Context, items []int) ([]int, error) {
	stored, err := r.stored(ctx, items)
	if err != nil {
		return nil, err
	}
	now := r.app.instant()
	writes := make([]*domain.Order, 0, len(items))
	places := make([]int, 0, len(items))
	for n, i := range items {
		write, out := plan(&r.orders[i], stored[n], r.src)
		r.outcomes[i] = out
		if write == nil || r.src.ValidateOnly {
			continue
		}
		if out.Effect == Created {
			write.CreatedAt = now
		}
		writes, places = append(writes, write), append(places, i)
	}
	if len(writes) == 0 {
		return nil, nil
	}
	errs, err := r.app.store.Orders.Write(ctx, writes)
	if err != nil {
		return nil, err
	}
	return r.conclude(places, errs)
}

// stored reads what is there of the orders, or guesses that it is nothing.
func (r *recording) stored(ctx context.Context, items []int) ([]*domain.Order, error) {
	if r.guess.Load() {
		return make([]*domain.Order, len(items)), nil
	}
	asked := make([]*domain.Order, len(items))
	for n, i := range items {
		asked[n] = &r.orders[i]
	}
	stored, err := r.app.store.Orders.GetMany(ctx, asked)
	if err == nil && !r.src.ValidateOnly {
		r.app.fresh.Store(!slices.ContainsFunc(stored, func(o *domain.Order) bool { return o != nil }))
	}
	return stored, err
}

// conclude notes which orders could not be written, and returns those to be
// tried again.
func (r *recording) conclude(places []int, errs []error) (again []int, err error) {
	for n, i := range places {
		switch {
		case errs[n] == nil:
		case store.Lost(errs[n]):
			again = append(again, i)
		case errors.Is(errs[n], docstore.ErrTooLarge):
			r.outcomes[i] = refused(fault.Invalid("items", "make the order larger than 16 MiB"))
		default:
			return nil, errs[n]
		}
	}
	if len(again) > 0 {
		r.guess.Store(false)
		r.app.fresh.Store(false)
	}
	return again, nil
}

// withCustomers sees to it that customers exist, does the work, and looks again
// if one was deleted meanwhile.
func (a *App) withCustomers(ctx context.Context, customers func(func(string) bool), src domain.Source, work func() error) error {
	if src.ValidateOnly {
		return work()
	}
	if err := a.forgetDeleted(ctx); err != nil {
		return err
	}
	unknown, forgotten := a.known.missing(customers)
	if err := a.ensure(ctx, unknown, by(ctx, src)); err != nil {
		return err
	}
	a.known.learn(unknown, forgotten)
	if err := work(); err != nil {
		return err
	}
	if a.known.unmoved(forgotten) {
		return nil
	}
	var all []string
	for id := range customers {
		all = append(all, id)
	}
	return a.ensure(ctx, all, by(ctx, src))
}

// ensure creates the customers that do not exist, with nothing but their ids.
func (a *App) ensure(ctx context.Context, ids []string, by domain.Change) error {
	if len(ids) == 0 {
		return nil
	}
	there, err := a.store.Customers.Exist(ctx, ids)
	if err != nil {
		return err
	}
	now := a.instant()
	var missing []*domain.Customer
	seen := make(map[string]struct{})
	for i, id := range ids {
		if _, twice := seen[id]; !there[i] && !twice {
			seen[id] = struct{}{}
			c := &domain.Customer{ID: id, CreatedAt: now}
			c.LastChange = domain.Changed(nil, c, by, now)
			missing = append(missing, c)
		}
	}
	errs, err := a.store.Customers.Write(ctx, missing)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !store.Lost(err) { // lost: it exists by now
			return err
		}
	}
	return nil
}

// ReturnOrder records that goods of an order came back and were refunded in the
// order's currency. The same return again changes nothing.
func (a *App) ReturnOrder(ctx context.Context, customer, id, currency string, r domain.Return) (domain.Order, error) {
	return a.store.Orders.Update(ctx, customer, id, func(o *domain.Order) error {
		if f := domain.SameCurrency("return.refund.currency_code", currency, o.Currency); f != nil {
			return f
		}
		changed, err := o.TakeBack(r, a.now())
		if err == nil && !changed {
			return docstore.ErrUnchanged
		}
		return err
	})
}
