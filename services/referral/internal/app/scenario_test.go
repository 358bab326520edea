package app_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

const program = "spring"

func request(id string) domain.RequestKey { return domain.RequestKey{ID: id, Hash: "h"} }

// launch starts a programme with a code of ann's: 10 points for her, 5 for the referee.
func (w *world) launch(t fataler, change func(*domain.Program), code func(*domain.Code)) *domain.Code {
	t.Helper()
	ctx := context.Background()
	p := &domain.Program{ID: program, AdvocatePoints: 10, RefereePoints: 5}
	if change != nil {
		change(p)
	}
	_, err := w.CreateProgram(ctx, p, false)
	must(t, err)
	_, err = w.StepProgram(ctx, program, domain.Active, "")
	must(t, err)
	c := &domain.Code{Program: program, Advocate: "ann", Request: request("code")}
	if code != nil {
		code(c)
	}
	c, err = w.CreateCode(ctx, c)
	must(t, err)
	return c
}

// refer brings a referral up to the sign-up of a customer who then pays an order
// "o1".
func (w *world) refer(t fataler, code *domain.Code, customer string) *domain.Referral {
	t.Helper()
	ctx := context.Background()
	r, err := w.CreateReferral(ctx, program, code.Code, request("refer "+customer))
	must(t, err)
	r, err = w.RecordSignUp(ctx, program, r.ID, customer)
	must(t, err)
	w.around.profile.paid(customer, "o1", w.around.now())
	return r
}

func TestReferralFromInvitationToReversal(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		ctx, w := t.Context(), s.start(t, e)
		code := w.launch(t, nil, nil)
		r, err := w.CreateReferral(ctx, program, code.Code, request("r1"))
		must(t, err)
		if r.State != domain.Invited || r.Advocate != "ann" || r.ExpireTime != epoch.Add(90*24*time.Hour) {
			t.Fatalf("%+v", r)
		}
		steps := []func() (*domain.Referral, error){
			func() (*domain.Referral, error) { return w.RecordClick(ctx, program, r.ID, time.Time{}) },
			func() (*domain.Referral, error) { return w.RecordSignUp(ctx, program, r.ID, "bob") },
			func() (*domain.Referral, error) { return w.RecordConversion(ctx, program, r.ID, "o1") },
			func() (*domain.Referral, error) { return w.ReverseConversion(ctx, program, r.ID, "refunded") },
		}
		states := []domain.ReferralState{domain.Clicked, domain.SignedUp, domain.Rewarded, domain.Reversed}
		balances := [][2]int64{{0, 0}, {0, 0}, {10, 5}, {0, 0}}
		spent := []int64{0, 0, 15, 0}
		for i, step := range steps {
			s.advance(time.Minute)
			s.profile.paid("bob", "o1", epoch.Add(3*time.Minute))
			done, err := step()
			must(t, err)
			again, err := step()
			must(t, err)
			if done.State != states[i] || !reflect.DeepEqual(done, again) {
				t.Fatalf("%+v, and again %+v", done, again)
			}
			// Earlier steps taken again change nothing either.
			for _, earlier := range steps[:i] {
				again, err := earlier()
				must(t, err)
				if !reflect.DeepEqual(done, again) {
					t.Fatalf("an earlier step made %+v of %+v", again, done)
				}
			}
			p, err := w.Program(ctx, program)
			must(t, err)
			if got := [2]int64{w.balance(t, ann), w.balance(t, bob)}; got != balances[i] || p.SpentPoints != spent[i] {
				t.Errorf("%s: balances %v, spent %d", done.State, got, p.SpentPoints)
			}
		}
		r, err = w.Referral(ctx, program, r.ID)
		must(t, err)
		must(t, w.OpenReasons(ctx, r))
		var took []domain.Step
		for i, state := range []domain.ReferralState{domain.Invited, domain.Clicked, domain.SignedUp} {
			took = append(took, domain.Step{State: state, Time: epoch.Add(time.Duration(i) * time.Minute)})
		}
		took = append(took, domain.Step{State: domain.Qualified, Time: epoch.Add(3 * time.Minute)},
			domain.Step{State: domain.Rewarded, Time: epoch.Add(3 * time.Minute)}, domain.Step{State: domain.Reversed, Time: epoch.Add(4 * time.Minute)})
		if !reflect.DeepEqual(r.Steps, took) || len(r.Transfers) != 4 || r.Reason != "refunded" || r.OrderID != "o1" {
			t.Errorf("%+v", r)
		}
		c, err := w.Code(ctx, program, code.Code)
		must(t, err)
		if c.ReferralCount != 1 || len(c.Invitations) != 0 {
			t.Errorf("%+v", c)
		}
		w.wantBalanced(t)
	})
}

