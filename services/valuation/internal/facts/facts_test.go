package facts

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
)

var today = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) {
		e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
		must(t, err)
		t.Cleanup(func() { _ = e.Close() })
		test(t, e)
	})
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// peer knows some facts, and may break off.
type peer struct {
	facts []Fact // in the order of ids
	edges []Edge // in the order of advocates
	fails int    // batches after which it breaks off; negative for never
	asked []string
}

var errAway = fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "it is away")

// read sends a batch per customer.
func (p *peer) read(_ context.Context, after string, _ time.Time) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		p.asked = append(p.asked, after)
		sent := 0
		for _, f := range p.facts {
			if f.Customer <= after {
				continue
			}
			if sent++; p.fails >= 0 && sent > p.fails {
				yield(Batch{}, errAway)
				return
			}
			if !yield(Batch{Facts: []Fact{f}, After: f.Customer}, nil) {
				return
			}
		}
		for _, e := range p.edges {
			if e.Advocate > after && !yield(Batch{Edges: []Edge{e}, After: e.Advocate}, nil) {
				return
			}
		}
		if p.fails == 0 && sent == 0 {
			yield(Batch{}, errAway)
		}
	}
}

// memory keeps the place of an operation.
type memory struct{ place Place }

func (m *memory) Keep(_ context.Context, p Place) error {
	m.place = p
	return nil
}
func (*memory) Progress(int64, int64, string) {}

func TestAPeerThatIsAwayLeavesTheLastCopy(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		survey := &peer{facts: []Fact{{Customer: "ann", Value: 0.4, Count: 1}}, fails: 0}
		now := today
		s, err := Open(t.Context(), e, []Source{
			{Kind: Satisfaction, Peer: "feedback", Read: survey.read}, {Kind: Referrals, Peer: "referral"},
			{Kind: Prices, Peer: "profile", Read: (&peer{fails: -1}).read},
		}, func() time.Time { return now })
		must(t, err)
		of := func(view View, customer string) Known {
			t.Helper()
			walk := s.Walk(t.Context(), view, NewFamily(nil))
			defer walk.Close()
			known, err := walk.Of(customer)
			must(t, err)
			one, err := s.Of(t.Context(), view, NewFamily(nil), customer)
			must(t, err)
			if one != known {
				t.Errorf("%+v in a walk, %+v alone", known, one)
			}
			return known
		}
		view, err := s.Bring(t.Context(), "one", today, Place{}, &memory{})
		must(t, err)
		if got := of(view, "ann"); got.Satisfaction != (Figure{Reason: Unavailable}) || got.Referrals != (Figure{Reason: NotConfigured}) || got.FullPrice != (Figure{Reason: NoListPrice}) {
			t.Errorf("never reached: %+v", got)
		}
		survey.fails = -1
		view, err = s.Bring(t.Context(), "two", today, Place{}, &memory{})
		must(t, err)
		if got := of(view, "ann").Satisfaction; got != (Figure{Known: true, Value: 0.4}) {
			t.Errorf("reached: %+v", got)
		}
		if got := of(view, "bob").Satisfaction; got != (Figure{Reason: NoAnswer}) {
			t.Errorf("of whom nothing is known: %+v", got)
		}
		copied := now
		now = now.Add(time.Hour)
		survey.fails, survey.facts = 0, nil
		survey.facts = []Fact{{Customer: "ann", Value: 0.9, Count: 2}}
		view, err = s.Bring(t.Context(), "three", today.Add(time.Minute), Place{}, &memory{})
		must(t, err)
		if got := of(view, "ann").Satisfaction; got != (Figure{Known: true, Value: 0.4, Reason: Stale}) {
			t.Errorf("away again: %+v", got)
		}
		if st := view.Status(Satisfaction); st.Reason != Stale || !st.Time.Equal(copied) || st.Records != 1 {
			t.Errorf("%+v", st)
		}
		// A copy that knows of later things is not used for an earlier date.
		view, err = s.View(t.Context(), today.Add(-time.Hour))
		must(t, err)
		if got := of(view, "ann").Satisfaction; got != (Figure{Reason: Stale}) {
			t.Errorf("as of an earlier date: %+v", got)
		}
	})
}

// An operation that was broken off goes on behind the place it has kept.
func TestCopyingGoesOn(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		survey := &peer{fails: -1}
		for i := range 60 {
			survey.facts = append(survey.facts, Fact{Customer: fmt.Sprintf("c%02d", i), Value: float64(i) / 100, Count: 1})
		}
		s, err := Open(t.Context(), e, []Source{{Kind: Satisfaction, Peer: "feedback", Read: survey.read}}, func() time.Time { return today })
		must(t, err)
		m := &memory{}
		stop := &stopping{memory: m, after: 2}
		if _, err := s.Bring(t.Context(), "one", today, Place{}, stop); err == nil {
			t.Fatal("it was not broken off")
		}
		view, err := s.Bring(t.Context(), "one", today, m.place, m)
		must(t, err)
		if !slices.Equal(survey.asked, []string{"", "c39"}) {
			t.Errorf("asked for what is behind %q", survey.asked)
		}
		walk := s.Walk(t.Context(), view, NewFamily(nil))
		defer walk.Close()
		for _, f := range survey.facts {
			if got, err := walk.Of(f.Customer); err != nil || got.Satisfaction.Value != f.Value {
				t.Errorf("%s: %+v, %v", f.Customer, got, err)
			}
		}
		if view.Status(Satisfaction).Records != 60 {
			t.Errorf("%+v", view.Status(Satisfaction))
		}
	})
}

