package valuation_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// townEnd is the last day on which anybody in a town ordered.
const townEnd = "2025-12-31"

// town is a shop whose customers order at rates of their own and leave after some
// order, each with a probability of its own. They came in the two years to townEnd.
func town(t testing.TB, seed uint64, customers int) *shop {
	t.Helper()
	end, err := time.Parse(time.DateOnly, townEnd)
	if err != nil {
		t.Fatal(err)
	}
	s := newShop()
	s.batch = 100
	random := rand.New(rand.NewPCG(seed, 77))
	for i := range customers {
		at := end.Add(-time.Duration(30+random.IntN(700)) * 24 * time.Hour)
		rate := 0.01 + 0.08*random.Float64()*random.Float64() // a day
		leaves := 0.05 + 0.5*random.Float64()*random.Float64()
		basket := 2000 + 8000*random.Float64()
		for at.Before(end) {
			paid := int64(basket * (0.5 + random.Float64()))
			s.buy(fmt.Sprintf("t%04d", i), at, paid, "CNY", paid*6/10)
			if random.Float64() < leaves {
				break
			}
			at = at.Add(time.Duration(random.ExpFloat64() / rate * 24 * float64(time.Hour)))
		}
	}
	return s
}

// TestPredictionsOfARefresh: the first refresh fits and crowns its models, and
// what it says of the base is what the valuations say, on both engines.
func TestPredictionsOfARefresh(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			c := serve(t, engine.open(t), serveShop(t, town(t, 1, 300)), frozen)
			summary := c.refresh(policy(townEnd))
			p := summary.GetPredictions()
			if p.GetCustomers() != summary.GetCustomers() || len(p.GetPolicy().GetModels()) != 2 || math.Abs(p.GetMarginRate()-0.4) > 0.001 || p.GetMarginSource() != "COSTS" {
				t.Fatalf("predictions %v", p)
			}
			champions := c.listModels(&valuationv1.ListModelsRequest{ChampionsOnly: true})
			slices.Sort(champions)
			if want := slices.Sorted(slices.Values(p.GetPolicy().GetModels())); !slices.Equal(champions, want) {
				t.Errorf("champions %q, predicted with %q", champions, want)
			}
			wantSums(t, c.list("customer_id", 100), p)
			wantPredictionOrders(t, c)

			again := c.refresh(policy(townEnd)).GetPredictions()
			if !proto.Equal(again, p) {
				t.Errorf("the second refresh predicts otherwise: %v, was %v", again, p)
			}
			if all := c.listModels(&valuationv1.ListModelsRequest{}); len(all) != 2 {
				t.Errorf("models %q", all)
			}
		})
	}
}

func wantSums(t *testing.T, all []*valuationv1.Valuation, p *valuationv1.PredictionSummary) {
	t.Helper()
	var residual, atRisk, churned int64
	var orders float64
	for _, v := range all {
		own := v.GetPrediction()
		residual += own.GetResidualValue().GetMinorUnits()
		atRisk += own.GetValueAtRisk().GetMinorUnits()
		orders += own.GetExpectedOrders()
		if own.GetChurned() {
			churned++
		}
		if own.AliveProbability == nil || own.ChurnRisk == nil || !slices.Equal(own.GetModels(), p.GetPolicy().GetModels()) {
			t.Fatalf("%s: %v", v.GetName(), own)
		}
		for _, a := range own.GetAbsences() {
			if a.GetField() != "overdue_ratio" || a.GetReason() != "RHYTHM_UNKNOWN" {
				t.Fatalf("%s: %v", v.GetName(), a)
			}
		}
	}
	if residual != p.GetResidualValue().GetMinorUnits() || atRisk != p.GetValueAtRisk().GetMinorUnits() || churned != p.GetChurnedCustomers() ||
		math.Abs(orders-p.GetExpectedOrders()) > 1e-6 || residual <= 0 || atRisk <= 0 {
		t.Errorf("residual %d, at risk %d, churned %d, orders %g; the summary says %v", residual, atRisk, churned, orders, p)
	}
}

