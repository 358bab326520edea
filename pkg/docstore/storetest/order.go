package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
)

func testKeyOrder(t *testing.T, e docstore.Engine) {
	c := items(t, e)
	want := []string{
		docstore.ID("a"), docstore.ID("a", "1"), docstore.ID("a", "2"),
		docstore.ID("a b"), docstore.ID("a!b"), docstore.ID("a%b"), docstore.ID("a😀"),
		docstore.ID("a-b"), docstore.ID("a-b", "1"), docstore.ID("a.b"), docstore.ID("a.b", "1"),
		docstore.ID("aB"), docstore.ID("ab"), docstore.ID("b"),
	}
	if !slices.IsSorted(want) {
		t.Fatalf("the ids are not in order: %q", want)
	}
	ranks := map[string]int64{}
	for _, i := range []int{7, 2, 13, 0, 9, 5, 11, 1, 12, 3, 8, 10, 4, 6} {
		put(t, c, newItem(want[i], want[i], int64(i%3)))
		ranks[want[i]] = int64(i % 3)
	}
	equal(t, "by id", scan(t, c, docstore.Range{}), want)
	equal(t, "what belongs to a", scan(t, c, docstore.Within(docstore.ID("a"))), want[1:3])
	equal(t, "what belongs to a-b", scan(t, c, docstore.Within(docstore.ID("a-b"))), want[8:9])

	// In an index the keys order first, then the ids, by bytes: 😀 after z.
	byGroup := slices.Clone(want)
	slices.SortStableFunc(byGroup, func(a, b string) int {
		return slices.Compare(
			[]byte(docstore.Key(docstore.String(a), docstore.Int(ranks[a]))),
			[]byte(docstore.Key(docstore.String(b), docstore.Int(ranks[b]))))
	})
	equal(t, "by group", scan(t, c, docstore.Range{Index: byRank}), byGroup)
	byFalling := slices.Clone(want)
	slices.SortStableFunc(byFalling, func(a, b string) int { return int(ranks[b] - ranks[a]) })
	equal(t, "by falling rank, then id", scan(t, c, docstore.Range{Index: newest}), byFalling)
	slices.Reverse(byFalling)
	equal(t, "the same reversed", scan(t, c, docstore.Range{Index: newest, Reverse: true}), byFalling)
}

// Every bound, direction, position and limit against a plain slice.
func testRanges(t *testing.T, e docstore.Engine) {
	c := items(t, e)
	var docs []*item
	for i := range 12 {
		docs = append(docs, newItem(fmt.Sprintf("k%02d", i), string(rune('a'+i%3)), int64(i/6)))
	}
	put(t, c, docs...)
	type entry struct{ key, id string }
	bounds := map[string][]string{
		"":     {"", "k00", "k03", "k05", "k05!", "k11", "z"},
		byRank: {"", "a", docstore.Key(docstore.String("b"), docstore.Int(0)), docstore.Key(docstore.String("b"), docstore.Int(1)), "c", "d"},
	}
	for index, edges := range bounds {
		var all []entry
		for _, doc := range docs {
			key := doc.ID
			if index != "" {
				key = docstore.Key(docstore.String(doc.Group), docstore.Int(doc.Rank))
			}
			all = append(all, entry{key, doc.ID})
		}
		slices.SortFunc(all, func(a, b entry) int { return slices.Compare([]byte(a.key+"\x00"+a.id), []byte(b.key+"\x00"+b.id)) })
		for _, from := range edges {
			for _, to := range edges {
				var in []string
				for _, a := range all {
					if a.key >= from && (to == "" || a.key < to) {
						in = append(in, a.id)
					}
				}
				for _, reverse := range []bool{false, true} {
					if reverse {
						slices.Reverse(in)
					}
					r := docstore.Range{Index: index, From: from, To: to, Reverse: reverse}
					what := fmt.Sprintf("%+v", r)
					equal(t, what, scan(t, c, r), in)
					r.Limit = 5
					equal(t, what+" limited", scan(t, c, r), in[:min(5, len(in))])
					paged, err := pages(t.Context(), c, r)
					must(t, err)
					equal(t, what+" in pages", paged, in)
				}
			}
		}
	}
}

// Documents enter and leave an index with their key. A position outside a range
// neither widens nor breaks it, and one that has been deleted still is a place.
func testIndexMembership(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	put(t, c, newItem("a", "", 1), newItem("b", "x", 2), newItem("c", "x", 3), newItem("d", "y", 4))
	equal(t, "without those that have no key", scan(t, c, docstore.Range{Index: byRank}), []string{"b", "c", "d"})
	_, err := c.Update(ctx, "b", func(doc *item) error { doc.Group = ""; return nil })
	must(t, err)
	_, err = c.Update(ctx, "a", func(doc *item) error { doc.Group = "z"; return nil })
	must(t, err)
	equal(t, "after leaving and joining", scan(t, c, docstore.Range{Index: byRank}), []string{"c", "d", "a"})

	at := docstore.Position{Key: docstore.Key(docstore.String("x"), docstore.Int(3)), ID: "c"}
	must(t, c.Delete(ctx, "c", docstore.Any))
	equal(t, "after a deleted position", scan(t, c, docstore.Range{Index: byRank, After: &at}), []string{"d", "a"})
	below, above := docstore.Position{Key: "A", ID: "a"}, docstore.Position{Key: "zz", ID: "z"}
	y := docstore.Range{Index: byRank, From: "y", To: "z"}
	for _, x := range []struct {
		after   docstore.Position
		reverse bool
		want    []string
	}{{below, false, []string{"d"}}, {above, false, []string{}}, {below, true, []string{}}, {above, true, []string{"d"}}} {
		r := y
		r.After, r.Reverse = &x.after, x.reverse
		equal(t, fmt.Sprintf("from outside, %+v", x), scan(t, c, r), x.want)
	}
	for entry, err := range c.ScanRaw(ctx, docstore.Range{Index: byRank, Limit: 1}) {
		must(t, err)
		want := docstore.Position{Key: docstore.Key(docstore.String("y"), docstore.Int(4)), ID: "d"}
		if entry.Position != want {
			t.Fatalf("position %+v, want %+v", entry.Position, want)
		}
	}
}

