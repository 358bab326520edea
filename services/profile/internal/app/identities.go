package app

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Identity is an identifier that a row of a file gives to a customer.
type Identity struct {
	Customer   string
	Identifier domain.Identifier // normalised
	Row        int64
}

// AddIdentifiers gives customers identifiers, each by itself, and returns one outcome
// for each: Created where the customer has it now, also where the same row of the
// same import had given it, and Unchanged where the customer has had it. Customers
// not known yet are created. An identifier of another customer is IDENTIFIER_TAKEN.
//
// Rows and the error are as in RecordOrders.
func (a *App) AddIdentifiers(ctx context.Context, given []Identity, src domain.Source) ([]Outcome, error) {
	outcomes := make([]Outcome, len(given))
	all := make([]int, len(given))
	for i := range all {
		all[i] = i
	}
	return outcomes, inRounds(ctx, all,
		func(i int, to []string) []string {
			return append(to, given[i].Customer, identifierKey(given[i].Identifier))
		},
		func(round []int) ([]int, error) { return a.identityRound(ctx, given, round, src, outcomes) })
}

// identityRound adds the identifiers of one round, and returns those to be tried again.
func (a *App) identityRound(ctx context.Context, given []Identity, round []int, src domain.Source, outcomes []Outcome) ([]int, error) {
	ids, identifiers := make([]string, len(round)), make([]domain.Identifier, len(round))
	for n, i := range round {
		ids[n], identifiers[n] = given[i].Customer, given[i].Identifier
	}
	stored, err := a.store.Customers.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	keys, err := a.store.Identifiers.Keys(identifiers)
	if err != nil {
		return nil, err
	}
	claims, err := a.store.Identifiers.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	var edits []*edit
	var places []int
	for n, i := range round {
		mark := markOf(src, given[i].Row)
		if stored[n] != nil && stored[n].Identified(identifiers[n]) {
			outcomes[i] = Outcome{Effect: Unchanged}
			if err := a.confirm(ctx, keys[n:n+1], claims[n:n+1], stored[n].ID); err != nil {
				return nil, err
			}
			if mark != "" && claims[n] != nil && claims[n].Mark == mark {
				outcomes[i].Effect = Created
			}
			continue
		}
		e, err := a.identify(ctx, stored[n], given[i])
		if err != nil && fault.KindOf(err) == fault.Internal {
			return nil, err
		}
		if err != nil {
			outcomes[i] = refusedBy(err)
			continue
		}
		e.by, e.mark = by(ctx, src), mark
		outcomes[i] = Outcome{Effect: Created}
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
	return judged(edits, places, outcomes)
}

// confirm settles the claims of a customer that are pending, where writing it broke off.
func (a *App) confirm(ctx context.Context, keys []string, claims []*store.Claim, customer string) error {
	for n, claim := range claims {
		if claim != nil && claim.Customer == customer && !claim.Pending.IsZero() {
			if err := a.settle(ctx, keys[n], customer); err != nil {
				return err
			}
		}
	}
	return nil
}

// confirmAll is confirm of all identifiers of a record.
func (a *App) confirmAll(ctx context.Context, record *domain.Customer) error {
	keys, err := a.store.Identifiers.Keys(record.Identifiers)
	if err != nil || len(keys) == 0 {
		return err
	}
	claims, err := a.store.Identifiers.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	return a.confirm(ctx, keys, claims, record.ID)
}

// judged notes the edits that were refused, and returns those to be tried again.
func judged(edits []*edit, places []int, outcomes []Outcome) (lost []int, err error) {
	for n, i := range places {
		switch err := edits[n].err; {
		case err == nil:
		case store.Lost(err):
			lost = append(lost, i)
		case fault.KindOf(err) == fault.Internal:
			return nil, err
		default:
			outcomes[i] = refusedBy(err)
		}
	}
	return lost, nil
}

// identify is the edit that gives a customer, nil for a new one, an identifier.
func (a *App) identify(ctx context.Context, stored *domain.Customer, given Identity) (*edit, error) {
	after := domain.Customer{ID: given.Customer, CreatedAt: a.instant()}
	if stored != nil {
		after = *stored
	}
	if len(after.Identifiers) >= domain.MaxIdentifiers {
		return nil, fault.Invalid("identifiers", "must be at most %d", domain.MaxIdentifiers)
	}
	after.Identifiers = append(slices.Clip(after.Identifiers), given.Identifier)
	return &edit{before: stored, after: &after}, a.admit(ctx, stored, &after)
}

// markOf names the row of an import, empty for what comes from elsewhere.
func markOf(src domain.Source, row int64) string {
	if src.Import == "" {
		return ""
	}
	return src.Import + "!" + strconv.FormatInt(row, 10)
}

// WithCustomersFrom is WithCustomers for records from a source.
func (a *App) WithCustomersFrom(ctx context.Context, src domain.Source, ids iter.Seq[string], work func() error) error {
	return a.withCustomers(ctx, ids, src, work)
}
