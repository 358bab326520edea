package mongostore_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

// inRange is what a scan of all must yield, computed the plain way.
func inRange(all []docstore.Position, r docstore.Range) []docstore.Position {
	var found []docstore.Position
	for _, p := range all {
		key := p.Key
		if r.Index == "" {
			p.Key, key = "", p.ID
		}
		if r.Index != "" && key == "" || key < r.From || r.To != "" && key >= r.To {
			continue
		}
		if r.After != nil {
			if side := compare(p, *r.After, r.Index); side == 0 || (side < 0) != r.Reverse {
				continue
			}
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b docstore.Position) int {
		if r.Reverse {
			a, b = b, a
		}
		return compare(a, b, r.Index)
	})
	if r.Limit > 0 && len(found) > r.Limit {
		found = found[:r.Limit]
	}
	return found
}

func compare(a, b docstore.Position, index string) int {
	if index == "" {
		return cmp.Compare(a.ID, b.ID)
	}
	return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
}

func TestScanAndCountMeetTheModelOnAnyRange(t *testing.T) {
	table := openTable(t, mongotest.Open(t))
	var all []docstore.Position
	var writes []docstore.Write
	for i, id := range []string{"a", "a!1", "a!2", "a-b", "a-b!1", "a.b", "a%F0%9F%98%80", "b", "b!x", "c", "c!9", "d"} {
		city := ""
		if i%4 != 3 {
			city = fmt.Sprintf("k%d", i%3)
		}
		all = append(all, docstore.Position{Key: city, ID: id})
		writes = append(writes, create(id, city))
	}
	mustWrite(t, table, writes...)

	bounds := map[string][]string{"": {"", "a", "a!", "a\"", "a-b", "b", "c!9", "e"}, "city": {"", "k", "k0", "k1", "k1!", "k2", "l"}}
	rapid.Check(t, func(t *rapid.T) {
		index := rapid.SampledFrom([]string{"", "city"}).Draw(t, "index")
		r := docstore.Range{
			Index:   index,
			From:    rapid.SampledFrom(bounds[index]).Draw(t, "from"),
			To:      rapid.SampledFrom(bounds[index]).Draw(t, "to"),
			Reverse: rapid.Bool().Draw(t, "reverse"),
			Limit:   rapid.IntRange(0, 5).Draw(t, "limit"),
		}
		if rapid.Bool().Draw(t, "resumed") {
			r.After = &docstore.Position{ID: rapid.SampledFrom(all).Draw(t, "after").ID}
			if index != "" {
				r.After.Key = rapid.SampledFrom(bounds[index][1:]).Draw(t, "after key")
			}
		}
		want := inRange(all, r)
		var got []docstore.Position
		for entry, err := range table.Scan(t.Context(), r) {
			if err != nil {
				t.Fatal(err)
			}
			if id := entry.Doc.Lookup("_id").StringValue(); id != entry.ID {
				t.Fatalf("entry %v carries the document %s", entry.Position, id)
			}
			got = append(got, entry.Position)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("Scan(%+v): %v, want %v", r, got, want)
		}
		if n, err := table.Count(t.Context(), r); err != nil || n != int64(len(want)) {
			t.Fatalf("Count(%+v) = %d, %v, want %d", r, n, err, len(want))
		}
	})
}

// A server drops cursors when it is restarted, steps down or has waited long.
func TestAScanSurvivesTheLossOfItsCursor(t *testing.T) {
	e, sent, database := openMonitored(t, "", mongostore.Options{})
	table := openTable(t, e)
	const n = 2*mongostore.ScanBatch + 50
	var writes []docstore.Write
	for i := range n {
		writes = append(writes, create(name(i), "x"))
	}
	mustWrite(t, table, writes...)

	for _, r := range []docstore.Range{{}, {Index: "city"}, {Index: "city", Reverse: true}, {Limit: n - 3}} {
		var mu sync.Mutex
		var cursor int64
		sent.onSuccess(func(e *event.CommandSucceededEvent) {
			if id, ok := e.Reply.Lookup("cursor", "id").AsInt64OK(); ok {
				mu.Lock()
				defer mu.Unlock()
				cursor = id
			}
		})
		before := len(sent.named("find"))
		want := inRange(positions(n, "x"), r)
		var got []docstore.Position
		for entry, err := range table.Scan(t.Context(), r) {
			if err != nil {
				t.Fatalf("after %d entries: %v", len(got), err)
			}
			got = append(got, entry.Position)
			if len(got) != 10 {
				continue
			}
			mu.Lock()
			kill := bson.D{{Key: "killCursors", Value: people.Name}, {Key: "cursors", Value: bson.A{cursor}}}
			mu.Unlock()
			if err := database.RunCommand(t.Context(), kill).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("Scan(%+v) yields %d entries, want each of %d once, in order", r, len(got), len(want))
		}
		if finds := len(sent.named("find")) - before; finds < 2 {
			t.Errorf("%d queries: the cursor was not lost", finds)
		}
	}
}

func positions(n int, key string) []docstore.Position {
	all := make([]docstore.Position, n)
	for i := range all {
		all[i] = docstore.Position{Key: key, ID: name(i)}
	}
	return all
}
