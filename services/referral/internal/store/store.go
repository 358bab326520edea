// Package store keeps the referral service's records on pkg/docstore:
//
//	programs        _id programme           the programmes
//	codes           _id programme!code      the advocates' codes
//	referrals       _id programme!referral  the referrals
//	referees        _id programme!customer  which referral brought a customer
//	transfers       _id transfer            the ledger, both entries of a transfer in one document
//	accounts        _id account             the running fold of each account's entries
//	account_owners  _id customer            which account is a customer's: the books hold no customer ids
//	erasures        _id pseudonym           see package erasure
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/updates"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Store is the collections of the service.
type Store struct {
	Programs  *Records[programDoc, domain.Program]
	Codes     *Records[codeDoc, domain.Code]
	Referrals *Records[referralDoc, domain.Referral]
	Referees  *Records[refereeDoc, domain.Referee]
	Transfers *Records[transferDoc, domain.Transfer]
	Accounts  *Records[accountDoc, domain.Account]
	Owners    *Records[ownerDoc, domain.Owner]
	Erasures  *erasure.Journal

	engine docstore.Engine
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, e docstore.Engine, clock func() time.Time) (*Store, error) {
	s := &Store{engine: e}
	var errs [8]error
	s.Programs, errs[0] = open(ctx, e, clock, docstore.Schema[programDoc]{Name: "programs"}, programs)
	s.Codes, errs[1] = open(ctx, e, clock, codeSchema, codes)
	s.Referrals, errs[2] = open(ctx, e, clock, referralSchema, referrals)
	s.Referees, errs[3] = open(ctx, e, clock, refereeSchema, referees)
	s.Transfers, errs[4] = open(ctx, e, clock, transferSchema, transfers)
	s.Accounts, errs[5] = open(ctx, e, clock, docstore.Schema[accountDoc]{Name: "accounts"}, accounts)
	s.Owners, errs[6] = open(ctx, e, clock, ownerSchema, owners)
	s.Erasures, errs[7] = erasure.Open(ctx, e, clock)
	return s, errors.Join(errs[:]...)
}

// Updates tells whose referrals, as advocates, have moved.
func (s *Store) Updates() updates.Source {
	return updates.Of("referrals", s.Referrals.docs, func(_ string, d *referralDoc) string {
		if d == nil {
			return "" // none is ever deleted
		}
		return d.Advocate
	})
}

// Sweep removes the tombstones made before a time, and what is remembered of erasures
// long over. Programmes and claims of referees are all that is ever deleted.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	return errors.Join(s.Programs.sweep(ctx, before), s.Referees.sweep(ctx, before), s.Erasures.Sweep(ctx))
}

// Scrub rewrites the files of an embedded store, so that none holds what was
// removed or replaced before.
func (s *Store) Scrub(ctx context.Context) error {
	if err := s.engine.Scrub(ctx); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	return nil
}