func testCount(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	var docs []*item
	for i := range 100 {
		docs = append(docs, newItem(fmt.Sprintf("%02d", i), string(rune('a'+i%4)), int64(i)))
	}
	put(t, c, docs...)
	for _, id := range []string{"05", "15", "99"} {
		must(t, c.Delete(ctx, id, docstore.Any))
	}
	for _, r := range []docstore.Range{
		{}, {From: "10", To: "20"}, {From: "15", To: "16"}, {From: "95"}, {To: "06"}, {From: "2", To: "1"},
		{Index: byRank}, {Index: byRank, From: "b", To: "c"}, {Index: newest},
	} {
		got, err := c.Count(ctx, r)
		must(t, err)
		if want := len(scan(t, c, r)); got != int64(want) {
			t.Errorf("count of %+v is %d, want %d", r, got, want)
		}
	}
}

func testPurge(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	var docs []*item
	for g := range 3 {
		for i := range 1200 {
			docs = append(docs, newItem(docstore.ID(fmt.Sprintf("g%d", g), fmt.Sprintf("%04d", i)), "x", int64(g)))
		}
	}
	put(t, c, docs...)
	must(t, c.Delete(ctx, docstore.ID("g1", "0007"), docstore.Any))
	must(t, c.Purge(ctx, docstore.Within(docstore.ID("g1"))))
	for _, r := range []docstore.Range{{}, {Index: byRank}, {Index: newest}} {
		ids := scan(t, c, r)
		if len(ids) != 2400 || slices.ContainsFunc(ids, func(id string) bool { return docstore.ParseID(id)[0] == "g1" }) {
			t.Fatalf("%d documents are left in %+v", len(ids), r)
		}
	}
	doc := newItem(docstore.ID("g1", "0007"), "x", 1)
	must(t, c.Insert(ctx, doc))
	if doc.Version != 1 {
		t.Fatalf("a purged tombstone was continued at version %d", doc.Version)
	}
	must(t, c.Purge(ctx, docstore.Range{}))
	if n, err := c.Count(ctx, docstore.Range{}); err != nil || n != 0 {
		t.Fatalf("%d documents are left of all, %v", n, err)
	}
}

// What is erased is gone from every order, its version with it, and nothing else
// is; one that is not there is no error.
func testErase(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	for _, many := range []int{2, 40} {
		var erased []string
		for i := range many {
			id := docstore.ID(fmt.Sprint(i))
			put(t, c, newItem(id, "x", int64(i)), newItem(id+"+", "x", int64(i)), newItem(docstore.ID(id, "a"), "x", int64(i)))
			erased = append(erased, id)
		}
		must(t, c.Delete(ctx, erased[1], docstore.Any))
		must(t, c.Erase(ctx, append(erased, "never", "0")...))
		for _, r := range []docstore.Range{{}, {Index: byRank}, {Index: newest}} {
			ids := scan(t, c, r)
			if len(ids) != 2*many || slices.ContainsFunc(ids, func(id string) bool { return slices.Contains(erased, id) }) {
				t.Fatalf("%d documents are left of %d in %+v: %v", len(ids), 2*many, r, ids)
			}
		}
		doc := newItem(erased[1], "x", 1)
		must(t, c.Insert(ctx, doc))
		if doc.Version != 1 {
			t.Fatalf("an erased tombstone was continued at version %d", doc.Version)
		}
		must(t, c.Erase(ctx))
		must(t, c.Purge(ctx, docstore.Range{}))
	}
}

// Tables and indexes whose names begin alike do not see each other's entries.
func testTableNames(t *testing.T, e docstore.Engine) {
	ctx := t.Context()
	for _, name := range []string{"item", "items", "items_2", "item_s"} {
		s := schema
		s.Name = name
		c, err := docstore.Open(ctx, e, s)
		must(t, err)
		put(t, c, newItem(name, "x", 1))
		equal(t, "table "+name, scan(t, c, docstore.Range{}), []string{name})
		equal(t, "index of "+name, scan(t, c, docstore.Range{Index: byRank}), []string{name})
	}
	again := items(t, e)
	equal(t, "a table opened twice", scan(t, again, docstore.Range{Index: newest}), []string{"items"})
}
