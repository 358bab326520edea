package app

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// sweepBatch bounds what one sweep takes up of each kind.
const sweepBatch = 1000

// Sweep finishes what broke off more than a minute ago.
func (a *App) Sweep(ctx context.Context) error {
	return errors.Join(a.sweepClaims(ctx), a.sweepDeletions(ctx))
}

func (a *App) sweepClaims(ctx context.Context) error {
	var pending []*store.Claim
	for claim, err := range a.store.Identifiers.Pending(ctx, a.instant().Add(-claimGrace), sweepBatch) {
		if err != nil {
			return err
		}
		pending = append(pending, claim)
	}
	for _, claim := range pending {
		if err := a.settle(ctx, claim.Key, claim.Customer); err != nil {
			return err
		}
	}
	return nil
}

// settle makes claim and customer agree about the identifier of a key: the customer's
// record decides. An old claim that it does not bear out is freed. The one case
// in which the record gives way is that the identifier has gone to another
// customer, while the one who wrote the record was held up for longer than
// claimGrace: then settle takes it out and returns a fault.
func (a *App) settle(ctx context.Context, key, customer string) error {
	for wait := (backoff{}); ; {
		err := a.settleOnce(ctx, key, customer)
		if !store.Lost(err) {
			return err
		}
		if err := wait.pause(ctx); err != nil {
			return err
		}
	}
}

func (a *App) settleOnce(ctx context.Context, key, customer string) error {
	claims, err := a.store.Identifiers.GetMany(ctx, []string{key})
	if err != nil {
		return err
	}
	records, err := a.store.Customers.GetMany(ctx, []string{customer})
	if err != nil {
		return err
	}
	claim, record := claims[0], records[0]
	at, err := a.listed(record, key)
	if err != nil {
		return err
	}
	listed := at >= 0
	own := claim != nil && claim.Customer == customer
	switch {
	case listed && own && claim.Pending.IsZero():
		return nil
	case listed && (own || claim == nil):
		confirmed := &store.Claim{Key: key, Customer: customer}
		if own {
			confirmed.Version, confirmed.Mark = claim.Version, claim.Mark
		}
		return first(a.store.Identifiers.Write(ctx, []*store.Claim{confirmed}))
	case listed:
		without := *record
		without.Identifiers = slices.Delete(slices.Clone(record.Identifiers), at, at+1)
		if err := a.journal(ctx, []*edit{{before: record, after: &without, by: system}}); err != nil {
			return err
		}
		if err := first(a.store.Customers.Write(ctx, []*domain.Customer{&without})); err != nil {
			return err
		}
		return fault.New(fault.Aborted, "IDENTIFIER_BUSY", "an identifier went to another customer meanwhile")
	case own && claim.Pending.Before(a.instant().Add(-claimGrace)):
		_, err := a.store.Identifiers.Delete(ctx, []*store.Claim{claim})
		return err
	}
	return nil
}

// listed is the place of the identifier of a key among those of a record, -1
// where it is not there or there is no record.
func (a *App) listed(record *domain.Customer, key string) (int, error) {
	if record == nil {
		return -1, nil
	}
	keys, err := a.store.Identifiers.Keys(record.Identifiers)
	return slices.Index(keys, key), err
}

// first is the outcome of a write of one.
func first(errs []error, err error) error {
	if err != nil {
		return err
	}
	return errs[0]
}

// sweepDeletions makes sure that an order which came in while its customer was
// being deleted has a customer. Those who record orders believe in a customer
// they saw until they look at these notes, which they do well within claimGrace.
func (a *App) sweepDeletions(ctx context.Context) error {
	noted, err := a.store.Deletions.Before(ctx, a.instant().Add(-claimGrace), sweepBatch)
	if err != nil {
		return err
	}
	for _, note := range noted {
		if err := a.revive(ctx, note.Customer); err != nil {
			return err
		}
		if err := a.forgetChanges(ctx, note); err != nil {
			return err
		}
		if err := a.store.Deletions.Forget(ctx, note); err != nil {
			return err
		}
	}
	return nil
}

// revive creates a deleted customer anew, with nothing but its id, if it has
// orders or other records.
func (a *App) revive(ctx context.Context, customer string) error {
	bound, err := a.bound(ctx, customer)
	if err != nil || bound == nil {
		return err
	}
	return a.ensure(ctx, []string{customer}, system)
}

// forgetChanges removes the key and the history of a customer that was deleted,
// and not those of one whose deletion was noted and never came to pass.
func (a *App) forgetChanges(ctx context.Context, note store.Noted) error {
	found, err := a.store.Customers.GetMany(ctx, []string{note.Customer})
	if err != nil {
		return err
	}
	switch c := found[0]; {
	case c == nil:
		if err := a.store.Customers.Shred(ctx, note.Customer); err != nil {
			return err
		}
		return a.store.Changes.Purge(ctx, note.Customer, a.instant().Add(claimGrace))
	case c.CreatedAt.After(note.At):
		return a.store.Changes.Purge(ctx, note.Customer, note.At)
	}
	return nil
}
