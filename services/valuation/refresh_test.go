package valuation_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func TestRefreshOfAnEmptyBase(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := newShop()
			c := serve(t, engine.open(t), serveShop(t, s), frozen)
			got := c.refresh(policy("2025-05-31"))
			if got.GetCustomers() != 0 || got.GetOrders() != 0 || got.GetRepeatRate() != 0 || len(got.GetRfmCells()) != 0 || !warned(got, "NO_ORDERS") {
				t.Errorf("got %v", got)
			}
			wantParts(t, got)
			if got.GetCohorts() == nil || len(got.GetCohorts().GetCohorts()) != 0 || got.GetOrderValues().GetCount() != 0 || len(got.GetPurchaseIntervals().GetBins()) != 0 {
				t.Errorf("cohorts %v, values %v, intervals %v of nobody", got.GetCohorts(), got.GetOrderValues(), got.GetPurchaseIntervals())
			}
			if all := c.list("", 10); len(all) != 0 {
				t.Errorf("%d valuations", len(all))
			}
			// All orders lie behind the date.
			s.buy("a", time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC), 5, "CNY", unknown)
			if got := c.refresh(policy("2025-05-31")); got.GetCustomers() != 0 || !warned(got, "NO_ORDERS") {
				t.Errorf("an order behind the date counts: %v", got)
			}
			if got := c.refresh(policy("2025-06-01")); got.GetCustomers() != 1 || got.GetGeneration() != 3 || warned(got, "NO_ORDERS") {
				t.Errorf("an order on the date does not count: %v", got)
			}
		})
	}
}

func TestPolicyIsFilledInAndKept(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, smallShop()), frozen)
	got := c.refresh(policy("2025-05-31")).GetPolicy()
	want := &valuationv1.ValuationPolicy{
		AsOfDate: "2025-05-31", TimeZone: "UTC", CurrencyCode: "CNY",
		RfmTies: valuationv1.RfmTies_RFM_TIES_SHARED, RfmThreshold: valuationv1.RfmThreshold_RFM_THRESHOLD_MEAN,
	}
	defaults := got.GetPrediction()
	if defaults.GetHorizonDays() != 365 || defaults.GetValueHorizonDays() != 1095 || defaults.GetAnnualDiscountRate() != 0.1 || got.GetAlerts().GetMaxAlerts() != 1000 {
		t.Errorf("predictions by %v, alerts by %v", defaults, got.GetAlerts())
	}
	want.Prediction, want.Alerts = defaults, got.GetAlerts()
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	asked := &valuationv1.ValuationPolicy{
		AsOfDate: "2025-05-31", TimeZone: "Asia/Shanghai", CurrencyCode: "USD",
		RfmTies: valuationv1.RfmTies_RFM_TIES_ORDINAL, RfmThreshold: valuationv1.RfmThreshold_RFM_THRESHOLD_MEDIAN,
	}
	asked.Prediction, asked.Alerts = defaults, want.GetAlerts()
	if got := c.refresh(asked).GetPolicy(); !proto.Equal(got, asked) {
		t.Errorf("got %v, want %v", got, asked)
	}
}

func TestMixedCurrencies(t *testing.T) {
	s := newShop()
	at := time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		s.buy("local", at, 100, "CNY", 40)
		s.buy(fmt.Sprint("abroad", i), at, 1_000_000, "JPY", unknown)
	}
	s.buy("local", at, 7, "USD", unknown)
	s.buy("abroad0", at, 50, "CNY", unknown)
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	got := c.refresh(policy("2025-05-31")) // 4 orders in CNY, 3 in JPY, 1 in USD
	if got.GetPolicy().GetCurrencyCode() != "CNY" {
		t.Errorf("the commonest currency is %s, want CNY", got.GetPolicy().GetCurrencyCode())
	}
	if r := got.GetRevenue(); len(r) != 3 || r[0].GetCurrencyCode() != "CNY" || r[0].GetMinorUnits() != 350 || r[1].GetMinorUnits() != 3_000_000 || r[2].GetMinorUnits() != 7 {
		t.Errorf("revenue %v", r)
	}
	wantParts(t, got)
	if !warned(got, "MIXED_CURRENCIES") || !strings.Contains(fmt.Sprint(got.GetWarnings()), "3 in JPY, 1 in USD") {
		t.Errorf("warnings %v", got.GetWarnings())
	}
	// Everybody is in the cohort; values and revenue are those of the currency.
	if d := got.GetOrderValues(); d.GetCount() != 4 || d.GetMinimum() != 50 || d.GetMaximum() != 100 {
		t.Errorf("order values %v", d)
	}
	if may := got.GetCohorts().GetCohorts()[0]; may.GetCustomers() != 4 || may.GetActiveCustomers()[0] != 4 || may.GetRevenueMinorUnits()[0] != 350 {
		t.Errorf("cohort %v", may)
	}
	if top := got.GetConcentration()[0]; top.GetCustomers() != 1 || top.GetRevenueShare() != 300.0/350 {
		t.Errorf("concentration %v", top)
	}
	v, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: "customers/abroad1/valuation"})
	if err != nil {
		t.Fatal(err)
	}
	if r := v.GetRevenue(); len(r) != 2 || r[0].GetMinorUnits() != 0 || r[1].GetMinorUnits() != 1_000_000 || v.GetAverageOrder() != nil || v.GetHistoricValue() != nil {
		t.Errorf("without an order in the currency: %v", v)
	}
	inYen := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "2025-05-31", CurrencyCode: "JPY"})
	if r := inYen.GetRevenue()[0]; r.GetCurrencyCode() != "JPY" || r.GetMinorUnits() != 3_000_000 || !warned(inYen, "MIXED_CURRENCIES") {
		t.Errorf("in JPY: %v", inYen)
	}
	if first := c.list("revenue desc", 1)[0]; first.GetCustomerId() != "abroad0" || first.GetRevenue()[0].GetCurrencyCode() != "JPY" {
		t.Errorf("the first by revenue in JPY is %v", first)
	}
	none := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "2025-05-31", CurrencyCode: "EUR"})
	if none.GetRevenue()[0].GetMinorUnits() != 0 || none.GetCustomers() != 4 || none.GetGroups()[0].GetRevenueShare() != 0 ||
		none.GetOrderValues().GetCount() != 0 || none.GetConcentration()[2].GetRevenueShare() != 0 || none.GetCohorts().GetCohorts()[0].GetCustomers() != 4 {
		t.Errorf("in a currency without orders: %v", none)
	}
}

