package shop_test

import (
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// abroad is a shop some of whose customers pay in a foreign currency.
func abroad(seed uint64, customers int) shop.Config {
	config := shop.Default(seed, customers)
	config.Foreign = "USD"
	return config
}

func TestBasketsAddUpToTheCent(t *testing.T) {
	known := map[string]shop.Product{}
	for _, p := range shop.Catalogue() {
		if _, twice := known[p.SKU]; twice || p.Price <= 0 || p.Category == "" {
			t.Errorf("article %+v", p)
		}
		known[p.SKU] = p
	}
	if len(known) != 200 {
		t.Errorf("%d articles", len(known))
	}
	s := generate(t, abroad(41, 3000))
	lines, foreign := 0, 0
	for c := range s.Customers() {
		orders := slices.Collect(s.Orders(c))
		n := 0
		for o, basket := range s.Baskets(c) {
			if o != orders[n] {
				t.Fatalf("order %+v has become %+v", orders[n], o)
			}
			n++
			var sum shop.Line
			for _, l := range basket {
				if known[l.Product.SKU] != l.Product || l.Quantity < 1 || l.Amount < 0 || l.Discount < 0 || l.Cost < 0 {
					t.Errorf("line %+v of %s", l, o.ID)
				}
				sum.Amount, sum.Discount, sum.Cost = sum.Amount+l.Amount, sum.Discount+l.Discount, sum.Cost+l.Cost
			}
			if len(basket) == 0 || sum.Amount != o.Amount || sum.Discount != o.Discount || sum.Cost != o.Cost {
				t.Errorf("%d lines come to %+v, the order is %+v", len(basket), sum, o)
			}
			lines += len(basket)
			if o.Currency != "CNY" {
				foreign++
			}
		}
		if n != len(orders) {
			t.Errorf("%d baskets of %d orders", n, len(orders))
		}
	}
	if lines < 9000 || foreign < 50 {
		t.Errorf("%d lines, %d orders in the foreign currency", lines, foreign)
	}
}

// What belongs together is bought together: who buys an article with a companion
// buys that far more often than others do.
func TestCompanionsAreBoughtTogether(t *testing.T) {
	s := generate(t, shop.Default(42, 4000))
	checked := 0
	for _, p := range shop.Catalogue() {
		if p.Companion == "" {
			continue
		}
		bought, both := s.Together(p.SKU, p.Companion)
		if bought < 60 {
			continue
		}
		checked++
		if share := float64(both) / float64(bought); share < 0.4 {
			t.Errorf("%d of %d buyers of %s bought %s", both, bought, p.SKU, p.Companion)
		}
	}
	if checked < 10 {
		t.Errorf("only %d companions had buyers enough", checked)
	}
}

func TestReportedRevenueIsExact(t *testing.T) {
	s := generate(t, abroad(43, 2000))
	want := new(big.Int)
	for c := range s.Customers() {
		for o := range s.Orders(c) {
			if o.Status == shop.Paid {
				want.Add(want, reported(t, s, o))
			}
		}
	}
	totals := s.Totals()
	if want.Int64() != totals.ReportMinor || totals.ForeignMinor == 0 {
		t.Errorf("reported %d, want %s; %d in the foreign currency", totals.ReportMinor, want, totals.ForeignMinor)
	}
}

// reported is what an order is worth in CNY by the rate of its day, by fractions:
// rounded to the cent, halves to even.
func reported(t *testing.T, s *shop.Shop, o shop.Order) *big.Int {
	t.Helper()
	if o.Currency == "CNY" {
		return big.NewInt(o.Amount)
	}
	value := ""
	for _, r := range s.Rates() {
		if !r.Start.After(o.Time.UTC()) {
			value = r.Value
		}
	}
	rate, ok := new(big.Rat).SetString(value)
	if !ok {
		t.Fatalf("rate %q on %s", value, o.Time)
	}
	exact := rate.Mul(rate, big.NewRat(o.Amount, 1))
	whole, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
	twice := rest.Lsh(rest, 1).Cmp(exact.Denom())
	if twice > 0 || twice == 0 && whole.Bit(0) == 1 {
		whole.Add(whole, big.NewInt(1))
	}
	return whole
}

var steps = []struct{ kind, name string }{
	{shop.PageEvent, ""}, {shop.ViewEvent, ""}, {shop.CartEvent, "Product Added"}, {shop.CartEvent, "Checkout Started"}, {shop.PurchaseEvent, ""},
}

// depth is how many of the steps events pass, one after the other.
func depth(events []shop.Event) (n int) {
	for _, e := range events {
		if n < len(steps) && e.Kind == steps[n].kind && (steps[n].name == "" || e.Name == steps[n].name) {
			n++
		}
	}
	return n
}

func TestVisitsAreWhatTheySay(t *testing.T) {
	config := shop.Default(44, 2000)
	s := generate(t, config)
	ids, who, known := map[string]bool{}, map[string]string{}, map[string]bool{}
	purchases := map[string]time.Time{}
	for v := range s.Visits() {
		if got := depth(v.Events); got != v.Depth {
			t.Fatalf("a visit of depth %d passes %d steps: %+v", v.Depth, got, v.Events)
		}
		for i, e := range v.Events {
			if ids[e.ID] {
				t.Errorf("event %s twice", e.ID)
			}
			ids[e.ID] = true
			if i > 0 && !e.Time.After(v.Events[i-1].Time) || e.Time.Sub(v.Events[0].Time) >= time.Hour || !e.Time.Before(config.End) {
				t.Errorf("event %s at %s, the visit began at %s", e.ID, e.Time, v.Events[0].Time)
			}
			if e.Visitor != "" {
				if other, met := who[e.Visitor]; met && other != v.Customer {
					t.Errorf("visitor %s is %q and %q", e.Visitor, other, v.Customer)
				}
				who[e.Visitor] = v.Customer
			}
			if e.Kind == shop.IdentifyEvent {
				known[e.Visitor] = true
			} else if (e.Visitor == "") == (e.Customer == "") || e.Visitor != "" && known[e.Visitor] {
				t.Errorf("sender of %+v", e)
			}
			if e.Kind == shop.PurchaseEvent {
				purchases[e.OrderID] = e.Time
			}
		}
	}
	identified := 0
	for visitor, customer := range who {
		if known[visitor] != (customer != "") {
			t.Errorf("visitor %s of %q: identified %v", visitor, customer, known[visitor])
		}
		if customer != "" {
			identified++
		}
	}
	truth := s.Behaviour()
	if truth.Visitors != len(who) || truth.Identified != identified || truth.Events != len(ids) {
		t.Errorf("truth %+v, counted %d visitors, %d identified, %d events", truth, len(who), identified, len(ids))
	}
	tracked := 0
	for c := range s.Customers() {
		for o := range s.Orders(c) {
			if o.Status == shop.Paid && !o.Time.Before(s.TrackedFrom()) {
				tracked++
				if !purchases[o.ID].Equal(o.Time) {
					t.Errorf("order %s at %s was bought at %s", o.ID, o.Time, purchases[o.ID])
				}
			}
		}
	}
	if tracked != len(purchases) {
		t.Errorf("%d purchases of %d orders", len(purchases), tracked)
	}
}

// The truth about the funnel, counted anew from all of a person's events in the
// order of time, with no knowledge of visits.
func TestTheFunnelIsThatOfTheEvents(t *testing.T) {
	s := generate(t, shop.Default(45, 1500))
	objectors := s.Choices().Objectors
	if len(objectors) == 0 {
		t.Fatal("nobody objects")
	}
	events := map[string][]shop.Event{}
	for v := range s.Visits() {
		if v.Customer != "" && !objectors[v.Customer] {
			events[v.Customer] = append(events[v.Customer], v.Events...)
		}
	}
	var reached [shop.Steps]int
	for _, all := range events {
		slices.SortStableFunc(all, func(a, b shop.Event) int { return a.Time.Compare(b.Time) })
		best := 0
		for i, first := range all {
			end := i
			for end < len(all) && all[end].Time.Sub(first.Time) < time.Hour {
				end++
			}
			best = max(best, depth(all[i:end]))
		}
		for step := range best {
			reached[step]++
		}
	}
	if truth := s.Behaviour().Reached; truth != reached {
		t.Errorf("truth %v, counted %v", truth, reached)
	}
}

func TestChoicesAreWhatWasDecidedLast(t *testing.T) {
	s := generate(t, shop.Default(46, 3000))
	last, asked := map[string]bool{}, map[string]bool{}
	for d := range s.Decisions() {
		if d.Purpose == shop.MarketingPurpose {
			last[d.CustomerID], asked[d.CustomerID] = d.Granted, true
		}
	}
	allowing := 0
	for _, granted := range last {
		if granted {
			allowing++
		}
	}
	truth := s.Choices()
	if truth.Allowing != allowing || truth.Asked != len(asked) || truth.Asked != truth.Allowing+truth.Refused+truth.Withdrew {
		t.Errorf("%+v, counted %d allowing of %d asked", truth, allowing, len(asked))
	}
	if truth.Refused == 0 || truth.Withdrew == 0 {
		t.Errorf("%+v: nobody refused, or nobody withdrew", truth)
	}
}