// state is everything stored that does not depend on who wrote it and when.
func (w *world) state(t fataler) (lines []string) {
	t.Helper()
	ctx := context.Background()
	p, err := w.Program(ctx, program)
	must(t, err)
	lines = append(lines, fmt.Sprintf("spent %d", p.SpentPoints))
	for c, err := range w.store.Codes.Scan(ctx, docstore.Range{}) {
		must(t, err)
		lines = append(lines, fmt.Sprintf("code %s count %d open %d", c.Code, c.ReferralCount, len(c.Invitations)))
	}
	for r, err := range w.store.Referrals.Scan(ctx, docstore.Range{}) {
		must(t, err)
		must(t, w.OpenReasons(ctx, r))
		lines = append(lines, fmt.Sprintf("referral %s %s referee %q steps %v transfers %v work %q reason %q reserved %v",
			r.ID, r.State, r.Referee, r.Steps, r.Transfers, r.Work, r.Reason, r.Reserved))
	}
	for c, err := range w.store.Referees.Scan(ctx, docstore.Range{}) {
		must(t, err)
		lines = append(lines, fmt.Sprintf("referee %s of %s confirmed %v", c.Customer, c.Referral, c.Confirmed))
	}
	for tr, err := range w.store.Transfers.Scan(ctx, docstore.Range{}) {
		must(t, err)
		lines = append(lines, fmt.Sprintf("transfer %s %s %s %s %d", tr.ID, tr.State,
			w.ledger.Label(ctx, tr.From), w.ledger.Label(ctx, tr.To), tr.Points))
	}
	accounts := len(lines)
	for a, err := range w.store.Accounts.Scan(ctx, docstore.Range{}) {
		must(t, err)
		lines = append(lines, fmt.Sprintf("account %s %d %d", w.ledger.Label(ctx, a.ID), a.Balance, a.Entries))
	}
	slices.Sort(lines[accounts:]) // their numbers are drawn at random
	w.wantBalanced(t)
	return lines
}

// calls are the steps that write more than one record.
var calls = []struct {
	name    string
	unknown int // how many writes have come before anything is known of it
	prepare func(t fataler, w *world, c *domain.Code)
	call    func(ctx context.Context, w *world, c *domain.Code) error
}{
	{"CreateReferral", 0, func(fataler, *world, *domain.Code) {}, func(ctx context.Context, w *world, c *domain.Code) error {
		_, err := w.CreateReferral(ctx, program, c.Code, request("new"))
		return err
	}},
	{"RecordSignUp", 0, func(t fataler, w *world, c *domain.Code) {
		_, err := w.CreateReferral(context.Background(), program, c.Code, request("new"))
		must(t, err)
	}, func(ctx context.Context, w *world, c *domain.Code) error {
		_, err := w.RecordSignUp(ctx, program, w.only(ctx).ID, "bob")
		return err
	}},
	{"RecordConversion", 0, func(t fataler, w *world, c *domain.Code) { w.refer(t, c, "bob") },
		func(ctx context.Context, w *world, _ *domain.Code) error {
			_, err := w.RecordConversion(ctx, program, w.only(ctx).ID, "o1")
			return err
		}},
	{"ReverseConversion", 1, func(t fataler, w *world, c *domain.Code) {
		_, err := w.RecordConversion(context.Background(), program, w.refer(t, c, "bob").ID, "o1")
		must(t, err)
	}, func(ctx context.Context, w *world, _ *domain.Code) error {
		_, err := w.ReverseConversion(ctx, program, w.only(ctx).ID, "refunded")
		return err
	}},
}

// only is the only referral there is; one that does not exist where the store
// does not answer.
func (w *world) only(ctx context.Context) *domain.Referral {
	for r, err := range w.store.Referrals.Scan(ctx, docstore.Range{}) {
		if err == nil {
			return r
		}
	}
	return &domain.Referral{ID: "01HZX5J8N7Q2W3E4R5T6Y7V8B9"}
}

// Whenever a process dies, taking the step again, or the sweeper, comes to the
// state of a run without interruption, and nothing is paid twice.
func TestStepsSurviveDeathAtEveryWrite(t *testing.T) {
	for _, step := range calls {
		t.Run(step.name, func(t *testing.T) {
			want := surviving(t, step.prepare, func(w *world, code *domain.Code) {
				must(t, step.call(t.Context(), w, code))
			})
			deaths := 0
			for n := 1; ; n++ {
				died := false
				for _, performed := range []bool{false, true} {
					for _, again := range []bool{false, true} {
						got := surviving(t, step.prepare, func(w *world, code *domain.Code) {
							mortal := dyingAt(w.around.engine, n, performed)
							err := step.call(t.Context(), w.around.start(t, mortal), code)
							if died = mortal.dead.Load(); died != errors.Is(err, errDead) {
								t.Fatalf("write %d: %v", n, err)
							}
							written := n - 1
							if performed {
								written++
							}
							if again || written <= step.unknown {
								must(t, step.call(t.Context(), w, code))
							}
							must(t, w.Sweep(t.Context(), w.around.now().Add(time.Hour)))
						})
						if !slices.Equal(got, want) {
							t.Fatalf("death at write %d, performed %v, again %v:\n%s", n, performed, again, difference(got, want))
						}
					}
				}
				if !died {
					break
				}
				deaths++
			}
			if deaths < 3 {
				t.Errorf("only %d writes to die at", deaths)
			}
		})
	}
}

