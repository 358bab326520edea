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

const day = 24 * time.Hour

// CreateReferral opens a referral with a code: the code counts it and notes the
// invitation, the referral is written, the invitation is dropped.
func (a *Programs) CreateReferral(ctx context.Context, program, code string, request domain.RequestKey) (*domain.Referral, error) {
	defer a.gate.enter()()
	p, err := a.Program(ctx, program)
	if err != nil {
		return nil, err
	}
	id, err := a.newReferralID(p, request)
	if err != nil {
		return nil, err
	}
	existing, err := a.Referral(ctx, program, id)
	if fault.KindOf(err) != fault.NotFound {
		return repeatedReferral(existing, err, request)
	}
	if err := p.CheckActive(); err != nil {
		return nil, err
	}
	at := a.now()
	invitation := domain.Invitation{
		Referral: id, Request: request,
		CreateTime: at, ExpireTime: at.Add(time.Duration(p.AttributionDays) * day),
	}
	if err := a.invite(ctx, program, code, invitation); err != nil {
		return nil, err
	}
	if err := a.settleInvitations(ctx, program, code); err != nil {
		return nil, err
	}
	existing, err = a.Referral(ctx, program, id)
	return repeatedReferral(existing, err, request)
}

// repeatedReferral returns what a request has made, unless it was another one
// with the same id.
func repeatedReferral(r *domain.Referral, err error, request domain.RequestKey) (*domain.Referral, error) {
	if err == nil {
		_, err = request.Repeats(r.Request)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// invite counts a referral on its code, once.
func (a *Programs) invite(ctx context.Context, program, code string, i domain.Invitation) error {
	done, err := a.turns.take(ctx, store.Key(program, code))
	if err != nil {
		return err
	}
	defer done()
	_, err = a.store.Codes.Update(ctx, store.Key(program, code), func(c *domain.Code) error {
		if c.Invited(i.Referral) {
			return docstore.ErrUnchanged
		}
		// Only an invitation whose referral is written is ever dropped, so one
		// that was dropped before c was read is found here.
		_, err := a.Referral(ctx, program, i.Referral)
		if err == nil {
			return docstore.ErrUnchanged
		}
		if fault.KindOf(err) != fault.NotFound {
			return err
		}
		return c.Invite(i)
	})
	return err
}

// settleInvitations writes the referrals that a code has counted, and drops the
// invitations.
func (a *Programs) settleInvitations(ctx context.Context, program, code string) error {
	c, err := a.Code(ctx, program, code)
	if err != nil || len(c.Invitations) == 0 {
		return err
	}
	var written []*domain.Referral
	for _, i := range c.Invitations {
		r, err := a.store.Referrals.Insert(ctx, c.Open(i))
		if errors.Is(err, docstore.ErrConflict) {
			r, err = a.Referral(ctx, program, i.Referral)
		}
		if err != nil {
			return err
		}
		written = append(written, r)
	}
	done, err := a.turns.take(ctx, store.Key(program, code))
	if err != nil {
		return err
	}
	defer done()
	_, err = a.store.Codes.Update(ctx, store.Key(program, code), func(c *domain.Code) error {
		changed := false
		for _, r := range written {
			changed = c.Settle(r) || changed
		}
		return unlessUnchanged(changed, nil)
	})
	return err
}

// Referral returns a referral, or the fault REFERRAL_NOT_FOUND.
func (a *Programs) Referral(ctx context.Context, program, id string) (*domain.Referral, error) {
	return a.store.Referrals.Get(ctx, store.Key(program, id))
}

// Referrals lists the referrals of a programme, newest first.
func (a *Programs) Referrals(ctx context.Context, program string, after *docstore.Position, size int) ([]*domain.Referral, *docstore.Position, error) {
	if _, err := a.Program(ctx, program); err != nil {
		return nil, nil, err
	}
	r := store.ReferralsOf(program)
	r.After, r.Limit = after, size
	return a.store.Referrals.Page(ctx, r)
}
