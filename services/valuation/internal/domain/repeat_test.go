package domain

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestRepeatsAreWhatTheOrdersSay: what models are fitted to, against sums taken
// one by one.
func TestRepeatsAreWhatTheOrdersSay(t *testing.T) {
	const zoneName = "America/New_York"
	z := zone(t, zoneName)
	day := asOf(t, "2025-01-04", zoneName)
	b := NewBookkeeper(day)
	var account Account
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, []string{"USD", "CNY", "USD", "JPY"})
		counts, err := b.Account(h, &account)
		if err != nil {
			t.Fatal(err)
		}
		if !counts {
			return
		}
		number := func(ms int64) int64 {
			y, m, d := time.UnixMilli(ms).In(z).Date()
			return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
		}
		var days []int64
		for _, ms := range h.TimeMS {
			if ms < day.EndMS {
				days = append(days, number(ms))
			}
		}
		slices.Sort(days)
		days = slices.Compact(days)
		repeatDays, repeatRevenue := map[string]map[int64]bool{}, map[string]int64{}
		for i, ms := range h.TimeMS {
			if ms >= day.EndMS || number(ms) == days[0] {
				continue
			}
			code := h.code(i)
			if repeatDays[code] == nil {
				repeatDays[code] = map[int64]bool{}
			}
			repeatDays[code][number(ms)] = true
			repeatRevenue[code] += h.Net[i]
		}
		for _, p := range account.Purses {
			if p.RepeatDays != int64(len(repeatDays[p.Currency])) || p.RepeatRevenue != repeatRevenue[p.Currency] {
				t.Fatalf("%s: %d repeat days with %d, want %d with %d", p.Currency, p.RepeatDays, p.RepeatRevenue, len(repeatDays[p.Currency]), repeatRevenue[p.Currency])
			}
		}
		var gaps []int64
		for i := 1; i < len(days); i++ {
			gaps = append(gaps, days[i]-days[i-1])
		}
		slices.Sort(gaps)
		var halves int64
		if n := len(gaps); n > 0 {
			halves = gaps[(n-1)/2] + gaps[n/2]
		}
		if account.GapHalves != halves || account.AgeDays != day.Day-days[0] || account.AgeDays-account.RecencyDays != days[len(days)-1]-days[0] {
			t.Fatalf("gaps %d, age %d, recency %d of %v as of %d; want gaps %d", account.GapHalves, account.AgeDays, account.RecencyDays, days, day.Day, halves)
		}
	})
}

func TestMargin(t *testing.T) {
	for name, test := range map[string]struct {
		of   Turnover
		rate float64
		want Margin
	}{
		"stated":         {Turnover{Revenue: 100}, 0.3, Margin{Rate: 0.3, Stated: true}},
		"known":          {Turnover{Revenue: 100, KnownRevenue: 80, KnownCost: 60}, 0, Margin{Rate: 0.25, Coverage: 0.8}},
		"too few known":  {Turnover{Revenue: 100, KnownRevenue: 79, KnownCost: 10}, 0, Margin{Why: MarginUnknown, Coverage: 0.79}},
		"at a loss":      {Turnover{Revenue: 100, KnownRevenue: 100, KnownCost: 100}, 0, Margin{Why: MarginNotPositive, Coverage: 1}},
		"without orders": {Turnover{}, 0, Margin{Why: MarginUnknown}},
	} {
		tally := Tally{Currencies: map[string]Turnover{"CNY": test.of}}
		if got := tally.Margin(PredictionPolicy{MarginRate: test.rate}, "CNY"); got != test.want {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
}
