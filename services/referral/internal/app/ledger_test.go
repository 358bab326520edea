package app_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

func transfer(id string, from, to domain.AccountID, points int64) *domain.Transfer {
	return &domain.Transfer{ID: id, From: from, To: to, Points: points, Memo: "test"}
}

const (
	issuer = domain.Adjustments
	ann    = domain.AccountID("customer:ann")
	bob    = domain.AccountID("customer:bob")
)

func (w *world) balance(t fataler, id domain.AccountID) int64 {
	t.Helper()
	a, err := w.ledger.Account(context.Background(), id)
	if fault.KindOf(err) == fault.NotFound {
		return 0
	}
	must(t, err)
	return a.Balance
}

// key is where an account is in the store.
func (w *world) key(t fataler, name domain.AccountID) string {
	t.Helper()
	account, err := w.ledger.Booked(context.Background(), name)
	must(t, err)
	return store.Key(string(account))
}

// wantBalanced checks that the books agree: by themselves, and by a fold of
// their own over what is stored.
func (w *world) wantBalanced(t fataler) {
	t.Helper()
	ctx := context.Background()
	b, err := w.ledger.TrialBalance(ctx)
	must(t, err)
	if !b.Balanced() {
		t.Fatalf("trial balance: %+v", b)
	}
	fold := map[domain.AccountID]int64{}
	posted := int64(0)
	for tr, err := range w.store.Transfers.Scan(ctx, docstore.Range{}) {
		must(t, err)
		if tr.State == domain.Posted {
			fold[tr.From] -= tr.Points
			fold[tr.To] += tr.Points
			posted++
		}
	}
	var sum int64
	for a, err := range w.store.Accounts.Scan(ctx, docstore.Range{}) {
		must(t, err)
		if a.Balance != fold[a.ID] {
			t.Fatalf("account %s has %d, its transfers make %d", a.ID, a.Balance, fold[a.ID])
		}
		sum += a.Balance
	}
	if sum != 0 || posted != b.Transfers {
		t.Fatalf("balances sum to %d; %d transfers posted, %d in the trial balance", sum, posted, b.Transfers)
	}
}

func TestPost(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx, w := t.Context(), around(e).start(t, e)
		posted, err := w.ledger.Post(ctx, transfer("t1", issuer, ann, 100))
		must(t, err)
		if posted.State != domain.Posted || posted.PostTime != epoch ||
			posted.Given != (domain.Entry{Sequence: 1, Balance: -100}) || posted.Received != (domain.Entry{Sequence: 1, Balance: 100}) {
			t.Fatalf("%+v", posted)
		}
		again, err := w.ledger.Post(ctx, transfer("t1", issuer, ann, 100))
		must(t, err)
		if !reflect.DeepEqual(again, posted) {
			t.Errorf("posted again: %+v", again)
		}
		_, err = w.ledger.Post(ctx, transfer("t1", issuer, ann, 101))
		wantReason(t, err, fault.AlreadyExists, "TRANSFER_ID_REUSED")

		_, err = w.ledger.Post(ctx, transfer("t2", ann, bob, 101))
		wantReason(t, err, fault.FailedPrecondition, "INSUFFICIENT_POINTS")
		_, err = w.ledger.Transfer(ctx, "t2")
		wantReason(t, err, fault.NotFound, "TRANSFER_NOT_FOUND")
		_, err = w.ledger.Account(ctx, bob)
		wantReason(t, err, fault.NotFound, "ACCOUNT_NOT_FOUND")
		_, err = w.ledger.Post(ctx, transfer("t3", issuer, ann, 1))
		must(t, err)
		_, err = w.ledger.Post(ctx, transfer("t2", ann, bob, 101))
		wantReason(t, err, fault.FailedPrecondition, "INSUFFICIENT_POINTS") // a refusal is final
		_, err = w.ledger.Post(ctx, transfer("t4", ann, bob, 101))
		must(t, err)
		reversal := transfer("t5", ann, issuer, 7)
		reversal.Overdraw = true
		_, err = w.ledger.Post(ctx, reversal)
		must(t, err)
		if got := w.balance(t, ann); got != -7 {
			t.Errorf("ann has %d", got)
		}
		if got := w.balance(t, bob); got != 101 {
			t.Errorf("bob has %d", got)
		}
		w.wantBalanced(t)
	})
}

