package app

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// RecordConversion qualifies a referral by an order and rewards it. Faults:
// ORDER_NOT_QUALIFYING, ORDER_FIXED, and BUDGET_EXHAUSTED, which leaves it
// qualified: taking the step again rewards it once there is budget.
func (a *Programs) RecordConversion(ctx context.Context, program, id, orderID string) (*domain.Referral, error) {
	defer a.gate.enter()()
	r, err := a.settled(ctx, program, id)
	if err != nil {
		return nil, err
	}
	if r.Took(domain.Qualified) {
		return a.rewardAgain(ctx, r, orderID)
	}
	if err := r.CheckStep(domain.Qualified); err != nil {
		return nil, err
	}
	order, err := a.order(ctx, r.Referee, orderID)
	if err != nil {
		return nil, err
	}
	if err := r.CheckOrder(order); err != nil {
		return nil, err
	}
	p, err := a.Program(ctx, program)
	if err != nil {
		return nil, err
	}
	r, err = a.step(ctx, program, id, func(r *domain.Referral) error {
		return unlessUnchanged(r.Qualify(orderID, p, a.now()))
	})
	if err != nil {
		return nil, err
	}
	return a.work(ctx, r)
}

// order finds an order of a customer, under the record that was the referee or one
// merged with it; nil where there is none.
func (a *Programs) order(ctx context.Context, customer, id string) (*domain.Order, error) {
	order, err := a.profile.Order(ctx, customer, id)
	if err != nil || order != nil {
		return order, err
	}
	for _, member := range a.profile.Members(ctx, customer) {
		if member == customer {
			continue
		}
		if order, err = a.profile.Order(ctx, member, id); err != nil || order != nil {
			return order, err
		}
	}
	return nil, nil
}

// rewardAgain rewards a qualified referral for which there was no budget before.
func (a *Programs) rewardAgain(ctx context.Context, r *domain.Referral, orderID string) (*domain.Referral, error) {
	if err := r.CheckQualifiedBy(orderID); err != nil || r.State != domain.Qualified {
		return orNone(r, err)
	}
	r, err := a.update(ctx, r, func(r *domain.Referral) error {
		if r.State != domain.Qualified || r.Work != domain.NoWork {
			return docstore.ErrUnchanged
		}
		r.Work = domain.RewardWork
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.work(ctx, r)
}

// ReverseConversion takes the rewards back.
func (a *Programs) ReverseConversion(ctx context.Context, program, id, reason string) (*domain.Referral, error) {
	defer a.gate.enter()()
	r, err := a.settled(ctx, program, id)
	if err != nil || r.Took(domain.Reversed) {
		return orNone(r, err)
	}
	if err := r.CheckStep(domain.Reversed); err != nil {
		return nil, err
	}
	sealed, err := a.sealReason(ctx, program, id, reason)
	if err != nil {
		return nil, err
	}
	r, err = a.update(ctx, r, func(r *domain.Referral) error {
		if r.Took(domain.Reversed) || r.Work == domain.ReverseWork {
			return docstore.ErrUnchanged
		}
		if err := r.CheckStep(domain.Reversed); err != nil {
			return err
		}
		r.Work, r.SealedReason = domain.ReverseWork, sealed
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.work(ctx, r)
}

// RejectReferral refuses a referral that is not rewarded yet.
func (a *Programs) RejectReferral(ctx context.Context, program, id, reason string) (*domain.Referral, error) {
	defer a.gate.enter()()
	for {
		r, err := a.settled(ctx, program, id)
		if err != nil || r.Took(domain.Rejected) {
			return orNone(r, err)
		}
		if err := r.CheckStep(domain.Rejected); err != nil {
			return nil, err
		}
		sealed, err := a.sealReason(ctx, program, id, reason)
		if err != nil {
			return nil, err
		}
		busy := false
		r, err = a.update(ctx, r, func(r *domain.Referral) error {
			if busy = r.Work != domain.NoWork; busy || r.Took(domain.Rejected) {
				return docstore.ErrUnchanged
			}
			r.SealedReason = sealed
			return r.Step(domain.Rejected, a.now())
		})
		if err != nil || !busy {
			return orNone(r, err)
		}
	}
}

func (a *Programs) update(ctx context.Context, r *domain.Referral, change func(*domain.Referral) error) (*domain.Referral, error) {
	return a.store.Referrals.Update(ctx, store.Key(r.Program, r.ID), change)
}

// settled returns a referral that has expired if its time has gone by, and whose
// work is done. That there is no budget for a reward is no error here.
func (a *Programs) settled(ctx context.Context, program, id string) (*domain.Referral, error) {
	if err := a.expire(ctx, program, id); err != nil {
		return nil, err
	}
	r, err := a.Referral(ctx, program, id)
	if err != nil || r.Work == domain.NoWork {
		return orNone(r, err)
	}
	done, err := a.work(ctx, r)
	if fault.ReasonOf(err) == budgetExhausted {
		return a.Referral(ctx, program, id)
	}
	return done, err
}

const budgetExhausted = "BUDGET_EXHAUSTED"

// work does what the service owes a referral.
func (a *Programs) work(ctx context.Context, r *domain.Referral) (*domain.Referral, error) {
	switch r.Work {
	case domain.RewardWork:
		return a.reward(ctx, r)
	case domain.ReverseWork:
		return a.reverse(ctx, r)
	}
	return r, nil
}
