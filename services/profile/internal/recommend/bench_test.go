package recommend

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
)

// BenchmarkListSuggestions answers for customers at random out of 100,000, with
// 8 orders of 3 items on average, out of 5,000 items whose popularity falls as
// 1/rank. It reports the median and the 99th percentile of a call, without the
// network, and how long training took; then the same for 2,000 customers who have
// looked at ten items each, which are read, and opened, at each call.
func BenchmarkListSuggestions(b *testing.B) {
	const customers, items = 100_000, 5_000
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	must(b, err)
	defer func() { must(b, engine.Close()) }()
	late := &lateEvents{}
	s := open(b, engine, late)
	kept := watching(b, s, engine, late)
	random := rand.New(rand.NewPCG(1, 2))
	popularity := rand.NewZipf(random, 1.05, 20, items-1)
	var batch []*domain.Order
	for c := range customers {
		for o := range 1 + random.IntN(15) {
			order := &domain.Order{
				Customer: fmt.Sprintf("c%06d", c), ID: fmt.Sprint(o), Time: monday.AddDate(0, 0, -random.IntN(700)),
				Currency: "CNY", Amount: 100, Status: domain.Paid,
			}
			for range 1 + random.IntN(5) {
				n := popularity.Uint64()
				order.Items = append(order.Items, of(fmt.Sprintf("sku-%05d", n), fmt.Sprintf("category %d", n%40)))
			}
			if batch = append(batch, order); len(batch) == 1000 {
				s.record(batch...)
				batch = batch[:0]
			}
		}
	}
	s.record(batch...)
	begun := time.Now()
	m := s.trains(nil)
	training := time.Since(begun)
	b.Logf("%d orders of %d customers, %d items, %d pairs", m.GetOrders(), m.GetCustomers(), m.GetItems(), m.GetPairs())
	b.Run("orders", func(b *testing.B) {
		s.measure(b, func() int { return random.IntN(customers) })
		b.ReportMetric(training.Seconds(), "s/training")
	})
	const lookers = 2000
	for c := range lookers {
		for range 10 {
			does(b, kept, s, events.Customer(fmt.Sprintf("c%06d", c)), events.View, monday, looks(fmt.Sprintf("sku-%05d", popularity.Uint64())))
		}
	}
	b.Run("orders and looks", func(b *testing.B) {
		s.measure(b, func() int { return random.IntN(lookers) })
	})
}

// measure asks for the suggestions of one customer after the other, and reports
// the time of a call by the clock and by the processor.
func (s *shop) measure(b *testing.B, customer func() int) {
	s.suggestions("c000000") // loads the model
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took, worked, idle []time.Duration
	for b.Loop() {
		request := &profilev1.ListSuggestionsRequest{Parent: fmt.Sprintf("customers/c%06d", customer()), PageSize: 10}
		begun, before := time.Now(), threadTime()
		if _, err := s.server.ListSuggestions(b.Context(), request); err != nil {
			b.Fatal(err)
		}
		took, worked = append(took, time.Since(begun)), append(worked, threadTime()-before)
		idle = append(idle, spin())
	}
	for name, all := range map[string][]time.Duration{"": took, "-of-processor": worked, "-of-spinning": idle} {
		slices.Sort(all)
		b.ReportMetric(float64(all[len(all)/2].Microseconds()), "µs/median"+name)
		b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "µs/p99"+name)
	}
}

// spin is the time of work that reads nothing and takes some 200 µs on a machine
// with nothing else to do: what its 99th percentile is above its median, the
// machine adds to calls too.
func spin() time.Duration {
	begun := time.Now()
	x := uint64(1)
	for range 200_000 {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sink = x
	return time.Since(begun)
}

var sink uint64
