package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

const (
	zoe       = "xanthippe" // who is erased: no word of ours is part of it
	zoeToo    = "xanthippe-2"
	pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"
	told      = "Xanthippe's birthday" // by callers, of her
)

var person = []string{zoe, zoeToo}

// life is what a person leaves behind in every kind of record.
func life(t fataler, w *world) {
	t.Helper()
	ctx := context.Background()
	code := w.launch(t, func(p *domain.Program) { p.BudgetPoints = 59 }, func(c *domain.Code) { c.Advocate = zoe })
	_, err := w.CreateProgram(ctx, &domain.Program{ID: "summer", AdvocatePoints: 1}, false)
	must(t, err)
	_, err = w.StepProgram(ctx, "summer", domain.Active, "")
	must(t, err)
	_, err = w.CreateCode(ctx, &domain.Code{Program: "summer", Advocate: zoe, Request: request("summer")})
	must(t, err)
	twin, err := w.CreateCode(ctx, &domain.Code{Program: program, Advocate: zoeToo, Request: request("twin")})
	must(t, err)
	dora, err := w.CreateCode(ctx, &domain.Code{Program: program, Advocate: "dora", Request: request("dora")})
	must(t, err)
	convert := func(r *domain.Referral) *domain.Referral {
		done, err := w.RecordConversion(ctx, program, r.ID, "o1")
		must(t, err)
		return done
	}
	convert(w.refer(t, code, "bob"))
	_, err = w.ReverseConversion(ctx, program, convert(w.refer(t, code, "carl")).ID, told)
	must(t, err)
	rejected := w.refer(t, twin, "eve")
	_, err = w.RejectReferral(ctx, program, rejected.ID, told)
	must(t, err)
	_, err = w.CreateReferral(ctx, program, code.Code, request("open"))
	must(t, err)
	w.refer(t, code, "fay")
	convert(w.refer(t, dora, zoe))
	convert(w.refer(t, dora, "gil"))
	_, err = w.RecordConversion(ctx, program, w.refer(t, code, "hal").ID, "o1")
	wantReason(t, err, fault.FailedPrecondition, "BUDGET_EXHAUSTED")
	// A claim that was given up, and one that has broken off.
	_, err = w.store.Referees.Insert(ctx, &domain.Referee{Program: program, Customer: zoeToo, Referral: rejected.ID})
	must(t, err)
	must(t, w.Sweep(ctx, w.around.now().Add(time.Minute)))
	for i, tr := range []*domain.Transfer{
		transfer("m0", issuer, domain.CustomerAccount(zoe), 40), transfer("m1", domain.CustomerAccount(zoe), bob, 3),
		transfer("m2", bob, domain.CustomerAccount("dora"), 2), transfer("m3", issuer, domain.CustomerAccount(zoeToo), 7),
	} {
		if tr.Memo = told; i == 2 {
			tr.Memo = "for the flowers"
		}
		_, err := w.ledger.Post(ctx, tr)
		must(t, err)
	}
}

// erasedOfLife is what an erasure says it has done to a life.
var erasedOfLife = app.Erased{Codes: 3, Advocated: 6, Brought: 1, Claims: 1, Accounts: 2, Movements: 7}

// held tells what is held about people, a line for each record.
func held(t fataler, w *world, people ...string) (lines []string) {
	t.Helper()
	ctx := context.Background()
	line := func(err error, format string, args ...any) {
		must(t, err)
		lines = append(lines, fmt.Sprintf(format, args...))
	}
	for a, err := range w.ledger.AccountsOf(ctx, people) {
		must(t, err)
		line(err, "account %s %d", a.ID, a.Balance)
	}
	for m, err := range w.ledger.MovementsOf(ctx, people) {
		must(t, err)
		line(err, "movement %s %s %s %s %d %q", m.Account, m.Transfer.ID, m.Transfer.From, m.Transfer.To, m.Transfer.Points, m.Transfer.Memo)
	}
	for c, err := range w.CodesOf(ctx, people) {
		must(t, err)
		line(err, "code %s %s", c.Program, c.Code)
	}
	for r, err := range w.ReferralsBy(ctx, people) {
		must(t, err)
		line(err, "advocate %s %s %s", r.ID, r.State, r.Reason)
	}
	for r, err := range w.ReferralsThatBrought(ctx, people) {
		must(t, err)
		line(err, "referee %s %s %s", r.ID, r.State, r.Reason)
	}
	for c, err := range w.ClaimsOf(ctx, people) {
		must(t, err)
		line(err, "claim %s %s", c.Program, c.Referral)
	}
	return lines
}

