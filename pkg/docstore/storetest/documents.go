package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

func testDocuments(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	if _, err := c.Get(ctx, "a"); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("get of nothing: %v", err)
	}
	want := &item{Meta: docstore.Meta{ID: "a"}, Group: "甲", Rank: -7, Body: []byte{0, 1, 255}}
	must(t, c.Insert(ctx, want))
	if want.Version != 1 || want.WriteID == "" || want.UpdatedAt.IsZero() {
		t.Fatalf("metadata after insert: %+v", want.Meta)
	}
	got, err := c.Get(ctx, "a")
	must(t, err)
	if got.Meta != want.Meta || got.Group != want.Group || got.Rank != want.Rank || !bytes.Equal(got.Body, want.Body) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	if got.UpdatedAt.Location() != time.UTC {
		t.Fatalf("updated_at is in %v", got.UpdatedAt.Location())
	}
	first := got.WriteID
	got.Group = "乙"
	must(t, c.Replace(ctx, got))
	if got.Version != 2 || got.WriteID == first {
		t.Fatalf("metadata after replace: %+v", got.Meta)
	}
	many, err := c.GetMany(ctx, []string{"b", "a", "zz", "a"})
	must(t, err)
	if many[0] != nil || many[2] != nil || many[1].Group != "乙" || many[3].Version != 2 {
		t.Fatalf("get many: %+v", many)
	}
	put(t, c, newItem("dead", "x", 1))
	must(t, c.Delete(ctx, "dead", docstore.Any))
	exist, err := c.Exist(ctx, []string{"b", "a", "dead", "a"})
	must(t, err)
	equal(t, "exist", exist, []bool{false, true, false, true})
	if none, err := c.GetMany(ctx, nil); err != nil || len(none) != 0 {
		t.Fatalf("get many of nothing: %v, %v", none, err)
	}
}

func testUniqueIDs(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	must(t, c.Insert(ctx, newItem("a", "x", 1)))
	second := newItem("a", "y", 2)
	if err := c.Insert(ctx, second); !errors.Is(err, docstore.ErrConflict) {
		t.Fatalf("second insert: %v", err)
	}
	if second.Meta != (docstore.Meta{ID: "a"}) {
		t.Fatalf("a refused document has new metadata: %+v", second.Meta)
	}
	got, err := c.Get(ctx, "a")
	must(t, err)
	if got.Group != "x" {
		t.Fatalf("the refused insert was written: %+v", got)
	}
	equal(t, "index after a refused insert", scan(t, c, docstore.Range{Index: newest}), []string{"a"})
}

func testVersionConflicts(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	must(t, c.Insert(ctx, newItem("a", "x", 1)))
	mine, err := c.Get(ctx, "a")
	must(t, err)
	theirs, err := c.Get(ctx, "a")
	must(t, err)
	theirs.Rank = 2
	must(t, c.Replace(ctx, theirs))
	mine.Rank = 3
	if err := c.Replace(ctx, mine); !errors.Is(err, docstore.ErrConflict) {
		t.Fatalf("replace of a stale version: %v", err)
	}
	if mine.Version != 1 {
		t.Fatalf("a refused replace changed the version to %d", mine.Version)
	}
	if err := c.Delete(ctx, "a", 1); !errors.Is(err, docstore.ErrConflict) {
		t.Fatalf("delete of a stale version: %v", err)
	}
	// A version that never was: nothing may come into being by it.
	ghost := newItem("ghost", "x", 1)
	ghost.Version = 4
	if err := c.Replace(ctx, ghost); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("replace of what never was: %v", err)
	}
	if _, err := c.Get(ctx, "ghost"); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("the refused replace created a document: %v", err)
	}
	if err := c.Replace(ctx, newItem("new", "x", 1)); !errors.Is(err, docstore.ErrConflict) {
		t.Fatalf("replace of a document that was not read: %v", err)
	}
}

func testTombstones(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	if err := c.Delete(ctx, "a", docstore.Any); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("delete of nothing: %v", err)
	}
	put(t, c, newItem("a", "x", 1), newItem("b", "x", 2))
	must(t, c.Delete(ctx, "a", 1))
	if _, err := c.Get(ctx, "a"); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("get of a tombstone: %v", err)
	}
	if err := c.Delete(ctx, "a", docstore.Any); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("second delete: %v", err)
	}
	many, err := c.GetMany(ctx, []string{"a", "b"})
	must(t, err)
	if many[0] != nil || many[1] == nil {
		t.Fatalf("get many with a tombstone: %v", many)
	}
	stale := newItem("a", "x", 9)
	stale.Version = 1
	if err := c.Replace(ctx, stale); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("replace of a deleted document: %v", err)
	}
	for _, r := range []docstore.Range{{}, {Index: newest}, {Index: byRank}, {Limit: 1}, {Limit: 5}, {Reverse: true}} {
		equal(t, fmt.Sprintf("scan %+v", r), scan(t, c, r), []string{"b"})
	}
	again := newItem("a", "x", 3)
	must(t, c.Insert(ctx, again))
	if again.Version != 3 { // created 1, deleted 2
		t.Fatalf("recreated at version %d", again.Version)
	}
	equal(t, "after recreation", scan(t, c, docstore.Range{Index: byRank}), []string{"b", "a"})
	must(t, c.Delete(ctx, "a", docstore.Any))
	doc, err := c.Upsert(ctx, "a", func(doc *item, exists bool) error {
		if exists || doc.Group != "" {
			t.Errorf("upsert on a tombstone sees %+v", doc)
		}
		doc.Group = "y"
		return nil
	})
	must(t, err)
	if doc.Version != 5 {
		t.Fatalf("upserted at version %d", doc.Version)
	}
}