func TestAccountOverflowIsRefused(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	ctx, w := t.Context(), around(e).start(t, e)
	_, err := w.ledger.Post(ctx, transfer("t1", issuer, ann, 1))
	must(t, err)
	_, err = w.store.Accounts.Update(ctx, w.key(t, ann), func(a *domain.Account) error {
		a.Received = 1<<62 - 5
		return nil
	})
	must(t, err)
	_, err = w.ledger.Post(ctx, transfer("t2", issuer, ann, 10))
	wantReason(t, err, fault.FailedPrecondition, "ACCOUNT_FULL")
	if got := w.balance(t, issuer); got != -1 {
		t.Errorf("a refused transfer was half posted: %d", got)
	}
}

// Whenever a process dies, whoever comes next finishes its transfer, and the end
// is the same.
func TestPostSurvivesDeathAtEveryWrite(t *testing.T) {
	for name, tr := range map[string]*domain.Transfer{
		"posted": transfer("t", ann, bob, 60), "refused": transfer("t", ann, bob, 101),
	} {
		for _, performed := range []bool{false, true} {
			for n := 1; n <= 9; n++ {
				for _, again := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s at %d performed %v again %v", name, n, performed, again), func(t *testing.T) {
						e := memory(t)
						defer end(t, e)
						s := around(e)
						ctx, w := t.Context(), s.start(t, e)
						_, err := w.ledger.Post(ctx, transfer("start", issuer, ann, 100))
						must(t, err)
						mortal := dyingAt(e, n, performed)
						_, died := s.start(t, mortal).ledger.Post(ctx, tr)
						if mortal.dead.Load() != errors.Is(died, errDead) {
							t.Fatalf("died with %v", died)
						}
						if _, err := w.store.Transfers.Get(ctx, "t"); err != nil { // nothing of it is known
							again = true
						}
						if again {
							_, err = w.ledger.Post(ctx, tr)
							wantReason(t, err, fault.KindOf(err), map[string]string{"refused": "INSUFFICIENT_POINTS"}[name])
						} else {
							must(t, w.ledger.Sweep(ctx, epoch.Add(time.Millisecond)))
						}
						want := map[string]int64{"posted": 60}[name]
						if w.balance(t, bob) != want || w.balance(t, ann) != 100-want {
							t.Errorf("ann has %d, bob %d", w.balance(t, ann), w.balance(t, bob))
						}
						w.wantBalanced(t)
					})
				}
			}
		}
	}
}

func TestOnlyWhatAnAccountHasCanBeGivenByMany(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		_, err := w.ledger.Post(ctx, transfer("start", issuer, ann, 100))
		must(t, err)
		// Two processes, 16 callers each; every transfer is asked for twice.
		others := []*world{w, s.start(t, e)}
		var group sync.WaitGroup
		outcomes := make([]error, 32)
		for i := range outcomes {
			group.Go(func() {
				_, outcomes[i] = others[i%2].ledger.Post(ctx, transfer(fmt.Sprint("t", i/2), ann, bob, 15))
			})
		}
		group.Wait()
		passed := 0
		for i := range outcomes {
			if outcomes[i] == nil {
				passed++
			} else {
				wantReason(t, outcomes[i], fault.FailedPrecondition, "INSUFFICIENT_POINTS")
			}
			if i%2 == 1 && (outcomes[i] == nil) != (outcomes[i-1] == nil) {
				t.Errorf("transfer %d: %v, and again %v", i/2, outcomes[i-1], outcomes[i])
			}
		}
		if passed != 12 || w.balance(t, ann) != 10 || w.balance(t, bob) != 90 {
			t.Errorf("%d passed, ann has %d, bob %d", passed, w.balance(t, ann), w.balance(t, bob))
		}
		w.wantBalanced(t)
	})
}

