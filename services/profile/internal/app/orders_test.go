package app_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func (f *fixture) record(t fataler, src domain.Source, orders ...domain.Order) []string {
	t.Helper()
	outcomes, err := f.RecordOrders(ctx(t), slices.Clone(orders), src)
	must(t, err)
	return told(outcomes)
}

func TestRecordOrders(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		wrong := f.order("c", "3", -1)
		got := f.record(t, domain.Source{}, f.order("c", "1", 100), f.order("c", "2", 200), wrong, f.order("d", "1", 300), f.order("c", "1", 999))
		if want := []string{"created", "created", "INVALID_FIELD", "created", "DUPLICATE_IN_REQUEST"}; !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		got = f.record(t, domain.Source{}, f.order("c", "1", 100), f.order("c", "2", 250), f.order("e", "1", 1))
		if want := []string{"unchanged", "updated", "created"}; !slices.Equal(got, want) {
			t.Fatalf("%q, want %q", got, want)
		}
		for id, want := range map[string]int64{"1": 100, "2": 250} {
			o, err := f.store.Orders.Get(t.Context(), "c", id)
			must(t, err)
			if o.Amount != want {
				t.Errorf("order %s: %+v", id, o)
			}
		}
		for _, customer := range []string{"c", "d", "e"} {
			_, err := f.store.Customers.Get(t.Context(), customer)
			must(t, err)
		}
		if _, err := f.store.Orders.Get(t.Context(), "c", "3"); fault.ReasonOf(err) != "ORDER_NOT_FOUND" {
			t.Errorf("the refused order: %v", err)
		}
	})
}

// A list of orders that comes after the list of their items leaves the items.
func TestListOfOrdersKeepsItems(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		items := []domain.Item{{SKU: "a", QuantityMilli: 1000, Amount: domain.Known(100)}}
		with := f.order("c", "1", 100)
		with.Items = items
		f.record(t, domain.Source{Import: "items"}, with)
		for _, test := range []struct {
			source domain.Source
			amount int64
			want   string
			items  int
		}{
			{domain.Source{Import: "orders"}, 100, "unchanged", 1},
			{domain.Source{Import: "corrected"}, 90, "updated", 0}, // the items do not add up to it
			{domain.Source{}, 90, "unchanged", 0},
		} {
			if got := f.record(t, test.source, f.order("c", "1", test.amount)); got[0] != test.want {
				t.Errorf("%+v: %q", test, got)
			}
			o, err := f.store.Orders.Get(t.Context(), "c", "1")
			must(t, err)
			if len(o.Items) != test.items {
				t.Errorf("%+v: %+v", test, o.Items)
			}
		}
	})
}

func TestValidateOnlyWritesNothing(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	f.record(t, domain.Source{}, f.order("c", "1", 100))
	got := f.record(t, domain.Source{ValidateOnly: true}, f.order("c", "1", 50), f.order("c", "2", 1), f.order("new", "1", 1), f.order("c", "9", -1))
	if want := []string{"updated", "created", "created", "INVALID_FIELD"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	o, err := f.store.Orders.Get(t.Context(), "c", "1")
	must(t, err)
	if _, err := f.store.Customers.Get(t.Context(), "new"); o.Amount != 100 || fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
		t.Errorf("it has written: %+v, %v", o, err)
	}
}

func TestCorrectionMeetsReturns(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	f.record(t, domain.Source{}, f.order("c", "1", 100))
	_, err := f.ReturnOrder(t.Context(), "c", "1", "CNY", domain.Return{ID: "r", Refund: 60, Time: f.clock.now()})
	must(t, err)
	if got := f.record(t, domain.Source{}, f.order("c", "1", 59)); !slices.Equal(got, []string{"REFUND_EXCEEDS_AMOUNT"}) {
		t.Errorf("below what was refunded: %q", got)
	}
	if got := f.record(t, domain.Source{}, f.order("c", "1", 80)); !slices.Equal(got, []string{"updated"}) {
		t.Errorf("above: %q", got)
	}
	o, err := f.store.Orders.Get(t.Context(), "c", "1")
	must(t, err)
	if o.Net() != 20 {
		t.Errorf("the return is gone: %+v", o)
	}
	if _, err := f.ReturnOrder(t.Context(), "c", "1", "USD", domain.Return{ID: "s", Refund: 1, Time: f.clock.now()}); fault.ReasonOf(err) != "CURRENCY_MISMATCH" {
		t.Errorf("a refund in another currency: %v", err)
	}
}