func wantPredictionOrders(t *testing.T, c *client) {
	t.Helper()
	for orderBy, value := range map[string]func(*valuationv1.Prediction) float64{
		"residual_value desc": func(p *valuationv1.Prediction) float64 { return float64(p.GetResidualValue().GetMinorUnits()) },
		"churn_risk desc":     (*valuationv1.Prediction).GetChurnRisk,
		"value_at_risk desc":  func(p *valuationv1.Prediction) float64 { return float64(p.GetValueAtRisk().GetMinorUnits()) },
	} {
		all := c.list(orderBy, 70)
		if !slices.IsSortedFunc(all, func(a, b *valuationv1.Valuation) int {
			return int(math.Copysign(1, value(b.GetPrediction())-value(a.GetPrediction())))
		}) || len(all) < 200 {
			t.Errorf("by %s %d are out of order or incomplete", orderBy, len(all))
		}
	}
}

// TestPoliciesOfPrediction: named models, a stated margin, none at all.
func TestPoliciesOfPrediction(t *testing.T) {
	const end = "1997-09-30"
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	fitted := c.fit(&valuationv1.FitModelsRequest{CalibrationEndDate: end})
	if p := c.refresh(policy(end)).GetPredictions(); p.MarginRate != nil || p.GetResidualValue() != nil || len(p.GetWarnings()) != 1 || p.GetWarnings()[0].GetReason() != "MARGIN_UNKNOWN" {
		t.Errorf("without any costs: %v", p)
	}
	asked := policy(end)
	asked.Prediction = &valuationv1.PredictionPolicy{
		Models:     []string{fitted[valuationv1.ModelKind_MODEL_KIND_BG_NBD].GetName(), fitted[valuationv1.ModelKind_MODEL_KIND_GAMMA_GAMMA].GetName()},
		MarginRate: proto.Float64(0.2), AnnualDiscountRate: proto.Float64(0),
	}
	byBG := c.refresh(asked)
	if p := byBG.GetPredictions(); p.GetMarginRate() != 0.2 || p.GetMarginSource() != "STATED" || p.GetPolicy().GetAnnualDiscountRate() != 0 || p.GetResidualValue() == nil {
		t.Errorf("predictions %v", p)
	}
	for _, v := range c.list("customer_id", 1000) {
		own := v.GetPrediction()
		i := slices.IndexFunc(own.GetAbsences(), func(a *valuationv1.Absence) bool { return a.GetField() == "churn_risk" })
		if own.ChurnRisk != nil || i < 0 || own.GetAbsences()[i].GetReason() != "NO_REPEAT_OBSERVED" {
			t.Fatalf("churn by BG/NBD: %v", own)
		}
	}
	asked.Prediction.Disabled = true
	if p := c.refresh(asked).GetPredictions(); p != nil {
		t.Errorf("disabled, and there are %v", p)
	}
	if v := c.list("", 1)[0]; v.GetPrediction() != nil {
		t.Errorf("disabled, and there is %v", v.GetPrediction())
	}
	asked.Prediction = &valuationv1.PredictionPolicy{Models: []string{"models/nobody"}}
	_, err := c.RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{Policy: asked})
	wantError(t, err, codes.NotFound, "MODEL_NOT_FOUND", "")
	asked.CurrencyCode = "CNY"
	asked.Prediction.Models = []string{fitted[valuationv1.ModelKind_MODEL_KIND_GAMMA_GAMMA].GetName()}
	_, err = c.RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{Policy: asked})
	wantError(t, err, codes.FailedPrecondition, "MODEL_NOT_USABLE", "")
}

