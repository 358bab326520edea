package app

import (
	"context"
	"crypto/sha256"
	"errors"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// CreateCustomer stores a new customer. Without an id it gets a ULID, or one
// made from the key of its Request. The same Request again returns the customer
// that is there. Faults: CUSTOMER_EXISTS, REQUEST_ID_REUSED, IDENTIFIER_TAKEN.
func (a *App) CreateCustomer(ctx context.Context, c domain.Customer, validateOnly bool) (domain.Customer, error) {
	switch {
	case c.ID != "":
	case c.Request.ID != "":
		c.ID = idOfRequest("CreateCustomer", c.Request.ID)
	default:
		c.ID = ulid.MustNewDefault(a.now()).String()
	}
	if err := c.Normalize(a.now()); err != nil {
		return c, err
	}
	if err := a.admit(ctx, nil, &c); err != nil {
		return c, err
	}
	for wait := (backoff{}); ; {
		existing, err := a.store.Customers.GetMany(ctx, []string{c.ID})
		if err != nil {
			return c, err
		}
		if existing[0] != nil {
			return *existing[0], exists(existing[0], c.Request)
		}
		created := c
		created.Version, created.CreatedAt = 0, a.instant()
		err = a.saveOne(ctx, &edit{after: &created, by: by(ctx, domain.Source{})}, validateOnly)
		if !store.Lost(err) {
			return created, err
		}
		if err := wait.pause(ctx); err != nil {
			return c, err
		}
	}
}

// exists is nil when the customer was created by the same request.
func exists(c *domain.Customer, request domain.RequestKey) error {
	switch {
	case request.ID != "" && c.Request == request:
		return nil
	case request.ID != "" && c.Request.ID == request.ID:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "the request_id was used to create another customer").
			With("customer", "customers/"+c.ID)
	}
	return fault.New(fault.AlreadyExists, "CUSTOMER_EXISTS", "customer %q exists already", c.ID)
}

// idOfRequest is a ULID whose bits come from the caller's key, so that a
// repeated call means the same customer.
func idOfRequest(method, key string) string {
	hash := sha256.Sum256([]byte(method + "\x00" + key))
	var id ulid.ULID
	copy(id[:], hash[:])
	return id.String()
}

// Change says how ChangeCustomer treats what it meets.
type Change struct {
	AllowMissing bool // create the customer when there is none
	ValidateOnly bool
	by           domain.Change // who makes it, where it is not the caller
}

// ChangeCustomer reads a customer, lets change alter it, and writes it. change
// may run several times. A customer that does not exist has Version 0.
func (a *App) ChangeCustomer(ctx context.Context, id string, how Change, change func(*domain.Customer) error) (domain.Customer, error) {
	if f := ident.Check("name", id); f != nil {
		return domain.Customer{}, f
	}
	who := how.by
	if who.Actor == "" {
		who = by(ctx, domain.Source{})
	}
	for wait := (backoff{}); ; {
		found, err := a.store.Customers.GetMany(ctx, []string{id})
		if err != nil {
			return domain.Customer{}, err
		}
		before := found[0]
		if before == nil && !how.AllowMissing {
			return domain.Customer{}, store.CustomerNotFound(id)
		}
		after := domain.Customer{ID: id, CreatedAt: a.instant()}
		if before != nil {
			after = *before
		}
		if err := change(&after); err != nil {
			return domain.Customer{}, err
		}
		if err := after.Normalize(a.now()); err != nil {
			return domain.Customer{}, err
		}
		if err := a.admit(ctx, before, &after); err != nil {
			return domain.Customer{}, err
		}
		if before != nil && before.SameContent(&after.Details) {
			if how.ValidateOnly {
				return *before, nil
			}
			return *before, a.confirmAll(ctx, before) // it may be there of a change that broke off
		}
		err = a.saveOne(ctx, &edit{before: before, after: &after, by: who}, how.ValidateOnly)
		if !store.Lost(err) {
			return after, err
		}
		if err := wait.pause(ctx); err != nil {
			return domain.Customer{}, err
		}
	}
}

func (a *App) saveOne(ctx context.Context, e *edit, validateOnly bool) error {
	save := a.save
	if validateOnly {
		save = func(ctx context.Context, edits []*edit) error { return a.claim(ctx, edits, true) }
	}
	if err := save(ctx, []*edit{e}); err != nil {
		return err
	}
	return e.err
}

// DeleteCustomer removes a customer that has no orders and no other records, and frees its
// identifiers. check sees the version first. Faults: CUSTOMER_NOT_FOUND,
// CUSTOMER_IN_MERGE, CUSTOMER_HAS_ORDERS. An order that comes in at the same moment counts as
// later: it creates the customer anew, with nothing but its id.
func (a *App) DeleteCustomer(ctx context.Context, id string, check func(version int64) error) error {
	for wait := (backoff{}); ; {
		c, err := a.store.Customers.Get(ctx, id)
		if err != nil {
			return err
		}
		if c.Links.Any() {
			return inMerge(id)
		}
		if err := check(c.Version); err != nil {
			return err
		}
		bound, err := a.bound(ctx, id)
		if err != nil {
			return err
		}
		if bound != nil {
			return bound
		}
		if err := a.store.Deletions.Note(ctx, id, a.instant()); err != nil {
			return err
		}
		err = a.saveOne(ctx, &edit{before: &c, gone: true}, false)
		if err == nil {
			a.known.forget(id)
			if err := a.store.Customers.Shred(ctx, id); err != nil {
				return err // sweepDeletions will
			}
			return errors.Join(a.revive(ctx, id), a.store.Changes.Purge(ctx, id, endOf(&c, a.instant())))
		}
		if !store.Lost(err) {
			return err
		}
		if err := wait.pause(ctx); err != nil {
			return err
		}
	}
}

// EraseCustomer removes what is left of a customer whose other records have been
// erased, without a trace: the record, its identifiers, its changes, its key. It may
// be repeated. Faults: those of DeleteCustomer but for CUSTOMER_NOT_FOUND.
func (a *App) EraseCustomer(ctx context.Context, id string) error {
	err := a.DeleteCustomer(ctx, id, func(int64) error { return nil })
	if err != nil && fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
		return err
	}
	a.known.forget(id)
	return errors.Join(a.store.Customers.Shred(ctx, id), a.store.Changes.Erase(ctx, id), a.store.Customers.Erase(ctx, id))
}

func inMerge(id string) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "CUSTOMER_IN_MERGE",
		"customer %q has been merged with others: it can be deleted once it is unmerged (customers:unmerge)", id)
}

// LookupCustomer finds the customer to whom an identifier belongs.
func (a *App) LookupCustomer(ctx context.Context, by domain.Identifier) (domain.Customer, error) {
	by, f := by.Normalize("")
	if f != nil {
		return domain.Customer{}, f
	}
	notFound := fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "no customer has this %s", by.Type)
	key, err := a.store.Identifiers.Key(by)
	if err != nil {
		return domain.Customer{}, err
	}
	claims, err := a.store.Identifiers.GetMany(ctx, []string{key})
	if err != nil {
		return domain.Customer{}, err
	}
	if claims[0] == nil {
		return domain.Customer{}, notFound
	}
	found, err := a.store.Customers.GetMany(ctx, []string{claims[0].Customer})
	if err != nil {
		return domain.Customer{}, err
	}
	if found[0] == nil || !found[0].Identified(by) {
		return domain.Customer{}, notFound // claimed, and the customer not written yet
	}
	return a.store.Customers.Around(ctx, *found[0])
}