// kinds counts the lines by their first words.
func kinds(lines []string) string {
	var counts []string
	for _, kind := range []string{"account", "movement", "code", "advocate", "referee", "claim"} {
		n := 0
		for _, line := range lines {
			if strings.HasPrefix(line, kind+" ") {
				n++
			}
		}
		counts = append(counts, fmt.Sprint(n))
	}
	return strings.Join(counts, " ")
}

// raw is any document.
type raw struct {
	docstore.Meta `bson:",inline"`
}

// traces are the documents that hold a phrase.
func traces(t fataler, e docstore.Engine, phrase string) (found []string) {
	t.Helper()
	ctx := context.Background()
	for _, table := range []string{"programs", "codes", "referrals", "referees", "transfers", "accounts", "account_owners", "erasures", "keys"} {
		docs, err := docstore.Open(ctx, e, docstore.Schema[raw]{Name: table})
		must(t, err)
		for entry, err := range docs.ScanRaw(ctx, docstore.Range{}) {
			must(t, err)
			if bytes.Contains(entry.Doc, []byte(phrase)) {
				found = append(found, table+" "+entry.ID)
			}
		}
	}
	return found
}

// wantErased checks that nothing is held about the person, the books agree, and
// others have what they had.
func wantErased(t fataler, w *world, before *app.TrialBalance, others []string) {
	t.Helper()
	ctx := context.Background()
	if left := held(t, w, person...); len(left) > 0 {
		t.Fatalf("still held: %q", left)
	}
	if found := traces(t, w.around.engine, zoe); len(found) > 0 {
		t.Fatalf("still named in %q", found)
	}
	after, err := w.ledger.TrialBalance(ctx)
	must(t, err)
	if !after.Balanced() || after.Debits != before.Debits || after.Credits != before.Credits ||
		after.Transfers != before.Transfers || after.Accounts != before.Accounts {
		t.Fatalf("trial balance %+v, was %+v", after, before)
	}
	w.wantBalanced(t)
	if now := unrelated(t, w); !slices.Equal(now, others) {
		t.Fatalf("of others there is\n%s", difference(now, others))
	}
}

// unrelated is what others have that has nothing to do with the person, and their
// points.
func unrelated(t fataler, w *world) (lines []string) {
	for _, line := range held(t, w, "bob", "carl", "dora", "eve", "fay", "gil", "hal") {
		if !strings.Contains(line, zoe) && !strings.Contains(line, "erased:") && !strings.Contains(line, told) &&
			!strings.HasPrefix(line, "referee ") && !strings.HasPrefix(line, "advocate ") {
			lines = append(lines, line)
		}
	}
	for _, line := range held(t, w, "dora", "gil") {
		if strings.HasPrefix(line, "referee ") || strings.HasPrefix(line, "advocate ") {
			lines = append(lines, line)
		}
	}
	return lines
}

func (w *world) trial(t fataler) *app.TrialBalance {
	t.Helper()
	b, err := w.ledger.TrialBalance(context.Background())
	must(t, err)
	return b
}

func TestErase(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx, w := t.Context(), around(e).start(t, e)
		life(t, w)
		if got := kinds(held(t, w, person...)); got != "2 7 3 6 1 1" {
			t.Fatalf("%s are held: %q", got, held(t, w, person...))
		}
		if found := traces(t, e, told); len(found) > 0 {
			t.Errorf("what callers wrote is in the open in %q", found)
		}
		before, others := w.trial(t), unrelated(t, w)
		if len(others) < 10 {
			t.Fatalf("%q", others)
		}
		done, err := w.Erase(ctx, person, pseudonym)
		must(t, err)
		if done != erasedOfLife {
			t.Errorf("%+v, want %+v", done, erasedOfLife)
		}
		wantErased(t, w, before, others)
		done, err = w.Erase(ctx, person, pseudonym)
		must(t, err)
		if done != erasedOfLife {
			t.Errorf("again: %+v, want %+v", done, erasedOfLife)
		}
		wantErased(t, w, before, others)
		w.wantAfter(t)
	})
}