// A file has the same outcome wherever it is cut into batches, and whichever
// batches are sent again before the next one.
func TestImportedOrdersInBatches(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rows := make([]domain.Order, rapid.IntRange(1, 30).Draw(rt, "rows"))
		c := newClock()
		for i := range rows {
			rows[i] = domain.Order{
				Customer: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "customer"), ID: rapid.SampledFrom([]string{"1", "2", "3", "4"}).Draw(rt, "id"),
				Time: c.now(), Currency: "CNY", Amount: rapid.Int64Range(-1, 3).Draw(rt, "amount"), Row: int64(i + 1),
			}
		}
		var before []domain.Order // of another file
		for _, id := range []string{"1", "2"} {
			before = append(before, domain.Order{Customer: "a", ID: id, Time: c.now(), Currency: "CNY", Amount: 3, Row: 1})
		}
		prepare := func() *fixture {
			f := start(rt, onPebble(t), c)
			f.record(rt, domain.Source{Import: "before"}, before...)
			return f
		}
		src := domain.Source{Import: "file"}
		want := prepare().record(rt, src, rows...)

		f := prepare()
		var got []string
		for at := 0; at < len(rows); {
			batch := rows[at:min(at+rapid.IntRange(1, 8).Draw(rt, "batch"), len(rows))]
			first := f.record(rt, src, batch...)
			if rapid.Bool().Draw(rt, "crash") {
				f = start(rt, f.engine, c)
				if again := f.record(rt, src, batch...); !slices.Equal(again, first) {
					rt.Fatalf("the batch again: %q, first %q", again, first)
				}
			}
			got = append(got, first...)
			at += len(batch)
		}
		if !slices.Equal(got, want) {
			rt.Fatalf("in batches %q\nat once    %q", got, want)
		}
	})
}

// The same orders recorded by many at once are recorded once each.
func TestRecordingTheSameAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		f := start(t, e, newClock())
		var orders []domain.Order
		for n := range 60 {
			orders = append(orders, f.order(fmt.Sprintf("c%d", n%7), fmt.Sprint(n), int64(n)))
		}
		created := make([]int, 6)
		var wait sync.WaitGroup
		for worker := range created {
			wait.Go(func() {
				for _, word := range f.record(t, domain.Source{}, orders...) {
					switch word {
					case "created":
						created[worker]++
					case "unchanged":
					default:
						t.Errorf("an order was %s", word)
					}
				}
			})
		}
		wait.Wait()
		sum := 0
		for _, n := range created {
			sum += n
		}
		if sum != len(orders) {
			t.Errorf("%d orders were created %d times", len(orders), sum)
		}
	})
}

func TestDeletedCustomer(t *testing.T) {
	f := start(t, onPebble(t), newClock())
	f.record(t, domain.Source{}, f.order("c", "1", 1))
	if err := f.DeleteCustomer(t.Context(), "c", anyVersion); fault.ReasonOf(err) != "CUSTOMER_HAS_ORDERS" {
		t.Errorf("with an order: %v", err)
	}
	_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "d", Details: domain.Details{DisplayName: "x"}}, false)
	must(t, err)
	must(t, f.Know(t.Context(), "d"))
	must(t, f.DeleteCustomer(t.Context(), "d", anyVersion))
	if err := f.DeleteCustomer(t.Context(), "d", anyVersion); fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
		t.Errorf("twice: %v", err)
	}
	// It was known a moment ago, and is made anew for its order all the same.
	f.record(t, domain.Source{}, f.order("d", "1", 1))
	c, err := f.store.Customers.Get(t.Context(), "d")
	must(t, err)
	if c.DisplayName != "" || c.Version != 3 {
		t.Errorf("after its deletion an order has made %+v", c)
	}
}

// An order that arrives while its customer is being deleted makes it anew, at
// once where one process does both.
func TestOrderArrivesDuringDeletion(t *testing.T) {
	engine := healthy(onPebble(t))
	f := start(t, engine, newClock())
	for id, meet := range map[string]func(){
		"deleted while the order is written": func() {
			engine.before["orders"] = func() { must(t, f.DeleteCustomer(t.Context(), "c", anyVersion)) }
			f.record(t, domain.Source{}, f.order("c", "1", 1))
		},
		"ordered while the customer is deleted": func() {
			engine.before["customers"] = func() { f.record(t, domain.Source{}, f.order("c", "1", 1)) }
			must(t, f.DeleteCustomer(t.Context(), "c", anyVersion))
		},
	} {
		engine = healthy(onPebble(t))
		f = start(t, engine, newClock())
		_, err := f.CreateCustomer(t.Context(), domain.Customer{ID: "c", Details: domain.Details{DisplayName: "x"}}, false)
		must(t, err)
		must(t, f.Know(t.Context(), "c"))
		meet()
		if c, err := f.store.Customers.Get(t.Context(), "c"); err != nil || c.DisplayName != "" {
			t.Errorf("%s: %+v, %v", id, c, err)
		}
	}
}

