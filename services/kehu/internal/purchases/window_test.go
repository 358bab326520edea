package purchases_test

import (
	"reflect"
	"testing"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/purchases"
)

func at(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func day(t *testing.T, date string) int {
	t.Helper()
	d, err := purchases.ParseDay("date", date)
	if err != nil {
		t.Fatal(err)
	}
	if purchases.DateOf(d) != date {
		t.Fatalf("%s came back as %s", date, purchases.DateOf(d))
	}
	return d
}

func TestHistoryOfOrders(t *testing.T) {
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	w := purchases.Window{Zone: shanghai, CalibrationEnd: day(t, "2026-03-31"), End: day(t, "2026-06-30")}
	orders := &profilev1.PurchaseHistory{
		CustomerId: "c", CurrencyCodes: []string{"CNY"},
		OrderTimeMs: []int64{
			at("2026-04-01T10:00:00Z"), // hold-out, not in the order of time
			at("2026-01-01T10:00:00Z"), // the first day
			at("2026-01-01T15:00:00Z"), // the same day in Shanghai: 23:00
			at("2026-01-01T16:30:00Z"), // the next: 00:30
			at("2026-03-31T15:59:00Z"), // the last day of the calibration
			at("2026-03-31T16:00:00Z"), // the first after it
			at("2026-07-01T00:00:00Z"), // behind the end
		},
		NetMinor: []int64{1, 2, 4, 8, 16, 32, 64},
	}
	c, bought, err := w.Of(orders)
	if err != nil || !bought {
		t.Fatal(bought, err)
	}
	want := purchases.Customer{
		ID: "c", Currency: "CNY", Spend: 8 + 16, History: purchases.History{Repeats: 2, Last: 89, Age: 89, Held: 1},
		RepeatDays: []int{day(t, "2026-01-02"), day(t, "2026-03-31"), day(t, "2026-04-01")},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("%+v, want %+v", c, want)
	}

	w.CalibrationEnd = day(t, "2025-12-31")
	if _, bought, err := w.Of(orders); bought || err != nil {
		t.Errorf("a customer before the first order: %v, %v", bought, err)
	}
}

func TestCurrenciesAreNotAddedUp(t *testing.T) {
	w := purchases.Window{Zone: time.UTC, CalibrationEnd: day(t, "2026-03-31"), End: day(t, "2026-03-31")}
	orders := &profilev1.PurchaseHistory{
		CurrencyCodes: []string{"CNY", "USD"}, Currency: []uint32{0, 1},
		OrderTimeMs: []int64{at("2026-01-01T10:00:00Z"), at("2026-02-01T10:00:00Z")}, NetMinor: []int64{1, 2},
	}
	if c, _, err := w.Of(orders); err != nil || !c.Mixed || c.Repeats != 1 {
		t.Errorf("%+v, %v", c, err)
	}
	orders.Currency[1] = 2
	if _, _, err := w.Of(orders); err == nil {
		t.Error("a currency that there is not was taken")
	}
	orders.Currency, orders.NetMinor = nil, orders.NetMinor[:1]
	if _, _, err := w.Of(orders); err == nil {
		t.Error("columns of different lengths were taken")
	}
}

func TestDaysBeforeTheEpoch(t *testing.T) {
	if got := purchases.DayOf(time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), time.UTC); got != -1 {
		t.Errorf("the day before is %d", got)
	}
}
