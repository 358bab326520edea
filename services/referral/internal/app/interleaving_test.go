package app_test

import (
	"context"
	"errors"
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
			defer end(t, e)
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