// A process that does not hear of a deletion may believe in the customer still.
func TestOrderRecordedElsewhereDuringDeletion(t *testing.T) {
	engine := healthy(onPebble(t))
	c := newClock()
	here, elsewhere := start(t, engine, c), start(t, engine, c)
	_, err := here.CreateCustomer(t.Context(), domain.Customer{ID: "c"}, false)
	must(t, err)
	must(t, elsewhere.Know(t.Context(), "c"))
	engine.before["orders"] = func() { must(t, here.DeleteCustomer(t.Context(), "c", anyVersion)) }
	elsewhere.record(t, domain.Source{}, elsewhere.order("c", "1", 1))
	c.advance(2 * time.Minute)
	must(t, here.Sweep(t.Context()))
	_, err = here.store.Customers.Get(t.Context(), "c")
	must(t, err)
}

// However a deletion and an order meet, the order has a customer in the end,
// also where another process, which does not hear of the deletion, records it.
func TestDeletionMeetsOrder(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		c := newClock()
		here, elsewhere := start(t, e, c), start(t, e, c)
		for n := range 20 {
			id := fmt.Sprintf("c%d", n)
			_, err := here.CreateCustomer(t.Context(), domain.Customer{ID: id}, false)
			must(t, err)
			// Both know the customer now, and would not look for it again.
			for _, f := range []*fixture{here, elsewhere} {
				f.record(t, domain.Source{ValidateOnly: true}, f.order(id, "1", 1))
				must(t, f.Know(t.Context(), id))
			}
			var wait sync.WaitGroup
			wait.Go(func() {
				if err := here.DeleteCustomer(t.Context(), id, anyVersion); err != nil && fault.ReasonOf(err) != "CUSTOMER_HAS_ORDERS" {
					t.Error(err)
				}
			})
			wait.Go(func() {
				recorder := here
				if n%2 == 1 {
					recorder = elsewhere
				}
				recorder.record(t, domain.Source{}, recorder.order(id, "1", 1))
			})
			wait.Wait()
		}
		c.advance(2 * time.Minute)
		must(t, here.Sweep(t.Context()))
		for n := range 20 {
			_, err := here.store.Customers.Get(t.Context(), fmt.Sprintf("c%d", n))
			must(t, err)
		}
	})
}

func TestRoundsKeepTheOrderOfWhatHasAKeyInCommon(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 3), 0, 20).Draw(t, "keys")
		items := make([]int, len(keys))
		for i := range items {
			items[i] = i
		}
		var done []int
		lost := rapid.IntRange(0, 3).Draw(t, "lost")
		must(t, app.InRounds(ctx(t), items, func(i int, to []string) []string { return append(to, keys[i]...) }, func(round []int) ([]int, error) {
			if lost > 0 && len(round) > 0 {
				lost--
				done = append(done, round[1:]...)
				return round[:1], nil
			}
			done = append(done, round...)
			return nil, nil
		}))
		at := make(map[int]int)
		for n, i := range done {
			at[i] = n
		}
		if len(at) != len(items) || len(done) != len(items) {
			t.Fatalf("%d items were done as %v", len(items), done)
		}
		for i := range items {
			for j := range i {
				common := slices.ContainsFunc(keys[i], func(k string) bool { return slices.Contains(keys[j], k) })
				if common && at[j] > at[i] {
					t.Fatalf("%d was done before %d, with %q and %q", i, j, keys[i], keys[j])
				}
			}
		}
	})
}

// A customer deleted by another process is believed in for a while at most,
// whether orders go on coming in meanwhile or not.
func TestCustomerDeletedElsewhere(t *testing.T) {
	for name, pauses := range map[string][]time.Duration{
		"orders come in":             {14 * time.Second, 14 * time.Second},
		"the notes are looked at":    {16 * time.Second},
		"no orders, and a note gone": {2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			engine, clock := onPebble(t), newClock()
			here, elsewhere := start(t, engine, clock), start(t, engine, clock)
			_, err := here.CreateCustomer(t.Context(), domain.Customer{ID: "c"}, false)
			must(t, err)
			must(t, here.Know(t.Context(), "c"))
			must(t, elsewhere.DeleteCustomer(t.Context(), "c", anyVersion))
			for n, pause := range pauses {
				clock.advance(pause)
				must(t, elsewhere.Sweep(t.Context()))
				here.record(t, domain.Source{}, here.order("other", fmt.Sprint(n), 1))
			}
			here.record(t, domain.Source{}, here.order("c", "1", 1))
			if _, err := here.store.Customers.Get(t.Context(), "c"); err != nil {
				t.Errorf("its order has no customer: %v", err)
			}
		})
	}
}
