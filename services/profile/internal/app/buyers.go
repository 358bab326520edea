package app

import (
	"cmp"
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Pseudonym is the id under which a customer is created of whom only an identifier
// is known, which must be normalised.
func (a *App) Pseudonym(of domain.Identifier) (string, error) {
	key, err := a.store.Identifiers.Key(of)
	return domain.Pseudonym(key), err
}

// buyer is a customer of whom orders tell an identifier only.
type buyer struct {
	pseudonym, key string
	by             domain.Identifier
}

// buyerTries bounds how often a buyer is looked for whose identifier is changing
// hands; together they take about a second.
const buyerTries = 30

// settleBuyers gives the orders that tell their buyer by an identifier to the
// customer who has it. Where nobody has, one is created with it.
func (a *App) settleBuyers(ctx context.Context, orders []domain.Order, src domain.Source) error {
	owners, err := a.settleOwners(ctx, a.unknownBuyers(orders), src)
	return give(orders, owners, err)
}

// settleOwners tells who has the identifiers of buyers, by the pseudonyms of those who
// have not: they are created, but where nothing is to be written.
func (a *App) settleOwners(ctx context.Context, open []buyer, src domain.Source) (map[string]string, error) {
	owners := make(map[string]string)
	var wait backoff
	for try := 0; len(open) > 0; try++ {
		if try == buyerTries {
			return nil, fault.New(fault.Aborted, "IDENTIFIER_BUSY", "the %s of a buyer is being given to another customer at this moment; try again", open[0].by.Type)
		}
		if try > 0 {
			if err := wait.pause(ctx); err != nil {
				return nil, err
			}
		}
		unowned, err := a.ownersOf(ctx, open, owners)
		if err != nil || src.ValidateOnly {
			return owners, err
		}
		if open, err = a.createBuyers(ctx, unowned, by(ctx, src)); err != nil {
			return nil, err
		}
	}
	return owners, nil
}

// CustomerWith returns the customer who has an identifier, which must be normalised.
// Where nobody has it, one is created with it, under an id that says nothing of it.
func (a *App) CustomerWith(ctx context.Context, by domain.Identifier) (string, error) {
	key, err := a.store.Identifiers.Key(by)
	if err != nil {
		return "", err
	}
	of := domain.Pseudonym(key)
	owners, err := a.settleOwners(ctx, []buyer{{of, key, by}}, domain.Source{})
	return cmp.Or(owners[of], of), err
}

// give gives the orders of pseudonyms to those who have the identifiers.
func give(orders []domain.Order, owners map[string]string, err error) error {
	for i := range orders {
		if owner, ok := owners[orders[i].Customer]; ok && orders[i].Buyer.Type != "" {
			orders[i].Customer = owner
		}
	}
	return err
}

// unknownBuyers are the buyers whose pseudonyms are not known to be customers.
func (a *App) unknownBuyers(orders []domain.Order) []buyer {
	by := make(map[string]domain.Identifier)
	for i := range orders {
		if o := &orders[i]; o.Buyer.Type != "" {
			by[o.Customer] = o.Buyer
		}
	}
	if len(by) == 0 {
		return nil
	}
	unknown, _ := a.known.missing(func(yield func(string) bool) {
		for id := range by {
			if !yield(id) {
				return
			}
		}
	})
	slices.Sort(unknown)
	buyers := make([]buyer, 0, len(unknown))
	for _, id := range unknown {
		if key, ok := domain.Unmask(id); ok {
			buyers = append(buyers, buyer{id, key, by[id]})
		}
	}
	return buyers
}

// ownersOf notes who has the identifiers of buyers, and returns those that nobody
// has for certain.
func (a *App) ownersOf(ctx context.Context, buyers []buyer, owners map[string]string) (unowned []buyer, err error) {
	keys := make([]string, len(buyers))
	for i, b := range buyers {
		keys[i] = b.key
	}
	claims, err := a.store.Identifiers.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	for i, b := range buyers {
		switch claim := claims[i]; {
		case claim == nil || !claim.Pending.IsZero():
			unowned = append(unowned, b)
		case claim.Customer != b.pseudonym:
			owners[b.pseudonym] = claim.Customer
		}
	}
	return unowned, nil
}

// createBuyers creates the customers behind pseudonyms, or gives them the
// identifier where they are there without it. It returns those whose identifier
// somebody else took meanwhile.
func (a *App) createBuyers(ctx context.Context, buyers []buyer, who domain.Change) (again []buyer, err error) {
	if len(buyers) == 0 {
		return nil, nil
	}
	ids := make([]string, len(buyers))
	for i, b := range buyers {
		ids[i] = b.pseudonym
	}
	found, err := a.store.Customers.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	edits := make([]*edit, 0, len(buyers))
	for i, b := range buyers {
		after := domain.Customer{ID: b.pseudonym, CreatedAt: a.instant()}
		if found[i] != nil {
			after = *found[i]
		}
		if after.Identified(b.by) { // and its claim is in doubt
			if err := a.settle(ctx, b.key, b.pseudonym); fault.ReasonOf(err) == "IDENTIFIER_BUSY" {
				again = append(again, b)
			} else if err != nil {
				return nil, err
			}
			continue
		}
		after.Identifiers = append(slices.Clip(after.Identifiers), b.by)
		edits = append(edits, &edit{before: found[i], after: &after, by: who})
	}
	if err := a.save(ctx, edits); err != nil {
		return nil, err
	}
	lost := make(map[string]struct{})
	for _, e := range edits {
		switch reason := fault.ReasonOf(e.err); {
		case e.err == nil:
		case store.Lost(e.err), reason == "IDENTIFIER_TAKEN", reason == "IDENTIFIER_BUSY":
			lost[e.after.ID] = struct{}{}
		default:
			return nil, e.err
		}
	}
	for _, b := range buyers {
		if _, ok := lost[b.pseudonym]; ok {
			again = append(again, b)
		}
	}
	return again, nil
}

// forgetBuyers sees to it that orders are no longer given without looking to
// pseudonyms that have given up an identifier; here at once, and in other
// processes when they next look at the notes.
func (a *App) forgetBuyers(ctx context.Context, edits []*edit) error {
	for _, e := range edits {
		gaveUp := e.err == nil && !e.gone && slices.ContainsFunc(e.holds, func(h *hold) bool { return h.giveUp })
		if !gaveUp {
			continue
		}
		if _, ok := domain.Unmask(e.before.ID); !ok {
			continue
		}
		a.known.forget(e.before.ID)
		if err := a.store.Deletions.Note(ctx, e.before.ID, a.instant()); err != nil {
			return err
		}
	}
	return nil
}
