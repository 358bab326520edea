package merging_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Whatever happens in whatever order, reads tell what the model tells; and when
// all is unmerged, the records are those of a base in which nothing was merged.
func TestReadsAreThoseOfTheModel(t *testing.T) {
	t.Run("Pebble", func(t *testing.T) {
		rapid.Check(t, func(r *rapid.T) {
			e, apart := freshPebble(t), freshPebble(t)
			defer func() { must(r, e.Close()) }()
			defer func() { must(r, apart.Close()) }()
			likeTheModel(t, r, e, apart, commands.Draw(r, "commands"))
		})
	})
	t.Run("MongoDB", func(t *testing.T) {
		for seed := range 4 {
			likeTheModel(t, t, mongotest.Open(t), mongotest.Open(t), commands.Example(seed))
		}
	})
}

func likeTheModel(t testing.TB, r fataler, e, apart docstore.Engine, happened []command) {
	r.Helper()
	clock := newClock()
	f, never := start(t, e, clock), start(t, apart, clock)
	m := newModel()
	for n, c := range happened {
		want := m.do(c)
		if got := f.do(c, n); got != want {
			r.Fatalf("%+v: %s, want %s", c, got, want)
		}
		if c.Do != "merge" && c.Do != "unmerge" {
			if got := never.do(c, n); got != want {
				r.Fatalf("%+v where nothing is merged: %s, want %s", c, got, want)
			}
		}
		if n%8 == 7 || n == len(happened)-1 {
			f.compare(r, m)
		}
	}
	for len(m.parent) > 0 {
		for id := range m.parent {
			c := command{Do: "unmerge", At: id}
			if got, want := f.do(c, 0), m.do(c); got != want {
				r.Fatalf("%+v in the end: %s, want %s", c, got, want)
			}
		}
	}
	f.compare(r, m)
	never.compare(r, m)
	for _, id := range m.roots() {
		if got, want := f.whole(r, id), never.whole(r, id); got != want {
			r.Fatalf("unmerged:\n%s\nnever merged:\n%s", got, want)
		}
	}
}

// do carries a command out and tells the reason of its refusal.
func (f *fixture) do(c command, n int) string {
	ctx := context.Background()
	switch c.Do {
	case "update", "mail":
		given := domain.Customer{ID: c.At, Details: domain.Details{DisplayName: c.Name, City: c.City}}
		if c.Do == "mail" { // knows no more than the address
			given.DisplayName, given.City = "", ""
		}
		for _, mail := range c.Mails {
			given.Identifiers = append(given.Identifiers, domain.Identifier{Type: domain.Email, Value: mail})
		}
		src := domain.Source{}
		if c.Do == "mail" {
			given.Row, src.Import = 1, fmt.Sprint("import ", n)
		}
		outcomes, err := f.app.UpsertCustomers(ctx, []domain.Customer{given}, src)
		if err != nil {
			return err.Error()
		}
		if outcomes[0].Fault != nil {
			return outcomes[0].Fault.Reason
		}
		return "ok"
	case "order":
		order := domain.Order{Customer: c.At, ID: c.Order, Time: f.clock.now().Add(-time.Hour), Currency: "CNY", Amount: c.Amount}
		outcomes, err := f.app.RecordOrders(ctx, []domain.Order{order}, domain.Source{})
		if err != nil {
			return err.Error()
		}
		if outcomes[0].Fault != nil {
			return outcomes[0].Fault.Reason
		}
		return "ok"
	case "return":
		_, err := f.app.ReturnOrder(ctx, c.At, c.Order, "CNY", domain.Return{ID: fmt.Sprint(n), Refund: 1, Time: f.clock.now()})
		return reason(err)
	case "merge":
		_, err := f.join(ctx, c.At, c.Other)
		return reason(err)
	default:
		return reason(f.cut(ctx, c.At))
	}
}

func line(c *domain.Customer) string {
	var mails []string
	for _, i := range c.Identifiers {
		mails = append(mails, i.Value)
	}
	return fmt.Sprintf("%s %q %q %q %q", c.ID, c.DisplayName, c.City, mails, c.Merged)
}