// A process that has stood still since it read the transfer as pending must not
// apply it after everybody else has forgotten it.
func TestLateProcessAppliesNothing(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	s := around(e)
	ctx, w := t.Context(), s.start(t, e)
	mortal := dyingAt(e, 4, false) // of an account, a key and the transfer
	_, err := s.start(t, mortal).ledger.Post(ctx, transfer("old", issuer, ann, 5))
	if !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	old, err := w.store.Transfers.Get(ctx, "old")
	must(t, err)
	if old.State != domain.Pending {
		t.Fatalf("%+v", old)
	}
	for i := range 100 {
		_, err := w.ledger.Post(ctx, transfer(fmt.Sprint("t", i), issuer, ann, 1))
		must(t, err)
		if i == 10 {
			must(t, w.ledger.Sweep(ctx, epoch.Add(time.Millisecond)))
		}
	}
	a, err := w.ledger.Account(ctx, ann)
	must(t, err)
	if _, listed := a.Decided("old"); listed || len(a.InFlight) > 32 {
		t.Fatalf("%d in flight, old among them: %v", len(a.InFlight), listed)
	}
	done, err := w.ledger.Finish(ctx, old)
	must(t, err)
	if done.State != domain.Posted || w.balance(t, ann) != 105 {
		t.Errorf("%+v, balance %d", done, w.balance(t, ann))
	}
	w.wantBalanced(t)
}

// Random transfers by processes that die at random: the books agree, nobody is
// overdrawn but by a reversal, and every transfer has one outcome.
func TestLedgerProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := memory(t)
		defer end(t, e)
		s := around(e)
		ctx, w := context.Background(), s.start(t, e)
		accounts := []domain.AccountID{issuer, "program:p", "customer:a", "customer:b", "customer:c"}
		asked := map[string]*domain.Transfer{}
		outcome := map[string]bool{} // posted?
		reversed := map[domain.AccountID]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			id := fmt.Sprint("t", rapid.IntRange(0, 25).Draw(t, "id"))
			tr := asked[id]
			if tr == nil {
				from := rapid.IntRange(0, 4).Draw(t, "from")
				to := (from + rapid.IntRange(1, 4).Draw(t, "to")) % 5
				tr = transfer(id, accounts[from], accounts[to], rapid.Int64Range(1, 100).Draw(t, "points"))
				tr.Overdraw = rapid.IntRange(0, 9).Draw(t, "reversal") == 0
				asked[id] = tr
			}
			reversed[tr.From] = reversed[tr.From] || tr.Overdraw
			mortal := dyingAt(e, rapid.IntRange(1, 12).Draw(t, "dies at"), rapid.Bool().Draw(t, "performed"))
			_, err := s.start(t, mortal).ledger.Post(ctx, tr)
			if errors.Is(err, errDead) {
				continue
			}
			if err != nil && fault.ReasonOf(err) != "INSUFFICIENT_POINTS" {
				t.Fatalf("%v", err)
			}
			if before, known := outcome[id]; known && before != (err == nil) {
				t.Fatalf("%s posted %v, and now %v", id, before, err)
			}
			outcome[id] = err == nil
		}
		w.wantBalanced(t) // with what the dead have left
		s.advance(time.Millisecond)
		must(t, w.ledger.Sweep(ctx, s.now()))
		w.wantBalanced(t)
		for a, err := range w.store.Accounts.Scan(ctx, docstore.Range{}) {
			must(t, err)
			if a.Balance < 0 && !a.ID.MayOverdraw() && !reversed[w.ledger.Label(ctx, a.ID)] {
				t.Fatalf("%s is overdrawn: %d", a.ID, a.Balance)
			}
		}
		for id, posted := range outcome {
			tr, err := w.store.Transfers.Get(ctx, id)
			must(t, err)
			if (tr.State == domain.Posted) != posted {
				t.Fatalf("%s was answered posted %v and is %s", id, posted, tr.State)
			}
		}
	})
}
