package app_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// The books agree at every moment, also between the two halves of a transfer.
func TestTrialBalanceWhilePosting(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		w := s.start(t, e)
		ctx, stop := context.WithCancel(t.Context())
		var group sync.WaitGroup
		for g := range 4 {
			group.Go(func() {
				other := s.start(t, e)
				for i := 0; ctx.Err() == nil; i++ {
					from, to := issuer, domain.AccountID(fmt.Sprint("customer:", i%3))
					if i%2 == 1 {
						from, to = to, domain.AccountID(fmt.Sprint("customer:", i%5+3))
					}
					_, _ = other.ledger.Post(ctx, transfer(fmt.Sprint("t", g, "-", i), from, to, int64(i%7+1)))
				}
			})
		}
		var last int64
		for last < 200 {
			b, err := w.ledger.TrialBalance(t.Context())
			must(t, err)
			if !b.Balanced() || b.Transfers < last {
				t.Errorf("%+v after %d", b, last)
				break
			}
			last = b.Transfers
		}
		stop()
		group.Wait()
		w.wantBalanced(t)
	})
}

func TestTrialBalanceNamesWhatDoesNotAgree(t *testing.T) {
	type damage func(context.Context, *world) error
	account := func(change func(*domain.Account)) damage {
		return func(ctx context.Context, w *world) error {
			_, err := w.store.Accounts.Update(ctx, w.key(t, ann), func(a *domain.Account) error { change(a); return nil })
			return err
		}
	}
	transfer1 := func(change func(*domain.Transfer)) damage {
		return func(ctx context.Context, w *world) error {
			_, err := w.store.Transfers.Update(ctx, "t1", func(t *domain.Transfer) error { change(t); return nil })
			return err
		}
	}
	for name, damage := range map[string]damage{
		"balance":        account(func(a *domain.Account) { a.Balance++ }),
		"received":       account(func(a *domain.Account) { a.Received--; a.Given-- }),
		"lost entry":     account(func(a *domain.Account) { a.Entries-- }),
		"too many":       account(func(a *domain.Account) { a.Entries++ }),
		"points":         transfer1(func(t *domain.Transfer) { t.Points++ }),
		"other account":  transfer1(func(t *domain.Transfer) { t.To = "customer:nobody" }),
		"sequence twice": transfer1(func(t *domain.Transfer) { t.Received.Sequence = 1 }),
		"lost transfer":  transfer1(func(t *domain.Transfer) { t.State = domain.Refused }),
		"account gone": func(ctx context.Context, w *world) error {
			return w.store.Accounts.Delete(ctx, w.key(t, ann), docstore.Any)
		},
	} {
		t.Run(name, func(t *testing.T) {
			e := memory(t)
			defer end(t, e)
			ctx, w := t.Context(), around(e).start(t, e)
			for i := range 5 {
				_, err := w.ledger.Post(ctx, transfer(fmt.Sprint("t", i), issuer, ann, int64(10+i)))
				must(t, err)
			}
			w.wantBalanced(t)
			must(t, damage(ctx, w))
			b, err := w.ledger.TrialBalance(ctx)
			must(t, err)
			if b.Balanced() {
				t.Errorf("not noticed: %+v", b)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		for i := range 25 {
			from, to := issuer, ann
			if i%3 == 2 {
				from, to = ann, bob
			}
			_, err := w.ledger.Post(ctx, transfer(fmt.Sprint("t", i), from, to, 5))
			must(t, err)
		}
		// A transfer that a dead process has left half-way is an entry like others.
		_, _ = s.start(t, dyingAt(e, 3, false)).ledger.Post(ctx, transfer("half", ann, bob, 1))
		var got []string
		var before, balance int64 = 0, w.balance(t, ann)
		for {
			page, more, err := w.ledger.Entries(ctx, ann, before, 7)
			must(t, err)
			for _, tr := range page {
				entry, points := tr.Touches(ann)
				if entry.Balance != balance {
					t.Errorf("entry %d has balance %d, want %d", entry.Sequence, entry.Balance, balance)
				}
				balance -= points
				got, before = append(got, tr.ID), entry.Sequence
			}
			if !more {
				break
			}
		}
		if len(got) != 26 || got[0] != "half" || got[25] != "t0" || balance != 0 {
			t.Errorf("%v, balance before all of them %d", got, balance)
		}
	})
}
