package storetest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// testModel compares random sequences of calls with a plain map.
func testModel(t *testing.T, e docstore.Engine) {
	now := newClock()
	c := items(t, e, docstore.WithClock(now.Now))
	rapid.Check(t, func(rt *rapid.T) {
		if err := c.Purge(t.Context(), docstore.Range{}); err != nil {
			rt.Fatal(err)
		}
		m := &model{test: t, c: c, now: now, docs: map[string]*modelled{}}
		rt.Repeat(map[string]func(*rapid.T){
			"":        m.check,
			"insert":  m.insert,
			"replace": m.replace,
			"update":  m.update,
			"delete":  m.delete,
			"write":   m.write,
			"purge":   m.purge,
			"sweep":   m.sweep,
			"range":   m.scan,
			"wait": func(rt *rapid.T) {
				now.advance(time.Duration(rapid.IntRange(0, 5000).Draw(rt, "ms")) * time.Millisecond)
			},
		})
	})
}

type model struct {
	test *testing.T
	c    *docstore.Collection[item]
	now  *clock
	docs map[string]*modelled // tombstones too
}

type modelled struct {
	item
	live bool
}

var (
	modelIDs = rapid.SampledFrom([]string{
		docstore.ID("a"), docstore.ID("a", "1"), docstore.ID("a-b"), docstore.ID("a.b"), docstore.ID("😀"), docstore.ID("b"),
	})
	modelGroups = rapid.SampledFrom([]string{"", "x", "x-y", "z😀"})
	modelRanks  = rapid.Int64Range(-2, 2)
)

func (m *model) draw(rt *rapid.T) *item {
	return newItem(modelIDs.Draw(rt, "id"), modelGroups.Draw(rt, "group"), modelRanks.Draw(rt, "rank"))
}

func (m *model) live(id string) bool { return m.docs[id] != nil && m.docs[id].live }

// settle fails unless err is want; without an error it takes the new state over.
func (m *model) settle(rt *rapid.T, err, want error, doc *item, live bool) {
	if !errors.Is(err, want) {
		rt.Fatalf("%s: %v, want %v", doc.ID, err, want)
	}
	if want != nil {
		return
	}
	next := modelled{item: *doc, live: live}
	next.Version = 1
	if old := m.docs[doc.ID]; old != nil {
		next.Version = old.Version + 1
	}
	if live && doc.Version != next.Version {
		rt.Fatalf("%s is at version %d, want %d", doc.ID, doc.Version, next.Version)
	}
	next.UpdatedAt = m.now.Now().Truncate(time.Millisecond)
	if old := m.docs[doc.ID]; old != nil && !next.UpdatedAt.After(old.UpdatedAt) {
		next.UpdatedAt = old.UpdatedAt.Add(time.Millisecond)
	}
	m.docs[doc.ID] = &next
}

func (m *model) insert(rt *rapid.T) {
	doc := m.draw(rt)
	var want error
	if m.live(doc.ID) {
		want = docstore.ErrConflict
	}
	m.settle(rt, m.c.Insert(m.test.Context(), doc), want, doc, true)
}

func (m *model) replace(rt *rapid.T) {
	doc := m.draw(rt)
	doc.Version = rapid.Int64Range(1, 4).Draw(rt, "version")
	want := docstore.ErrNotFound
	if m.live(doc.ID) {
		if want = docstore.ErrConflict; m.docs[doc.ID].Version == doc.Version {
			want, doc.UpdatedAt = nil, m.docs[doc.ID].UpdatedAt
		}
	} else if m.docs[doc.ID] != nil {
		doc.Version = m.docs[doc.ID].Version - 1 // one that a client can have read
		if doc.Version < 1 {
			return
		}
	}
	m.settle(rt, m.c.Replace(m.test.Context(), doc), want, doc, true)
}

func (m *model) update(rt *rapid.T) {
	drawn := m.draw(rt)
	var want error
	if !m.live(drawn.ID) {
		want = docstore.ErrNotFound
	}
	doc, err := m.c.Update(m.test.Context(), drawn.ID, func(doc *item) error {
		doc.Group, doc.Rank = drawn.Group, drawn.Rank
		return nil
	})
	if err == nil {
		drawn = doc
	}
	m.settle(rt, err, want, drawn, true)
}

func (m *model) delete(rt *rapid.T) {
	id := modelIDs.Draw(rt, "id")
	version := rapid.SampledFrom([]int64{docstore.Any, 1, 2, 3}).Draw(rt, "version")
	m.settle(rt, m.c.Delete(m.test.Context(), id, version), m.deletion(id, version), newItem(id, "", 0), false)
}

func (m *model) deletion(id string, version int64) error {
	switch {
	case !m.live(id):
		return docstore.ErrNotFound
	case version != docstore.Any && version != m.docs[id].Version:
		return docstore.ErrConflict
	}
	return nil
}

