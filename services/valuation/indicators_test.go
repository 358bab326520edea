package valuation_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func TestInfluenceOfAnAdvocate(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testInfluence(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testInfluence(t *testing.T, w *district) {
	_, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	w.taken("2026-02-28")
	ann, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if err != nil {
		t.Fatal(err)
	}
	mouth := ann.GetWordOfMouth()
	// ann → bob, cat → dan → eve; bob → ann leads back.
	if mouth.GetDirectReach() != 2 || mouth.GetIndirectReach() != 2 || len(mouth.GetSteps()) != 3 || mouth.GetQualifiedReferrals() != 1 {
		t.Errorf("reach %v", mouth)
	}
	if d := mouth.GetDirect(); d.GetCustomersWithOrders() != 2 || d.GetRevenue().GetMinorUnits() != 11000 || d.GetHistoricValue().GetMinorUnits() != 3000 || d.GetCustomersWithHistoricValue() != 1 {
		t.Errorf("direct %v", d)
	}
	if d := mouth.GetIndirect(); d.GetRevenue().GetMinorUnits() != 5000 || d.GetHistoricValue().GetMinorUnits() != 3500 {
		t.Errorf("indirect %v", d)
	}
	// Qualified referrals: ann 1, bob 2, dan 1 of five customers: 0.8 on average.
	if math.Abs(mouth.GetReferralIndex()-125) > 1e-9 || math.Abs(mouth.GetScore()-60) > 1e-9 {
		t.Errorf("index %v, score %v", mouth.GetReferralIndex(), mouth.GetScore())
	}
	if p := ann.GetPurchasingPower(); p.GetScore() != 90 || p.GetRevenue().GetMinorUnits() != 40000 || p.GetHistoricValue().GetMinorUnits() != 16000 {
		t.Errorf("purchasing power %v", p)
	}
	if l := ann.GetLoyalty(); l.Score != nil || l.GetReason() != "LOYALTY_NOT_EVALUATED" {
		t.Errorf("loyalty %v", l)
	}
	w.policy("members")
	op, err := w.EvaluateLoyaltyPolicy(t.Context(), &valuationv1.EvaluateLoyaltyPolicyRequest{Name: "loyaltyPolicies/members"})
	if err != nil {
		t.Fatal(err)
	}
	w.outcome(w.await(op.GetName()), new(valuationv1.LoyaltyEvaluation))
	ann, err = w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if l := ann.GetLoyalty(); err != nil || l.GetScore() != 90 || l.GetTier() != "gold" || l.GetPolicyScore() < 75 {
		t.Errorf("loyalty %v, %v", l, err)
	}
	_, err = w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/nobody/influence"})
	wantError(t, err, codes.NotFound, "VALUATION_NOT_FOUND", "")
}

func TestIndicatorsOverTime(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testIndicators(t, newDistrict(t, engine.open(t), false)) })
	}
}

