package valuation_test

import (
	"fmt"
	"math"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func (c *client) plan(r *valuationv1.ComputeLifetimeValueRequest) (*valuationv1.LifetimeValue, error) {
	return c.lifetime.ComputeLifetimeValue(c.Context(), r)
}

// A plan without a customer needs no refresh. 100.00 a year, four in five stay,
// 10 %: 10000·(8/3)·(1 − (8/11)^5).
func TestPlanWithoutACustomer(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	request := &valuationv1.ComputeLifetimeValueRequest{MarginMinorUnits: []int64{10_000}, CurrencyCode: "CNY", Retention: proto.Float64(0.8)}
	v, err := c.plan(request)
	if err != nil {
		t.Fatal(err)
	}
	want := int64(math.Round(10_000 * 8.0 / 3 * (1 - math.Pow(8.0/11, 5))))
	a := v.GetAssumptions()
	if v.GetResidual().GetMinorUnits() != want || v.GetHistoric() != nil || v.GetTotal() != nil || len(v.GetTerms()) != 5 ||
		a.GetDiscountRate() != 0.1 || a.GetTiming() != valuationv1.LifetimeTiming_LIFETIME_TIMING_END || len(v.GetScenarios()) != 27 ||
		v.GetElasticities().GetRetention() <= 0 || v.GetElasticities().GetDiscountRate() >= 0 {
		t.Errorf("got %v, want %d", v, want)
	}
	request.Retention = nil
	_, err = c.plan(request)
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Retention: proto.Float64(0.8)})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "margin_minor_units")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{MarginMinorUnits: []int64{1}, Retention: proto.Float64(0.8)})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "currency_code")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{MarginMinorUnits: []int64{1, 2}, Periods: 3, CurrencyCode: "CNY", Retention: proto.Float64(0.8)})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "periods")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{MarginMinorUnits: []int64{1}, CurrencyCode: "CNY", Retention: proto.Float64(math.NaN())})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "retention")
}

// Margin comes from the customer's orders and retention from the cohorts, where
// neither is stated; historic, residual and total are apart.
func TestPlanOfACustomer(t *testing.T) {
	s := newShop()
	// 40 customers of January 2025; of those, 20 come back 13 months later.
	for i := range 40 {
		id := fmt.Sprintf("c%02d", i)
		s.buy(id, date(t, "2025-01-01"), 10_000, "CNY", 4_000)
		if i < 20 {
			s.buy(id, date(t, "2026-02-02"), 10_000, "CNY", 4_000)
		}
	}
	s.buy("bare", date(t, "2025-01-02"), 10_000, "CNY", unknown)
	s.buy("young", date(t, "2026-02-01"), 10_000, "CNY", 1_000)
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	c.refresh(policy("2026-02-28"))
	v, err := c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/c00/valuation"})
	if err != nil {
		t.Fatal(err)
	}
	a := v.GetAssumptions()
	// 120.00 over 424 days, the first and the last included; 20 of 41 are still there.
	margin := int64(math.RoundToEven(12_000.0 / 424 * 365))
	if len(a.GetMarginMinorUnits()) != 5 || a.GetMarginMinorUnits()[0] != margin || a.GetMarginSource() != valuationv1.LifetimeSource_LIFETIME_SOURCE_HISTORY ||
		a.GetRetention() != 20.0/41 || a.GetRetentionSource() != valuationv1.LifetimeSource_LIFETIME_SOURCE_COHORTS || a.GetRetentionBasis() == "" {
		t.Errorf("assumptions %v, want a margin of %d", a, margin)
	}
	if v.GetHistoric().GetMinorUnits() != 12_000 || v.GetTotal().GetMinorUnits() != 12_000+v.GetResidual().GetMinorUnits() ||
		v.GetGeneration() != 1 || v.GetAsOf() == nil || !hasWarning(v.GetWarnings(), "RETENTION_OF_ALL") {
		t.Errorf("got %v", v)
	}
	rho, want := 20.0/41/1.1, 0.0
	for n := range 5 {
		want += float64(margin) * math.Pow(rho, float64(n+1))
	}
	if got := v.GetResidual().GetMinorUnits(); math.Abs(float64(got)-want) > 0.5 {
		t.Errorf("residual %d, want %g", got, want)
	}
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/bare/valuation"})
	wantError(t, err, codes.FailedPrecondition, "COST_UNKNOWN", "")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/young/valuation"})
	wantError(t, err, codes.FailedPrecondition, "HISTORY_TOO_SHORT", "")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/nobody/valuation"})
	wantError(t, err, codes.NotFound, "VALUATION_NOT_FOUND", "")
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/c00"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
	stated, err := c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/bare/valuation", MarginMinorUnits: []int64{700}, Retention: proto.Float64(0.5)})
	if err != nil || stated.GetHistoric() != nil || stated.GetTotal() != nil || !hasWarning(stated.GetWarnings(), "HISTORIC_UNKNOWN") {
		t.Errorf("stated: %v, %v", stated, err)
	}
	_, err = c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/c00/valuation", MarginMinorUnits: []int64{700}, CurrencyCode: "USD"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "currency_code")
}

// Too few customers, or too short a time, tell no retention.
func TestNoRetentionFromAFew(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, hansShop(t)), frozen)
	c.refresh(policy("2025-12-31"))
	_, err := c.plan(&valuationv1.ComputeLifetimeValueRequest{Name: "customers/hans/valuation"})
	wantError(t, err, codes.FailedPrecondition, "RETENTION_UNKNOWN", "")
}