func (m *model) write(rt *rapid.T) {
	var ops []docstore.Op[item]
	var want []error
	for _, id := range rapid.SliceOfNDistinct(modelIDs, 0, 5, rapid.ID[string]).Draw(rt, "ids") {
		op := docstore.Op[item]{Doc: newItem(id, modelGroups.Draw(rt, "group"), modelRanks.Draw(rt, "rank"))}
		op.Delete = rapid.Bool().Draw(rt, "delete")
		op.Expect = rapid.SampledFrom([]int64{docstore.Any, docstore.Absent}).Draw(rt, "expect")
		var err error
		switch {
		case op.Delete:
			op.Expect = docstore.Any
			err = m.deletion(id, docstore.Any)
		case op.Expect == docstore.Absent && m.live(id):
			err = docstore.ErrConflict
		}
		ops, want = append(ops, op), append(want, err)
	}
	errs, err := m.c.Write(m.test.Context(), ops)
	if err != nil {
		rt.Fatal(err)
	}
	for i, op := range ops {
		m.settle(rt, errs[i], want[i], op.Doc, !op.Delete)
	}
}

func (m *model) purge(rt *rapid.T) {
	id := modelIDs.Draw(rt, "id")
	if err := m.c.Purge(m.test.Context(), docstore.Within(id)); err != nil {
		rt.Fatal(err)
	}
	if id == "a" {
		delete(m.docs, docstore.ID("a", "1"))
	}
}

func (m *model) sweep(rt *rapid.T) {
	before := m.now.Now().Add(-time.Duration(rapid.IntRange(0, 8000).Draw(rt, "ms")) * time.Millisecond).Truncate(time.Millisecond)
	want := 0
	for id, doc := range m.docs {
		if !doc.live && doc.UpdatedAt.Before(before) {
			delete(m.docs, id)
			want++
		}
	}
	if got, err := m.c.Sweep(m.test.Context(), before); err != nil || got != want {
		rt.Fatalf("swept %d, %v; want %d", got, err, want)
	}
}

// scan compares a random range of a random order, and its count.
func (m *model) scan(rt *rapid.T) {
	edges := rapid.SampledFrom([]string{"", "a", "a!1", "a-b", "x", docstore.Key(docstore.String("x"), docstore.Int(0)), "z"})
	r := docstore.Range{
		Index: rapid.SampledFrom([]string{"", byRank, newest}).Draw(rt, "index"),
		From:  edges.Draw(rt, "from"), To: edges.Draw(rt, "to"),
	}
	want := m.inRange(r)
	if n, err := m.c.Count(m.test.Context(), r); err != nil || n != int64(len(want)) {
		rt.Fatalf("count of %+v: %d, %v; want %d", r, n, err, len(want))
	}
	if r.Reverse = rapid.Bool().Draw(rt, "reverse"); r.Reverse {
		slices.Reverse(want)
	}
	r.Limit = rapid.IntRange(1, 4).Draw(rt, "limit")
	got, err := pages(m.test.Context(), m.c, r)
	if err != nil || !slices.Equal(got, want) {
		rt.Fatalf("%+v: %v, %v; want %v", r, got, err, want)
	}
}

func (m *model) inRange(r docstore.Range) []string {
	type entry struct{ key, id string }
	var in []entry
	for id, doc := range m.docs {
		key := id
		switch r.Index {
		case byRank:
			key = schema.Indexes[0].Key(&doc.item)
		case newest:
			key = schema.Indexes[1].Key(&doc.item)
		}
		if doc.live && key != "" && key >= r.From && (r.To == "" || key < r.To) {
			in = append(in, entry{key, id})
		}
	}
	slices.SortFunc(in, func(a, b entry) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.id, b.id)) })
	ids := make([]string, len(in))
	for i, entry := range in {
		ids[i] = entry.id
	}
	return ids
}

// check compares every document, and the feed of changes.
func (m *model) check(rt *rapid.T) {
	ctx := m.test.Context()
	horizon := m.now.Now().Add(-docstore.ChangesLag).Truncate(time.Millisecond)
	told := map[string]string{}
	for id, want := range m.docs {
		got, err := m.c.Get(ctx, id)
		switch {
		case !want.live && !errors.Is(err, docstore.ErrNotFound):
			rt.Fatalf("get of deleted %s: %+v, %v", id, got, err)
		case want.live && (err != nil || got.Version != want.Version || !got.UpdatedAt.Equal(want.UpdatedAt) || got.Group != want.Group || got.Rank != want.Rank):
			rt.Fatalf("get of %s: %+v, %v; want %+v", id, got, err, want.item)
		}
		if want.UpdatedAt.Before(horizon) {
			told[id] = fmt.Sprint(want.Version, want.live)
		}
	}
	changes, _, err := m.c.Changes(ctx, nil, 100)
	if err != nil || len(changes) != len(told) {
		rt.Fatalf("%d changes, %v; want %d", len(changes), err, len(told))
	}
	for _, change := range changes {
		if told[change.ID] != fmt.Sprint(change.Version, change.Doc != nil) {
			rt.Fatalf("change of %s tells %+v, want %s", change.ID, change, told[change.ID])
		}
	}
}
