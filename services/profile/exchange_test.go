package profile_test

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func usd(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: "USD"} }

func usdRate(month, day int32, rate string) *profilev1.ExchangeRate {
	return &profilev1.ExchangeRate{
		FromCurrencyCode: "USD", ToCurrencyCode: "CNY", Rate: rate, Source: "test",
		StartDate: &date.Date{Year: 2026, Month: month, Day: day},
	}
}

func TestHistoriesInTheReportingCurrency(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		foreign := order("customers/a/orders/1", 0)
		foreign.Amount, foreign.Cost, foreign.OrderTime = usd(1000), usd(400), at(time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC))
		later := order("customers/a/orders/2", 0)
		later.Amount, later.OrderTime = usd(1000), at(time.Date(2026, 2, 15, 0, 0, 0, 0, time.UTC))
		if got := s.record(t, foreign, later, order("customers/a/orders/3", 555)); got[0]+got[1]+got[2] != "" {
			t.Fatal(got)
		}
		_, err := s.onlyHistory(t, "CNY")
		refused(t, "without a rate", err, codes.FailedPrecondition, "EXCHANGE_RATE_MISSING", "")

		set, err := s.rates.BatchSetExchangeRates(t.Context(), &profilev1.BatchSetExchangeRatesRequest{ExchangeRates: []*profilev1.ExchangeRate{
			usdRate(1, 1, "7"), usdRate(2, 1, "7.1234"), usdRate(2, 1, "8"), usdRate(2, 30, "8"), usdRate(3, 1, "0"),
		}})
		must(t, err)
		want := []string{"", "", "DUPLICATE_IN_REQUEST start_date", "INVALID_FIELD start_date", "INVALID_FIELD rate"}
		for i, reason := range reasons(set.GetStatuses()) {
			if reason != want[i] {
				t.Errorf("rate %d: %q, want %q", i, reason, want[i])
			}
		}
		got, err := s.onlyHistory(t, "CNY")
		must(t, err)
		same(t, "history", got, &profilev1.PurchaseHistory{
			CustomerId: "a", NetMinor: []int64{7000, 7123, 555}, CostMinor: []int64{2800, -1, -1}, DiscountMinor: []int64{-1, -1, -1},
			OrderTimeMs:   []int64{foreign.OrderTime.AsTime().UnixMilli(), later.OrderTime.AsTime().UnixMilli(), now.Add(-time.Hour).UnixMilli()},
			CurrencyCodes: []string{"CNY"},
		})
		listed, err := s.rates.ListExchangeRates(t.Context(), &profilev1.ListExchangeRatesRequest{FromCurrencyCode: "USD", ToCurrencyCode: "CNY", PageSize: 1})
		must(t, err)
		if len(listed.GetExchangeRates()) != 1 || listed.GetNextPageToken() == "" || listed.GetExchangeRates()[0].GetName() != "exchangeRates/USD-CNY-2026-01-01" {
			t.Errorf("first page: %v", listed)
		}
		_, err = s.rates.DeleteExchangeRate(t.Context(), &profilev1.DeleteExchangeRateRequest{Name: "exchangeRates/USD-CNY-2026-02-01"})
		must(t, err)
		converted, err := s.rates.ConvertMoney(t.Context(), &profilev1.ConvertMoneyRequest{Amount: usd(1000), CurrencyCode: "CNY"})
		must(t, err)
		if converted.GetAmount().GetMinorUnits() != 7000 || converted.GetExchangeRate().GetRate() != "7" {
			t.Errorf("after the deletion the rate before holds on: %v", converted)
		}
	})
}

// onlyHistory is the one purchase history that there is, in a currency.
func (s *suite) onlyHistory(t testing.TB, currency string) (*profilev1.PurchaseHistory, error) {
	t.Helper()
	stream, err := s.orders.StreamPurchaseHistories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{ReportingCurrencyCode: currency})
	must(t, err)
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	return answer.GetHistories()[0], nil
}

func TestOrderIsCorrected(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		const name = "customers/a/orders/1"
		if got := s.record(t, fullOrder(name)); got[0] != "" {
			t.Fatal(got)
		}
		update := func(o *profilev1.Order, fields ...string) (*profilev1.Order, error) {
			o.Name = name
			return s.orders.UpdateOrder(t.Context(), &profilev1.UpdateOrderRequest{Order: o, UpdateMask: &fieldmaskpb.FieldMask{Paths: fields}})
		}
		got, err := update(&profilev1.Order{Channel: "store", Etag: `"1"`}, "channel")
		must(t, err)
		want := fullOrder(name)
		want.Channel, want.NetAmount, want.CreateTime, want.UpdateTime, want.Etag = "store", cny(2933), at(now), got.GetUpdateTime(), `"2"`
		same(t, "with another channel", got, want)

		_, err = update(&profilev1.Order{Channel: "web", Etag: `"1"`})
		refused(t, "an old version", err, codes.Aborted, "ETAG_MISMATCH", "")
		_, err = update(&profilev1.Order{}, "returns")
		refused(t, "returns", err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
		_, err = update(&profilev1.Order{Amount: usd(5)}, "amount")
		refused(t, "one amount in another currency", err, codes.InvalidArgument, "CURRENCY_MISMATCH", "order.discount.currency_code")

		_, err = s.orders.ReturnOrder(t.Context(), &profilev1.ReturnOrderRequest{Name: name, Return: &profilev1.OrderReturn{
			ReturnId: "r", Refund: cny(2933), ReturnTime: at(now)}})
		must(t, err)
		_, err = update(&profilev1.Order{Amount: cny(2000)}, "amount")
		refused(t, "less than was refunded", err, codes.InvalidArgument, "REFUND_EXCEEDS_AMOUNT", "order.amount.minor_units")
		got, err = update(&profilev1.Order{Amount: cny(3933)}, "amount")
		must(t, err)
		if got.GetStatus() != profilev1.OrderStatus_ORDER_STATUS_PAID || got.GetNetAmount().GetMinorUnits() != 1000 {
			t.Errorf("an order partly refunded counts as paid again: %v", got)
		}
		_, err = s.orders.CancelOrder(t.Context(), &profilev1.CancelOrderRequest{Name: name})
		refused(t, "cancelling what came back", err, codes.FailedPrecondition, "ORDER_HAS_RETURNS", "")
	})
}

func TestCancelledOrderCountsNoMore(t *testing.T) {
	s := serve(t, onPebble(t))
	const name = "customers/a/orders/1"
	if got := s.record(t, fullOrder(name), order("customers/a/orders/2", 5)); got[0]+got[1] != "" {
		t.Fatal(got)
	}
	_, err := s.orders.CancelOrder(t.Context(), &profilev1.CancelOrderRequest{Name: name, Etag: `"9"`})
	refused(t, "an old version", err, codes.Aborted, "ETAG_MISMATCH", "")
	for range 2 {
		got, err := s.orders.CancelOrder(t.Context(), &profilev1.CancelOrderRequest{Name: name})
		must(t, err)
		if got.GetStatus() != profilev1.OrderStatus_ORDER_STATUS_CANCELLED || got.GetEtag() != `"2"` {
			t.Errorf("cancelled: %v", got)
		}
	}
	history, err := s.onlyHistory(t, "")
	must(t, err)
	if len(history.GetNetMinor()) != 1 || history.GetNetMinor()[0] != 5 {
		t.Errorf("history: %v", history)
	}
}