// compare holds every read against the model.
func (f *fixture) compare(r fataler, m *model) {
	r.Helper()
	ctx := context.Background()
	var roots, views, histories []string
	for _, id := range m.roots() {
		root := m.root(id)
		view, err := f.store.Customers.View(ctx, id)
		must(r, err)
		if got := line(&view); got != m.view(root) {
			r.Fatalf("%s is %s, want %s", id, got, m.view(root))
		}
		for size := 1; size < 5; size += 3 {
			if got, want := f.listOrders(r, id, size), m.orders(root); !slices.Equal(got, want) {
				r.Fatalf("orders of %s: %q, want %q", id, got, want)
			}
		}
		if root == id {
			roots, views = append(roots, id), append(views, m.view(id))
			if h := m.history(id); h != "" {
				histories = append(histories, h)
			}
		}
	}
	for _, mail := range []string{"1@e.cn", "2@e.cn", "3@e.cn", "4@e.cn"} {
		found, err := f.app.LookupCustomer(ctx, domain.Identifier{Type: domain.Email, Value: mail})
		var want string
		for id, record := range m.records {
			if slices.Contains(record.mails, mail) {
				want = m.view(m.root(id))
			}
		}
		if (err == nil) != (want != "") || err == nil && line(&found) != want {
			r.Fatalf("by %s: %s, %v, want %q", mail, line(&found), err, want)
		}
	}
	if got := f.list(r, 2); !slices.Equal(got, views) {
		r.Fatalf("listed %q, want %q", got, views)
	}
	// The parts of any division together are the whole.
	bounds := append(append([]string{""}, roots...), "")
	var streamed, walked []string
	for i := range len(bounds) - 1 {
		span := store.Span{From: bounds[i], To: bounds[i+1]}
		for c, err := range f.store.Customers.All(ctx, span) {
			must(r, err)
			streamed = append(streamed, line(&c))
		}
		walked = append(walked, f.walk(r, span)...)
	}
	if whole := f.walk(r, store.Span{}); !slices.Equal(whole, histories) || !slices.Equal(walked, histories) || !slices.Equal(streamed, views) {
		r.Fatalf("histories %q, in parts %q, want %q; streamed %q, want %q", whole, walked, histories, streamed, views)
	}
}

func (f *fixture) list(r fataler, size int) (lines []string) {
	var page store.Page[domain.Customer]
	for first := true; first || page.Next != nil; first = false {
		var err error
		page, err = f.store.Customers.Page(context.Background(), page.Next, size)
		must(r, err)
		for _, c := range page.Items {
			lines = append(lines, line(&c))
		}
	}
	return lines
}

func (f *fixture) listOrders(r fataler, id string, size int) (lines []string) {
	var page store.Page[domain.Order]
	for first := true; first || page.Next != nil; first = false {
		var err error
		page, err = f.store.Orders.Page(context.Background(), id, page.Next, size)
		must(r, err)
		for _, o := range page.Items {
			lines = append(lines, fmt.Sprint(o.Customer, " ", o.ID, " ", placed{o.Amount, o.Refunded()}))
		}
	}
	return lines
}

func (f *fixture) walk(r fataler, span store.Span) (lines []string) {
	var key string
	var net []int64
	flush := func() {
		if key != "" {
			lines = append(lines, fmt.Sprint(store.CustomerOf(key), " ", net))
		}
	}
	for p, err := range f.store.Orders.Purchases(context.Background(), span, math.MaxInt64) {
		must(r, err)
		if p.CustomerKey != key {
			flush()
			key, net = p.CustomerKey, nil
		}
		net = append(net, p.Amount-p.Refunded)
	}
	flush()
	return lines
}

// whole is all that is stored of a record, but for when and how often it was written.
func (f *fixture) whole(r fataler, id string) string {
	c, err := f.store.Customers.Get(context.Background(), id)
	must(r, err)
	c.Version, c.UpdatedAt = 0, time.Time{}
	orders, err := f.store.Orders.Page(context.Background(), id, nil, 100)
	must(r, err)
	text, err := json.Marshal([]any{c, orders.Items})
	must(r, err)
	return string(text)
}
