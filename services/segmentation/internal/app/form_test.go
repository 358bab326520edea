package app_test

import (
	"cmp"
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// definition is one with what it says written in Go.
type definition struct {
	domain.Definition
	has func(*facts.Facts) bool
}

var definitions = []definition{
	{domain.Definition{Rule: `orders.count >= 2`}, func(f *facts.Facts) bool { return f.Orders.Count >= 2 }},
	{domain.Definition{Rule: `customer.region == "广东" && revenue("CNY") > 10.0`}, func(f *facts.Facts) bool {
		return f.Customer.Region == "广东" && slices.ContainsFunc(f.Revenue, func(m facts.Money) bool { return m.Currency == "CNY" && m.Minor > 1000 })
	}},
	{domain.Definition{Rule: `!has_valuation`}, func(f *facts.Facts) bool { return !f.Valued }},
	{domain.Definition{Rule: `orders.count == 0 || rfm.recency <= 2`}, func(f *facts.Facts) bool { return f.Orders.Count == 0 || f.RFM.Recency <= 2 }},
	{domain.Definition{Rule: `true`}, func(*facts.Facts) bool { return true }},
	{domain.Definition{Rule: `false`}, func(*facts.Facts) bool { return false }},
	{domain.Definition{RFM: &domain.RFM{Groups: []string{"IMPORTANT_VALUE", "GENERAL_KEEP"}}}, func(f *facts.Facts) bool {
		return f.RFM.Group == "IMPORTANT_VALUE" || f.RFM.Group == "GENERAL_KEEP"
	}},
	{domain.Definition{RFM: &domain.RFM{Groups: []string{"GENERAL_VALUE"}, Cells: []string{"5*5", "1**"}}}, func(f *facts.Facts) bool {
		return f.RFM.Group == "GENERAL_VALUE" || f.RFM.Recency == 5 && f.RFM.Monetary == 5 || f.RFM.Recency == 1
	}},
}

// ids are such as keep their order only once they are escaped.
var ids = []string{"a", "a-b", "a.b", "a b", "A", "王芳", "😀", "b", "a1", "a!1", "z~", "0", "é", "b-2", "c", "d\"e"}

// anyFacts draws a customer, valued or not.
func anyFacts(t *rapid.T) facts.Facts {
	f := facts.Facts{Customer: facts.Customer{Region: rapid.SampledFrom([]string{"广东", "CA", ""}).Draw(t, "region")}}
	if !rapid.Bool().Draw(t, "valued") {
		return f
	}
	f.Valued = true
	f.Orders.Count = rapid.Int64Range(1, 4).Draw(t, "orders")
	f.Revenue = []facts.Money{{Currency: rapid.SampledFrom([]string{"CNY", "USD"}).Draw(t, "currency"), Minor: rapid.Int64Range(0, 3000).Draw(t, "minor")}}
	f.RFM = facts.Scores{
		Recency: rapid.IntRange(1, 5).Draw(t, "R"), Frequency: rapid.IntRange(1, 5).Draw(t, "F"), Monetary: rapid.IntRange(1, 5).Draw(t, "M"),
		Group: rapid.SampledFrom(domain.Groups).Draw(t, "group"),
	}
	return f
}

// shift changes some of the customers.
func shift(t *rapid.T, b *base) {
	for range rapid.IntRange(1, 8).Draw(t, "changes") {
		id := rapid.SampledFrom(ids).Draw(t, "customer")
		if rapid.IntRange(0, 3).Draw(t, "gone") == 0 {
			b.remove(id)
		} else {
			b.set(id, anyFacts(t))
		}
	}
}

// naive is who belongs to a segment, in the order of lists.
func naive(b *base, d definition) []string {
	members := []string{}
	for id, f := range b.customers {
		if d.has(&f) {
			members = append(members, id)
		}
	}
	slices.SortFunc(members, func(x, y string) int { return cmp.Compare(docstore.ID(x), docstore.ID(y)) })
	return members
}

// Whatever happens to customers and definitions, each pass has exactly those whom
// a naive evaluation finds, since is when they came in, and the transitions lead
// from nobody to them.
func TestMembersAreThoseOfANaiveEvaluation(t *testing.T) {
	onEveryEngine(t, func(t *rapid.T, e docstore.Engine) {
		formsExactly(t, newWorld(t, e, newBase(), newClock()))
	})
}

func formsExactly(t *rapid.T, w *world) {
	segments := map[string]definition{}
	for _, id := range []string{"s", "s-1", "t"} {
		segments[id] = rapid.SampledFrom(definitions).Draw(t, "definition of "+id)
		w.create(t, id, segments[id].Definition)
	}
	want := map[string][]string{} // by segment, as of its last pass
	for range rapid.IntRange(1, 5).Draw(t, "passes") {
		shift(t, w.base)
		var published []string
		if id := rapid.SampledFrom([]string{"s", "s-1", "t", ""}).Draw(t, "publish"); id != "" {
			w.form(t, true, id)
			published = []string{id}
		} else {
			for _, s := range w.form(t, false).Segments {
				published = append(published, s.ID)
			}
		}
		for _, id := range published {
			want[id] = naive(w.base, segments[id])
		}
		for id := range segments {
			checkSegment(t, w, id, want[id])
		}
		checkCustomers(t, w, want)
		if id := rapid.SampledFrom([]string{"s", "s-1", "t", ""}).Draw(t, "redefine"); id != "" {
			segments[id] = rapid.SampledFrom(definitions).Draw(t, "new definition")
			_, err := w.Change(context.Background(), id, false, func(s *domain.Segment) error {
				s.Definition = segments[id].Definition
				return nil
			})
			must(t, err)
			checkSegment(t, w, id, want[id]) // not before the next pass
		}
	}
}

func checkSegment(t fataler, w *world, id string, want []string) {
	t.Helper()
	members := w.members(t, id)
	if got := customersOf(members); !slices.Equal(got, want) {
		t.Fatalf("segment %s has %q, want %q", id, got, want)
	}
	if s := w.segment(t, id); s.Formed.Members != int64(len(want)) || (s.State == domain.Published) != (s.Formed.Generation > 0) {
		t.Fatalf("segment %s is %s and counts %d members, want %d", id, s.State, s.Formed.Members, len(want))
	}
	since := replay(t, w.transitions(t, id))
	if len(since) != len(members) {
		t.Fatalf("segment %s: the transitions lead to %d members, want %d", id, len(since), len(members))
	}
	for _, m := range members {
		if at := since[m.Customer]; at.IsZero() || !at.Equal(m.Since) {
			t.Fatalf("segment %s: customer %q is in since %s, and entered at %s", id, m.Customer, m.Since, at)
		}
		one, err := w.Membership(context.Background(), id, m.Customer)
		must(t, err)
		if !one.Since.Equal(m.Since) || one.Generation != m.Generation {
			t.Fatalf("segment %s: membership of %q is %+v alone and %+v in the list", id, m.Customer, one, m)
		}
	}
}

// checkCustomers asks from the side of the customers, one of them twice.
func checkCustomers(t fataler, w *world, want map[string][]string) {
	t.Helper()
	asked := append([]string{"unknown", ids[3]}, ids...)
	of, err := w.SegmentsOf(context.Background(), asked)
	must(t, err)
	for i, customer := range asked {
		var in []string
		for _, id := range []string{"s", "s-1", "t"} {
			if slices.Contains(want[id], customer) {
				in = append(in, id)
			}
		}
		if !slices.Equal(of[i], in) {
			t.Fatalf("customer %q is in %q, want %q", customer, of[i], in)
		}
	}
}
