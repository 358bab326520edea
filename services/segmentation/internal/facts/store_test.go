package facts_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func count(t *testing.T, s *facts.Store) int64 {
	t.Helper()
	n, err := s.Count(t.Context())
	must(t, err)
	return n
}

func TestPutWritesWhatDiffersAndSaysWhy(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e, newClock().Now)
		put(t, s, someone("a", "Lyon"), someone("b", "Lyon"))
		equal(t, "first", work(t, s), []facts.Work{{Customers: []string{"a", "b"}, Cause: facts.Cause{Kind: facts.Profile}}})
		equal(t, "nobody", work(t, s), []facts.Work(nil))

		moved := someone("b", "Nice")
		equal(t, "changed", put(t, s, someone("a", "Lyon"), moved), []string{"b"})
		equal(t, "moved", work(t, s), []facts.Work{{Customers: []string{"b"}, Cause: facts.Cause{Kind: facts.Profile}}})

		// A part of somebody; the others stay. One who is not known stays unknown.
		ordered := facts.Facts{Orders: facts.Orders{Count: 3}}
		equal(t, "changed", put(t, s, facts.Change{Customer: "b", Facts: &ordered, Parts: facts.OfOrders},
			facts.Change{Customer: "x", Facts: &ordered, Parts: facts.OfOrders}), []string{"b"})
		equal(t, "ordered", work(t, s), []facts.Work{{Customers: []string{"b"}, Cause: facts.Cause{Kind: facts.Ordered}}})
		got, err := s.GetMany(t.Context(), []string{"b", "x"}, facts.AllParts)
		must(t, err)
		if got[1] != nil || got[0].Customer.City != "Nice" || got[0].Orders.Count != 3 {
			t.Errorf("stored: %+v", got)
		}
		asOf := time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
		put(t, s, facts.Change{Customer: "a", Facts: &facts.Facts{AsOf: asOf, Edition: 4}, Parts: facts.OfValuation})
		equal(t, "valued", work(t, s), []facts.Work{{Customers: []string{"a"}, Cause: facts.Cause{Kind: facts.Valuation, Detail: "2026-02-01T00:00:00Z"}}})

		gone := facts.Change{Customer: "a", Cause: facts.Cause{Kind: facts.Objected}}
		equal(t, "gone", put(t, s, gone, gone, someone("a", "Lyon"), gone), []string{"a", "a", "a"})
		equal(t, "left", scan(t, s, "", ""), []string{"b"})
		equal(t, "count", count(t, s), int64(1))
	})
}

func TestListsAreKeptBesideTheFacts(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		s := open(t, e, newClock().Now)
		put(t, s, someone("a", ""), someone("b", ""), someone("c", ""))
		unknown, err := s.AddToList(ctx, "vip", []string{"b", "nobody", "a", "a"})
		must(t, err)
		equal(t, "unknown", unknown, []string{"nobody"})
		_, err = s.AddToList(ctx, "best", []string{"a"})
		must(t, err)
		work(t, s)
		_, err = s.AddToList(ctx, "vip", []string{"a", "c"})
		must(t, err)
		equal(t, "work", work(t, s), []facts.Work{{Customers: []string{"c"}, Cause: facts.Cause{Kind: facts.Listed, Detail: "vip"}}})

		put(t, s, someone("a", "Lyon")) // does not know of lists
		equal(t, "of a", lists(t, s, "a"), []string{"best", "vip"})
		put(t, s, facts.Change{Customer: "a", Cause: facts.Cause{Kind: facts.Merged, Detail: "b"}})
		equal(t, "of b, who inherits", lists(t, s, "b"), []string{"best", "vip"})
		_, err = s.RemoveFromList(ctx, "best", []string{"b", "c"})
		must(t, err)
		equal(t, "of b", lists(t, s, "b"), []string{"vip"})
		next, err := s.ForgetList(ctx, "vip", "", 1)
		must(t, err)
		equal(t, "of b", lists(t, s, "b"), []string(nil))
		equal(t, "of c, who is next", lists(t, s, "c"), []string{"vip"})
		next, err = s.ForgetList(ctx, "vip", next, 1)
		must(t, err)
		equal(t, "next", next, "")
		equal(t, "of c", lists(t, s, "c"), []string(nil))
	})
}

