package app

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// A reason is a caller's text and may tell of the advocate, the referee or both: it
// is sealed under a key of the referral's own, which goes with either of them.

func reasonBox(program, id string, content []byte) vault.Box {
	return vault.Box{Subject: "referral:" + program + "/" + id, Place: "referrals!reason", Content: content}
}

func (a *Programs) sealReason(ctx context.Context, program, id, reason string) ([]byte, error) {
	sealed, err := a.vault.SealMany(ctx, []vault.Box{reasonBox(program, id, []byte(reason))})
	if err != nil {
		return nil, err
	}
	return sealed[0], nil
}

// OpenReasons fills in the reasons of referrals, as far as they can be read.
func (a *Programs) OpenReasons(ctx context.Context, referrals ...*domain.Referral) error {
	var boxes []vault.Box
	var places []int
	for i, r := range referrals {
		if r.SealedReason != nil {
			boxes, places = append(boxes, reasonBox(r.Program, r.ID, r.SealedReason)), append(places, i)
		}
	}
	opened, errs, err := a.vault.OpenMany(ctx, boxes)
	if err != nil {
		return err
	}
	for n, i := range places {
		if errs[n] != nil && !errors.Is(errs[n], vault.ErrDestroyed) {
			return errs[n]
		}
		referrals[i].Reason = string(opened[n])
	}
	return nil
}

// destroyReasons makes the reasons of referrals unreadable.
func (a *Programs) destroyReasons(ctx context.Context, referrals []*domain.Referral) error {
	var subjects []string
	for _, r := range referrals {
		if r.SealedReason != nil {
			subjects = append(subjects, reasonBox(r.Program, r.ID, nil).Subject)
		}
	}
	if len(subjects) == 0 {
		return nil
	}
	return a.vault.Destroy(ctx, subjects...)
}
