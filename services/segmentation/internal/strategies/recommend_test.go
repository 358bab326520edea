package strategies

import (
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

func recommended(t *testing.T, b *base, s *Store, customer string) *Recommendation {
	t.Helper()
	a := &Adviser{Store: s, Rules: b, Segments: b, Facts: b, Consents: b, Campaigns: b, Styles: b}
	r, err := a.Recommend(t.Context(), customer)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openStore(t *testing.T, b *base) *Store {
	t.Helper()
	engine, err := openMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	s, err := OpenStore(t.Context(), engine, b.now)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func insert(t *testing.T, b *base, s *Store, segment string, actions ...Action) *Strategy {
	t.Helper()
	p := &Strategy{ID: "for-" + segment, Name: Text{En: "For " + segment}, Segment: segment, Revision: 1, CreateTime: b.clock, Actions: actions}
	for i := range p.Actions {
		a := &p.Actions[i]
		a.Kind, a.Channel, a.Text = 1, "phone", Text{En: a.ID}
	}
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	if err := s.Insert(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRanking puts what was measured to bring most first, then what was not measured
// by priority, then what was measured to cost more than it brings. The gains are
// worked out by hand: an order of c is 100.00, so that 5 points bring 5.00.
func TestRanking(t *testing.T) {
	b := newBase()
	s := openStore(t, b)
	b.customer("c", 4)
	b.move("vip", "c")
	b.measured["good"] = Measurement{Ended: true, Lift: 0.05, Low: 0.01, High: 0.09, Level: 0.95, Method: "newcombe", Currency: "CNY"}
	b.measured["better"] = Measurement{Ended: true, Lift: 0.08, Low: 0.02, High: 0.14, Level: 0.95, Method: "newcombe", Currency: "CNY"}
	b.measured["running"] = Measurement{}
	insert(t, b, s, "vip",
		Action{ID: "unmeasured-low", Priority: 1},
		Action{ID: "costly", Campaign: "good", Cost: &Amount{"CNY", 600}, Priority: 1000},
		Action{ID: "good", Campaign: "good", Cost: &Amount{"CNY", 100}},
		Action{ID: "better", Campaign: "better", Cost: &Amount{"CNY", 100}, Advice: []Advice{{UnknownStyle, Text{En: "Ask."}}}},
		Action{ID: "unmeasured-high", Priority: 9, Campaign: "gone"},
		Action{ID: "running", Campaign: "running", Priority: 5},
		Action{ID: "on-leave", Trigger: OnLeave},
	)
	r := recommended(t, b, s, "c")
	want := []struct {
		id, unmeasured  string
		gain, low, high int64
	}{
		{"better", "", 700, 100, 1300}, {"good", "", 400, 0, 800},
		{"unmeasured-high", Unmeasured, 0, 0, 0}, {"running", CampaignNotEnded, 0, 0, 0}, {"unmeasured-low", Unmeasured, 0, 0, 0},
		{"costly", "", -100, -500, 300},
	}
	if len(r.Actions) != len(want) {
		t.Fatalf("%d actions are recommended, want %d", len(r.Actions), len(want))
	}
	for i, w := range want {
		got := r.Actions[i]
		if got.Action.ID != w.id || got.Unmeasured != w.unmeasured {
			t.Errorf("number %d is %s (%s), want %s (%s)", i, got.Action.ID, got.Unmeasured, w.id, w.unmeasured)
			continue
		}
		if g := got.Gain; (g != nil) != (w.unmeasured == "") || g != nil && (g.Gain != w.gain || g.Low != w.low || g.High != w.high || g.Order != 10_000 || !g.CostIncluded) {
			t.Errorf("%s brings %+v, want %d (%d to %d)", w.id, g, w.gain, w.low, w.high)
		}
		if got.Stay.Segment != "vip" || !got.Because.Belongs || got.Because.Conditions.Values[0].Text != "4" {
			t.Errorf("%s is because of %+v, %+v", w.id, got.Stay, got.Because)
		}
	}
	if r.Actions[0].Advice.En != "Ask." || r.Style.Style != UnknownStyle {
		t.Errorf("advice is %+v for style %d", r.Actions[0].Advice, r.Style.Style)
	}
}

// TestOrdersTakenBack keeps the interval of a gain in order where orders come to less than
// nothing.
func TestOrdersTakenBack(t *testing.T) {
	b := newBase()
	s := openStore(t, b)
	f := b.customer("c", 2)
	for i := range f.Orders.Recent {
		f.Orders.Recent[i].Net.Minor = -2000
	}
	b.move("vip", "c")
	b.measured["good"] = Measurement{Ended: true, Lift: 0.05, Low: 0.01, High: 0.09, Level: 0.95, Method: "newcombe", Currency: "CNY"}
	insert(t, b, s, "vip", Action{ID: "good", Campaign: "good", Cost: &Amount{"CNY", 100}})
	if g := recommended(t, b, s, "c").Actions[0].Gain; g.Gain != -200 || g.Low != -280 || g.High != -120 {
		t.Errorf("it brings %+v", g)
	}
}

// TestRejected tells of each action that is not to be done why.
func TestRejected(t *testing.T) {
	b := newBase()
	s := openStore(t, b)
	b.customer("c", 1)
	b.move("vip", "c")
	b.refuses["c"] = true
	insert(t, b, s, "vip",
		Action{ID: "fit", Eligibility: "orders.count >= 1"},
		Action{ID: "unfit", Eligibility: "orders.count >= 2"},
		Action{ID: "broken", Eligibility: "1/0"},
		Action{ID: "refused", Contact: &ContactRules{Purpose: "marketing"}},
		Action{ID: "never", Caps: []Cap{{Max: 0, Window: Day}}},
	)
	r := recommended(t, b, s, "c")
	if len(r.Actions) != 1 || r.Actions[0].Action.ID != "fit" || !r.Actions[0].Eligibility.Belongs || r.Actions[0].Unmeasured != Unmeasured {
		t.Fatalf("recommended are %+v", r.Actions)
	}
	want := map[string]Reason{"unfit": Ineligible, "broken": Ineligible, "refused": NoConsent, "never": Capped}
	for _, got := range r.Rejected {
		if want[got.Action] != got.Reason || got.Detail == "" {
			t.Errorf("%s is rejected for %d: %s", got.Action, got.Reason, got.Detail)
		}
		delete(want, got.Action)
	}
	if len(want) > 0 {
		t.Errorf("not told: %v", want)
	}
	b.held["c"] = true
	if r = recommended(t, b, s, "c"); len(r.Actions) != 0 {
		t.Errorf("to who is held out is recommended %+v", r.Actions)
	}
	if _, err := s.Change(t.Context(), "for-vip", func(p *Strategy) error { p.Paused = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if r = recommended(t, b, s, "c"); len(r.Actions) != 0 || len(r.Rejected) != 5 || r.Rejected[0].Reason != StrategyPaused {
		t.Errorf("of a paused strategy: %+v, %+v", r.Actions, r.Rejected)
	}
	a := &Adviser{Store: s, Rules: b, Segments: b, Facts: b, Consents: b, Campaigns: b, Styles: b}
	if _, err := a.Recommend(t.Context(), "nobody"); fault.ReasonOf(err) != "CUSTOMER_FACTS_NOT_FOUND" {
		t.Errorf("of nobody: %v", err)
	}
}

// TestGainWithoutOrders is never made up.
func TestGainWithoutOrders(t *testing.T) {
	b := newBase()
	s := openStore(t, b)
	b.customer("c", 0)
	b.customer("d", 2)
	b.move("vip", "c")
	b.move("vip", "d")
	b.measured["euro"] = Measurement{Ended: true, Lift: 0.5, Low: 0.4, High: 0.6, Level: 0.95, Currency: "EUR"}
	insert(t, b, s, "vip", Action{ID: "act", Campaign: "euro"})
	for _, customer := range []string{"c", "d"} {
		if got := recommended(t, b, s, customer).Actions[0]; got.Gain != nil || got.Unmeasured != NoOrderValue {
			t.Errorf("%s: %+v", customer, got)
		}
	}
}

// TestTemplates are as many as there are groups, and strategies that could be made.
func TestTemplates(t *testing.T) {
	all := templates()
	if len(all) != 16 {
		t.Errorf("there are %d", len(all))
	}
	rules, err := rule.NewCompiler(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range all {
		s := content("x", m.GetStrategy())
		s.Segment = "vip"
		if err := s.check(); err != nil {
			t.Errorf("%s: %v", m.GetName(), err)
		}
		if m.GetRule() != "" {
			if _, err := rules.Compile(m.GetRule()); err != nil {
				t.Errorf("%s: %v", m.GetName(), err)
			}
		}
		for _, a := range s.Actions {
			if a.Text.En == "" || a.Text.Zh == "" || a.Campaign != "" || a.Cost != nil {
				t.Errorf("%s: %+v", m.GetName(), a)
			}
		}
		if m.GetAudience() == "" || m.GetAudienceZh() == "" || i > 0 && all[i-1].GetName() >= m.GetName() {
			t.Errorf("%s is without words, or out of order", m.GetName())
		}
	}
}
