package store_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

func open(t testing.TB, e docstore.Engine) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), e, vaulttest.On(t, e), func() time.Time { return now })
	must(t, err)
	return s
}

func must(t interface {
	Helper()
	Fatal(...any)
}, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// oddIDs stand in the order of their escaped forms: what begins with "%" first
// where a letter would.
var oddIDs = []string{`"`, "%", " x", "会", "😀", "a", `a"`, "a!1", "a-b", "a.b", "b"}

func writeOrders(t interface {
	Helper()
	Fatal(...any)
}, s *store.Store, orders ...domain.Order) {
	t.Helper()
	all := make([]*domain.Order, len(orders))
	for i := range orders {
		all[i] = &orders[i]
	}
	errs, err := s.Orders.Write(context.Background(), all)
	must(t, errors.Join(append(errs, err)...))
}

func TestOrderComesBackWhole(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		want := domain.Order{
			Customer: "会员 1", ID: "o!1", Time: now.Add(-time.Hour), Currency: "CNY", Amount: 100,
			Discount: domain.Known(0), Cost: domain.Known(50), Channel: "天猫", PaymentMethod: "alipay", Status: domain.Paid,
			Items:     []domain.Item{{SKU: "x", QuantityMilli: 1500, Amount: domain.Known(100)}, {SKU: "y", Discount: domain.Known(1)}},
			Returns:   []domain.Return{{ID: "r", Refund: 30, Time: now, Reason: "小了"}},
			CreatedAt: now, Origin: domain.Origin{Import: "i", Row: 7, Created: true},
		}
		writeOrders(t, s, want)
		want.Version, want.UpdatedAt = 1, now
		got, err := s.Orders.Get(t.Context(), want.Customer, want.ID)
		must(t, err)
		if !got.SameContent(&want) || !slices.Equal(got.Returns, want.Returns) || got.Origin != want.Origin ||
			!got.CreatedAt.Equal(now) || got.Version != 1 || got.Customer != want.Customer || got.ID != want.ID {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if _, err := s.Orders.Get(t.Context(), "会员", "o!1"); fault.ReasonOf(err) != "ORDER_NOT_FOUND" {
			t.Errorf("of another customer: %v", err)
		}
	})
}

func TestWritesThatCameTooLate(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		first := domain.Order{Customer: "c", ID: "o", Time: now, Currency: "CNY"}
		second, third := first, first
		writeOrders(t, s, first)
		third.Version = 7
		errs, err := s.Orders.Write(t.Context(), []*domain.Order{&second})
		must(t, err)
		later, err := s.Orders.Write(t.Context(), []*domain.Order{&third})
		must(t, err)
		if !store.Lost(errs[0]) || !store.Lost(later[0]) {
			t.Errorf("a second order: %v, one of another version: %v", errs[0], later[0])
		}
	})
}

func TestCustomersStandInTheOrderOfTheirEscapedIDs(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		customers := make([]*domain.Customer, len(oddIDs))
		for i, id := range oddIDs {
			customers[len(oddIDs)-1-i] = &domain.Customer{ID: id, CreatedAt: now}
			writeOrders(t, s,
				domain.Order{Customer: id, ID: "1", Time: now, Currency: "CNY", Amount: int64(i)},
				domain.Order{Customer: id, ID: "-", Time: now, Currency: "CNY", Amount: int64(i)})
		}
		errs, err := s.Customers.Write(t.Context(), customers)
		must(t, errors.Join(append(errs, err)...))
		want := slices.Clone(oddIDs)
		slices.SortFunc(want, func(a, b string) int { return compare(docstore.ID(a), docstore.ID(b)) })

		var streamed, bought, paged []string
		for c, err := range s.Customers.All(t.Context(), store.Span{}) {
			must(t, err)
			streamed = append(streamed, c.ID)
		}
		for p, err := range s.Orders.Purchases(t.Context(), store.Span{}, math.MaxInt64) {
			must(t, err)
			bought = append(bought, store.CustomerOf(p.CustomerKey))
		}
		var after *docstore.Position
		for {
			page, err := s.Customers.Page(t.Context(), after, 3)
			must(t, err)
			for _, c := range page.Items {
				paged = append(paged, c.ID)
			}
			if after = page.Next; after == nil {
				break
			}
		}
		if !slices.Equal(streamed, want) || !slices.Equal(slices.Compact(bought), want) || !slices.Equal(paged, want) {
			t.Errorf("want %q\nstreamed %q\nbought   %q\npaged    %q", want, streamed, bought, paged)
		}
	})
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// bought is what a history should tell of one order.
type bought struct {
	customer, currency                string
	at, net, refunded, discount, cost int64
}