// wantAfter checks how what had to stay behaves.
func (w *world) wantAfter(t fataler) {
	t.Helper()
	ctx := context.Background()
	ends := map[domain.ReferralState]int{}
	for r, err := range w.ReferralsBy(ctx, []string{pseudonym}) {
		must(t, err)
		ends[r.State]++
		if r.Open() || r.State == domain.Rejected && r.Reason != domain.ErasedReason && r.Reason != "" {
			t.Fatalf("%+v", r)
		}
		if r.State == domain.Rewarded { // can still be taken back: from whoever has the account
			reversed, err := w.ReverseConversion(ctx, program, r.ID, "refunded")
			must(t, err)
			if reversed.State != domain.Reversed {
				t.Fatalf("%+v", reversed)
			}
		}
	}
	if want := map[domain.ReferralState]int{domain.Rewarded: 1, domain.Reversed: 1, domain.Rejected: 4}; fmt.Sprint(ends) != fmt.Sprint(want) {
		t.Fatalf("referrals end %v, want %v", ends, want)
	}
	w.wantBalanced(t)
	// A memo that two had is gone with one of them, and a transfer asked for again
	// by the name of one who was erased is another's.
	shared, err := w.ledger.Transfer(ctx, "m1")
	must(t, err)
	if _, named := shared.From.Customer(); named || !strings.HasPrefix(string(shared.From), "erased:") || shared.To != bob || shared.Memo != "" {
		t.Fatalf("%+v", shared)
	}
	again := transfer("m0", issuer, domain.CustomerAccount(zoe), 40)
	again.Memo = told
	_, err = w.ledger.Post(ctx, again)
	wantReason(t, err, fault.AlreadyExists, "TRANSFER_ID_REUSED")
	if left := held(t, w, person...); len(left) > 0 {
		t.Fatalf("asking again has made %q", left)
	}
	a, err := w.ledger.Account(ctx, shared.From)
	must(t, err)
	entries, _, err := w.ledger.Entries(ctx, shared.From, 0, 100)
	must(t, err)
	if a.ID != shared.From || a.Balance != 37+10+5-10 || int64(len(entries)) != a.Entries {
		t.Fatalf("%+v, %d entries", a, len(entries))
	}
	// Who comes by the same id later is another person.
	_, err = w.ledger.Post(ctx, transfer("later", issuer, domain.CustomerAccount(zoe), 1))
	must(t, err)
	if got := w.balance(t, domain.CustomerAccount(zoe)); got != 1 {
		t.Fatalf("the next one has %d", got)
	}
}

// Wherever an erasure breaks off, the next call, by whatever process, ends it.
func TestEraseSurvivesDeathAtEveryWrite(t *testing.T) {
	deaths := 0
	for n := 1; ; n++ {
		died := false
		for _, performed := range []bool{false, true} {
			e := memory(t)
			s := around(e)
			w := s.start(t, e)
			life(t, w)
			before, others := w.trial(t), unrelated(t, w)
			mortal := dyingAt(e, n, performed)
			_, err := s.start(t, mortal).Erase(t.Context(), person, pseudonym)
			if died = mortal.dead.Load(); died != errors.Is(err, errDead) {
				t.Fatalf("write %d: %v", n, err)
			}
			must(t, w.Sweep(t.Context(), s.now().Add(time.Hour)))
			done, err := w.Erase(t.Context(), person, pseudonym)
			must(t, err)
			if done != erasedOfLife {
				t.Fatalf("write %d, performed %v: %+v, want %+v", n, performed, done, erasedOfLife)
			}
			w = s.start(t, e) // a process has keys at hand for a while that another destroyed
			wantErased(t, w, before, others)
			w.wantAfter(t)
			end(t, e)
		}
		if !died {
			break
		}
		deaths++
	}
	if deaths < 15 {
		t.Errorf("only %d writes to die at", deaths)
	}
}
