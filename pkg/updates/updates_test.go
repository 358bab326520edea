package updates_test

import (
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/updates"
)

type note struct {
	docstore.Meta `bson:",inline"`
	Of            string `bson:"of"`
}

// world is two collections, of which one names customers in its ids.
type world struct {
	now          time.Time
	people, told *docstore.Collection[note]
	feed         *updates.Feed
}

func newWorld(t testing.TB) *world {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	w := &world{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	open := func(name string) *docstore.Collection[note] {
		c, err := docstore.Open(t.Context(), e, docstore.Schema[note]{Name: name, Changes: true}, docstore.WithClock(clock))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	w.people, w.told = open("people"), open("told")
	w.feed = updates.New("test", clock, updates.Of("people", w.people, updates.FirstPart[note]),
		updates.Of("told", w.told, func(_ string, n *note) string {
			if n == nil {
				return ""
			}
			return n.Of
		}))
	return w
}

func (w *world) read(t testing.TB, cursor string, size int) updates.Page {
	t.Helper()
	page, err := w.feed.Read(t.Context(), cursor, size)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func put(t testing.TB, c *docstore.Collection[note], id, of string) {
	t.Helper()
	if _, err := c.Upsert(t.Context(), docstore.ID(id), func(n *note, _ bool) error { n.Of = of; return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestAFeedTellsWhoseRecordsChanged(t *testing.T) {
	w := newWorld(t)
	put(t, w.people, "old", "")
	w.now = w.now.Add(time.Minute)
	head := w.read(t, "", 10)
	if len(head.Customers) > 0 || head.More || !head.SyncedTo.Equal(w.now.Add(-docstore.ChangesLag)) {
		t.Errorf("head: %+v", head)
	}
	put(t, w.people, "a", "")
	put(t, w.people, "b", "")
	put(t, w.told, "x", "b")
	put(t, w.told, "y", "c d")
	if err := w.people.Delete(t.Context(), "old", docstore.Any); err != nil {
		t.Fatal(err)
	}
	if early := w.read(t, head.Next, 10); len(early.Customers) > 0 {
		t.Errorf("told before nothing can come in front of it any more: %v", early.Customers)
	}
	w.now = w.now.Add(time.Minute)
	var all []string
	cursor, pages := head.Next, 0
	for more := true; more; pages++ {
		page := w.read(t, cursor, 2)
		all, cursor, more = append(all, page.Customers...), page.Next, page.More
		if len(page.Customers) > 2 {
			t.Errorf("a page of 2 has %v", page.Customers)
		}
		if !more && !page.SyncedTo.Equal(w.now.Add(-docstore.ChangesLag)) {
			t.Errorf("synced to %v at %v", page.SyncedTo, w.now)
		}
	}
	slices.Sort(all)
	if got := slices.Compact(all); !slices.Equal(got, []string{"a", "b", "c d", "old"}) {
		t.Errorf("told of %q", got)
	}
	if again := w.read(t, cursor, 10); len(again.Customers) > 0 || again.More {
		t.Errorf("told again: %+v", again)
	}
}

func TestCursorsOfOthersAndOldOnesAreRefused(t *testing.T) {
	w := newWorld(t)
	head := w.read(t, "", 10)
	other := updates.New("another", func() time.Time { return w.now }, updates.Of("people", w.people, updates.FirstPart[note]))
	for _, cursor := range []string{"x", "eA", head.Next + "A", head.Next[1:], "////"} {
		if _, err := w.feed.Read(t.Context(), cursor, 10); fault.ReasonOf(err) != "CURSOR_INVALID" {
			t.Errorf("cursor %q: %v", cursor, err)
		}
	}
	if _, err := other.Read(t.Context(), head.Next, 10); fault.ReasonOf(err) != "CURSOR_INVALID" {
		t.Errorf("a cursor of another service: %v", err)
	}
	w.now = w.now.Add(docstore.TombstoneLife)
	if _, err := w.feed.Read(t.Context(), head.Next, 10); fault.ReasonOf(err) != "CURSOR_EXPIRED" {
		t.Errorf("an old cursor: %v", err)
	}
}

// What changes after the clock was set back has times that have been told already: who
// has read up to then is sent to read everything anew, and goes on from there.
func TestAClockSetBackHidesNoChange(t *testing.T) {
	w := newWorld(t)
	put(t, w.people, "a", "")
	w.now = w.now.Add(time.Hour)
	cursor := w.read(t, w.read(t, "", 10).Next, 10).Next
	w.now = w.now.Add(-30 * time.Minute)
	put(t, w.people, "b", "")
	w.now = w.now.Add(time.Minute)
	if page, err := w.feed.Read(t.Context(), cursor, 10); fault.ReasonOf(err) != "CURSOR_EXPIRED" {
		t.Fatalf("told %+v, %v", page, err)
	}
	cursor = w.read(t, "", 10).Next
	put(t, w.people, "c", "")
	w.now = w.now.Add(time.Minute)
	if page := w.read(t, cursor, 10); !slices.Equal(page.Customers, []string{"c"}) {
		t.Fatalf("told %+v", page)
	}
}

// TestNoChangeIsMissed reads pages of random sizes between random changes.
func TestNoChangeIsMissed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		cursor := w.read(t, "", 1).Next
		pending := map[string]bool{}
		read := func(size int) (more bool) {
			page := w.read(t, cursor, size)
			cursor = page.Next
			for _, c := range page.Customers {
				delete(pending, c)
			}
			return page.More
		}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			who := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(rt, "who")
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				put(t, w.people, who, "")
				pending[who] = true
			case 1:
				put(t, w.told, rapid.SampledFrom([]string{"1", "2"}).Draw(rt, "note")+who, who)
				pending[who] = true
			case 2:
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 20_000).Draw(rt, "ms")) * time.Millisecond)
			default:
				read(rapid.IntRange(1, 3).Draw(rt, "size"))
			}
		}
		w.now = w.now.Add(time.Minute)
		for read(2) {
			continue
		}
		if len(pending) > 0 {
			rt.Fatalf("never told of %v", pending)
		}
	})
}
