package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Erased says how many records of each kind were removed, or stay under the
// pseudonym.
type Erased struct {
	Codes, Advocated, Brought int64 // under the pseudonym, by now
	Claims, Accounts          int64 // removed, by this call
	Movements                 int64 // in the accounts that this call has made ownerless
}

// Erase erases all that is held about a person, who has one or more customer ids.
// Codes and referrals go by the pseudonym from then on, codes bring nothing any
// more, and referrals that are not rewarded end; points stay in an account without
// an owner. It can be broken off anywhere and called again. ERASURE_HELD_UP where
// calls under way do not end in time.
//
// It goes over everything twice. Calls that have read the person's records before
// may write what they have read as late as they end: when these have been waited
// for, the second time meets what they wrote, and calls that came after the first
// time have met nothing to write.
func (a *Programs) Erase(ctx context.Context, people []string, pseudonym string) (Erased, error) {
	e := erasure{a, people, pseudonym}
	var done Erased
	claims, err := e.pass(ctx)
	if err == nil {
		err = e.markOwners(ctx)
	}
	if err == nil {
		err = a.gate.wait(ctx)
	}
	if err != nil {
		return done, err
	}
	if done.Claims, err = e.pass(ctx); err != nil {
		return done, err
	}
	done.Claims += claims
	if err := e.eraseClaimIDs(ctx); err != nil {
		return done, err
	}
	if err := e.eraseOwners(ctx, &done); err != nil {
		return done, err
	}
	if err := e.count(ctx, &done); err != nil {
		return done, err
	}
	return done, a.store.Scrub(ctx)
}

// erasure is one person's.
type erasure struct {
	*Programs
	people    []string
	pseudonym string
}

// pass erases everything but the owners of accounts.
func (e erasure) pass(ctx context.Context) (claims int64, err error) {
	for _, customer := range e.people {
		if err := sweep(ctx, e.store.Codes, store.AllCodesOf(customer), e.closeCode); err != nil {
			return claims, err
		}
	}
	// What was counted by a code while it was not closed is written, and ends below.
	if err := sweep(ctx, e.store.Codes, store.AllCodesOf(e.pseudonym), e.settleCode); err != nil {
		return claims, err
	}
	for _, customer := range e.people {
		removed, err := e.removeClaims(ctx, customer)
		if claims += removed; err != nil {
			return claims, err
		}
	}
	for _, id := range append(slices.Clone(e.people), e.pseudonym) {
		for _, in := range []docstore.Range{store.ReferralsBy(id), store.ReferralsThatBrought(id)} {
			if err := e.eraseReferrals(ctx, in); err != nil {
				return claims, err
			}
		}
	}
	return claims, nil
}

// closeCode makes a code bring nothing and tell nothing any more. The request was
// asked for with the advocate's id.
func (e erasure) closeCode(ctx context.Context, c *domain.Code) error {
	_, err := e.store.Codes.Update(ctx, store.Key(c.Program, c.Code), func(c *domain.Code) error {
		if !slices.Contains(e.people, c.Advocate) {
			return docstore.ErrUnchanged
		}
		c.Advocate, c.Revoked, c.Request = e.pseudonym, true, domain.RequestKey{}
		return nil
	})
	return err
}

func (e erasure) settleCode(ctx context.Context, c *domain.Code) error {
	if len(c.Invitations) == 0 {
		return nil
	}
	return e.settleInvitations(ctx, c.Program, c.Code)
}

// removeClaims removes the claims of a customer: whom a pseudonym was brought by, the
// referral says.
func (e erasure) removeClaims(ctx context.Context, customer string) (int64, error) {
	var keys []string
	for claim, err := range e.store.Referees.Scan(ctx, store.ClaimsOf(customer)) {
		if err != nil {
			return 0, err
		}
		keys = append(keys, store.Key(claim.Program, claim.Customer))
	}
	return int64(len(keys)), e.store.Referees.Erase(ctx, keys...)
}

// eraseClaimIDs removes what is left of claims that were given up, which has the
// customer's id in its own.
func (e erasure) eraseClaimIDs(ctx context.Context) error {
	var keys []string
	for p, err := range e.store.Programs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return err
		}
		for _, customer := range e.people {
			keys = append(keys, store.Key(p.ID, customer))
		}
	}
	return e.store.Referees.Erase(ctx, keys...)
}

// eraseReferrals puts the pseudonym into the referrals of a range.
func (e erasure) eraseReferrals(ctx context.Context, in docstore.Range) error {
	for in.Limit = sweepPage; ; {
		page, next, err := e.store.Referrals.Page(ctx, in)
		if err != nil {
			return err
		}
		for _, r := range page {
			if err := e.endWork(ctx, r); err != nil {
				return err
			}
		}
		if err := e.destroyReasons(ctx, page); err != nil {
			return err
		}
		for _, r := range page {
			if err := e.eraseReferral(ctx, r); err != nil {
				return err
			}
		}
		if next == nil {
			return nil
		}
		in.After = next
	}
}

// endWork does what is owed to a referral. There may be no budget for it, or nobody
// to give it to.
func (e erasure) endWork(ctx context.Context, r *domain.Referral) error {
	_, err := e.work(ctx, r)
	return unless(fault.ReasonOf(err) == budgetExhausted || fault.ReasonOf(err) == domain.BeingErasedReason, err)
}

func (e erasure) eraseReferral(ctx context.Context, r *domain.Referral) error {
	for {
		working := false
		now, err := e.update(ctx, r, func(r *domain.Referral) error {
			if working = r.Working(); working {
				return docstore.ErrUnchanged
			}
			return unlessUnchanged(r.Erase(e.people, e.pseudonym, e.now()))
		})
		if err != nil {
			return err
		}
		if working { // it was begun meanwhile
			if err := e.endWork(ctx, now); err != nil {
				return err
			}
			continue
		}
		if now.State == domain.Rejected && now.Took(domain.Qualified) {
			return e.release(ctx, now)
		}
		return nil
	}
}