func TestPurchasesAreTheCountingOrders(t *testing.T) {
	ids := append([]string{domain.Anonymous, domain.Anonymous + "-1", domain.Anonymous + "!"}, oddIDs...)
	rapid.Check(t, func(rt *rapid.T) {
		s := open(t, onPebble(t))
		var model []domain.Order
		for n := range rapid.IntRange(0, 30).Draw(rt, "orders") {
			o := domain.Order{
				Customer: rapid.SampledFrom(ids).Draw(rt, "customer"), ID: strconv.Itoa(100 + n),
				Time:     time.UnixMilli(rapid.Int64Range(1, 20).Draw(rt, "time")).UTC(),
				Currency: rapid.SampledFrom([]string{"CNY", "USD"}).Draw(rt, "currency"),
				Amount:   rapid.Int64Range(0, 5).Draw(rt, "amount"),
				Status:   rapid.SampledFrom([]domain.Status{"", domain.Paid, domain.Pending, domain.Cancelled, domain.Returned}).Draw(rt, "status"),
			}
			if rapid.Bool().Draw(rt, "cost known") {
				o.Cost = domain.Known(rapid.Int64Range(0, 9).Draw(rt, "cost"))
			}
			if o.Amount > 0 && rapid.Bool().Draw(rt, "came back") {
				o.Returns = []domain.Return{{ID: "r", Refund: rapid.Int64Range(1, o.Amount).Draw(rt, "refund"), Time: o.Time}}
			}
			writeOrders(rt, s, o)
			model = append(model, o)
		}
		bounds := append([]string{""}, ids...)
		span := store.Span{From: rapid.SampledFrom(bounds).Draw(rt, "from"), To: rapid.SampledFrom(bounds).Draw(rt, "to")}
		before := rapid.Int64Range(0, 22).Draw(rt, "before")

		var got []bought
		var failed error
		for p, err := range s.Orders.Purchases(t.Context(), span, before) {
			if failed = err; err != nil {
				break
			}
			got = append(got, bought{store.CustomerOf(p.CustomerKey), string(p.Currency), p.TimeMS, p.Amount - p.Refunded, p.Refunded, p.Discount, p.Cost})
		}
		if span.To != "" && docstore.ID(span.From) > docstore.ID(span.To) && span.From != "" {
			if fault.KindOf(failed) != fault.InvalidArgument {
				rt.Fatalf("the range %+v is turned round: %v", span, failed)
			}
			return
		}
		must(rt, failed)
		if want := purchases(model, span, before); !slices.Equal(got, want) {
			rt.Fatalf("got %+v\nwant %+v", got, want)
		}
	})
}

// purchases is Purchases told of a list of orders.
func purchases(orders []domain.Order, span store.Span, before int64) []bought {
	orders = slices.Clone(orders)
	slices.SortFunc(orders, func(a, b domain.Order) int {
		return compare(docstore.ID(a.Customer, a.ID), docstore.ID(b.Customer, b.ID))
	})
	var want []bought
	for _, o := range orders {
		key := docstore.ID(o.Customer)
		status := o.EffectiveStatus()
		if o.Customer == domain.Anonymous || key < docstore.ID(span.From) || span.To != "" && key >= docstore.ID(span.To) ||
			o.Time.UnixMilli() >= before || status != "" && status != domain.Paid {
			continue
		}
		b := bought{o.Customer, o.Currency, o.Time.UnixMilli(), o.Net(), o.Refunded(), -1, -1}
		if o.Cost.Known {
			b.cost = o.Cost.Minor
		}
		want = append(want, b)
	}
	return want
}

func TestClaims(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		mail := domain.Identifier{Type: domain.Email, Value: "a@example.com"}
		key, err := s.Identifiers.Key(mail)
		must(t, err)
		mine := &store.Claim{Key: key, Customer: "c", Pending: now}
		yours := &store.Claim{Key: key, Customer: "d", Pending: now}
		errs, err := s.Identifiers.Write(t.Context(), []*store.Claim{mine})
		must(t, errors.Join(append(errs, err)...))
		if errs, err = s.Identifiers.Write(t.Context(), []*store.Claim{yours}); err != nil || !store.Lost(errs[0]) {
			t.Fatalf("claimed twice: %v, %v", errs, err)
		}
		pending := func(before time.Time) (found []string) {
			for c, err := range s.Identifiers.Pending(t.Context(), before, 10) {
				must(t, err)
				found = append(found, c.Key)
			}
			return found
		}
		if got := pending(now.Add(time.Millisecond)); !slices.Equal(got, []string{key}) {
			t.Errorf("pending: %v", got)
		}
		if got := pending(now); len(got) != 0 {
			t.Errorf("pending before they were: %v", got)
		}
		stale := *mine
		mine.Pending = time.Time{}
		errs, err = s.Identifiers.Write(t.Context(), []*store.Claim{mine})
		must(t, errors.Join(append(errs, err)...))
		if got := pending(now.Add(time.Hour)); len(got) != 0 {
			t.Errorf("still pending: %v", got)
		}
		left, err := s.Identifiers.Delete(t.Context(), []*store.Claim{&stale})
		if err != nil || len(left) != 1 || left[0] != &stale {
			t.Fatalf("at an old version: %v, %v", left, err)
		}
		found, err := s.Identifiers.GetMany(t.Context(), []string{key})
		must(t, err)
		if found[0] == nil || found[0].Customer != "c" {
			t.Fatalf("freed at an old version: %+v", found[0])
		}
		if left, err = s.Identifiers.Delete(t.Context(), []*store.Claim{mine}); err != nil || len(left) != 0 {
			t.Fatalf("freeing: %v, %v", left, err)
		}
		if found, err = s.Identifiers.GetMany(t.Context(), []string{key}); err != nil || found[0] != nil {
			t.Errorf("not freed: %+v, %v", found, err)
		}
	})
}

func TestStoredOrderThatIsDamagedIsNoPanic(t *testing.T) {
	whole, err := store.EncodeForTest(&domain.Order{Customer: "c", ID: "o", Time: now, Currency: "CNY", Status: domain.Paid})
	must(t, err)
	must(t, store.ReadForTest(whole))
	for at := range whole {
		for b := range 256 {
			damaged := slices.Clone(whole)
			damaged[at] = byte(b)
			_ = store.ReadForTest(damaged) // it may read as something else
		}
	}
	end := strings.Index(string(whole), "refunded") + len("refunded") + 9
	for at := range end {
		if store.ReadForTest(whole[:at]) == nil {
			t.Errorf("cut at %d it is read", at)
		}
	}
}
