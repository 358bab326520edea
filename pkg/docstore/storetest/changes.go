package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

func testChanges(t *testing.T, e docstore.Engine) {
	ctx, now := t.Context(), newClock()
	c := items(t, e, docstore.WithClock(now.Now))
	feed := func(after *docstore.Position) ([]string, *docstore.Position) {
		t.Helper()
		changes, next, err := c.Changes(ctx, after, 100)
		must(t, err)
		told := []string{}
		for _, change := range changes {
			state := "deleted"
			if change.Doc != nil {
				state = fmt.Sprint(change.Doc.Rank)
			}
			told = append(told, fmt.Sprintf("%s@%d %s", change.ID, change.Version, state))
		}
		return told, next
	}
	put(t, c, newItem("b", "x", 1))
	now.advance(time.Second)
	put(t, c, newItem("a", "x", 2))
	now.advance(8 * time.Second)
	told, next := feed(nil)
	equal(t, "within the lag", told, []string{})
	now.advance(1001 * time.Millisecond)
	told, next = feed(next)
	equal(t, "when the first is old enough", told, []string{"b@1 1"})
	now.advance(time.Second)
	told, next = feed(next)
	equal(t, "when the second is", told, []string{"a@1 2"})

	must(t, c.Delete(ctx, "b", 1))
	now.advance(time.Second)
	_, err := c.Update(ctx, "a", func(doc *item) error { doc.Rank = 7; return nil })
	must(t, err)
	now.advance(time.Minute)
	told, next = feed(next)
	equal(t, "a deletion and a change", told, []string{"b@2 deleted", "a@2 7"})
	told, next = feed(next)
	equal(t, "nothing more", told, []string{})
	told, _ = feed(nil)
	equal(t, "from the beginning", told, []string{"b@2 deleted", "a@2 7"})

	put(t, c, newItem("b", "x", 3))
	now.advance(11 * time.Second)
	told, _ = feed(next)
	equal(t, "a recreation", told, []string{"b@3 3"})
	if _, _, err := c.Changes(ctx, nil, 0); fault.KindOf(err) != fault.InvalidArgument {
		t.Fatalf("a limit of 0: %v", err)
	}
}

// Many changes at one instant are told in pages, each once.
func testChangesPaging(t *testing.T, e docstore.Engine) {
	ctx, now := t.Context(), newClock()
	c := items(t, e, docstore.WithClock(now.Now))
	var want []string
	for round := range 3 {
		var docs []*item
		for i := range 25 {
			docs = append(docs, newItem(fmt.Sprintf("%d-%02d", round, i), "x", 1))
			want = append(want, docs[i].ID)
		}
		put(t, c, docs...)
		now.advance(time.Millisecond)
	}
	now.advance(docstore.ChangesLag)
	var got []string
	var after *docstore.Position
	for {
		changes, next, err := c.Changes(ctx, after, 10)
		must(t, err)
		if len(changes) == 0 {
			break
		}
		for _, change := range changes {
			got = append(got, change.ID)
		}
		after = next
	}
	equal(t, "changes", got, want)
}

func testUpdatedAt(t *testing.T, e docstore.Engine) {
	ctx, now := t.Context(), newClock()
	c := items(t, e, docstore.WithClock(now.Now))
	doc := newItem("a", "x", 1)
	must(t, c.Insert(ctx, doc))
	last := doc.UpdatedAt
	if want := now.Now().Truncate(time.Millisecond); !last.Equal(want) {
		t.Fatalf("created at %v, want %v", last, want)
	}
	now.advance(-time.Hour) // a clock set back must not set the document back
	step := func(what string) {
		t.Helper()
		if want := last.Add(time.Millisecond); !doc.UpdatedAt.Equal(want) {
			t.Fatalf("%s: updated at %v, want %v", what, doc.UpdatedAt, want)
		}
		last = doc.UpdatedAt
	}
	must(t, c.Replace(ctx, doc))
	step("replace")
	var err error
	doc, err = c.Update(ctx, "a", func(*item) error { return nil })
	must(t, err)
	step("update")
	doc = newItem("a", "y", 1)
	errs, err := c.Write(ctx, []docstore.Op[item]{{Doc: doc, Expect: docstore.Any}})
	must(t, err)
	must(t, errs[0])
	step("overwrite")
	must(t, c.Delete(ctx, "a", docstore.Any))
	doc = newItem("a", "z", 1)
	must(t, c.Insert(ctx, doc))
	last = last.Add(time.Millisecond) // of the tombstone
	step("recreation")
	now.advance(2 * time.Hour)
	must(t, c.Replace(ctx, doc))
	if want := now.Now().Truncate(time.Millisecond); !doc.UpdatedAt.Equal(want) {
		t.Fatalf("with the clock right again: %v, want %v", doc.UpdatedAt, want)
	}
}
