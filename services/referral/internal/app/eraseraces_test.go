package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Steps of other processes before each write of an erasure, and erasures before each
// write of a step: what the step has written afterwards, the next call erases, the
// books agree, and nothing stands still.
func TestEraseMeetsSteps(t *testing.T) {
	erase := func(_ *meeting, w *world) error {
		_, err := w.Erase(context.Background(), []string{"ann", "bob"}, pseudonym)
		return err
	}
	clean := func(m *meeting) {
		must(m.t, erase(m, m.w))
		if left := held(m.t, m.w, "ann", "bob"); len(left) > 0 {
			m.t.Errorf("still held: %q", left)
		}
		for r, err := range m.w.store.Referrals.Scan(context.Background(), docstore.Range{}) {
			must(m.t, err)
			if r.Open() || r.Work != domain.NoWork || r.State == domain.Qualified {
				m.t.Errorf("%+v", r)
			}
			if rewarded := r.State == domain.Rewarded; rewarded != (m.spent() == 15) {
				m.t.Errorf("%s, spent %d", r.State, m.spent())
			}
		}
		m.w.wantBalanced(m.t)
	}
	for _, step := range calls {
		call := func(m *meeting, w *world) error { return step.call(context.Background(), w, m.code) }
		prepare := func(m *meeting) { step.prepare(m.t, m.w, m.code) }
		t.Run("erasure meets "+step.name, func(t *testing.T) { meet(t, prepare, erase, call, clean) })
		if step.name != "RecordSignUp" { // of which there are few writes
			t.Run(step.name+" meets erasure", func(t *testing.T) { meet(t, prepare, call, erase, clean) })
		}
	}
	post := func(_ *meeting, w *world) error {
		tr := transfer("t", ann, bob, 60)
		tr.Memo = told
		_, err := w.ledger.Post(context.Background(), tr)
		return err
	}
	prepare := func(m *meeting) {
		_, err := m.w.ledger.Post(context.Background(), transfer("start", issuer, ann, 100))
		must(m.t, err)
	}
	t.Run("erasure meets transfer", func(t *testing.T) { meet(t, prepare, erase, post, clean) })
	t.Run("transfer meets erasure", func(t *testing.T) { meet(t, prepare, post, erase, clean) })
}

// Within one process an erasure waits for the calls that have begun, and one is
// enough then.
func TestEraseWaitsForCallsUnderWay(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	ctx := t.Context()
	s := around(e)
	w := s.start(t, e)
	code := w.launch(t, nil, nil)
	r, err := w.CreateReferral(ctx, program, code.Code, request("r"))
	must(t, err)
	asked, answer := make(chan struct{}), make(chan struct{})
	s.profile.asked = func() { close(asked); <-answer }
	signedUp := make(chan error, 1)
	go func() {
		_, err := w.RecordSignUp(ctx, program, r.ID, "bob")
		signedUp <- err
	}()
	<-asked
	s.profile.asked = nil
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = w.Erase(short, []string{"bob"}, pseudonym)
	wantReason(t, err, fault.Unavailable, "ERASURE_HELD_UP")

	erased := make(chan error, 1)
	go func() {
		_, err := w.Erase(ctx, []string{"bob"}, pseudonym)
		erased <- err
	}()
	select {
	case err := <-erased:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	close(answer)
	must(t, <-signedUp)
	must(t, <-erased)
	if left := held(t, w, "bob"); len(left) > 0 {
		t.Errorf("still held: %q", left)
	}
	r, err = w.Referral(ctx, program, r.ID)
	must(t, err)
	if r.Referee != pseudonym || r.State != domain.Rejected || r.Reason != domain.ErasedReason {
		t.Errorf("%+v", r)
	}
}

// A customer about to be erased gets no points any more.
func TestNothingIsPostedToWhoIsBeingErased(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		_, err := w.ledger.Post(ctx, transfer("t", issuer, ann, 1))
		must(t, err)
		mortal := dyingAt(e, 3, false) // the owner is marked
		if _, err := s.start(t, mortal).Erase(ctx, []string{"ann"}, pseudonym); !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		_, err = w.ledger.Post(ctx, transfer("u", issuer, ann, 1))
		wantReason(t, err, fault.FailedPrecondition, "CUSTOMER_BEING_ERASED")
		if _, err := w.ledger.Post(ctx, transfer("t", issuer, ann, 1)); err != nil {
			t.Errorf("the same again: %v", err)
		}
	})
}

