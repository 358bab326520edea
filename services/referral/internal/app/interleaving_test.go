package app_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// meeting is a process that stands still before a write while another acts.
type meeting struct {
	t          *testing.T
	n          int // before which write
	w          *world
	code       *domain.Code
	slow, fast error // how both fared
}

// meet lets another process act before each write of a slow one in turn, sweeps,
// and checks the end.
func meet(t *testing.T, prepare func(*meeting), slow func(*meeting, *world) error, fast func(*meeting, *world) error, check func(*meeting)) {
	t.Helper()
	met := true
	n := 1
	for ; met; n++ {
		met = false
		func() {
			e := memory(t)
			defer e.Close()
			m := &meeting{t: t, n: n, w: around(e).start(t, e)}
			m.code = m.w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15 }, nil)
			prepare(m)
			other := m.w.around.start(t, meddledAt(e, n, func() { met, m.fast = true, fast(m, m.w) }))
			if m.slow = slow(m, other); !met {
				return
			}
			must(t, m.w.Sweep(t.Context(), m.w.around.now().Add(time.Hour)))
			must(t, m.w.Sweep(t.Context(), m.w.around.now().Add(time.Hour)))
			m.w.wantBalanced(t)
			check(m)
		}()
		if t.Failed() {
			t.Fatalf("before write %d", n)
		}
	}
	if n < 3 {
		t.Errorf("met at %d writes only", n-2)
	}
}

func (m *meeting) spent() int64 {
	p, err := m.w.Program(context.Background(), program)
	must(m.t, err)
	return p.SpentPoints
}

func refuse(err error) bool { return fault.KindOf(err) == fault.FailedPrecondition }

// Of a reward and a rejection at once, one wins, wholly.
func TestRewardMeetsRejection(t *testing.T) {
	var r *domain.Referral
	meet(t, func(m *meeting) { r = m.w.refer(m.t, m.code, "bob") },
		func(_ *meeting, w *world) error {
			_, err := w.RecordConversion(context.Background(), program, r.ID, "o1")
			return err
		},
		func(_ *meeting, w *world) error {
			_, err := w.RejectReferral(context.Background(), program, r.ID, "fraud")
			return err
		},
		func(m *meeting) {
			end, err := m.w.Referral(context.Background(), program, r.ID)
			must(m.t, err)
			switch end.State {
			case domain.Rewarded:
				if m.fast == nil || m.slow != nil || m.w.balance(m.t, ann) != 10 || m.spent() != 15 {
					m.t.Errorf("rewarded: %v, %v, ann has %d, spent %d", m.slow, m.fast, m.w.balance(m.t, ann), m.spent())
				}
			case domain.Rejected:
				if m.fast != nil || m.w.balance(m.t, ann) != 0 || m.w.balance(m.t, bob) != 0 || m.spent() != 0 {
					m.t.Errorf("rejected: %v, %v, ann has %d, spent %d", m.slow, m.fast, m.w.balance(m.t, ann), m.spent())
				}
			default:
				m.t.Errorf("%+v", end)
			}
		})
}

// A slow rejection meets the reward of another process.
func TestRejectionMeetsReward(t *testing.T) {
	var r *domain.Referral
	meet(t, func(m *meeting) { r = m.w.refer(m.t, m.code, "bob") },
		func(_ *meeting, w *world) error {
			_, err := w.RejectReferral(context.Background(), program, r.ID, "fraud")
			return err
		},
		func(_ *meeting, w *world) error {
			_, err := w.RecordConversion(context.Background(), program, r.ID, "o1")
			return err
		},
		func(m *meeting) {
			if m.fast != nil || !refuse(m.slow) || m.spent() != 15 || m.w.balance(m.t, ann) != 10 {
				m.t.Errorf("%v, %v, spent %d", m.slow, m.fast, m.spent())
			}
		})
}

// A step meets itself, done to its end by another process, and the one after it.
func TestStepsMeetThemselvesAndTheNext(t *testing.T) {
	for i, step := range calls {
		for name, fast := range map[string]func(*meeting, *world) error{
			"itself": func(m *meeting, w *world) error { return step.call(context.Background(), w, m.code) },
			"all to the end": func(m *meeting, w *world) error {
				var errs []error
				for _, next := range calls[i:] {
					w.around.profile.paid("bob", "o1", w.around.now())
					errs = append(errs, next.call(context.Background(), w, m.code))
				}
				return errors.Join(errs...)
			},
			"the sweeper": func(_ *meeting, w *world) error {
				return w.Sweep(context.Background(), w.around.now().Add(time.Hour))
			},
		} {
			t.Run(step.name+" meets "+name, func(t *testing.T) {
				var want []string
				meet(t, func(m *meeting) { step.prepare(m.t, m.w, m.code) },
					func(m *meeting, w *world) error { return step.call(context.Background(), w, m.code) },
					fast,
					func(m *meeting) {
						must(m.t, errors.Join(m.slow, m.fast))
						got := m.w.state(m.t)
						if want == nil {
							want = got
						}
						if d := difference(got, want); d != "" {
							m.t.Errorf("before write %d:\n%s", m.n, d)
						}
						if name == "all to the end" && (m.spent() != 0 || m.w.balance(m.t, ann) != 0 || m.w.only(context.Background()).State != domain.Reversed) {
							m.t.Errorf("%q", got)
						}
					})
			})
		}
	}
}

