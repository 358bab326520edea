package domain

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
)

func soundOrder() Order {
	return Order{Customer: "c", ID: "o", Time: today.Add(-24 * time.Hour), Currency: "CNY", Amount: 1000}
}

func TestOrdersThatAreSound(t *testing.T) {
	for name, change := range map[string]func(*Order){
		"as it is":       func(*Order) {},
		"for nothing":    func(o *Order) { o.Amount = 0 },
		"the most":       func(o *Order) { o.Amount = MaxMinor },
		"yen":            func(o *Order) { o.Currency = "JPY" },
		"first instant":  func(o *Order) { o.Time = earliestOrder },
		"a day ahead":    func(o *Order) { o.Time = today.AddDate(0, 0, 1) },
		"leap day":       func(o *Order) { o.Time = time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC) },
		"below the cost": func(o *Order) { o.Cost = Known(5000) },
		"known to be 0":  func(o *Order) { o.Cost, o.Discount = Known(0), Known(0) },
		"odd quantity": func(o *Order) {
			o.Items = []Item{{SKU: "x", QuantityMilli: 0}, {SKU: "x", QuantityMilli: math.MaxInt64}}
		},
		"a thousand rows": func(o *Order) { o.Items = slices.Repeat([]Item{{SKU: "x"}}, MaxItems) },
	} {
		o := soundOrder()
		change(&o)
		if err := o.Normalize(today); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOrdersThatAreWrong(t *testing.T) {
	for field, change := range map[string]func(*Order){
		"name":                          func(o *Order) { o.ID = "a/b" },
		"order_time":                    func(o *Order) { o.Time = time.Unix(0, 0) },
		"amount.currency_code":          func(o *Order) { o.Currency = "XYZ" },
		"amount.minor_units":            func(o *Order) { o.Amount = -1 },
		"discount.minor_units":          func(o *Order) { o.Discount = Known(math.MinInt64) },
		"cost.minor_units":              func(o *Order) { o.Cost = Known(math.MaxInt64) },
		"channel":                       func(o *Order) { o.Channel = "a\x00" },
		"payment_method":                func(o *Order) { o.PaymentMethod = string(make([]rune, 65)) },
		"status":                        func(o *Order) { o.Status = "lost" },
		"items":                         func(o *Order) { o.Items = make([]Item, MaxItems+1) },
		"items[1].sku":                  func(o *Order) { o.Items = []Item{{SKU: "x"}, {}} },
		"items[0].quantity_milli":       func(o *Order) { o.Items = []Item{{SKU: "x", QuantityMilli: -1}} },
		"items[0].amount.minor_units":   func(o *Order) { o.Items = []Item{{SKU: "x", Amount: Known(-1)}} },
		"items[0].discount.minor_units": func(o *Order) { o.Items = []Item{{SKU: "x", Discount: Known(MaxMinor + 1)}} },
	} {
		o := soundOrder()
		change(&o)
		if got := fieldsAtFault(o.Normalize(today)); !slices.Equal(got, []string{field}) {
			t.Errorf("%s: got %q", field, got)
		}
	}
	for _, code := range []string{"", "cny", "CN", "XXXX", "￥", "Cny"} {
		if CheckCurrency("currency", code) == nil {
			t.Errorf("currency %q passes", code)
		}
	}
	for _, at := range []time.Time{{}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), today.AddDate(0, 0, 1).Add(time.Second), time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)} {
		o := soundOrder()
		o.Time = at
		if o.Normalize(today) == nil {
			t.Errorf("time %s passes", at)
		}
	}
}

