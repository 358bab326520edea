package recommend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// journey loads the grocery orders before a day and returns what each customer
// bought from that day on.
func journey(t testing.TB, s *shop, split time.Time) (later map[string]map[string]bool) {
	t.Helper()
	rows := refdata.CSV(t, "data/journey_order_items.csv")
	later = map[string]map[string]bool{}
	orders := map[string]*domain.Order{}
	for _, row := range rows[1:] {
		day, err := time.Parse(time.DateOnly, row[2])
		must(t, err)
		id, customer, sku := row[0], row[1], row[3]
		if !day.Before(split) {
			if later[customer] == nil {
				later[customer] = map[string]bool{}
			}
			later[customer][sku] = true
		}
		if orders[id] == nil {
			orders[id] = &domain.Order{Customer: customer, ID: id, Time: day, Currency: "USD", Amount: 1, Status: domain.Paid}
		}
		// Later orders are stored too: a model that looked at them would cheat.
		orders[id].Items = append(orders[id].Items, of(sku, ""))
	}
	var all []*domain.Order
	for _, o := range orders {
		all = append(all, o)
	}
	for batch := range slices.Chunk(all, 1000) {
		s.record(batch...)
	}
	return later
}

// TestHitsOnLaterPurchases trains on the orders before a day and asks, for every
// customer with orders before and from that day, whether one of ten suggestions
// was bought from that day on. The baseline is the ten most popular items. The
// interval of the difference is by bootstrap over customers.
func TestHitsOnLaterPurchases(t *testing.T) {
	for _, split := range []time.Time{
		time.Date(2017, 10, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2017, 7, 2, 0, 0, 0, 0, time.UTC),
	} {
		t.Run(split.Format(time.DateOnly), func(t *testing.T) {
			s := open(t, onPebble(t), nil)
			later := journey(t, s, split)
			m := s.trains(&profilev1.RecommendationPolicy{AsOf: timestamppb.New(split)})
			l, err := s.room.model(t.Context(), "")
			must(t, err)
			before := map[string]*history{}
			for b, err := range s.store.Orders.Baskets(t.Context(), store.Span{}, split) {
				must(t, err)
				if before[b.CustomerKey] == nil {
					before[b.CustomerKey] = newHistory()
				}
				before[b.CustomerKey].add(b, time.UTC)
			}
			t.Logf("%d customers, %d items known, %d left out, %d pairs", m.GetCustomers(), m.GetItems(), m.GetItemsLeftOut(), m.GetPairs())
			for _, newOnly := range []bool{false, true} {
				low := compare(t, l, before, later, newOnly)
				if !newOnly && low <= 0 {
					t.Errorf("not better than what is most popular: the interval of the difference begins at %.4f", low)
				}
			}
		})
	}
}

// compare prints both hit rates and returns the lower end of the interval of
// their difference.
func compare(t *testing.T, l *loaded, before map[string]*history, later map[string]map[string]bool, newOnly bool) (low float64) {
	t.Helper()
	const at = 10
	var differences []float64
	ours, theirs := 0.0, 0.0
	hit := func(skus []string, bought map[string]bool) float64 {
		for _, sku := range skus {
			if bought[sku] {
				return 1
			}
		}
		return 0
	}
	for _, customer := range sortedKeys(later) {
		h := before[customer]
		if h == nil {
			continue
		}
		bought := map[string]bool{}
		for sku := range later[customer] {
			if _, has := h.items[sku]; !has || !newOnly {
				bought[sku] = true
			}
		}
		if len(bought) == 0 {
			continue
		}
		suggestions, _, _, err := l.suggest(h, newOnly, 0, MaxSuggestions)
		must(t, err)
		var mine, popular []string
		for _, s := range suggestions[:min(at, len(suggestions))] {
			mine = append(mine, s.SKU)
		}
		for i := 0; len(popular) < at; i++ {
			if _, has := h.items[l.items[i].sku]; !has || !newOnly {
				popular = append(popular, l.items[i].sku)
			}
		}
		a, b := hit(mine, bought), hit(popular, bought)
		ours, theirs = ours+a, theirs+b
		differences = append(differences, a-b)
	}
	n := float64(len(differences))
	low, high := bootstrap(differences)
	t.Logf("hit rate at %d of %d customers, only new items %t: suggestions %.4f, most popular %.4f, difference %.4f (95 %% %.4f to %.4f)",
		at, len(differences), newOnly, ours/n, theirs/n, (ours-theirs)/n, low, high)
	return low
}

// bootstrap is the percentile interval of a mean.
func bootstrap(values []float64) (low, high float64) {
	random := rand.New(rand.NewPCG(4, 2017))
	means := make([]float64, 2000)
	for i := range means {
		for range values {
			means[i] += values[random.IntN(len(values))]
		}
		means[i] /= float64(len(values))
	}
	slices.Sort(means)
	return means[int(math.Round(0.025*2000))], means[int(math.Round(0.975*2000))-1]
}