// A customer is brought once, whoever is first.
func TestSignUpMeetsAnother(t *testing.T) {
	var one, two *domain.Referral
	meet(t, func(m *meeting) {
		var err error
		one, err = m.w.CreateReferral(context.Background(), program, m.code.Code, request("one"))
		must(m.t, err)
		two, err = m.w.CreateReferral(context.Background(), program, m.code.Code, request("two"))
		must(m.t, err)
	}, func(_ *meeting, w *world) error {
		_, err := w.RecordSignUp(context.Background(), program, one.ID, "bob")
		return err
	}, func(_ *meeting, w *world) error {
		_, err := w.RecordSignUp(context.Background(), program, two.ID, "bob")
		return err
	}, func(m *meeting) {
		brought := 0
		for r, err := range m.w.store.Referrals.Scan(context.Background(), docstore.Range{}) {
			must(m.t, err)
			if r.Referee == "bob" {
				brought++
			}
		}
		if brought != 1 || (m.slow == nil) == (m.fast == nil) {
			m.t.Errorf("%v, %v, brought %d times", m.slow, m.fast, brought)
		}
		for _, err := range []error{m.slow, m.fast} {
			if err != nil {
				wantReason(m.t, err, fault.AlreadyExists, "REFEREE_TAKEN")
			}
		}
	})
}

// A sign-up that comes too late leaves the customer free for others.
func TestSignUpMeetsRejection(t *testing.T) {
	var one, two *domain.Referral
	meet(t, func(m *meeting) {
		var err error
		one, err = m.w.CreateReferral(context.Background(), program, m.code.Code, request("one"))
		must(m.t, err)
		two, err = m.w.CreateReferral(context.Background(), program, m.code.Code, request("two"))
		must(m.t, err)
	}, func(_ *meeting, w *world) error {
		_, err := w.RecordSignUp(context.Background(), program, one.ID, "bob")
		return err
	}, func(_ *meeting, w *world) error {
		_, err := w.RejectReferral(context.Background(), program, one.ID, "fraud")
		return err
	}, func(m *meeting) {
		must(m.t, m.fast)
		_, err := m.w.RecordSignUp(context.Background(), program, two.ID, "bob")
		if m.slow == nil {
			wantReason(m.t, err, fault.AlreadyExists, "REFEREE_TAKEN")
		} else if err != nil {
			m.t.Errorf("%v, and then %v", m.slow, err)
		}
	})
}

// One request id stands for one referral, whichever code comes first.
func TestInvitationMeetsAnotherOfTheSameRequest(t *testing.T) {
	var second *domain.Code
	meet(t, func(m *meeting) {
		var err error
		second, err = m.w.CreateCode(context.Background(), &domain.Code{Program: program, Advocate: "carl", Request: request("second")})
		must(m.t, err)
	}, func(m *meeting, w *world) error {
		_, err := w.CreateReferral(context.Background(), program, m.code.Code, domain.RequestKey{ID: "r", Hash: "one"})
		return err
	}, func(_ *meeting, w *world) error {
		_, err := w.CreateReferral(context.Background(), program, second.Code, domain.RequestKey{ID: "r", Hash: "two"})
		return err
	}, func(m *meeting) {
		var counts, invitations int
		for c, err := range m.w.store.Codes.Scan(context.Background(), docstore.Range{}) {
			must(m.t, err)
			counts, invitations = counts+int(c.ReferralCount), invitations+len(c.Invitations)
		}
		if counts != 1 || invitations != 0 || (m.slow == nil) == (m.fast == nil) {
			m.t.Errorf("%v, %v, %d counted", m.slow, m.fast, counts)
		}
		for _, err := range []error{m.slow, m.fast} {
			if err != nil {
				wantReason(m.t, err, fault.AlreadyExists, "REQUEST_ID_REUSED")
			}
		}
	})
}

// Transfers of one account, the same and another, at once.
func TestTransferMeetsOthers(t *testing.T) {
	for name, other := range map[string]*domain.Transfer{
		"itself": transfer("t", ann, bob, 60), "another": transfer("u", ann, "customer:carl", 60), "the other way": transfer("u", bob, ann, 10),
	} {
		t.Run(name, func(t *testing.T) {
			meet(t, func(m *meeting) {
				_, err := m.w.ledger.Post(context.Background(), transfer("start", issuer, ann, 100))
				must(m.t, err)
			}, func(_ *meeting, w *world) error {
				_, err := w.ledger.Post(context.Background(), transfer("t", ann, bob, 60))
				return err
			}, func(_ *meeting, w *world) error {
				_, err := w.ledger.Post(context.Background(), other)
				return err
			}, func(m *meeting) {
				left := m.w.balance(m.t, ann)
				posted := m.w.balance(m.t, bob) + m.w.balance(m.t, "customer:carl")
				switch {
				case name == "itself" && (m.slow != nil || m.fast != nil || posted != 60),
					name == "another" && ((m.slow == nil) == (m.fast == nil) || posted != 60),
					left < 0, left+posted != 100:
					m.t.Errorf("%v, %v, ann has %d", m.slow, m.fast, left)
				}
			})
		})
	}
}

// A process that holds budget for a referral which is rejected just then gives
// it back. (Such a referral has waited for budget: while its reward is under way
// a rejection finishes that first.)
func TestHoldMeetsRejection(t *testing.T) {
	for n := 1; n <= 2; n++ {
		e := memory(t)
		defer e.Close()
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
	defer e.Close()
	s := around(e)
	ctx, w := t.Context(), s.start(t, e)
	code := w.launch(t, nil, nil)
	r := w.refer(t, code, "bob")
	// It dies when the budget is held and the referral marked: 3 writes.
	_, err := s.start(t, dyingAt(e, 4, false)).RecordConversion(ctx, program, r.ID, "o1")
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
	defer e.Close()
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
		defer e.Close()
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