// TestDaysOfTheZone: the same orders lie on other days elsewhere.
func TestDaysOfTheZone(t *testing.T) {
	s := newShop()
	for _, at := range []string{
		"2025-03-08T15:59:59Z", "2025-03-08T16:00:00Z", // either side of midnight in Shanghai
		"2025-03-09T04:59:59Z", "2025-03-09T05:00:00Z", // of midnight in New York, before summer time
		"2025-03-10T03:59:59Z", "2025-03-10T04:00:00Z", // and in it: the day had 23 hours
	} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		s.buy("a", when, 1, "CNY", unknown)
	}
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	for _, test := range []struct {
		zone, date            string
		orders, days, recency int64
	}{
		{"", "2025-03-10", 6, 3, 0},                 // 8th: 2, 9th: 2, 10th: 2
		{"Asia/Shanghai", "2025-03-10", 6, 3, 0},    // 8th: 1, 9th: 3, 10th: 2
		{"Asia/Shanghai", "2025-03-08", 1, 1, 0},    // to the second
		{"America/New_York", "2025-03-09", 5, 2, 0}, // 8th: 3, 9th: 2
		{"America/New_York", "2025-03-10", 6, 3, 0},
		{"America/New_York", "2025-04-10", 6, 3, 31},
		{"America/New_York", "2025-03-08", 3, 1, 0},
	} {
		p := policy(test.date)
		p.TimeZone = test.zone
		c.refresh(p)
		v, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: "customers/a/valuation"})
		if err != nil {
			t.Fatal(err)
		}
		if v.GetOrders() != test.orders || v.GetOrderDays() != test.days || v.GetRecencyDays() != test.recency {
			t.Errorf("%s, %s: %d orders on %d days, the last %d days ago; want %+v",
				test.zone, test.date, v.GetOrders(), v.GetOrderDays(), v.GetRecencyDays(), test)
		}
	}
}

