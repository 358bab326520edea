package domain

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// book is a base of customers with one currency or two.
func drawBook(t *rapid.T) []Account {
	accounts := make([]Account, rapid.IntRange(1, 60).Draw(t, "customers"))
	for i := range accounts {
		days := rapid.Int64Range(1, 5).Draw(t, "days")
		accounts[i] = Account{
			Customer: fmt.Sprintf("c%03d", i), Days: days, RecencyDays: rapid.Int64Range(0, 30).Draw(t, "recency"),
			Purses: []Purse{{Currency: "CNY", Orders: days, Revenue: rapid.Int64Range(0, 100).Draw(t, "revenue")}},
		}
		if rapid.Bool().Draw(t, "abroad") {
			accounts[i].Purses = append(accounts[i].Purses, Purse{Currency: "USD", Orders: 1, Revenue: 7})
		}
	}
	return accounts
}

func summarize(t testing.TB, policy Policy, accounts []Account) (Summary, *Scoring) {
	t.Helper()
	var tally Tally
	for i := range accounts {
		if err := tally.Add(&accounts[i]); err != nil {
			t.Fatal(err)
		}
	}
	if policy.Currency == "" {
		policy.Currency = tally.Commonest()
	}
	scoring := &Scoring{Policy: policy}
	var values []int64
	for _, d := range Dimensions {
		values = values[:0]
		for i := range accounts {
			values = append(values, accounts[i].Measure(d, policy.Currency))
		}
		if err := scoring.Score(d, values); err != nil {
			t.Fatal(err)
		}
	}
	return Summarize(AsOf{}, &tally, scoring, values), scoring
}

// TestSummaryCountsItsCustomers compares with a count of the customers one by one.
func TestSummaryCountsItsCustomers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		accounts := drawBook(rt)
		policy := Policy{
			AsOfDate: "2025-01-01", Currency: rapid.SampledFrom([]string{"", "CNY", "USD", "EUR"}).Draw(rt, "currency"),
			Ties:      rapid.SampledFrom([]Ties{SharedTies, OrdinalTies}).Draw(rt, "ties"),
			Threshold: rapid.SampledFrom([]Threshold{MeanThreshold, MedianThreshold}).Draw(rt, "threshold"),
		}
		s, scoring := summarize(t, policy, accounts)
		cells, groups, segments := map[string]int64{}, map[stat.Group]int64{}, map[stat.EnglishSegment]int64{}
		revenues, total, repeaters := map[stat.Group]int64{}, int64(0), 0
		for i := range accounts {
			scores := scoring.At(i)
			cells[scores.Cell()]++
			groups[scores.Group]++
			segments[scores.Segment()]++
			revenue := accounts[i].Purse(s.Policy.Currency).Revenue
			revenues[scores.Group] += revenue
			total += revenue
			if accounts[i].Days > 1 {
				repeaters++
			}
		}
		if s.Customers != int64(len(accounts)) || math.Abs(s.RepeatRate*float64(len(accounts))-float64(repeaters)) > 1e-9 {
			rt.Fatalf("%d customers, repeat rate %g; want %d with %d repeaters", s.Customers, s.RepeatRate, len(accounts), repeaters)
		}
		if len(s.Cells) != len(cells) || len(s.Segments) != len(segments) || s.Revenue[0] != (Money{s.Policy.Currency, total}) {
			rt.Fatalf("cells %v, segments %v, revenue %v; want %v, %v, %d", s.Cells, s.Segments, s.Revenue, cells, segments, total)
		}
		for _, c := range s.Cells {
			if c.Customers != cells[c.Cell] {
				rt.Fatalf("cell %s has %d, want %d", c.Cell, c.Customers, cells[c.Cell])
			}
		}
		for i, g := range s.Groups {
			if g.Group != stat.Groups()[i] || g.Customers != groups[g.Group] || g.Revenue != revenues[g.Group] {
				rt.Fatalf("group %+v, want %d customers with %d", g, groups[g.Group], revenues[g.Group])
			}
		}
		for d := range s.Scores {
			sum := int64(0)
			for _, n := range s.Scores[d] {
				sum += n
			}
			if sum != s.Customers {
				rt.Fatalf("%s scores %v of %d customers", Dimensions[d], s.Scores[d], s.Customers)
			}
		}
	})
}

func TestEmptySummary(t *testing.T) {
	for _, currency := range []string{"", "CNY"} {
		s, _ := summarize(t, Policy{AsOfDate: "2025-01-01", Currency: currency, Ties: SharedTies, Threshold: MedianThreshold}, nil)
		if s.Customers != 0 || s.RepeatRate != 0 || len(s.Groups) != 8 || len(s.Warnings) != 1 || s.Warnings[0].Reason != "NO_ORDERS" {
			t.Errorf("currency %q: %+v", currency, s)
		}
	}
}

func TestCommonestCurrency(t *testing.T) {
	var tally Tally
	if tally.Commonest() != "" {
		t.Errorf("without orders it is %q", tally.Commonest())
	}
	// By orders, not by amounts; of two alike the first by its code.
	tally.Currencies = map[string]Turnover{
		"JPY": {Orders: 2, Revenue: 1_000_000}, "USD": {Orders: 5, Revenue: 10}, "CNY": {Orders: 5, Revenue: 1},
	}
	if got := tally.Commonest(); got != "CNY" {
		t.Errorf("got %s, want CNY", got)
	}
	w, mixed := mixedCurrencies(&tally, "CNY")
	if !mixed || !strings.Contains(w.Message, "CNY, the currency of 5 orders") || !strings.Contains(w.Message, "5 in USD, 2 in JPY") {
		t.Errorf("warning %+v", w)
	}
}

func TestConcentrationIsWarnedOf(t *testing.T) {
	accounts := make([]Account, 10)
	for i := range accounts {
		accounts[i] = Account{Customer: fmt.Sprint(i), Days: 1, RecencyDays: int64(i), Purses: []Purse{{Currency: "CNY", Orders: 1, Revenue: int64(100 * i)}}}
	}
	accounts[9].Days = 8
	s, _ := summarize(t, Policy{Ties: SharedTies, Threshold: MeanThreshold}, accounts)
	if len(s.Warnings) != 1 || s.Warnings[0].Reason != "CONCENTRATED" {
		t.Fatalf("warnings %v, want one of concentration", s.Warnings)
	}
	for _, part := range []string{"frequency", "over 40 % of customers", "90.0 % have 1 order day,", "1, 2, 3, 4–5, 6 or more"} {
		if !strings.Contains(s.Warnings[0].Message, part) {
			t.Errorf("%q does not say %q", s.Warnings[0].Message, part)
		}
	}
}