// stopping breaks off after so many places were kept.
type stopping struct {
	*memory
	after int
}

func (s *stopping) Keep(ctx context.Context, p Place) error {
	_ = s.memory.Keep(ctx, p)
	if s.after--; s.after == 0 {
		return errAway
	}
	return nil
}

// Walks and single questions agree with a count over all edges, whichever records
// were merged.
func TestReferralsOfMergedRecords(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		for _, seed := range []uint64{3, 4} {
			random := rand.New(rand.NewPCG(seed, 0))
			ids := []string{"a", "a b", "a-b", "a.b", "b", "c", "客户", "😀", "z"}
			edges := make(map[[2]string]Edge)
			for range 40 {
				edge := Edge{Advocate: ids[random.IntN(len(ids))], Referee: ids[random.IntN(len(ids))], SignUpMS: 1, QualifyMS: random.Int64N(2)}
				if edge.Advocate != edge.Referee {
					edges[[2]string{edge.Advocate, edge.Referee}] = edge
				}
			}
			source := &peer{fails: -1}
			for _, edge := range edges {
				source.edges = append(source.edges, edge)
			}
			slices.SortFunc(source.edges, func(a, b Edge) int { return strings.Compare(a.Advocate, b.Advocate) })
			s, err := Open(t.Context(), e, []Source{{Kind: Referrals, Peer: "referral", Read: source.read}}, func() time.Time { return today })
			must(t, err)
			view, err := s.Bring(t.Context(), fmt.Sprint("op", seed), today, Place{}, &memory{})
			must(t, err)
			family := NewFamily(map[string]string{"z": "a b", "c": "😀"})

			want := make(map[string]map[string]bool)
			for _, edge := range edges {
				from, to := family.Root(edge.Advocate), family.Root(edge.Referee)
				if edge.Qualified() && from != to {
					if want[from] == nil {
						want[from] = make(map[string]bool)
					}
					want[from][to] = true
				}
			}
			roots := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return family.Root(id) != id })
			slices.SortFunc(roots, func(a, b string) int { return strings.Compare(docstore.ID(a), docstore.ID(b)) })
			walk := s.Walk(t.Context(), view, family)
			for _, id := range roots {
				got, err := walk.Of(id)
				must(t, err)
				alone, err := s.Of(t.Context(), view, family, id)
				must(t, err)
				if int(got.Referrals.Value) != len(want[id]) || got != alone {
					t.Errorf("%q: %v in a walk, %v alone, want %d", id, got.Referrals, alone.Referrals, len(want[id]))
				}
			}
			walk.Close()
		}
	})
}

func TestErasingAPersonsFacts(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		survey := &peer{facts: []Fact{{Customer: "ann", Value: 1, Count: 1}, {Customer: "ann-2", Value: 1, Count: 1}}, fails: -1}
		brought := &peer{edges: []Edge{{"ann", "bob", 1, 1}, {"ann-2", "bob", 1, 1}, {"bob", "ann", 1, 0}, {"bob", "cat", 1, 0}}, fails: -1}
		s, err := Open(t.Context(), e, []Source{
			{Kind: Satisfaction, Peer: "feedback", Read: survey.read}, {Kind: Referrals, Peer: "referral", Read: brought.read},
		}, func() time.Time { return today })
		must(t, err)
		_, err = s.Bring(t.Context(), "one", today, Place{}, &memory{})
		must(t, err)
		removed := make(map[string]int)
		erase := func() error {
			return s.ErasePerson(t.Context(), []string{"ann"}, func(section string, found int, remove func(context.Context) error) error {
				removed[section] += found
				return remove(t.Context())
			})
		}
		if err := erase(); fault.ReasonOf(err) != "ERASURE_HELD_UP" {
			t.Errorf("while facts may be being copied: %v", err)
		}
		must(t, s.Sweep(t.Context(), today.Add(-time.Hour), func(context.Context, string) (bool, error) { return true, nil }))
		must(t, erase())
		if removed["customer_facts"] != 1 || removed["referral_copies"] != 2 {
			t.Errorf("removed %v", removed)
		}
		facts, err := s.facts.Count(t.Context(), docstore.Range{})
		must(t, err)
		edges, err := s.edges.Count(t.Context(), docstore.Range{})
		must(t, err)
		if facts != 1 || edges != 2 {
			t.Errorf("%d facts and %d edges are left", facts, edges)
		}
	})
}
