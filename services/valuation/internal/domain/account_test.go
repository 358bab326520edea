package domain

import (
	"fmt"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

func asOf(t testing.TB, date, zone string) AsOf {
	t.Helper()
	p := Policy{AsOfDate: date, Zone: zone}
	a, err := p.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func drawHistory(t *rapid.T, codes []string) *History {
	h := &History{Customer: rapid.StringMatching(`[a-z0-9客😀][a-z0-9客😀 -]{0,8}[a-z]`).Draw(t, "customer"), Codes: codes}
	mixed := rapid.Bool().Draw(t, "mixed")
	for range rapid.IntRange(0, 12).Draw(t, "orders") {
		at := time.Date(2024, 12, 20, 0, 0, 0, 0, time.UTC).UnixMilli() + rapid.Int64Range(0, 20*dayMS).Draw(t, "at")
		h.TimeMS = append(h.TimeMS, at)
		h.Net = append(h.Net, rapid.Int64Range(0, 9999).Draw(t, "net"))
		h.Cost = append(h.Cost, rapid.Int64Range(Unknown, 5000).Draw(t, "cost"))
		if mixed {
			h.Currency = append(h.Currency, rapid.Uint32Range(0, uint32(len(codes)-1)).Draw(t, "currency"))
		}
	}
	return h
}

// TestValuationIsWhatTheOrdersSay compares with sums taken one by one.
func TestValuationIsWhatTheOrdersSay(t *testing.T) {
	const zoneName = "America/New_York"
	z := zone(t, zoneName)
	day := asOf(t, "2025-01-04", zoneName)
	b := NewBookkeeper(day)
	var account Account
	var got Valuation
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, []string{"USD", "CNY", "USD", "JPY"}) // a code may come twice
		currency := rapid.SampledFrom([]string{"USD", "CNY", "EUR"}).Draw(t, "in")
		counts, err := b.Account(h, &account)
		if err != nil {
			t.Fatal(err)
		}
		var orders, inCurrency, known, revenue, knownRevenue, cost int64
		days, sums := map[string]bool{}, map[string]int64{currency: 0}
		last := time.Time{}
		for i, ms := range h.TimeMS {
			at := time.UnixMilli(ms).In(z)
			if at.Format(time.DateOnly) > "2025-01-04" {
				continue
			}
			orders++
			days[at.Format(time.DateOnly)] = true
			sums[h.code(i)] += h.Net[i]
			if at.After(last) {
				last = at
			}
			if h.code(i) != currency {
				continue
			}
			inCurrency++
			revenue += h.Net[i]
			if h.Cost[i] != Unknown {
				known++
				knownRevenue += h.Net[i]
				cost += h.Cost[i]
			}
		}
		if counts != (orders > 0) {
			t.Fatalf("counts %v with %d orders", counts, orders)
		}
		if !counts {
			return
		}
		account.Value(currency, Scores{}, &got)
		asOfDay := time.Date(2025, 1, 4, 0, 0, 0, 0, time.UTC)
		lastDay, err := time.Parse(time.DateOnly, last.Format(time.DateOnly))
		if err != nil {
			t.Fatal(err)
		}
		if got.Orders != orders || got.Days != int64(len(days)) || got.LastMS != last.UnixMilli() ||
			got.RecencyDays != int64(asOfDay.Sub(lastDay)/(24*time.Hour)) {
			t.Fatalf("got %+v, want %d orders on %d days, the last %s", got, orders, len(days), last)
		}
		if got.Revenue[0].Currency != currency || len(got.Revenue) != len(sums) {
			t.Fatalf("revenue %v, want %v, %s first", got.Revenue, sums, currency)
		}
		for i, m := range got.Revenue {
			if m.Minor != sums[m.Currency] || i > 1 && m.Currency <= got.Revenue[i-1].Currency {
				t.Fatalf("revenue %v, want %v in order", got.Revenue, sums)
			}
		}
		if got.Historic.Known != (known > 0) || got.Historic.Minor != knownRevenue-cost {
			t.Fatalf("historic value %+v, want %d of %d orders", got.Historic, knownRevenue-cost, known)
		}
		if got.Coverage < 0 || got.Coverage > 1 || math.Abs(got.Coverage*float64(revenue)-float64(knownRevenue)) > 1e-6 {
			t.Fatalf("coverage %g of %d, want %d", got.Coverage, revenue, knownRevenue)
		}
		if got.Average.Known != (inCurrency > 0) || inCurrency > 0 && got.Average.Minor != int64(math.Floor(float64(revenue)/float64(inCurrency)+0.5)) {
			t.Fatalf("average %+v of %d in %d orders", got.Average, revenue, inCurrency)
		}
	})
}

