package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// A hold that a dead process took for a referral which was rejected then does
// not stay in the budget.
func TestHoldOfARejectedReferralComesBack(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	s := around(e)
	ctx, w := t.Context(), s.start(t, e)
	code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15 }, nil)
	r, other := w.refer(t, code, "bob"), w.refer(t, code, "carl")
	_, err := w.store.Programs.Update(ctx, program, func(p *domain.Program) error { // as a slow process might
		return p.Hold(domain.Hold{Referral: r.ID, Points: 15})
	})
	must(t, err)
	_, err = w.RejectReferral(ctx, program, r.ID, "fraud")
	must(t, err)
	done, err := w.RecordConversion(ctx, program, other.ID, "o1")
	must(t, err)
	p, err := w.Program(ctx, program)
	must(t, err)
	if done.State != domain.Rewarded || p.SpentPoints != 15 || w.balance(t, bob) != 0 {
		t.Errorf("%+v, spent %d, bob has %d", done, p.SpentPoints, w.balance(t, bob))
	}
}

// A process that holds budget for a referral which is rejected just then gives
// it back. (Such a referral has waited for budget: while its reward is under way
// a rejection finishes that first.)
func TestHoldMeetsRejection(t *testing.T) {
	for n := 1; n <= 2; n++ {
		e := memory(t)
		defer end(t, e)
		ctx, w := t.Context(), around(e).start(t, e)
		code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15 }, nil)
		first, r := w.refer(t, code, "carl"), w.refer(t, code, "bob")
		_, err := w.RecordConversion(ctx, program, first.ID, "o1")
		must(t, err)
		_, err = w.RecordConversion(ctx, program, r.ID, "o1")
		wantReason(t, err, fault.FailedPrecondition, "BUDGET_EXHAUSTED")
		_, err = w.UpdateProgram(ctx, &domain.Program{ID: program, BudgetPoints: 30}, []string{"budget_points"}, "", false)
		must(t, err)
		old, err := w.Referral(ctx, program, r.ID)
		must(t, err)
		old.Work = domain.RewardWork // as it was before it was found that there is no budget
		slow := w.around.start(t, meddledAt(e, n, func() {
			_, err := w.RejectReferral(ctx, program, r.ID, "fraud")
			must(t, err)
		}))
		end, err := slow.Work(ctx, old)
		must(t, err)
		p, err := w.Program(ctx, program)
		must(t, err)
		if end.State != domain.Rejected || p.SpentPoints != 15 || w.balance(t, bob) != 0 {
			t.Errorf("at write %d: %+v, spent %d, bob has %d", n, end, p.SpentPoints, w.balance(t, bob))
		}
	}
}

// A process that has stood still since before a hold was taken, and confirmed and
// dropped by others, does not take it again.
func TestLateProcessHoldsNothing(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	s := around(e)
	ctx, w := t.Context(), s.start(t, e)
	code := w.launch(t, nil, nil)
	r := w.refer(t, code, "bob")
	// It dies when the budget is held and the referral marked: 3 writes, and two
	// for the accounts of those to be rewarded.
	_, err := s.start(t, dyingAt(e, 6, false)).RecordConversion(ctx, program, r.ID, "o1")
	if !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	old, err := w.Referral(ctx, program, r.ID)
	must(t, err)
	if !old.Reserved || old.State != domain.Qualified {
		t.Fatalf("%+v", old)
	}
	old.Reserved = false
	for i := range 40 {
		_, err := w.RecordConversion(ctx, program, w.refer(t, code, fmt.Sprint("c", i)).ID, "o1")
		must(t, err)
	}
	p, err := w.Program(ctx, program)
	must(t, err)
	if p.Held(r.Hold(+1)) || p.SpentPoints != 41*15 {
		t.Fatalf("%+v", p)
	}
	for range 2 { // before and after it is rewarded
		end, err := w.Work(ctx, old)
		must(t, err)
		p, err := w.Program(ctx, program)
		must(t, err)
		if end.State != domain.Rewarded || p.SpentPoints != 41*15 || w.balance(t, bob) != 5 {
			t.Errorf("%+v, spent %d", end, p.SpentPoints)
		}
	}
}

// Nor does one give the points of a reversal back to the budget for the second time.
func TestLateProcessReturnsNothing(t *testing.T) {
	e := memory(t)
	defer end(t, e)
	ctx, w := t.Context(), around(e).start(t, e)
	code := w.launch(t, nil, nil)
	r := w.refer(t, code, "bob")
	rewarded, err := w.RecordConversion(ctx, program, r.ID, "o1")
	must(t, err)
	old := *rewarded
	old.Work, old.Reason = domain.ReverseWork, "refunded"
	_, err = w.ReverseConversion(ctx, program, r.ID, "refunded")
	must(t, err)
	for i := range 40 {
		_, err := w.RecordConversion(ctx, program, w.refer(t, code, fmt.Sprint("c", i)).ID, "o1")
		must(t, err)
	}
	end, err := w.Work(ctx, &old)
	must(t, err)
	p, err := w.Program(ctx, program)
	must(t, err)
	if end.State != domain.Reversed || p.SpentPoints != 40*15 || w.balance(t, bob) != 0 {
		t.Errorf("%+v, spent %d", end, p.SpentPoints)
	}
}

// A sign-up that broke off is finished, or given up, by the next one that wants
// the same customer.
func TestSignUpAfterOneThatBrokeOff(t *testing.T) {
	for _, rejected := range []bool{false, true} {
		e := memory(t)
		defer end(t, e)
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		code := w.launch(t, nil, nil)
		one, err := w.CreateReferral(ctx, program, code.Code, request("one"))
		must(t, err)
		two, err := w.CreateReferral(ctx, program, code.Code, request("two"))
		must(t, err)
		_, err = s.start(t, dyingAt(e, 1, true)).RecordSignUp(ctx, program, one.ID, "bob")
		if !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		if rejected {
			_, err = w.RejectReferral(ctx, program, one.ID, "fraud")
			must(t, err)
			_, err = w.RecordSignUp(ctx, program, two.ID, "bob")
			must(t, err)
			continue
		}
		_, err = w.RecordSignUp(ctx, program, two.ID, "bob")
		wantReason(t, err, fault.AlreadyExists, "REFEREE_TAKEN")
		one, err = w.Referral(ctx, program, one.ID)
		must(t, err)
		if one.State != domain.SignedUp || one.Referee != "bob" {
			t.Errorf("%+v", one)
		}
	}
}
