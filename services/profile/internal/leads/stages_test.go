package leads

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Whatever is asked of a lead, in whatever order, its moves tell how it came to
// its stage, and none of them skips stages or goes back without a reason.
func TestMovesTellHowALeadCameToItsStage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		l := &profilev1.Lead{}
		begin(l, "ann", now)
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			now = now.Add(time.Hour)
			before, state := l.GetStage(), l.GetState()
			reason := rapid.SampledFrom([]string{"", "because"}).Draw(t, "reason")
			if rapid.IntRange(0, 4).Draw(t, "what") > 0 {
				to := profilev1.LeadStage(rapid.IntRange(0, 8).Draw(t, "to"))
				moved, err := advance(l, to, reason, "bob", now)
				wantUnmoved(t, l, before, moved)
				if err == nil && moved && to != 0 && l.GetStage() != to {
					t.Fatalf("moved to %v, asked for %v", l.GetStage(), to)
				}
				continue
			}
			outcome := profilev1.LeadState(rapid.IntRange(2, 3).Draw(t, "outcome"))
			closed, err := closeLead(l, &profilev1.CloseLeadRequest{Outcome: outcome, StageReason: reason,
				Reasons: []profilev1.CloseReason{profilev1.CloseReason_CLOSE_REASON_PRICE}, Author: "bob"}, now)
			if closed && (state != profilev1.LeadState_LEAD_STATE_OPEN || l.GetState() != outcome || err != nil) {
				t.Fatalf("closed from %v as %v: %v", state, l.GetState(), err)
			}
			if err != nil && l.GetState() != state {
				t.Fatalf("an error changed the state to %v", l.GetState())
			}
		}
		wantChain(t, l)
	})
}

func wantUnmoved(t *rapid.T, l *profilev1.Lead, before profilev1.LeadStage, moved bool) {
	if moved == (l.GetStage() == before) {
		t.Fatalf("moved is %v, from %v to %v", moved, before, l.GetStage())
	}
}

func wantChain(t *rapid.T, l *profilev1.Lead) {
	at := profilev1.LeadStage(0)
	for i, m := range l.GetMoves() {
		if m.GetFrom() != at || m.GetTo() == at {
			t.Fatalf("move %d is from %v to %v, and the lead stood at %v", i, m.GetFrom(), m.GetTo(), at)
		}
		if m.GetTo() != at+1 && m.GetReason() == "" {
			t.Fatalf("move %d from %v to %v has no reason", i, m.GetFrom(), m.GetTo())
		}
		if m.GetMoveTime() == nil || m.GetAuthor() == "" {
			t.Fatalf("move %d lacks who or when", i)
		}
		at = m.GetTo()
	}
	if at != l.GetStage() {
		t.Fatalf("the moves end at %v, the lead is at %v", at, l.GetStage())
	}
	won := l.GetState() == profilev1.LeadState_LEAD_STATE_WON
	if won != (at >= last && l.GetClosing() != nil) && won {
		t.Fatalf("won at %v", at)
	}
	if at == follow && !won {
		t.Fatal("followed up without being won")
	}
}

func TestStepsThatNeedMore(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	fresh := func() *profilev1.Lead {
		l := &profilev1.Lead{}
		begin(l, "ann", now)
		return l
	}
	for what, c := range map[string]struct {
		take   func(*profilev1.Lead) error
		reason string
	}{
		"skipping": {func(l *profilev1.Lead) error {
			_, err := advance(l, profilev1.LeadStage_LEAD_STAGE_SOLUTION, "", "ann", now)
			return err
		}, "STAGE_REASON_MISSING"},
		"winning early": {func(l *profilev1.Lead) error {
			_, err := closeLead(l, &profilev1.CloseLeadRequest{Outcome: profilev1.LeadState_LEAD_STATE_WON}, now)
			return err
		}, "STAGE_REASON_MISSING"},
		"following up what is open": {func(l *profilev1.Lead) error {
			_, err := advance(l, follow, "why not", "ann", now)
			return err
		}, "LEAD_NOT_WON"},
		"moving what is lost": {func(l *profilev1.Lead) error {
			_, _ = closeLead(l, &profilev1.CloseLeadRequest{Outcome: profilev1.LeadState_LEAD_STATE_LOST}, now)
			_, err := advance(l, 0, "", "ann", now)
			return err
		}, "LEAD_CLOSED"},
		"closing otherwise": {func(l *profilev1.Lead) error {
			_, _ = closeLead(l, &profilev1.CloseLeadRequest{Outcome: profilev1.LeadState_LEAD_STATE_LOST}, now)
			_, err := closeLead(l, &profilev1.CloseLeadRequest{Outcome: profilev1.LeadState_LEAD_STATE_WON, StageReason: "x"}, now)
			return err
		}, "LEAD_CLOSED"},
	} {
		if got := fault.ReasonOf(c.take(fresh())); got != c.reason {
			t.Errorf("%s: %q, want %q", what, got, c.reason)
		}
	}
}

func TestStandingAgainstCompetitors(t *testing.T) {
	s := standing([]*profilev1.BuyingFactor{
		{Factor: "price", Weight: 3, OurScore: 4, CompetitorScores: map[string]float64{"Acme": 8, "Beta": 5}},
		{Factor: "service", Weight: 1, OurScore: 8, CompetitorScores: map[string]float64{"ACME": 4}},
	})
	got := fmt.Sprintf("%.2f", s.GetOurScore())
	for _, c := range s.GetCompetitors() {
		got += fmt.Sprintf(" | %s %.2f %+.2f %v", c.GetCompetitor(), c.GetScore(), c.GetOurLead(), c.GetWeakFactors())
	}
	// (3·4+8)/4 = 5; Acme (3·8+4)/4 = 7; Beta on the price alone.
	if want := "5.00 | ACME 7.00 -2.00 [price] | Beta 5.00 -1.00 [price]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAssessment(t *testing.T) {
	for _, c := range []struct {
		market, part int32
		score        float64
		advice       *profilev1.Bilingual
	}{{5, 5, 1, pursue}, {5, 1, 0, gainAccess}, {1, 5, 0, leave}, {2, 5, 0.5, widen}, {1, 1, 0, leave}} {
		a := &profilev1.OpportunityAssessment{MarketSpace: c.market, ChanceOfTakingPart: c.part}
		assess(a)
		if a.GetScore() != c.score || a.GetAdvice() != c.advice {
			t.Errorf("%d, %d: %v %v", c.market, c.part, a.GetScore(), a.GetAdvice())
		}
	}
	half := &profilev1.OpportunityAssessment{MarketSpace: 3}
	if assess(half); half.Score != nil || half.Advice != nil {
		t.Error("half an assessment was scored")
	}
}
