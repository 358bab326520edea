package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const writers = 64

func testIncrementRace(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	const each = 10
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range each {
				_, err := c.Upsert(ctx, "counter", func(doc *item, _ bool) error { doc.Rank++; return nil })
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	got, err := c.Get(ctx, "counter")
	must(t, err)
	if got.Rank != writers*each || got.Version != writers*each {
		t.Fatalf("%d increments made %d at version %d", writers*each, got.Rank, got.Version)
	}
	equal(t, "index", scan(t, c, docstore.Range{Index: newest}), []string{"counter"})
}

// Of all who replace one version exactly one succeeds.
func testReplaceRace(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	must(t, c.Insert(ctx, newItem("a", "x", 0)))
	for round := int64(1); round <= 10; round++ {
		var won, lost atomic.Int64
		var group errgroup.Group
		for w := range int64(writers) {
			group.Go(func() error {
				doc := newItem("a", "x", w)
				doc.Version = round
				switch err := c.Replace(ctx, doc); {
				case err == nil:
					won.Add(1)
				case errors.Is(err, docstore.ErrConflict):
					lost.Add(1)
				default:
					return err
				}
				return nil
			})
		}
		must(t, group.Wait())
		if won.Load() != 1 || lost.Load() != writers-1 {
			t.Fatalf("round %d: %d replaced, %d conflicted", round, won.Load(), lost.Load())
		}
	}
	if got, err := c.Get(ctx, "a"); err != nil || got.Version != 11 {
		t.Fatalf("in the end %+v, %v", got, err)
	}
}

func testInsertRace(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	for round := range 10 {
		id := fmt.Sprint(round)
		if round%2 == 1 { // every other round on a tombstone
			must(t, c.Insert(ctx, newItem(id, "old", 0)))
			must(t, c.Delete(ctx, id, 1))
		}
		var won atomic.Int64
		var group errgroup.Group
		for range writers {
			group.Go(func() error {
				err := c.Insert(ctx, newItem(id, "x", 0))
				if err == nil {
					won.Add(1)
				} else if !errors.Is(err, docstore.ErrConflict) {
					return err
				}
				return nil
			})
		}
		must(t, group.Wait())
		if won.Load() != 1 {
			t.Fatalf("round %d: %d inserted the same id", round, won.Load())
		}
	}
}

// Batches that overlap in any order neither lock each other out nor lose an op.
func testOverlappingBatches(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	const ids, rounds, clients = 50, 5, 8
	var succeeded [ids]atomic.Int64
	var group errgroup.Group
	for w := range clients {
		group.Go(func() error {
			for range rounds {
				ops := make([]docstore.Op[item], ids)
				for i := range ops {
					ops[i] = docstore.Op[item]{Doc: newItem(fmt.Sprintf("%02d", i), "x", int64(w)), Expect: docstore.Any}
				}
				if w%2 == 1 {
					slices.Reverse(ops)
				}
				errs, err := c.Write(ctx, ops)
				if err = errors.Join(append(errs, err)...); err != nil {
					return err
				}
				for i := range succeeded {
					succeeded[i].Add(1)
				}
			}
			return nil
		})
	}
	must(t, group.Wait())
	for doc, err := range c.Scan(ctx, docstore.Range{}) {
		must(t, err)
		if doc.Version != clients*rounds {
			t.Fatalf("%s is at version %d after %d writes", doc.ID, doc.Version, clients*rounds)
		}
	}
	if got := scan(t, c, docstore.Range{Index: newest}); len(got) != ids {
		t.Fatalf("the index holds %d of %d", len(got), ids)
	}
}

// Documents that nobody touches are seen exactly once, in order, whatever is
// written between the pages.
func testPagesUnderWrites(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	var docs []*item
	for i := range 300 {
		docs = append(docs, newItem(fmt.Sprintf("%03d", i), "x", int64(i)))
	}
	put(t, c, docs...)
	stop := make(chan struct{})
	var written atomic.Int64
	group, writing := errgroup.WithContext(ctx)
	for w := range 4 {
		group.Go(func() error {
			for i := w; ; i += 4 {
				select {
				case <-stop:
					return nil
				default:
				}
				id := fmt.Sprintf("%03d+", i%300) // between the others
				doc, err := c.Upsert(ctx, id, func(doc *item, _ bool) error { doc.Group, doc.Rank = "x", int64(i*7%300); return nil })
				if err == nil && i%3 == 0 {
					err = c.Delete(ctx, id, doc.Version)
				}
				if err != nil {
					return err
				}
				written.Add(1)
			}
		})
	}
	for round := 0; round == 0 || written.Load() < 400 && writing.Err() == nil && !t.Failed(); round++ {
		for _, r := range []docstore.Range{{Limit: 7}, {Index: byRank, Limit: 7}, {Index: newest, Limit: 11}, {Limit: 13, Reverse: true}} {
			got, err := pages(ctx, c, r)
			if err != nil {
				t.Error(err)
				break
			}
			got = slices.DeleteFunc(got, func(id string) bool { return len(id) > 3 })
			if r.Reverse || r.Index == newest {
				slices.Reverse(got)
			}
			if len(got) != 300 || !slices.IsSorted(got) {
				t.Errorf("%+v: %d of 300 untouched documents: %v", r, len(got), got)
			}
		}
	}
	close(stop)
	must(t, group.Wait())
}

// A scan over more than any engine fetches at once, with a writer in its way.
func testLongScan(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	var docs []*item
	for i := range 5000 {
		docs = append(docs, newItem(fmt.Sprintf("%05d", i), "x", int64(i%10)))
	}
	put(t, c, docs...)
	for _, r := range []docstore.Range{{}, {Index: byRank}} {
		seen := map[string]bool{}
		n := 0
		for doc, err := range c.Scan(ctx, r) {
			must(t, err)
			if seen[doc.ID] {
				t.Fatalf("%s was met twice", doc.ID)
			}
			seen[doc.ID] = true
			if n++; n%1000 == 0 { // the scan goes on over its own writes
				_, err := c.Update(ctx, doc.ID, func(doc *item) error { doc.Body = append(doc.Body, 1); return nil })
				must(t, err)
			}
		}
		if len(seen) != 5000 {
			t.Fatalf("%+v met %d of 5000", r, len(seen))
		}
	}
}
