package app

import (
	"context"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// claimGrace is how long a claim may stay pending before the sweeper looks into
// it. Whoever makes one has written the customer in half that time or gives up.
const claimGrace = time.Minute

// An identifier belongs to one customer, and no document holds both. So it is
// claimed first, under its own id, which is unique; then the customer is
// written; then the claim is confirmed. A claim to be given up is put in doubt
// first in the same way, and freed after. Whatever breaks off in between leaves
// a pending claim, and the customer's record decides about it (settle).
//
// Everyone who relies on a claim writes it, so that its version moves; and a
// claim is freed only at the version at which it was found to be unfounded.

// edit is one customer on its way to the store.
type edit struct {
	before *domain.Customer // nil for a new one
	after  *domain.Customer // its Version is that of before
	gone   bool             // delete it instead
	by     domain.Change    // who makes it
	mark   string           // of the claims it makes
	holds  []*hold
	taken  []domain.Identifier // that other customers have
	err    error
}

// hold is one identifier that an edit claims or gives up.
type hold struct {
	edit     *edit
	at       int // place among the identifiers of after
	of       domain.Identifier
	key      string // of the identifier in the store
	giveUp   bool
	claim    *store.Claim // as written by us, pending; nil when there is nothing to write
	newClaim bool
}

// save writes the edits, which have no customer and no identifier in common,
// and notes each one's error: store.Lost when somebody else was faster. Its own
// error is one of the call as a whole.
func (a *App) save(ctx context.Context, edits []*edit) error {
	ctx, cancel := context.WithTimeout(ctx, claimGrace/2)
	defer cancel()
	if err := a.claim(ctx, edits, false); err != nil {
		return err
	}
	if err := a.writeCustomers(ctx, edits); err != nil {
		return err
	}
	if err := a.conclude(ctx, edits); err != nil {
		return err
	}
	return a.forgetBuyers(ctx, edits)
}

func (a *App) writeCustomers(ctx context.Context, edits []*edit) error {
	var open []*edit
	var customers []*domain.Customer
	for _, e := range edits {
		switch {
		case e.err != nil:
		case e.gone:
			e.err = a.store.Customers.Delete(ctx, e.before.ID, e.before.Version)
		default:
			open, customers = append(open, e), append(customers, e.after)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if err := a.journal(ctx, open); err != nil {
		return err
	}
	errs, err := a.store.Customers.Write(ctx, customers)
	if err != nil {
		return err
	}
	for i, e := range open {
		e.err = errs[i]
	}
	return nil
}

// claim puts the claims of the edits into the store as pending. With checkOnly
// it writes none, and only notes what would be refused.
func (a *App) claim(ctx context.Context, edits []*edit, checkOnly bool) error {
	var open []*hold
	for _, e := range edits {
		e.holds = e.changes()
		for _, h := range e.holds {
			var err error
			if h.key, err = a.store.Identifiers.Key(h.of); err != nil {
				return err
			}
		}
		open = append(open, e.holds...)
	}
	var wait backoff
	for len(open) > 0 {
		writes, err := a.judge(ctx, open)
		if err != nil || checkOnly || len(writes) == 0 {
			return err
		}
		claims := make([]*store.Claim, len(writes))
		for i, h := range writes {
			claims[i] = h.claim
		}
		errs, err := a.store.Identifiers.Write(ctx, claims)
		if err != nil {
			return err
		}
		open = nil
		for i, h := range writes {
			switch {
			case store.Lost(errs[i]):
				h.claim = nil
				open = append(open, h)
			case errs[i] != nil:
				h.claim, h.edit.err = nil, errs[i]
			}
		}
		if len(open) > 0 {
			if err := wait.pause(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// changes lists the identifiers that the edit adds and drops.
func (e *edit) changes() []*hold {
	var holds []*hold
	if e.after != nil {
		for at, i := range e.after.Identifiers {
			if e.before == nil || !e.before.Identified(i) {
				holds = append(holds, &hold{edit: e, of: i, at: at})
			}
		}
	}
	if e.before != nil {
		for _, i := range e.before.Identifiers {
			if e.after == nil || !e.after.Identified(i) {
				holds = append(holds, &hold{edit: e, of: i, giveUp: true})
			}
		}
	}
	return holds
}

func (e *edit) customer() string {
	if e.after != nil {
		return e.after.ID
	}
	return e.before.ID
}

// judge looks at the claims as they are, and returns those that are to be
// written. An edit that cannot have its identifier gets its error.
func (a *App) judge(ctx context.Context, open []*hold) ([]*hold, error) {
	keys := make([]string, len(open))
	for i, h := range open {
		keys[i] = h.key
	}
	found, err := a.store.Identifiers.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := a.instant()
	for i, h := range open {
		own := found[i] != nil && found[i].Customer == h.edit.customer()
		switch {
		case h.giveUp && !own: // nothing to give up
		case found[i] == nil:
			h.claim, h.newClaim = &store.Claim{Key: h.key, Customer: h.edit.customer(), Pending: now, Mark: h.edit.mark}, true
		case own:
			h.claim, h.newClaim = found[i], false
			h.claim.Pending, h.claim.Mark = now, h.edit.mark
		default:
			if found[i].Pending.IsZero() {
				h.edit.taken = append(h.edit.taken, h.of)
			}
			if h.edit.err == nil {
				h.edit.err = notFree(h, found[i])
			}
		}
	}
	var writes []*hold
	for _, h := range open {
		if h.edit.err != nil {
			h.claim = nil
		} else if h.claim != nil {
			writes = append(writes, h)
		}
	}
	return writes, nil
}

// notFree is the fault for an identifier that another customer has, or is being
// given at this moment.
func notFree(h *hold, found *store.Claim) error {
	field := fmt.Sprintf("identifiers[%d].value", h.at)
	f := fault.New(fault.AlreadyExists, "IDENTIFIER_TAKEN", "%s: the %s belongs to customer %q", field, h.of.Type, found.Customer)
	if !found.Pending.IsZero() {
		f = fault.New(fault.Aborted, "IDENTIFIER_BUSY",
			"%s: the %s is being given to, or taken from, customer %q at this moment; try again", field, h.of.Type, found.Customer)
	}
	f.Violations = []fault.Violation{{Field: field, Description: "is not free"}}
	return f.With("customer", "customers/"+found.Customer)
}

// conclude confirms and frees the claims of edits that are written, and takes
// back those of edits that are not. Where that breaks off, the sweeper goes on.
func (a *App) conclude(ctx context.Context, edits []*edit) error {
	var confirm []*hold
	var free, confirmed []*store.Claim
	for _, e := range edits {
		for _, h := range e.holds {
			switch {
			case h.claim == nil:
			case e.err == nil && h.giveUp, e.err != nil && h.newClaim:
				free = append(free, h.claim)
			case e.err == nil:
				h.claim.Pending = time.Time{}
				confirm, confirmed = append(confirm, h), append(confirmed, h.claim)
			}
		}
	}
	if err := a.free(ctx, free); err != nil {
		return err
	}
	if len(confirm) == 0 {
		return nil
	}
	errs, err := a.store.Identifiers.Write(ctx, confirmed)
	if err != nil {
		return err
	}
	for i, h := range confirm {
		if errs[i] != nil {
			h.edit.err = a.settle(ctx, h.key, h.edit.after.ID)
		}
	}
	return nil
}

// free frees claims. One that was written meanwhile may have been confirmed by who saw
// the customer's record as it was before: it is looked at again.
func (a *App) free(ctx context.Context, claims []*store.Claim) error {
	if len(claims) == 0 {
		return nil
	}
	left, err := a.store.Identifiers.Delete(ctx, claims)
	if err != nil {
		return err
	}
	for _, claim := range left {
		// BUSY is of another change, which is told of it itself.
		if err := a.settle(ctx, claim.Key, claim.Customer); err != nil && fault.ReasonOf(err) != "IDENTIFIER_BUSY" {
			return err
		}
	}
	return nil
}