func TestFreeOrdersWithKnownCostAreCovered(t *testing.T) {
	b := NewBookkeeper(asOf(t, "2025-01-04", "UTC"))
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	var account Account
	var v Valuation
	h := &History{Customer: "a", TimeMS: []int64{at, at}, Net: []int64{0, 0}, Cost: []int64{5, 7}, Codes: []string{"CNY"}}
	if _, err := b.Account(h, &account); err != nil {
		t.Fatal(err)
	}
	if account.Value("CNY", Scores{}, &v); v.Historic != Known(-12) || v.Coverage != 1 {
		t.Errorf("historic value %+v, coverage %g; want -12 and 1", v.Historic, v.Coverage)
	}
	h.Cost[1] = Unknown
	if _, err := b.Account(h, &account); err != nil {
		t.Fatal(err)
	}
	if account.Value("CNY", Scores{}, &v); v.Historic != Known(-5) || v.Coverage != 0 {
		t.Errorf("historic value %+v, coverage %g; want -5 and 0", v.Historic, v.Coverage)
	}
}

func TestMalformedHistories(t *testing.T) {
	b := NewBookkeeper(asOf(t, "2025-01-04", "UTC"))
	good := func() *History {
		return &History{Customer: "a", TimeMS: []int64{1e12, 1e12}, Net: []int64{1, 2}, Cost: []int64{1, -1}, Currency: []uint32{0, 1}, Codes: []string{"CNY", "USD"}}
	}
	var account Account
	if _, err := b.Account(good(), &account); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*History){
		"no customer":       func(h *History) { h.Customer = "" },
		"slash":             func(h *History) { h.Customer = "a/b" },
		"short amounts":     func(h *History) { h.Net = h.Net[:1] },
		"short costs":       func(h *History) { h.Cost = nil },
		"short currencies":  func(h *History) { h.Currency = h.Currency[:1] },
		"no codes":          func(h *History) { h.Codes, h.Currency = nil, nil },
		"unknown currency":  func(h *History) { h.Currency[0] = math.MaxUint32 },
		"odd code":          func(h *History) { h.Codes[1] = "us$" },
		"long code":         func(h *History) { h.Codes[1] = "USDX" },
		"negative amount":   func(h *History) { h.Net[1] = -1 },
		"negative cost":     func(h *History) { h.Cost[1] = -2 },
		"before the ages":   func(h *History) { h.TimeMS[0] = math.MinInt64 },
		"behind the ages":   func(h *History) { h.TimeMS[0] = math.MaxInt64 },
		"behind year 9999":  func(h *History) { h.TimeMS[0] = maxTimeMS + 1 },
		"columns too short": func(h *History) { h.TimeMS = nil },
	} {
		h := good()
		spoil(h)
		_, err := b.Account(h, &account)
		if f, ok := fault.As(err); !ok || f.Reason != "HISTORY_MALFORMED" || f.Metadata["customer"] != h.Customer {
			t.Errorf("%s: error %v, want HISTORY_MALFORMED naming the customer", name, err)
		}
	}
}

func TestSumsThatDoNotFitNameTheCustomer(t *testing.T) {
	b := NewBookkeeper(asOf(t, "2025-01-04", "UTC"))
	var account Account
	for name, h := range map[string]*History{
		"revenue": {Net: []int64{math.MaxInt64, 1}, Cost: []int64{-1, -1}},
		"cost":    {Net: []int64{0, 0}, Cost: []int64{math.MaxInt64, 1}},
	} {
		h.Customer, h.TimeMS, h.Codes = "whale", []int64{1e12, 1e12}, []string{"CNY"}
		_, err := b.Account(h, &account)
		if f, ok := fault.As(err); !ok || f.Reason != "MONEY_OVERFLOW" || f.Kind != fault.OutOfRange || f.Metadata["customer"] != "whale" {
			t.Errorf("%s: error %v, want MONEY_OVERFLOW naming the customer", name, err)
		}
	}
	// The largest sum that fits does, and its mean is right.
	h := &History{Customer: "whale", TimeMS: []int64{1e12, 1e12}, Net: []int64{math.MaxInt64 - 1, 1}, Cost: []int64{-1, -1}, Codes: []string{"CNY"}}
	if _, err := b.Account(h, &account); err != nil {
		t.Fatal(err)
	}
	var v Valuation
	if account.Value("CNY", Scores{}, &v); v.Average.Minor != math.MaxInt64/2+1 {
		t.Errorf("the mean of two that make %d is %d", int64(math.MaxInt64), v.Average.Minor)
	}
	var tally Tally
	if err := tally.Add(&account); err != nil {
		t.Fatal(err)
	}
	account.Customer = "the last straw"
	if err := tally.Add(&account); fault.ReasonOf(err) != "MONEY_OVERFLOW" {
		t.Errorf("the whole base: error %v, want MONEY_OVERFLOW", err)
	}
}

func TestCustomerIDs(t *testing.T) {
	long := fmt.Sprintf("%0*d", ident.MaxLength+1, 0)
	for id, good := range map[string]bool{
		"c1": true, "客户": true, "😀": true, "a b": true, "a:b$": true, long[1:]: true, "a..b": true,
		"": false, "a/b": false, "50%": false, ".": false, "..": false, " a": false, "a ": false,
		"a\x00b": false, "a\nb": false, "\xff": false, long: false,
	} {
		if f := ident.Check("name", id); (f == nil) != good {
			t.Errorf("id %q: %v", id, f)
		}
	}
}
