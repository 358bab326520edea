package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// reward holds the budget for a qualified referral, marks the referral, which
// cannot be rejected from then on, posts the transfers and makes it Rewarded.
func (a *Programs) reward(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	if !r.Reserved {
		var err error
		if r, err = a.reserve(ctx, r); err != nil || !r.Reserved {
			return orNone(r, err)
		}
	}
	transfers := r.Rewards()
	if err := a.post(ctx, transfers); err != nil {
		return nil, err
	}
	return a.conclude(ctx, r, transfers, domain.Rewarded)
}

// reserve holds the reward in the programme's budget and marks the referral.
// Where there is no budget left the referral has nothing to be done any more,
// until the step is taken again.
func (a *Programs) reserve(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	refused := a.hold(ctx, r, r.Hold(+1))
	if refused != nil && fault.ReasonOf(refused) != budgetExhausted {
		return nil, refused
	}
	var accounts []domain.AccountID
	if refused == nil {
		var err error
		if accounts, err = a.rewarded(ctx, r); err != nil {
			return nil, err
		}
	}
	r, err := a.update(ctx, r, func(r *domain.Referral) error {
		switch {
		case r.State != domain.Qualified || r.Reserved:
			return docstore.ErrUnchanged
		case refused != nil:
			r.Work = domain.NoWork
		default:
			r.Reserved, r.Work = true, domain.RewardWork
			r.AdvocateAccount, r.RefereeAccount = accounts[0], accounts[1]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch {
	case r.Reserved:
		return r, nil
	case refused != nil:
		return nil, refused
	}
	// It was rejected meanwhile: the hold goes back.
	return r, a.release(ctx, r)
}

// rewarded returns the accounts of the advocate and the referee, "" for one who
// gets no points.
func (a *Programs) rewarded(ctx context.Context, r *domain.Referral) ([]domain.AccountID, error) {
	names := make([]domain.AccountID, 2)
	if r.AdvocatePoints > 0 {
		names[0] = domain.CustomerAccount(r.Advocate)
	}
	if r.RefereePoints > 0 {
		names[1] = domain.CustomerAccount(r.Referee)
	}
	return a.ledger.opened(ctx, names...)
}

// reverse posts the opposite transfers, gives the points back to the budget, and
// makes the referral Reversed.
func (a *Programs) reverse(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	transfers := r.Reversals()
	if err := a.post(ctx, transfers); err != nil {
		return nil, err
	}
	if err := a.hold(ctx, r, r.Hold(-1)); err != nil {
		return nil, err
	}
	return a.conclude(ctx, r, transfers, domain.Reversed)
}

func (a *Programs) post(ctx context.Context, transfers []*domain.Transfer) error {
	for _, t := range transfers {
		if err := a.ledger.post(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// conclude takes the step whose transfers are posted.
func (a *Programs) conclude(ctx context.Context, r *domain.Referral, transfers []*domain.Transfer, to domain.ReferralState) (*domain.Referral, error) {
	return a.update(ctx, r, func(r *domain.Referral) error {
		if r.Took(to) {
			return docstore.ErrUnchanged
		}
		for _, t := range transfers {
			r.Transfers = append(r.Transfers, t.ID)
		}
		r.Work = domain.NoWork
		return r.Step(to, a.now())
	})
}

// holdsKept is how many holds a programme gathers before it looks which are
// confirmed.
const holdsKept = 32

// hold changes the programme's spent points for a referral, once.
func (a *Programs) hold(ctx context.Context, r *domain.Referral, h domain.Hold) error {
	done, err := a.turns.take(ctx, r.Program)
	if err != nil {
		return err
	}
	defer done()
	_, err = a.store.Programs.Update(ctx, store.Key(r.Program), func(p *domain.Program) error {
		if p.Held(h) {
			return docstore.ErrUnchanged
		}
		// Read after p: a hold that p has dropped was confirmed before.
		current, err := a.Referral(ctx, r.Program, r.ID)
		if err != nil {
			return err
		}
		if current.State != r.State || h.Points > 0 && current.Reserved {
			return docstore.ErrUnchanged
		}
		if len(p.Holds) > 0 && len(p.Holds)%holdsKept == 0 {
			if err := a.confirm(ctx, p); err != nil {
				return err
			}
		}
		err = p.Hold(h)
		if fault.ReasonOf(err) != budgetExhausted {
			return err
		}
		// What is held for nothing may be enough.
		if err := a.confirm(ctx, p); err != nil {
			return err
		}
		return p.Hold(h)
	})
	return err
}

// confirm drops the holds of a programme that their referrals confirm or will
// never use.
func (a *Programs) confirm(ctx context.Context, p *domain.Program) error {
	keys := make([]string, len(p.Holds))
	for i, h := range p.Holds {
		keys[i] = store.Key(p.ID, h.Referral)
	}
	found, err := a.store.Referrals.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	referrals := make(map[string]*domain.Referral, len(found))
	for i, r := range found {
		referrals[p.Holds[i].Referral] = r
	}
	p.Confirm(referrals)
	return nil
}

// release gives back what the programme holds for a referral that was rejected.
func (a *Programs) release(ctx context.Context, r *domain.Referral) error {
	_, err := a.store.Programs.Update(ctx, store.Key(r.Program), func(p *domain.Program) error {
		return unlessUnchanged(p.Confirm(map[string]*domain.Referral{r.ID: r}), nil)
	})
	return err
}