// A merge that is undone gives the record its lists back, once; one that is gone for good
// leaves nothing.
func TestListsComeBackWithTheRecord(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		s := open(t, e, newClock().Now)
		merge := func(a, into string) {
			t.Helper()
			put(t, s, facts.Change{Customer: a, Cause: facts.Cause{Kind: facts.Merged, Detail: into}})
		}
		on := func(list string, customers ...string) {
			t.Helper()
			_, err := s.AddToList(ctx, list, customers)
			must(t, err)
		}
		left := func(customer string) []string {
			t.Helper()
			lists, err := s.LeftLists(ctx, []string{customer})
			must(t, err)
			return lists[0]
		}
		put(t, s, someone("a", ""), someone("b", ""), someone("c", ""), someone("d", ""))
		on("vip", "a", "d")
		on("old", "a", "d")
		on("best", "b")
		merge("a", "b")
		merge("b", "c")
		merge("a", "c") // is told again
		equal(t, "left by a", left("a"), []string{"old", "vip"})
		_, err := s.ForgetList(ctx, "old", "", 100)
		must(t, err)
		put(t, s, someone("b", ""))
		equal(t, "of b, who had inherited", lists(t, s, "b"), []string{"best", "vip"})
		put(t, s, someone("a", ""), someone("e", ""))
		equal(t, "of a", lists(t, s, "a"), []string{"vip"})
		equal(t, "left by a", left("a"), []string(nil))
		equal(t, "of e", lists(t, s, "e"), []string(nil))
		equal(t, "of c, who keeps them", lists(t, s, "c"), []string{"best", "vip"})

		_, err = s.RemoveFromList(ctx, "vip", []string{"a"})
		must(t, err)
		merge("a", "c")
		put(t, s, someone("a", ""))
		equal(t, "of a, who was on none", lists(t, s, "a"), []string(nil))

		merge("d", "c")
		put(t, s, facts.Change{Customer: "d", Cause: facts.Cause{Kind: facts.Deleted}})
		equal(t, "left by d, who is deleted", left("d"), []string(nil))
		on("vip", "b")
		merge("b", "c")
		_, err = s.Erase(ctx, []string{"b"})
		must(t, err)
		equal(t, "left by b, who is erased", left("b"), []string(nil))
		put(t, s, someone("b", ""))
		equal(t, "of another b", lists(t, s, "b"), []string(nil))
	})
}

// A worker that was held up while another took over, and that one read the customer
// anew, does not write what it knew.
func TestOlderFactsDoNotReplaceNewer(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		now := newClock().Now
		newer, older := open(t, e, now), open(t, e, now)
		put(t, newer, someone("a", "Lyon"), someone("b", "Lyon"))
		over := errors.New("another worker has taken over")
		asked := 0
		older.Fence(func(context.Context) error {
			if asked++; asked > 1 {
				return over
			}
			put(t, newer, someone("a", "Nice")) // after the older one has looked what is stored
			return nil
		})
		if _, err := older.Put(t.Context(), []facts.Change{someone("a", "Brest"), someone("b", "Brest")}); !errors.Is(err, over) {
			t.Errorf("the older put ends with %v", err)
		}
		if _, err := older.Put(t.Context(), []facts.Change{someone("b", "Metz")}); !errors.Is(err, over) {
			t.Errorf("the next one ends with %v", err)
		}
		got, err := newer.GetMany(t.Context(), []string{"a", "b"}, facts.AllParts)
		must(t, err)
		equal(t, "cities", []string{got[0].Customer.City, got[1].Customer.City}, []string{"Nice", "Brest"})

		// What others change beside, the fence permitting, stays.
		asked = 0
		older.Fence(func(context.Context) error {
			if asked++; asked == 1 {
				_, err := newer.AddToList(t.Context(), "vip", []string{"b"})
				must(t, err)
			}
			return nil
		})
		put(t, older, someone("b", "Metz"))
		equal(t, "of b", lists(t, newer, "b"), []string{"vip"})
	})
}

