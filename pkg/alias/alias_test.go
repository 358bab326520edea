package alias

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// feed tells changes page by page, some of them twice.
type feed struct {
	changes []Link
	down    bool
	asked   int
}

func (f *feed) fetch(_ context.Context, cursor string) (Changes, error) {
	f.asked++
	if f.down {
		return Changes{}, errors.New("nobody answers")
	}
	at, _ := strconv.Atoi(cursor)
	from := max(at-1, 0) // the last is told again
	to := min(at+2, len(f.changes))
	return Changes{Links: f.changes[from:to], Next: strconv.Itoa(to), More: to < len(f.changes)}, nil
}

func newBook(f *feed) (*Book, *time.Time) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	b := New(f.fetch, nil)
	b.now = func() time.Time { return now }
	return b, &now
}

func TestBookFollowsTheChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &feed{}
		b, now := newBook(f)
		parent := map[string]Link{}
		for n := range rapid.IntRange(1, 30).Draw(t, "changes") {
			id := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "id")
			into := rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}).Draw(t, "into")
			root := into
			for parent[root].Linked {
				root = parent[root].Into
			}
			switch link, linked := parent[id]; {
			case linked:
				link.Linked = false
				delete(parent, id)
				f.changes = append(f.changes, link)
			case root != id:
				parent[id] = Link{id, root, fmt.Sprint(n), true}
				f.changes = append(f.changes, parent[id])
			}
			if rapid.Bool().Draw(t, "look") {
				*now = now.Add(MaxAge)
				check(t, b, parent)
			}
		}
		*now = now.Add(MaxAge)
		check(t, b, parent)
	})
}

func check(t *rapid.T, b *Book, parent map[string]Link) {
	families := map[string][]string{}
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		root := id
		for parent[root].Linked {
			root = parent[root].Into
		}
		families[root] = append(families[root], id)
		if got := b.Root(t.Context(), id); got != root {
			t.Fatalf("%s belongs to %s, want %s", id, got, root)
		}
	}
	for root, members := range families {
		for _, id := range members {
			got := b.Members(t.Context(), id)
			if got[0] != root {
				t.Fatalf("members of %s: %q, want %s first", id, got, root)
			}
			if slices.Sort(got); !slices.Equal(got, members) {
				t.Fatalf("members of %s: %q, want %q", id, got, members)
			}
		}
	}
	if got := len(b.View(t.Context())); got != len(parent) {
		t.Fatalf("%d are merged, want %d", got, len(parent))
	}
}

func TestBookGoesOnWhileNobodyAnswers(t *testing.T) {
	f := &feed{changes: []Link{{"b", "a", "1", true}}, down: true}
	b, now := newBook(f)
	if got := b.Root(t.Context(), "b"); got != "b" {
		t.Errorf("nothing is known, and b belongs to %s", got)
	}
	f.down = false
	if got := b.Root(t.Context(), "b"); got != "b" || f.asked != 1 {
		t.Errorf("asked %d times at one moment, and b belongs to %s", f.asked, got)
	}
	*now = now.Add(MaxAge)
	if got := b.Root(t.Context(), "b"); got != "a" {
		t.Errorf("b belongs to %s", got)
	}
	f.down = true
	*now = now.Add(MaxAge)
	if got := b.Roots(t.Context(), []string{"b", "c"}); !slices.Equal(got, []string{"a", "c"}) {
		t.Errorf("what was known is forgotten: %q", got)
	}
}

func TestForget(t *testing.T) {
	f := &feed{changes: []Link{{"b", "a", "1", true}, {"c", "b", "2", true}, {"e", "d", "3", true}, {"f", "d", "4", true}}}
	b, now := newBook(f)
	if got := b.Root(t.Context(), "c"); got != "a" {
		t.Fatalf("c belongs to %s", got)
	}
	b.Forget("b", "e", "nobody")
	f.changes = f.changes[:4:4]
	*now = now.Add(MaxAge)
	want := map[string]string{"f": "d"}
	if got := b.View(t.Context()); len(got) != 1 || got["f"] != "d" {
		t.Errorf("known are %v, want %v", got, want)
	}
	if got := b.Members(t.Context(), "d"); !slices.Equal(got, []string{"d", "f"}) {
		t.Errorf("members of d: %q", got)
	}
}