func TestBadPolicies(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	for name, test := range map[string]struct {
		policy *valuationv1.ValuationPolicy
		field  string
	}{
		"missing":           {nil, "policy"},
		"no date":           {&valuationv1.ValuationPolicy{}, "policy.as_of_date"},
		"no such date":      {policy("2025-02-30"), "policy.as_of_date"},
		"a time":            {policy("2025-02-20T00:00:00Z"), "policy.as_of_date"},
		"the future":        {policy("9999-12-31"), "policy.as_of_date"},
		"no such zone":      {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", TimeZone: "CST+8"}, "policy.time_zone"},
		"the server's zone": {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", TimeZone: "Local"}, "policy.time_zone"},
		"long zone":         {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", TimeZone: strings.Repeat("x", 1<<16)}, "policy.time_zone"},
		"small letters":     {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", CurrencyCode: "cny"}, "policy.currency_code"},
		"no such currency":  {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", CurrencyCode: "ABC"}, "policy.currency_code"},
		"unknown ties":      {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", RfmTies: 9}, "policy.rfm_ties"},
		"unknown threshold": {&valuationv1.ValuationPolicy{AsOfDate: "2025-01-01", RfmThreshold: -1}, "policy.rfm_threshold"},
	} {
		_, err := c.RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{Policy: test.policy})
		if code, _, field := reason(err); code != codes.InvalidArgument || field != test.field {
			t.Errorf("%s: %v, field %q; want %s", name, err, field, test.field)
		}
	}
	_, err := c.RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{Policy: policy("2025-01-01"), RequestId: strings.Repeat("x", 256)})
	if code, _, field := reason(err); code != codes.InvalidArgument || field != "request_id" {
		t.Errorf("a long request_id: %v", err)
	}
}

func TestRequestIDMakesOneOperation(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, smallShop()), frozen)
	request := &valuationv1.RefreshValuationsRequest{Policy: policy("2025-05-31"), RequestId: "nightly"}
	first, err := c.RefreshValuations(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.RefreshValuations(t.Context(), request)
	if err != nil || again.GetName() != first.GetName() {
		t.Errorf("the same request made %s and %s, %v", first.GetName(), again.GetName(), err)
	}
	if got := c.result(c.await(first.GetName())); got.GetGeneration() != 1 {
		t.Errorf("generation %d, want 1", got.GetGeneration())
	}
	request.Policy = policy("2025-05-30")
	_, err = c.RefreshValuations(t.Context(), request)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
}

// TestWhatCannotBeValued: the operation fails, naming the customer, and what was
// published before stays.
func TestWhatCannotBeValued(t *testing.T) {
	s := smallShop()
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	c.refresh(policy("2025-05-31"))
	at := time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)
	fails := func(why string) {
		t.Helper()
		op := c.await(c.start(policy("2025-05-31")).GetName())
		err := status.FromProto(op.GetError()).Err()
		if _, got, _ := reason(err); got != why || !strings.Contains(fmt.Sprint(err), `"whale"`) {
			t.Errorf("error %v, want %s naming the customer", err, why)
		}
		if got := c.list("", 1000); len(got) != len(oddIDs) || got[0].GetGeneration() != 1 {
			t.Errorf("the valuations of before are gone: %d", len(got))
		}
	}
	s.buy("whale", at, math.MaxInt64, "CNY", unknown)
	fails("MONEY_OVERFLOW") // of all customers
	s.buy("whale", at, math.MaxInt64, "CNY", unknown)
	fails("MONEY_OVERFLOW") // of the one
	s.put(&profilev1.PurchaseHistory{CustomerId: "whale", OrderTimeMs: []int64{1, 2}, NetMinor: []int64{1}, CostMinor: []int64{1}, CurrencyCodes: []string{"CNY"}})
	fails("HISTORY_MALFORMED")
}

// outOfOrder is a profile that does not keep to the order of its contract.
type outOfOrder struct {
	profilev1.UnimplementedOrderServiceServer
	ids []string
}

func (o outOfOrder) StreamPurchaseHistories(_ *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	for _, id := range o.ids {
		h := &profilev1.PurchaseHistory{CustomerId: id, OrderTimeMs: []int64{1e12}, NetMinor: []int64{1}, CostMinor: []int64{1}, CurrencyCodes: []string{"CNY"}}
		if err := stream.Send(&profilev1.StreamPurchaseHistoriesResponse{Histories: []*profilev1.PurchaseHistory{h}}); err != nil {
			return err
		}
	}
	return nil
}

func TestHistoriesMustComeInOrder(t *testing.T) {
	for _, ids := range [][]string{{"b", "a"}, {"a", "a"}, {"a", "客"}} { // escaped, 客 begins with %
		conn, _ := run(t, func(r grpc.ServiceRegistrar) { profilev1.RegisterOrderServiceServer(r, outOfOrder{ids: ids}) })
		c := serve(t, openPebble(t), conn, frozen)
		op := c.await(c.start(policy("2025-05-31")).GetName())
		if _, why, _ := reason(status.FromProto(op.GetError()).Err()); why != "HISTORY_MALFORMED" {
			t.Errorf("customers in the order %q: %v", ids, op.GetError())
		}
	}
}

// TestCountsAgreeWhileOrdersChange: orders come in while a refresh is reading.
func TestCountsAgreeWhileOrdersChange(t *testing.T) {
	s := smallShop()
	at := time.Date(2025, 5, 2, 0, 0, 0, 0, time.UTC)
	s.setBefore(func(_, message int) error {
		for _, id := range append(slices.Clone(oddIDs), fmt.Sprint("new", message)) {
			s.buy(id, at, 10, "CNY", unknown)
		}
		return nil
	})
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	for range 3 {
		summary := c.refresh(policy("2025-05-31"))
		wantParts(t, summary)
		var orders, revenue int64
		cells := map[string]int64{}
		all := c.list("customer_id", 1000)
		for _, v := range all {
			orders += v.GetOrders()
			revenue += v.GetRevenue()[0].GetMinorUnits()
			cells[v.GetRfm().GetCell()]++
		}
		if int64(len(all)) != summary.GetCustomers() || orders != summary.GetOrders() || revenue != summary.GetRevenue()[0].GetMinorUnits() {
			t.Errorf("%d customers with %d orders for %d; the summary says %v", len(all), orders, revenue, summary)
		}
		for cell, n := range cells {
			if summary.GetRfmCells()[cell] != n {
				t.Errorf("cell %s has %d customers, the summary says %d", cell, n, summary.GetRfmCells()[cell])
			}
		}
	}
}
