package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Erased says how many records of each kind stay under the pseudonym, were removed,
// or are in accounts that are nobody's now.
type Erased struct {
	Codes, Advocated, Brought   int64
	Claims, Accounts, Movements int64
}

// The kinds that nothing is left of to be counted by afterwards.
const (
	claimRecords    = "claims"
	accountRecords  = "accounts"
	movementRecords = "movements"
)

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
	e := eraser{a, people, pseudonym}
	if _, err := a.store.Erasures.Begin(ctx, pseudonym, erasure.Unmarked); err != nil {
		return Erased{}, err
	}
	for _, step := range []func(context.Context) error{
		e.pass, e.markOwners, a.gate.wait, e.pass, e.eraseClaimIDs, e.eraseOwners, a.store.Scrub,
	} {
		if err := step(ctx); err != nil {
			return Erased{}, err
		}
	}
	return e.count(ctx)
}

// eraser is a call of Erase.
type eraser struct {
	*Programs
	people    []string
	pseudonym string
}

// pass erases everything but the owners of accounts.
func (e eraser) pass(ctx context.Context) error {
	for _, customer := range e.people {
		if err := sweep(ctx, e.store.Codes, store.AllCodesOf(customer), e.closeCode); err != nil {
			return err
		}
	}
	// What was counted by a code while it was not closed is written, and ends below.
	if err := sweep(ctx, e.store.Codes, store.AllCodesOf(e.pseudonym), e.settleCode); err != nil {
		return err
	}
	if err := e.removeClaims(ctx); err != nil {
		return err
	}
	for _, id := range append(slices.Clone(e.people), e.pseudonym) {
		for _, in := range []docstore.Range{store.ReferralsBy(id), store.ReferralsThatBrought(id)} {
			if err := e.eraseReferrals(ctx, in); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeCode makes a code bring nothing and tell nothing any more. The request was
// asked for with the advocate's id.
func (e eraser) closeCode(ctx context.Context, c *domain.Code) error {
	_, err := e.store.Codes.Update(ctx, store.Key(c.Program, c.Code), func(c *domain.Code) error {
		if !slices.Contains(e.people, c.Advocate) {
			return docstore.ErrUnchanged
		}
		c.Advocate, c.Revoked, c.Request = e.pseudonym, true, domain.RequestKey{}
		return nil
	})
	return err
}

func (e eraser) settleCode(ctx context.Context, c *domain.Code) error {
	if len(c.Invitations) == 0 {
		return nil
	}
	return e.settleInvitations(ctx, c.Program, c.Code)
}

// removeClaims removes the person's claims: by whom a pseudonym was brought, the
// referral says.
func (e eraser) removeClaims(ctx context.Context) error {
	var keys []string
	for claim, err := range e.ClaimsOf(ctx, e.people) {
		if err != nil {
			return err
		}
		keys = append(keys, store.Key(claim.Program, claim.Customer))
	}
	return e.store.Erasures.Remove(ctx, e.pseudonym, claimRecords, len(keys), func(ctx context.Context) error {
		return e.store.Referees.Erase(ctx, keys...)
	})
}

// eraseClaimIDs removes what is left of claims that were given up, which has the
// customer's id in its own.
func (e eraser) eraseClaimIDs(ctx context.Context) error {
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
func (e eraser) eraseReferrals(ctx context.Context, in docstore.Range) error {
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
func (e eraser) endWork(ctx context.Context, r *domain.Referral) error {
	_, err := e.work(ctx, r)
	return unless(fault.ReasonOf(err) == budgetExhausted || fault.ReasonOf(err) == domain.BeingErasedReason, err)
}

func (e eraser) eraseReferral(ctx context.Context, r *domain.Referral) error {
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
