package app

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// clockSkew is how far ahead of ours the clock of a caller may be.
const clockSkew = time.Minute

// RecordClick records that the invitation was opened; at is zero for now.
func (a *Programs) RecordClick(ctx context.Context, program, id string, at time.Time) (*domain.Referral, error) {
	now := a.now()
	if at.IsZero() {
		at = now
	}
	return a.step(ctx, program, id, func(r *domain.Referral) error {
		if r.Took(domain.Clicked) {
			return docstore.ErrUnchanged
		}
		if at.After(now.Add(clockSkew)) || at.Before(r.CreateTime) {
			return fault.Invalid("click_time", "must lie between the invitation (%s) and now", r.CreateTime.Format(time.RFC3339))
		}
		return r.Step(domain.Clicked, at)
	})
}

// step changes a referral. One whose time has gone by expires first, and change
// then meets it expired.
func (a *Programs) step(ctx context.Context, program, id string, change func(*domain.Referral) error) (*domain.Referral, error) {
	if err := a.expire(ctx, program, id); err != nil {
		return nil, err
	}
	return a.store.Referrals.Update(ctx, store.Key(program, id), change)
}

func (a *Programs) expire(ctx context.Context, program, id string) error {
	r, err := a.Referral(ctx, program, id)
	if err != nil || !r.Expire(a.now()) {
		return err
	}
	_, err = a.store.Referrals.Update(ctx, store.Key(program, id), func(r *domain.Referral) error {
		return unlessUnchanged(r.Expire(a.now()), nil)
	})
	return err
}

// RecordSignUp records that the referee has become a customer: the customer is
// claimed for the referral, the referral is changed, the claim is confirmed.
// Faults: SELF_REFERRAL, CUSTOMER_UNKNOWN, REFEREE_TAKEN, REFEREE_FIXED.
func (a *Programs) RecordSignUp(ctx context.Context, program, id, customer string) (*domain.Referral, error) {
	defer a.gate.enter()()
	if err := a.expire(ctx, program, id); err != nil {
		return nil, err
	}
	r, err := a.Referral(ctx, program, id)
	if err != nil {
		return nil, err
	}
	if changed, err := r.SignUp(customer, a.now()); err != nil || !changed {
		return orNone(r, err)
	}
	if err := a.checkPerson(ctx, r, customer); err != nil {
		return nil, err
	}
	if err := a.checkKnown(ctx, "referee_id", customer); err != nil {
		return nil, err
	}
	claim, err := a.claim(ctx, &domain.Referee{Program: program, Customer: customer, Referral: id, SignUpTime: a.now()})
	if err != nil {
		return nil, err
	}
	return a.settleReferee(ctx, claim)
}

// checkPerson looks at all records of the customer: the advocate may be one of
// them, or another referral may have brought one.
func (a *Programs) checkPerson(ctx context.Context, r *domain.Referral, customer string) error {
	members := a.profile.Members(ctx, customer)
	var keys []string
	for _, member := range members {
		if err := r.CheckReferee(member); err != nil {
			return err
		}
		if member != customer { // whose own claim is made below, once
			keys = append(keys, store.Key(r.Program, member))
		}
	}
	claims, err := a.store.Referees.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if claim != nil && claim.Confirmed && claim.Referral != r.ID {
			return refereeTaken()
		}
	}
	return nil
}

func refereeTaken() error {
	f := fault.Invalid("referee_id", "was brought by another referral of this programme before")
	f.Kind, f.Reason = fault.AlreadyExists, "REFEREE_TAKEN"
	return f
}

// orNone returns a referral unless there is an error.
func orNone(r *domain.Referral, err error) (*domain.Referral, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// claim claims a customer for a referral, or returns the fault REFEREE_TAKEN.
func (a *Programs) claim(ctx context.Context, wanted *domain.Referee) (*domain.Referee, error) {
	for {
		claim, err := a.store.Referees.Insert(ctx, wanted)
		if !errors.Is(err, docstore.ErrConflict) {
			return claim, err
		}
		claim, err = a.store.Referees.Get(ctx, store.Key(wanted.Program, wanted.Customer))
		switch {
		case fault.KindOf(err) == fault.NotFound:
			continue // it was given up meanwhile
		case err != nil:
			return nil, err
		case claim.Referral == wanted.Referral:
			return claim, nil
		}
		if !claim.Confirmed {
			// Its own sign-up may have stopped half-way: it is finished, or given up.
			if _, err := a.settleReferee(ctx, claim); isRefusal(err) {
				continue
			} else if err != nil {
				return nil, err
			}
		}
		return nil, refereeTaken()
	}
}

// settleReferee makes the referral record the sign-up its claim stands for, and
// confirms the claim. Where the referral refuses, for good, the claim is given up
// and the refusal returned.
func (a *Programs) settleReferee(ctx context.Context, claim *domain.Referee) (*domain.Referral, error) {
	key := store.Key(claim.Program, claim.Customer)
	r, err := a.store.Referrals.Update(ctx, store.Key(claim.Program, claim.Referral), func(r *domain.Referral) error {
		return unlessUnchanged(r.SignUp(claim.Customer, claim.SignUpTime))
	})
	if isRefusal(err) {
		if gone := a.store.Referees.Delete(ctx, key, claim.Version); gone != nil && !errors.Is(gone, docstore.ErrConflict) && fault.KindOf(gone) != fault.NotFound {
			return nil, gone
		}
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	_, err = a.store.Referees.Update(ctx, key, func(c *domain.Referee) error {
		if c.Confirmed || c.Referral != claim.Referral {
			return docstore.ErrUnchanged
		}
		c.Confirmed = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// isRefusal reports an error of the domain that will not change: a referral
// never goes back, and its referee stays.
func isRefusal(err error) bool { return fault.KindOf(err) == fault.FailedPrecondition }