// Of many who open an account for a customer at once, all get the same.
func TestAnAccountIsOpenedOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		processes := []*world{s.start(t, e), s.start(t, e)}
		errs := make(chan error, 64)
		for i := range cap(errs) {
			go func() {
				tr := transfer(fmt.Sprint("t", i), issuer, ann, 1)
				_, err := processes[i%2].ledger.Post(context.Background(), tr)
				errs <- err
			}()
		}
		for range cap(errs) {
			must(t, <-errs)
		}
		owners := 0
		for _, err := range processes[0].store.Owners.Scan(t.Context(), docstore.Range{}) {
			must(t, err)
			owners++
		}
		if got := processes[0].balance(t, ann); got != 64 || owners != 1 {
			t.Errorf("ann has %d, %d owners", got, owners)
		}
		processes[0].wantBalanced(t)
	})
}

// Random transfers and referrals of some people, who are erased at random, by
// processes that die at random: the books agree, nobody but who came later is held,
// and what others have is what they were given.
func TestErasureProperties(t *testing.T) {
	people := []string{zoe, zoe + "-b", zoe + "-c"}
	rapid.Check(t, func(t *rapid.T) {
		e := memory(t)
		defer end(t, e)
		s := around(e)
		ctx, w := context.Background(), s.start(t, e)
		code := w.launch(t, nil, func(c *domain.Code) { c.Advocate = "keeper" })
		var n int
		keeper := int64(0) // what he was given by transfers
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			n++
			customer := rapid.SampledFrom(people).Draw(t, "customer")
			mortal := dyingAt(e, rapid.IntRange(1, 40).Draw(t, "dies at"), rapid.Bool().Draw(t, "performed"))
			mine := s.start(t, mortal)
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				_, _ = mine.ledger.Post(ctx, transfer(fmt.Sprint("in", n), issuer, domain.CustomerAccount(customer), 9))
			case 1:
				tr := transfer(fmt.Sprint("out", n), domain.CustomerAccount(customer), domain.CustomerAccount("keeper"), 2)
				if _, err := mine.ledger.Post(ctx, tr); err == nil {
					keeper += 2
				} else if errors.Is(err, errDead) {
					must(t, w.ledger.Sweep(ctx, s.now().Add(time.Hour)))
					if _, err := w.ledger.Transfer(ctx, tr.ID); err == nil {
						keeper += 2
					}
				}
			case 2, 3:
				_, _ = w.CreateReferral(ctx, program, code.Code, request(fmt.Sprint("r", n)))
				if list, _, _ := w.Referrals(ctx, program, nil, 1); len(list) > 0 {
					s.profile.paid(customer, "o1", s.now())
					_, _ = mine.RecordSignUp(ctx, program, list[0].ID, customer)
					_, _ = mine.RecordConversion(ctx, program, list[0].ID, "o1")
				}
			default:
				pseudonym := fmt.Sprintf("erased-%026d", n)
				_, _ = mine.Erase(ctx, []string{customer}, pseudonym)
				_, err := s.start(t, e).Erase(ctx, []string{customer}, pseudonym)
				must(t, err)
				if left := held(t, w, customer); len(left) > 0 {
					t.Fatalf("still held of %s: %q", customer, left)
				}
			}
			s.advance(time.Second)
		}
		must(t, w.Sweep(ctx, s.now().Add(time.Hour)))
		w.wantBalanced(t)
		rewarded := int64(0)
		for r, err := range w.store.Referrals.Scan(ctx, docstore.Range{}) {
			must(t, err)
			if r.State == domain.Rewarded {
				rewarded += r.AdvocatePoints
			}
		}
		if got := w.balance(t, domain.CustomerAccount("keeper")); got != keeper+rewarded {
			t.Fatalf("keeper has %d, was given %d and %d", got, keeper, rewarded)
		}
		for _, table := range []string{"transfers", "accounts"} {
			for _, customer := range append(slices.Clone(people), "keeper", "customer:") {
				for _, found := range traces(t, e, customer) {
					if strings.HasPrefix(found, table+" ") {
						t.Fatalf("the books name %s: %s", customer, found)
					}
				}
			}
		}
	})
}