func TestReturnsAreRefusedWithAReason(t *testing.T) {
	sound := Return{ID: "r", Refund: 400, Time: today}
	for reason, try := range map[string]func(*Order, *Return){
		"ORDER_NOT_PAID":        func(o *Order, _ *Return) { o.Status = Pending },
		"REFUND_EXCEEDS_AMOUNT": func(_ *Order, r *Return) { r.Refund = 1001 },
		"RETURN_ID_REUSED":      func(o *Order, r *Return) { o.Returns = []Return{{ID: "r", Refund: 399, Time: today}} },
		"INVALID_FIELD":         func(_ *Order, r *Return) { r.Refund = 0 },
	} {
		o, r := soundOrder(), sound
		try(&o, &r)
		before := o
		if changed, err := o.TakeBack(r, today); changed || fault.ReasonOf(err) != reason || len(o.Returns) != len(before.Returns) {
			t.Errorf("%s: %t, %v", reason, changed, err)
		}
	}
	for name, spoil := range map[string]func(*Return){
		"return.return_id":   func(r *Return) { r.ID = " " },
		"return.return_time": func(r *Return) { r.Time = soundOrder().Time.Add(-time.Second) },
		"return.reason":      func(r *Return) { r.Reason = "\x00" },
	} {
		o, r := soundOrder(), sound
		spoil(&r)
		_, err := o.TakeBack(r, today)
		if got := fieldsAtFault(err); !slices.Equal(got, []string{name}) {
			t.Errorf("%s: got %q", name, got)
		}
	}
	whole := soundOrder()
	whole.Status = Returned
	if _, err := whole.TakeBack(sound, today); fault.ReasonOf(err) != "REFUND_EXCEEDS_AMOUNT" {
		t.Errorf("an order wholly returned: %v", err)
	}
}

func TestReturns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := soundOrder()
		o.Amount = rapid.Int64Range(1, 100).Draw(t, "amount")
		taken := map[string]Return{}
		for range rapid.IntRange(0, 20).Draw(t, "returns") {
			r := Return{
				ID:     rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id"),
				Refund: rapid.Int64Range(1, 60).Draw(t, "refund"),
				Time:   o.Time.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hours")) * time.Hour),
			}
			left := o.Net()
			known, again := taken[r.ID]
			changed, err := o.TakeBack(r, today)
			switch {
			case again && known == r:
				if changed || err != nil {
					t.Fatalf("the same return again: %t, %v", changed, err)
				}
			case again:
				if fault.ReasonOf(err) != "RETURN_ID_REUSED" {
					t.Fatalf("another return with the id of one taken: %v", err)
				}
			case r.Refund > left:
				if fault.ReasonOf(err) != "REFUND_EXCEEDS_AMOUNT" {
					t.Fatalf("refund of %d with %d left: %v", r.Refund, left, err)
				}
			default:
				if !changed || err != nil {
					t.Fatalf("refund of %d with %d left: %t, %v", r.Refund, left, changed, err)
				}
				taken[r.ID] = r
			}
			checkReturns(t, &o, taken)
		}
	})
}

func checkReturns(t *rapid.T, o *Order, taken map[string]Return) {
	var sum int64
	for _, r := range taken {
		sum += r.Refund
	}
	oldestFirst := slices.IsSortedFunc(o.Returns, func(a, b Return) int { return a.Time.Compare(b.Time) })
	if len(o.Returns) != len(taken) || o.Refunded() != sum || o.Net() != o.Amount-sum || o.Net() < 0 || !oldestFirst {
		t.Fatalf("after %v: %+v", taken, o)
	}
	if want := sum == o.Amount; (o.EffectiveStatus() == Returned) != want {
		t.Fatalf("status is %q with %d of %d refunded", o.EffectiveStatus(), sum, o.Amount)
	}
}

func TestCorrectionKeepsReturns(t *testing.T) {
	o := soundOrder()
	o.Version = 4
	if _, err := o.TakeBack(Return{ID: "r", Refund: 1000, Time: today}, today); err != nil {
		t.Fatal(err)
	}
	raised := soundOrder()
	raised.Amount, raised.Status = 1500, Paid
	got, err := o.Correct(&raised)
	if err != nil || got.Net() != 500 || got.EffectiveStatus() != Paid || got.Version != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	for field, change := range map[string]func(*Order){
		"amount.minor_units":   func(o *Order) { o.Amount = 999 },
		"amount.currency_code": func(o *Order) { o.Currency = "USD" },
		"status":               func(o *Order) { o.Status = Cancelled },
	} {
		other := soundOrder()
		change(&other)
		_, err := o.Correct(&other)
		if got := fieldsAtFault(err); !slices.Equal(got, []string{field}) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