func lists(t *testing.T, s *facts.Store, customer string) []string {
	t.Helper()
	got, err := s.GetMany(t.Context(), []string{customer}, facts.AllParts)
	must(t, err)
	return got[0].Lists
}

func TestErasedAreGoneFromEverything(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e, newClock().Now)
		put(t, s, someone("a", ""), someone("b", ""), someone("c", ""))
		put(t, s, someone("b", "Lyon"))
		for range 2 { // what is broken off is called again
			n, err := s.Erase(t.Context(), []string{"b", "nobody"})
			must(t, err)
			if n > 1 {
				t.Errorf("%d erased", n)
			}
		}
		equal(t, "count", count(t, s), int64(2))
		equal(t, "left", scan(t, s, "", ""), []string{"a", "c"})
		equal(t, "work", work(t, s), []facts.Work{{Customers: []string{"a", "c"}, Cause: facts.Cause{Kind: facts.Profile}}})
	})
}

func TestScanIsARangeOfEscapedIDs(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e, newClock().Now)
		for _, id := range []string{"b", "a", "a-b", "😀", "a.b", "100%"} {
			put(t, s, someone(id, ""))
		}
		equal(t, "all", scan(t, s, "", ""), []string{"😀", "100%", "a", "a-b", "a.b", "b"})
		equal(t, "some", scan(t, s, docstore.ID("100%"), "a.b"), []string{"100%", "a", "a-b"})
	})
}

func TestSamplesAreUniformAndSmallBasesWhole(t *testing.T) {
	s := open(t, onPebble(t), newClock().Now)
	const all = 4000
	var changes []facts.Change
	for i := range all {
		changes = append(changes, someone(fmt.Sprintf("%05d", i), ""))
	}
	put(t, s, changes...)
	sample, population, exact, err := s.Sample(t.Context(), 1000, facts.AllParts)
	must(t, err)
	if len(sample) != all || population != all || !exact {
		t.Errorf("whole: %d of %d, exact %v", len(sample), population, exact)
	}
	sample, population, exact, err = s.Sample(t.Context(), 400, facts.AllParts)
	must(t, err)
	if len(sample) != 400 || population != all || exact {
		t.Errorf("sample: %d of %d, exact %v", len(sample), population, exact)
	}
	tenths, ids := [10]int{}, map[string]bool{}
	for _, f := range sample {
		ids[f.Customer.ID] = true
		var n int
		_, err := fmt.Sscanf(f.Customer.ID, "%d", &n)
		must(t, err)
		tenths[n*10/all]++
	}
	if len(ids) != 400 {
		t.Errorf("%d of 400 are different", len(ids))
	}
	x2 := 0.0 // χ² of 9 degrees of freedom: above 27.9 once in a thousand
	for _, n := range tenths {
		x2 += float64((n-40)*(n-40)) / 40
	}
	if x2 > 27.9 {
		t.Errorf("by tenths of the ids: %v, χ² %.1f", tenths, x2)
	}
}

func TestPendingWorkComesUpWhenItsWriterIsSilent(t *testing.T) {
	c := newClock()
	s := open(t, onPebble(t), c.Now)
	broken := open(t, failing{onPebble(t)}, c.Now)
	if _, err := broken.Put(t.Context(), []facts.Change{someone("a", "")}); err == nil {
		t.Fatal("facts that could not be written are reported as written")
	}
	equal(t, "at once", work(t, broken), []facts.Work(nil))
	c.advance(time.Minute)
	if w := work(t, broken); len(w) != 1 || !slices.Equal(w[0].Customers, []string{"a"}) {
		t.Errorf("later: %v", w)
	}
	equal(t, "count", count(t, broken), int64(0))
	put(t, s, someone("a", ""))
	if w := work(t, s); len(w) != 1 {
		t.Errorf("written: %v", w)
	}
}
