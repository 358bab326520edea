package domain_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// The tables of steps, written out once more as the states one can come from.
func TestReferralSteps(t *testing.T) {
	states := []domain.ReferralState{domain.Invited, domain.Clicked, domain.SignedUp, domain.Qualified,
		domain.Rewarded, domain.Rejected, domain.Expired, domain.Reversed}
	from := map[domain.ReferralState]string{
		domain.Clicked:   "invited",
		domain.SignedUp:  "invited clicked",
		domain.Qualified: "signed up",
		domain.Rewarded:  "qualified",
		domain.Rejected:  "invited clicked signed up qualified",
		domain.Expired:   "invited clicked signed up",
		domain.Reversed:  "rewarded",
	}
	for _, a := range states {
		for _, b := range states {
			r := domain.Referral{State: a, Steps: []domain.Step{{State: a, Time: noon}}}
			err := r.Step(b, noon.Add(time.Hour))
			if strings.Contains(from[b], string(a)) {
				if err != nil || r.State != b || len(r.Steps) != 2 || !r.Took(b) || r.Steps[1].Time != noon.Add(time.Hour) {
					t.Errorf("%s to %s: %v, %+v", a, b, err, r)
				}
				continue
			}
			f, ok := fault.As(err)
			name := func(s domain.ReferralState) string { return strings.ReplaceAll(strings.ToUpper(string(s)), " ", "_") }
			if !ok || f.Kind != fault.FailedPrecondition || f.Reason != "ILLEGAL_STEP" ||
				f.Metadata["from"] != name(a) || f.Metadata["to"] != name(b) || r.State != a || len(r.Steps) != 1 {
				t.Errorf("%s to %s: %v, %+v", a, b, err, r)
			}
		}
	}
}

func TestProgramSteps(t *testing.T) {
	states := []domain.ProgramState{domain.Draft, domain.Active, domain.Paused, domain.Closed}
	to := map[domain.ProgramState]string{domain.Draft: "active", domain.Active: "paused closed", domain.Paused: "active closed"}
	for _, a := range states {
		for _, b := range states {
			p := domain.Program{State: a}
			changed, err := p.Step(b)
			switch {
			case a == b:
				if changed || err != nil {
					t.Errorf("%s again: %v, %v", a, changed, err)
				}
			case strings.Contains(to[a], string(b)):
				if !changed || err != nil || p.State != b {
					t.Errorf("%s to %s: %v", a, b, err)
				}
			default:
				if fault.ReasonOf(err) != "ILLEGAL_STEP" || p.State != a {
					t.Errorf("%s to %s: %v", a, b, err)
				}
			}
		}
	}
}

func fields(err error) (names []string) {
	if f, ok := fault.As(err); ok {
		for _, v := range f.Violations {
			names = append(names, v.Field)
		}
	}
	return names
}

func TestProgramNamesAllThatIsWrong(t *testing.T) {
	p := domain.Program{
		DisplayName: strings.Repeat("名", 129), Goal: "a\x00b", AdvocatePoints: -1, RefereePoints: math.MaxInt64, AttributionDays: 731, BudgetPoints: -5,
	}
	want := "[program.display_name program.goal program.advocate_points program.referee_points program.attribution_days program.budget_points]"
	if got := fmt.Sprint(fields(p.Normalize())); got != want {
		t.Errorf("%s", got)
	}
	p = domain.Program{AdvocatePoints: 10, RefereePoints: 5, BudgetPoints: 14}
	if got := fmt.Sprint(fields(p.Normalize())); got != "[program.budget_points]" {
		t.Errorf("a budget below one reward: %s", got)
	}
	p = domain.Program{DisplayName: strings.Repeat("名", 128), BudgetPoints: 15, AdvocatePoints: 10, RefereePoints: 5}
	if err := p.Normalize(); err != nil || p.AttributionDays != 90 {
		t.Errorf("%v, %d days", err, p.AttributionDays)
	}
}

func TestCustomerIDs(t *testing.T) {
	for _, id := range []string{"42", "张三", "a-b", "a.b", "a!b", "😀", "x@y", strings.Repeat("名", 128), "C:\\1", "a b"} {
		if f := ident.Check("x", id); f != nil {
			t.Errorf("%q: %v", id, f)
		}
	}
	for _, id := range []string{"", "a/b", "a%2Fb", "..", ".", "\x00", "a\nb", " a", "a ", "\u3000a", strings.Repeat("a", 129), strings.Repeat("a", 1<<20), "\xff"} {
		if f := ident.Check("x", id); f == nil || f.Violations[0].Field != "x" {
			t.Errorf("%.20q passes", id)
		}
	}
}

