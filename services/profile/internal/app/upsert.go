package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// UpsertCustomers creates customers or changes those that exist, each by itself,
// and returns one outcome per customer. What it says of a customer that exists
// replaces what is stored; an import only adds what it knows, so that a file of
// phone numbers costs nobody an e-mail address, and goes without the identifiers that
// other customers have, which it tells as Taken. A Version that is set must be
// the stored one. The customers are normalised in place.
//
// Rows, repeated steps and the error are as in RecordOrders.
func (a *App) UpsertCustomers(ctx context.Context, customers []domain.Customer, src domain.Source) ([]Outcome, error) {
	outcomes := make([]Outcome, len(customers))
	sound := make([]int, 0, len(customers))
	now := a.now()
	for i := range customers {
		if err := customers[i].Normalize(now); err != nil {
			outcomes[i] = refusedBy(err)
			continue
		}
		sound = append(sound, i)
	}
	id := func(i int) string { return customers[i].ID }
	row := func(i int) int64 { return customers[i].Row }
	sound = distinct(sound, id, row, src, outcomes)
	u := &upserting{App: a, customers: customers, src: src, outcomes: outcomes, taken: make(map[int][]domain.Identifier)}
	err := inRounds(ctx, sound, func(i int, to []string) []string { return keysOf(&customers[i], to) },
		func(round []int) ([]int, error) { return u.round(ctx, round) })
	for i, taken := range u.taken {
		outcomes[i].Taken = append(outcomes[i].Taken, taken...)
	}
	return outcomes, err
}

// upserting is one call of UpsertCustomers.
type upserting struct {
	*App
	customers []domain.Customer
	src       domain.Source
	outcomes  []Outcome
	taken     map[int][]domain.Identifier // by customer: what was taken out, for others have it
}

// keysOf is what a customer to be written has in common with another in the same
// batch: its id, and the identifiers it claims. An identifier that one customer
// gives up and a later one claims in the same round is told apart in round.
func keysOf(c *domain.Customer, to []string) []string {
	to = append(to, c.ID)
	for _, i := range c.Identifiers {
		to = append(to, identifierKey(i))
	}
	return to
}

func identifierKey(i domain.Identifier) string {
	return "\x00" + string(i.Type) + "\x00" + i.Namespace + "\x00" + i.Value
}

// round upserts the customers of one round and returns those to be tried again.
func (u *upserting) round(ctx context.Context, round []int) ([]int, error) {
	a, customers, src, outcomes := u.App, u.customers, u.src, u.outcomes
	ids := make([]string, len(round))
	for n, i := range round {
		ids[n] = customers[i].ID
	}
	stored, err := a.store.Customers.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	var edits []*edit
	var places, again []int
	givenUp := make(map[string]struct{})
	who := by(ctx, src)
	for n, i := range round {
		seen, err := a.versionSeen(ctx, &customers[i], stored[n])
		if err != nil {
			return nil, err
		}
		e, out := a.planCustomer(&customers[i], stored[n], seen, src)
		outcomes[i] = out
		if e == nil {
			if stored[n] != nil && src.Import != "" && stored[n].Origin.Import == src.Import && !src.ValidateOnly {
				if err := a.confirmAll(ctx, stored[n]); err != nil {
					return nil, err
				}
			}
			continue
		}
		e.by = who
		if err := a.admit(ctx, e.before, e.after); err != nil {
			if fault.KindOf(err) == fault.Internal {
				return nil, err
			}
			outcomes[i] = refusedBy(err)
			continue
		}
		if e.waitsFor(givenUp) {
			again = append(again, i)
			continue
		}
		edits, places = append(edits, e), append(places, i)
	}
	if src.ValidateOnly {
		err = a.claim(ctx, edits, true)
	} else {
		err = a.save(ctx, edits)
	}
	if err != nil {
		return nil, err
	}
	without := u.without(edits, places)
	lost, err := judged(edits, places, outcomes)
	if err != nil {
		return nil, err
	}
	return merge(merge(lost, without), again), nil
}

// without takes the identifiers that other customers have out of the customers of an
// import who were refused for them, and returns those to be tried again.
func (u *upserting) without(edits []*edit, places []int) (again []int) {
	if u.src.Import == "" {
		return nil
	}
	for n, i := range places {
		e := edits[n]
		if len(e.taken) == 0 || fault.ReasonOf(e.err) != "IDENTIFIER_TAKEN" {
			continue
		}
		u.taken[i] = append(u.taken[i], e.taken...)
		given := &u.customers[i]
		given.Identifiers = slices.DeleteFunc(slices.Clone(given.Identifiers), func(of domain.Identifier) bool { return slices.Contains(e.taken, of) })
		again = append(again, i)
	}
	return again
}

// waitsFor reports whether the edit claims what one before it in the round gives
// up, and notes what it gives up itself.
func (e *edit) waitsFor(givenUp map[string]struct{}) bool {
	waits := false
	for _, h := range e.changes() {
		if _, ok := givenUp[identifierKey(h.of)]; ok && !h.giveUp {
			waits = true
		}
	}
	for _, h := range e.changes() {
		if h.giveUp {
			givenUp[identifierKey(h.of)] = struct{}{}
		}
	}
	return waits
}

// versionSeen is the version that a reader of a record is shown, where the caller
// says which it must have: that of the whole view.
func (a *App) versionSeen(ctx context.Context, given, stored *domain.Customer) (int64, error) {
	if stored == nil || given.Version == 0 {
		return 0, nil
	}
	view, err := a.store.Customers.Around(ctx, *stored)
	return view.Version, err
}

// planCustomer decides what becomes of a customer, given what is stored and the
// version under which that is shown. The edit is nil when nothing is to be written.
func (a *App) planCustomer(given, stored *domain.Customer, seen int64, src domain.Source) (*edit, Outcome) {
	if stored == nil {
		if given.Version != 0 {
			return nil, refused(stale(given.ID))
		}
		after := *given
		after.CreatedAt, after.Origin = a.instant(), origin(src, given.Row, true)
		return &edit{after: &after}, Outcome{Effect: Created}
	}
	if out, known := repeated(stored.Origin, src, given.Row); known {
		if out.Effect != Refused { // what it was to have and has not, another has
			for _, of := range given.Identifiers {
				if !stored.Identified(of) {
					out.Taken = append(out.Taken, of)
				}
			}
		}
		return nil, out
	}
	if given.Version != 0 && given.Version != seen {
		return nil, refused(stale(given.ID))
	}
	after := *stored
	if src.Import != "" {
		after.Learn(&given.Details)
	} else {
		after.Details = given.Details
	}
	if n := len(after.Identifiers); n > domain.MaxIdentifiers {
		return nil, refused(fault.Invalid("identifiers", "must be at most %d with those that are there, would be %d", domain.MaxIdentifiers, n))
	}
	if n := len(after.Attributes); n > domain.MaxAttributes {
		return nil, refused(fault.Invalid("attributes", "must be at most %d with those that are there, would be %d", domain.MaxAttributes, n))
	}
	if after.SameContent(&stored.Details) {
		return nil, Outcome{Effect: Unchanged}
	}
	if src.Import != "" {
		after.Origin = origin(src, given.Row, false)
	}
	return &edit{before: stored, after: &after}, Outcome{Effect: Updated}
}

func stale(id string) *fault.Fault {
	return fault.New(fault.Aborted, "ETAG_MISMATCH", "customer %q has changed since it was read; read it again and retry", id)
}