func testIndicators(t *testing.T, w *district) {
	ctx := t.Context()
	_, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	w.taken("2025-12-31")
	w.taken("2026-01-10")
	w.taken("2026-02-28")
	w.taken("2026-02-28") // replaces the one before
	listed, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{PageSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	rest, err := w.ListIndicators(ctx, &valuationv1.ListIndicatorsRequest{PageSize: 100, PageToken: listed.GetNextPageToken()})
	if err != nil || len(rest.GetIndicators()) != 6 || rest.GetIndicators()[5].GetGroup() != "segments/vip" || listed.GetIndicators()[0].GetGroup() != "all" {
		t.Fatalf("%v, %v", rest, err)
	}
	all, vip := listed.GetIndicators()[0], rest.GetIndicators()[5]
	if all.GetGeneration() != 4 || all.GetCustomers() != 5 || vip.GetCustomers() != 2 || vip.GetNameEn() != "VIP" {
		t.Errorf("all %v\nvip %v", all, vip)
	}
	// As of 2026-02-28 ann (399 days) and bob (499) are customers for a year; ann
	// bought within it.
	if r := all.GetRetention(); r.GetCustomers() != 2 || r.GetRetained() != 1 || r.GetRate() != 0.5 || r.GetLower() >= 0.5 || r.GetMethod() != "wilson" {
		t.Errorf("retention %v", r)
	}
	if s := all.GetSatisfaction(); math.Abs(s.GetMean()-0.7) > 1e-12 || s.GetAnswers() != 2 || s.Lower == nil {
		t.Errorf("satisfaction %v", s)
	}
	if s := vip.GetSatisfaction(); s.GetMean() != 0.9 || s.Lower != nil {
		t.Errorf("satisfaction of vip %v", s)
	}
	if x := all.GetReferral(); x.GetIndex() != 100 || x.GetQualifiedReferrals() != 4 || x.GetAdvocates() != 3 {
		t.Errorf("referral %v", x)
	}
	if x := vip.GetReferral(); math.Abs(x.GetIndex()-125) > 1e-9 { // ann 1, dan 1 of two
		t.Errorf("referral of vip %v", x)
	}
	if v := all.GetValue(); v.GetRevenue().GetMinorUnits() != 56000 || v.GetHistoricValue().GetMinorUnits() != 16000+3000+1500+2000 || v.GetCustomersWithHistoricValue() != 4 {
		t.Errorf("value %v", v)
	}
	if f := all.GetFrequency(); math.Abs(f.GetOrderDaysPerCustomer()-9.0/5) > 1e-12 || math.Abs(f.GetRepeatRate()-0.4) > 1e-12 {
		t.Errorf("frequency %v", f)
	}
	w.wantResidual(t, all)
	w.wantSeries(t)

	ann, err := w.GetCustomerIndicators(ctx, &valuationv1.GetCustomerIndicatorsRequest{Name: "customers/ann/indicators"})
	if err != nil || ann.GetSatisfaction() != 0.9 || !ann.GetRetained() || ann.GetQualifiedReferrals() != 1 || math.Abs(ann.GetReferralIndex()-125) > 1e-9 || ann.GetHistoricValue().GetMinorUnits() != 16000 {
		t.Errorf("ann: %v, %v", ann, err)
	}
	cat, err := w.GetCustomerIndicators(ctx, &valuationv1.GetCustomerIndicatorsRequest{Name: "customers/cat/indicators"})
	if err != nil || cat.Satisfaction != nil || cat.GetSatisfactionReason() != "NO_ANSWER" || cat.Retained != nil || cat.HistoricValue != nil || cat.GetReferralIndex() != 0 || cat.ReferralIndex == nil {
		t.Errorf("cat: %v, %v", cat, err)
	}
}

// wantResidual holds the residual values of all against those of each.
func (w *district) wantResidual(t *testing.T, all *valuationv1.GroupIndicators) {
	t.Helper()
	var sum, known int64
	for _, v := range w.list("customer_id", 10) {
		m := v.GetPrediction().GetResidualValue()
		if m != nil {
			sum, known = sum+m.GetMinorUnits(), known+1
		}
		one, err := w.GetCustomerIndicators(t.Context(), &valuationv1.GetCustomerIndicatorsRequest{Name: "customers/" + v.GetCustomerId() + "/indicators"})
		if err != nil || one.GetResidualValue().GetMinorUnits() != m.GetMinorUnits() || (m == nil) != (one.GetResidualReason() != "") {
			t.Errorf("%s: %v, %v; its valuation says %v", v.GetCustomerId(), one, err, v.GetPrediction())
		}
	}
	if got := all.GetValue(); got.GetCustomersWithResidualValue() != known || got.GetResidualValue().GetMinorUnits() != sum || (known == 0) != (got.ResidualValue == nil) {
		t.Errorf("residual value %v, want %d of %d", got, sum, known)
	}
}

func (w *district) wantSeries(t *testing.T) {
	t.Helper()
	query := func(r *valuationv1.QueryIndicatorsRequest) (lines []string) {
		t.Helper()
		found, err := w.QueryIndicators(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found.GetPoints() {
			line := p.GetStartDate() + " " + p.GetEndDate() + " " + p.GetReason()
			if p.GetIndicators() != nil {
				line += fmt.Sprint(p.GetIndicators().GetAsOfDate(), " ", p.GetIndicators().GetCustomers())
			}
			lines = append(lines, line)
		}
		return lines
	}
	for _, c := range []struct {
		name string
		ask  *valuationv1.QueryIndicatorsRequest
		want []string
	}{
		{"snapshots", &valuationv1.QueryIndicatorsRequest{}, []string{
			"2025-12-31 2025-12-31 2025-12-31 2", "2026-01-10 2026-01-10 2026-01-10 2", "2026-02-28 2026-02-28 2026-02-28 5",
		}},
		{"months", &valuationv1.QueryIndicatorsRequest{FromDate: "2025-11-20", ToDate: "2026-03-01", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_MONTH}, []string{
			"2025-11-01 2025-11-30 NOT_TAKEN", "2025-12-01 2025-12-31 2025-12-31 2", "2026-01-01 2026-01-31 2026-01-10 2",
			"2026-02-01 2026-02-28 2026-02-28 5", "2026-03-01 2026-03-31 PERIOD_UNFINISHED",
		}},
		{"years", &valuationv1.QueryIndicatorsRequest{Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_YEAR}, []string{
			"2025-01-01 2025-12-31 2025-12-31 2", "2026-01-01 2026-12-31 PERIOD_UNFINISHED",
		}},
		{"weeks of a segment", &valuationv1.QueryIndicatorsRequest{Group: "segments/vip", FromDate: "2026-02-20", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_WEEK}, []string{
			"2026-02-16 2026-02-22 NOT_TAKEN", "2026-02-23 2026-03-01 PERIOD_UNFINISHED",
		}},
	} {
		if got := query(c.ask); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	_, err := w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{Group: "segments/none"})
	wantError(t, err, codes.NotFound, "INDICATORS_NOT_TAKEN", "")
	_, err = w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{FromDate: "2026-02-30"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "from_date")
	_, err = w.QueryIndicators(t.Context(), &valuationv1.QueryIndicatorsRequest{FromDate: "1000-01-01", Period: valuationv1.IndicatorPeriod_INDICATOR_PERIOD_WEEK})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "from_date")
}

// Alone, the service says what it cannot know, and nothing is 0 for that.
func TestIndicatorsWithoutNeighbours(t *testing.T) {
	w := newDistrict(t, openPebble(t), true)
	w.policy("members")
	taken := w.taken("2026-02-28")
	if len(taken.GetWarnings()) != 1 || taken.GetWarnings()[0].GetReason() != "PEER_NOT_CONFIGURED" || taken.GetGroups() != 9 {
		t.Errorf("taken %v", taken)
	}
	listed, err := w.ListIndicators(t.Context(), &valuationv1.ListIndicatorsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	all := listed.GetIndicators()[0]
	if all.GetSatisfaction().Mean != nil || all.GetSatisfaction().GetReason() != "PEER_NOT_CONFIGURED" || all.GetReferral().Index != nil || all.GetReferral().GetReason() != "PEER_NOT_CONFIGURED" {
		t.Errorf("%v", all)
	}
	influence, err := w.GetInfluence(t.Context(), &valuationv1.GetInfluenceRequest{Name: "customers/ann/influence"})
	if err != nil || influence.GetWordOfMouth().Score != nil || influence.GetWordOfMouth().GetReason() != "PEER_NOT_CONFIGURED" {
		t.Errorf("%v, %v", influence, err)
	}
	ann, err := w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	want := 100 * (2*1 + 2.0/3 + 399.0/500) / 4
	if err != nil || math.Abs(ann.GetScore()-want) > 1e-6 {
		t.Errorf("ann: %v, %v; want %v", ann, err, want)
	}
}

// A neighbour that is away leaves what it said last, and is named.
func TestIndicatorsWhileNeighboursAreAway(t *testing.T) {
	w := newDistrict(t, openPebble(t), false)
	w.policy("members")
	w.taken("2026-02-27")
	w.neighbours.setAway(true)
	taken := w.taken("2026-02-28")
	stale := 0
	for _, s := range taken.GetSources() {
		if s.GetReason() == "STALE" && s.GetCopyTime() != nil {
			stale++
		}
	}
	if stale != 2 || len(taken.GetWarnings()) != 1 || taken.GetWarnings()[0].GetReason() != "PEER_UNAVAILABLE" {
		t.Errorf("taken %v", taken)
	}
	ann, err := w.GetLoyalty(t.Context(), &valuationv1.GetLoyaltyRequest{Name: "customers/ann/loyalty"})
	if err != nil {
		t.Fatal(err)
	}
	if c := ann.GetContributions()[1]; c.GetValue() != 0.9 || c.GetReason() != "STALE" {
		t.Errorf("satisfaction %v", c)
	}
}