func TestAccounts(t *testing.T) {
	for _, id := range []string{"customer:42", "customer:张三", "customer:a:b", "program:spring-26", "system:adjustments"} {
		if f := domain.CheckAccount("x", id); f != nil {
			t.Errorf("%q: %v", id, f)
		}
	}
	for _, id := range []string{"", "customer:", "customer:a/b", "program:", "program:Spring", "system:", "system:other", "bank", "Customer:1"} {
		if f := domain.CheckAccount("x", id); f == nil {
			t.Errorf("%q passes", id)
		}
	}
}

func TestTransferNamesAllThatIsWrong(t *testing.T) {
	for want, change := range map[string]func(*domain.Transfer){
		"[]":                      func(*domain.Transfer) {},
		"[transfer.from_account]": func(tr *domain.Transfer) { tr.From = "program:p" },
		"[transfer.to_account]":   func(tr *domain.Transfer) { tr.To = tr.From },
		"[transfer.points]":       func(tr *domain.Transfer) { tr.Points = 0 },
		"[transfer.memo]":         func(tr *domain.Transfer) { tr.Memo = "\x1b[31m" },
		"[transfer_id transfer.from_account transfer.to_account transfer.points]": func(tr *domain.Transfer) {
			tr.ID, tr.From, tr.To, tr.Points = strings.Repeat("x", 129), "no", "customer:", math.MinInt64
		},
		"[transfer_id]": func(tr *domain.Transfer) { tr.ID = "spring.01HZX5J8N7Q2W3E4R5T6Y7V8B9.referee.reversal" },
	} {
		tr := &domain.Transfer{ID: "voucher-1", From: domain.Adjustments, To: "customer:1", Points: 1}
		change(tr)
		if got := fmt.Sprint(fields(tr.Check())); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Rewards have ids that callers cannot take.
func TestRewardIDsAreReserved(t *testing.T) {
	r := domain.Referral{Program: "spring-26", ID: "01HZX5J8N7Q2W3E4R5T6Y7V8B9", Advocate: "a", Referee: "b", AdvocatePoints: 2, RefereePoints: 1}
	transfers := append(r.Rewards(), r.Reversals()...)
	if len(transfers) != 4 {
		t.Fatalf("%d transfers", len(transfers))
	}
	for _, tr := range transfers {
		own := domain.Transfer{ID: tr.ID, From: domain.Adjustments, To: "customer:1", Points: 1}
		if got := fmt.Sprint(fields(own.Check())); got != "[transfer_id]" {
			t.Errorf("%s: %s", tr.ID, got)
		}
		if f := domain.CheckTransferID("x", tr.ID); f != nil {
			t.Error(f)
		}
	}
}

func TestOrdersThatQualify(t *testing.T) {
	r := domain.Referral{CreateTime: noon, ExpireTime: noon.Add(time.Hour)}
	for why, order := range map[string]*domain.Order{
		"ORDER_UNKNOWN":     nil,
		"NOT_PAID":          {Time: noon},
		"BEFORE_INVITATION": {Paid: true, Time: noon.Add(-time.Second)},
		"AFTER_WINDOW":      {Paid: true, Time: noon.Add(time.Hour)},
	} {
		f, ok := fault.As(r.CheckOrder(order))
		if !ok || f.Reason != "ORDER_NOT_QUALIFYING" || f.Kind != fault.FailedPrecondition || f.Metadata["why"] != why || f.Violations[0].Field != "order_id" {
			t.Errorf("%s: %v", why, f)
		}
	}
	r.CreateTime = noon.Add(900 * time.Millisecond) // shops keep times to the second
	for _, at := range []time.Time{noon, noon.Add(time.Hour - 1)} {
		if err := r.CheckOrder(&domain.Order{Paid: true, Time: at}); err != nil {
			t.Error(err)
		}
	}
}

// The budget is never exceeded, and a hold counts once however often it is taken.
func TestHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := domain.Program{BudgetPoints: rapid.Int64Range(0, 100).Draw(t, "budget")}
		taken := map[string]int64{}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			h := domain.Hold{Referral: rapid.StringMatching(`[a-h]`).Draw(t, "referral"), Points: rapid.Int64Range(1, 40).Draw(t, "points")}
			if p.Held(h) {
				continue
			}
			err := p.Hold(h)
			if full := p.BudgetPoints > 0 && p.SpentPoints+h.Points > p.BudgetPoints; (err != nil) != full && err != nil {
				t.Fatalf("%v with %d of %d spent", err, p.SpentPoints, p.BudgetPoints)
			}
			if err == nil {
				taken[h.Referral] = h.Points
			} else if fault.ReasonOf(err) != "BUDGET_EXHAUSTED" {
				t.Fatalf("%v", err)
			}
		}
		var sum int64
		for _, points := range taken {
			sum += points
		}
		if p.SpentPoints != sum || p.BudgetPoints > 0 && sum > p.BudgetPoints {
			t.Fatalf("spent %d of %d, held %d", p.SpentPoints, p.BudgetPoints, sum)
		}
	})
}