// difference is the lines that only one of two states has.
func difference(got, want []string) string {
	var b strings.Builder
	for _, line := range got {
		if !slices.Contains(want, line) {
			b.WriteString(" got " + line + "\n")
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			b.WriteString("want " + line + "\n")
		}
	}
	return b.String()
}

func surviving(t *testing.T, prepare func(fataler, *world, *domain.Code), run func(*world, *domain.Code)) []string {
	e := memory(t)
	defer end(t, e)
	w := around(e).start(t, e)
	code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15 }, func(c *domain.Code) { c.MaxReferrals = 1 })
	prepare(t, w, code)
	run(w, code)
	return w.state(t)
}

// Callers that ask for the same thing at once, in two processes, get it once.
func TestConcurrentDuplicates(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		w := s.start(t, e)
		code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15 }, func(c *domain.Code) { c.MaxReferrals = 1 })
		processes := []*world{w, s.start(t, e)}
		s.profile.paid("bob", "o1", epoch)
		for _, step := range calls {
			var group sync.WaitGroup
			errs := make([]error, 32)
			for i := range errs {
				group.Go(func() { errs[i] = step.call(t.Context(), processes[i%2], code) })
			}
			group.Wait()
			must(t, errors.Join(errs...))
		}
		want := surviving(t, calls[3].prepare, func(w *world, code *domain.Code) { must(t, calls[3].call(t.Context(), w, code)) })
		// The referral's id comes from its request id.
		other := w.only(t.Context()).ID
		got := w.state(t)
		if len(got) != len(want) || got[0] != "spent 0" {
			t.Errorf("got %q\nwant %q", got, want)
		}
		if w.balance(t, ann) != 0 || w.balance(t, bob) != 0 {
			t.Errorf("%s: ann has %d, bob %d", other, w.balance(t, ann), w.balance(t, bob))
		}
		a, err := w.ledger.Account(t.Context(), ann)
		must(t, err)
		if a.Entries != 2 || a.Received != 10 {
			t.Errorf("%+v", a)
		}
	})
}

func TestCodeLimitUnderConcurrency(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		w := s.start(t, e)
		code := w.launch(t, nil, func(c *domain.Code) { c.MaxReferrals = 5 })
		processes := []*world{w, s.start(t, e)}
		var group sync.WaitGroup
		errs := make([]error, 32)
		for i := range errs {
			group.Go(func() {
				_, errs[i] = processes[i%2].CreateReferral(t.Context(), program, code.Code, request(fmt.Sprint("r", i)))
			})
		}
		group.Wait()
		made := 0
		for _, err := range errs {
			if err == nil {
				made++
			} else {
				wantReason(t, err, fault.FailedPrecondition, "CODE_EXHAUSTED")
			}
		}
		list, _, err := w.Referrals(t.Context(), program, nil, 100)
		must(t, err)
		c, err := w.Code(t.Context(), program, code.Code)
		must(t, err)
		if made != 5 || len(list) != 5 || c.ReferralCount != 5 || len(c.Invitations) != 0 {
			t.Errorf("%d made, %d listed, %+v", made, len(list), c)
		}
	})
}

func TestBudgetUnderConcurrency(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := around(e)
		w := s.start(t, e)
		code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 15*40 + 14 }, nil)
		var referrals []*domain.Referral
		for i := range 48 {
			referrals = append(referrals, w.refer(t, code, fmt.Sprint("c", i)))
		}
		processes := []*world{w, s.start(t, e)}
		var group sync.WaitGroup
		errs := make([]error, len(referrals))
		for i, r := range referrals {
			group.Go(func() { _, errs[i] = processes[i%2].RecordConversion(t.Context(), program, r.ID, "o1") })
		}
		group.Wait()
		rewarded := 0
		for i, err := range errs {
			r, getting := w.Referral(t.Context(), program, referrals[i].ID)
			must(t, getting)
			if err == nil {
				rewarded++
			} else if wantReason(t, err, fault.FailedPrecondition, "BUDGET_EXHAUSTED"); r.State != domain.Qualified {
				t.Errorf("%+v", r)
			}
		}
		p, err := w.Program(t.Context(), program)
		must(t, err)
		if rewarded != 40 || p.SpentPoints != 600 || w.balance(t, ann) != 400 {
			t.Errorf("%d rewarded, %d spent, ann has %d", rewarded, p.SpentPoints, w.balance(t, ann))
		}
		// More budget rewards the others.
		_, err = w.UpdateProgram(t.Context(), &domain.Program{ID: program}, []string{"budget_points"}, "", false)
		must(t, err)
		for _, r := range referrals {
			r, err := w.RecordConversion(t.Context(), program, r.ID, "o1")
			must(t, err)
			if r.State != domain.Rewarded {
				t.Errorf("%+v", r)
			}
		}
		p, err = w.Program(t.Context(), program)
		must(t, err)
		if p.SpentPoints != 15*48 || len(p.Holds) > 32 {
			t.Errorf("%d spent, %d holds", p.SpentPoints, len(p.Holds))
		}
		w.wantBalanced(t)
	})
}