// TestAggregates: the sums are those of the list behind them, and the interval
// holds both uncertainties.
func TestAggregates(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, town(t, 3, 300)), frozen)
	_, err := c.aggregates.AggregateValuation(t.Context(), &valuationv1.AggregateValuationRequest{})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
	summary := c.refresh(policy(townEnd))
	listed := c.list("customer_id", 1000)
	for name, r := range map[string]*valuationv1.AggregateValuationRequest{
		"all":     {},
		"group":   {Customers: &valuationv1.AggregateValuationRequest_RfmGroup{RfmGroup: valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE}},
		"cell":    {Customers: &valuationv1.AggregateValuationRequest_RfmCell{RfmCell: "5**"}},
		"segment": {Customers: &valuationv1.AggregateValuationRequest_RfmSegment{RfmSegment: "champions"}},
		"ids": {Customers: &valuationv1.AggregateValuationRequest_CustomerIds{CustomerIds: &valuationv1.CustomerIds{
			Ids: []string{"t0003", "t0001", "t0003", "nobody"},
		}}},
	} {
		got, err := c.aggregates.AggregateValuation(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		var customers, orders, revenue, historic, residual int64
		for _, v := range listed {
			if !aggregated(name, v) {
				continue
			}
			customers++
			orders += v.GetOrders()
			revenue += v.GetRevenue()[0].GetMinorUnits()
			historic += v.GetHistoricValue().GetMinorUnits()
			residual += v.GetPrediction().GetResidualValue().GetMinorUnits()
		}
		own := got.GetResidual()
		if customers == 0 || got.GetCustomers() != customers || got.GetOrders() != orders || got.GetRevenue()[0].GetMinorUnits() != revenue ||
			got.GetHistoricValue().GetMinorUnits() != historic || own.GetValue().GetMinorUnits() != residual {
			t.Errorf("%s: %v; want %d customers, %d orders, revenue %d, historic %d, residual %d", name, got, customers, orders, revenue, historic, residual)
		}
		wantInterval(t, name, own)
		if missing := map[string]int64{"ids": 1}[name]; got.GetCustomersWithoutValuation() != missing || got.GetGeneration() != summary.GetGeneration() {
			t.Errorf("%s: %v", name, got)
		}
	}
	_, err = c.aggregates.AggregateValuation(t.Context(), &valuationv1.AggregateValuationRequest{
		Customers: &valuationv1.AggregateValuationRequest_RfmSegment{RfmSegment: "Kings"},
	})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "rfm_segment")
	_, err = c.aggregates.AggregateValuation(t.Context(), &valuationv1.AggregateValuationRequest{
		Customers: &valuationv1.AggregateValuationRequest_Segment{Segment: "segments/vip"},
	})
	wantError(t, err, codes.Unavailable, "PEER_UNAVAILABLE", "")
}

func aggregated(name string, v *valuationv1.Valuation) bool {
	switch name {
	case "group":
		return v.GetRfm().GetGroup() == valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE
	case "cell":
		return v.GetRfm().GetRecency() == 5
	case "segment":
		return v.GetRfm().GetSegment() == "Champions"
	case "ids":
		return v.GetCustomerId() == "t0001" || v.GetCustomerId() == "t0003"
	}
	return true
}

func wantInterval(t *testing.T, name string, r *valuationv1.ResidualValue) {
	t.Helper()
	value, lower, upper := float64(r.GetValue().GetMinorUnits()), float64(r.GetLower().GetMinorUnits()), float64(r.GetUpper().GetMinorUnits())
	half := 1.959963984540054 * math.Hypot(r.GetSamplingDeviation(), r.GetParameterDeviation())
	if r.GetLevel() != 0.95 || r.GetSamplingDeviation() <= 0 || r.GetParameterDeviation() <= 0 || r.GetParameterDraws() != 100 || !strings.Contains(r.GetMethod(), "simulated") {
		t.Errorf("%s: %v", name, r)
	}
	if math.Abs(upper-value-half) > 1 || math.Abs(lower-max(0, value-half)) > 1 {
		t.Errorf("%s: %g to %g around %g, want ± %g", name, lower, upper, value, half)
	}
}