func testSweep(t *testing.T, e docstore.Engine) {
	ctx, now := t.Context(), newClock()
	c := items(t, e, docstore.WithClock(now.Now))
	put(t, c, newItem("a", "x", 1), newItem("b", "x", 2), newItem("c", "x", 3))
	must(t, c.Delete(ctx, "a", docstore.Any))
	must(t, c.Delete(ctx, "b", docstore.Any))
	must(t, c.Insert(ctx, newItem("b", "x", 2)))
	now.advance(time.Hour)
	must(t, c.Delete(ctx, "c", docstore.Any))
	swept, err := c.Sweep(ctx, now.Now().Add(-time.Minute))
	must(t, err)
	if swept != 1 {
		t.Fatalf("swept %d tombstones, want that of a alone", swept)
	}
	for id, version := range map[string]int64{"a": 1, "c": 3} {
		doc := newItem(id, "x", 1)
		must(t, c.Insert(ctx, doc))
		if doc.Version != version {
			t.Fatalf("%s is created anew at version %d, want %d", id, doc.Version, version)
		}
	}
	if got, err := c.Get(ctx, "b"); err != nil || got.Version != 3 {
		t.Fatalf("what was recreated: %+v, %v", got, err)
	}
}

func testUpdate(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	if _, err := c.Update(ctx, "a", func(*item) error { return nil }); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("update of nothing: %v", err)
	}
	put(t, c, newItem("a", "x", 1))
	calls := 0
	got, err := c.Update(ctx, "a", func(doc *item) error {
		if calls++; calls == 1 { // somebody else is faster
			_, err := c.Update(ctx, "a", func(doc *item) error { doc.Rank += 10; return nil })
			must(t, err)
		}
		doc.Rank++
		doc.Version, doc.ID = 99, "other" // not the caller's to change
		return nil
	})
	must(t, err)
	if calls != 2 || got.Rank != 12 || got.Version != 3 || got.ID != "a" {
		t.Fatalf("after %d calls: %+v", calls, got)
	}
	same, err := c.Update(ctx, "a", func(doc *item) error { doc.Rank = 0; return docstore.ErrUnchanged })
	must(t, err)
	if same.Rank != 12 || same.Version != 3 {
		t.Fatalf("left unchanged: %+v", same)
	}
	refused := errors.New("refused")
	if _, err := c.Update(ctx, "a", func(*item) error { return refused }); !errors.Is(err, refused) {
		t.Fatalf("the caller's error became %v", err)
	}
	equal(t, "index after updates", scan(t, c, docstore.Range{Index: newest}), []string{"a"})
}

func testUpsert(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	none, err := c.Upsert(ctx, "a", func(*item, bool) error { return docstore.ErrUnchanged })
	if none != nil || err != nil {
		t.Fatalf("declined creation: %v, %v", none, err)
	}
	for want := int64(1); want <= 3; want++ {
		got, err := c.Upsert(ctx, "a", func(doc *item, exists bool) error {
			if exists != (want > 1) || doc.ID != "a" {
				t.Errorf("round %d: exists=%v, %+v", want, exists, doc)
			}
			doc.Rank++
			return nil
		})
		must(t, err)
		if got.Rank != want || got.Version != want {
			t.Fatalf("round %d: %+v", want, got)
		}
	}
}

func testLargeDocuments(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	random := rand.NewChaCha8([32]byte{7})
	body := make([]byte, 159<<20/10)
	_, _ = random.Read(body)
	large := newItem("large", "x", 1)
	large.Body = body
	must(t, c.Insert(ctx, large))
	got, err := c.Get(ctx, "large")
	must(t, err)
	if !bytes.Equal(got.Body, body) {
		t.Fatal("a document of 15.9 MiB came back different")
	}
	got.Body = append(got.Body, make([]byte, 1<<20)...)
	if err := c.Replace(ctx, got); !errors.Is(err, docstore.ErrTooLarge) {
		t.Fatalf("replace by more than 16 MiB: %v", err)
	}
	over := newItem("over", "x", 1)
	over.Body = make([]byte, docstore.MaxDocument)
	errs, err := c.Write(ctx, []docstore.Op[item]{{Doc: over}, {Doc: newItem("small", "x", 2)}})
	must(t, err)
	if !errors.Is(errs[0], docstore.ErrTooLarge) || errs[1] != nil {
		t.Fatalf("a batch with one document of more than 16 MiB: %v", errs)
	}
	if over.Version != 0 {
		t.Fatalf("a refused document has version %d", over.Version)
	}
	equal(t, "what is stored", scan(t, c, docstore.Range{}), []string{"large", "small"})
}
