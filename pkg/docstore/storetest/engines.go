package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// rawWrite is a write as an engine gets it, with key in the index "k".
func rawWrite(id string, expect, version int64, key string) docstore.Write {
	doc := bson.D{{Key: "_id", Value: id}, {Key: "version", Value: version}, {Key: "write_id", Value: "w"}}
	if key != "" {
		doc = append(doc, bson.E{Key: "keys", Value: bson.D{{Key: "k", Value: key}}})
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		panic(err) // it is made of strings and integers
	}
	return docstore.Write{ID: id, Expect: expect, Doc: raw}
}

func rawTable(t *testing.T, e docstore.Engine) docstore.Table {
	t.Helper()
	table, err := e.Table(t.Context(), docstore.Layout{Name: "raw", Indexes: []string{"k"}})
	must(t, err)
	return table
}

// rawWriteAll writes and compares each item's error.
func rawWriteAll(t *testing.T, table docstore.Table, writes []docstore.Write, want ...error) {
	t.Helper()
	errs, err := table.Write(t.Context(), writes)
	must(t, err)
	for i := range writes {
		if !errors.Is(errs[i], want[i]) {
			t.Fatalf("write of %s expecting %d: %v, want %v", writes[i].ID, writes[i].Expect, errs[i], want[i])
		}
	}
}

func rawKeys(t *testing.T, table docstore.Table) (keys []string) {
	t.Helper()
	for entry, err := range table.Scan(t.Context(), docstore.Range{Index: "k"}) {
		must(t, err)
		keys = append(keys, entry.Key+"="+entry.ID)
	}
	return keys
}

func testEngineWrites(t *testing.T, e docstore.Engine) {
	ctx, table := t.Context(), rawTable(t, e)
	first := rawWrite("a", docstore.Absent, 1, "p")
	rawWriteAll(t, table, []docstore.Write{first, rawWrite("b", docstore.Any, 1, "q"), rawWrite("c", 3, 4, "r")},
		nil, nil, docstore.ErrConflict)
	got, err := table.Get(ctx, "a")
	must(t, err)
	if string(got) != string(first.Doc) {
		t.Fatalf("the document came back as %v", got)
	}
	if _, err := table.Get(ctx, "c"); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("a refused write was performed: %v", err)
	}
	rawWriteAll(t, table, []docstore.Write{rawWrite("a", docstore.Absent, 1, "x"), rawWrite("b", docstore.Any, 7, "s")},
		docstore.ErrConflict, nil)
	rawWriteAll(t, table, []docstore.Write{rawWrite("a", 1, 2, ""), rawWrite("b", 1, 2, "x")}, nil, docstore.ErrConflict)
	equal(t, "index", rawKeys(t, table), []string{"s=b"})
	rawWriteAll(t, table, []docstore.Write{rawWrite("a", 2, 3, "t"), rawWrite("b", 7, 8, "s")}, nil, nil)
	equal(t, "index", rawKeys(t, table), []string{"s=b", "t=a"})
	many, err := table.GetMany(ctx, []string{"b", "zz", "a"})
	must(t, err)
	if many[0].Lookup("version").AsInt64() != 8 || many[1] != nil || many[2].Lookup("version").AsInt64() != 3 {
		t.Fatalf("get many: %v", many)
	}
	big := rawWrite("big", docstore.Any, 1, "")
	big.Doc = append(big.Doc, make([]byte, docstore.MaxDocument)...)
	rawWriteAll(t, table, []docstore.Write{big, rawWrite("c", docstore.Absent, 1, "u")}, docstore.ErrTooLarge, nil)
	if n, err := table.Count(ctx, docstore.Range{Index: "k"}); err != nil || n != 3 {
		t.Fatalf("count: %d, %v", n, err)
	}
}

func testEngineRemoval(t *testing.T, e docstore.Engine) {
	ctx, table := t.Context(), rawTable(t, e)
	rawWriteAll(t, table, []docstore.Write{
		rawWrite("a", docstore.Absent, 1, "p"), rawWrite("b", docstore.Absent, 1, "q"), rawWrite("c", docstore.Absent, 1, "r"),
	}, nil, nil, nil)
	rawWriteAll(t, table, []docstore.Write{{ID: "a", Expect: 1}, {ID: "b", Expect: 2}, {ID: "c", Expect: docstore.Any}},
		nil, docstore.ErrConflict, nil)
	equal(t, "index", rawKeys(t, table), []string{"q=b"})
	if _, err := table.Get(ctx, "a"); !errors.Is(err, docstore.ErrNotFound) {
		t.Fatalf("removed: %v", err)
	}
	rawWriteAll(t, table, []docstore.Write{rawWrite("a", docstore.Absent, 1, "z")}, nil)
}

func testEndedContexts(t *testing.T, e docstore.Engine) {
	c := items(t, e)
	put(t, c, newItem("a", "x", 1))
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancelLate()
	for _, x := range []struct {
		ctx   context.Context
		kind  fault.Kind
		cause error
	}{{cancelled, fault.Cancelled, context.Canceled}, {late, fault.DeadlineExceeded, context.DeadlineExceeded}} {
		for name, call := range calls(c) {
			err := call(x.ctx)
			if fault.KindOf(err) != x.kind || !errors.Is(err, x.cause) {
				t.Errorf("%s after %v: %v", name, x.cause, err)
			}
		}
	}
	if got, err := c.Get(t.Context(), "a"); err != nil || got.Version != 1 {
		t.Fatalf("calls that were cancelled have changed %+v, %v", got, err)
	}

	// A scan under way ends with its context.
	var docs []*item
	for i := range 3000 {
		docs = append(docs, newItem(docstore.ID("s", string(rune('0'+i%10)), strings.Repeat("x", i/10+1)), "x", 1))
	}
	put(t, c, docs...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range c.Scan(ctx, docstore.Range{}) {
		cancel()
		n++
		last = err
	}
	if n >= 3000 || fault.KindOf(last) != fault.Cancelled {
		t.Fatalf("a cancelled scan went on for %d documents and ended with %v", n, last)
	}
}

// calls are all that a collection can be asked, on a document "a".
func calls(c *docstore.Collection[item]) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Get":     func(ctx context.Context) error { _, err := c.Get(ctx, "a"); return err },
		"GetMany": func(ctx context.Context) error { _, err := c.GetMany(ctx, []string{"a"}); return err },
		"Exist":   func(ctx context.Context) error { _, err := c.Exist(ctx, []string{"a"}); return err },
		"Insert":  func(ctx context.Context) error { return c.Insert(ctx, newItem("new", "x", 1)) },
		"Replace": func(ctx context.Context) error {
			doc := newItem("a", "x", 1)
			doc.Version = 1
			return c.Replace(ctx, doc)
		},
		"Update": func(ctx context.Context) error {
			_, err := c.Update(ctx, "a", func(*item) error { return nil })
			return err
		},
		"Upsert": func(ctx context.Context) error {
			_, err := c.Upsert(ctx, "new", func(*item, bool) error { return nil })
			return err
		},
		"Delete": func(ctx context.Context) error { return c.Delete(ctx, "a", docstore.Any) },
		"Write": func(ctx context.Context) error {
			_, err := c.Write(ctx, []docstore.Op[item]{{Doc: newItem("new", "x", 1)}})
			return err
		},
		"Scan": func(ctx context.Context) (last error) {
			for _, err := range c.Scan(ctx, docstore.Range{}) {
				last = err
			}
			return last
		},
		"Page":    func(ctx context.Context) error { _, _, err := c.Page(ctx, docstore.Range{Limit: 1}); return err },
		"Count":   func(ctx context.Context) error { _, err := c.Count(ctx, docstore.Range{}); return err },
		"Purge":   func(ctx context.Context) error { return c.Purge(ctx, docstore.Range{}) },
		"Erase":   func(ctx context.Context) error { return c.Erase(ctx, "a") },
		"Changes": func(ctx context.Context) error { _, _, err := c.Changes(ctx, nil, 1); return err },
		"Sweep":   func(ctx context.Context) error { _, err := c.Sweep(ctx, time.Unix(1, 0)); return err },
	}
}

func testInvalidArguments(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	for _, id := range []string{"", "a b", "a\x00b", "é", "a\n", strings.Repeat("x", 5000)} {
		_, getting := c.Get(ctx, id)
		_, listing := c.GetMany(ctx, []string{"fine", id})
		_, updating := c.Upsert(ctx, id, func(*item, bool) error { return nil })
		for what, err := range map[string]error{
			"get": getting, "get many": listing, "upsert": updating,
			"erase": c.Erase(ctx, "fine", id), "insert": c.Insert(ctx, newItem(id, "x", 1)), "delete": c.Delete(ctx, id, docstore.Any),
		} {
			f, ok := fault.As(err)
			if !ok || f.Kind != fault.InvalidArgument || len(f.Violations) == 0 {
				t.Errorf("%s of %.20q: %v", what, id, err)
			}
		}
	}
	for what, err := range map[string]error{
		"insert of nil":         c.Insert(ctx, nil),
		"replace by nil":        c.Replace(ctx, nil),
		"delete of version 0":   c.Delete(ctx, "a", 0),
		"delete of version -2":  c.Delete(ctx, "a", -2),
		"purge of an index":     c.Purge(ctx, docstore.Range{Index: byRank}),
		"scan of no index":      scanError(ctx, c, docstore.Range{Index: "nope"}),
		"scan with limit -1":    scanError(ctx, c, docstore.Range{Limit: -1}),
		"scan of our own index": scanError(ctx, c, docstore.Range{Index: "changes"}),
	} {
		if fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", what, err)
		}
	}
	equal(t, "what was written", scan(t, c, docstore.Range{}), []string{})
}

func scanError(ctx context.Context, c *docstore.Collection[item], r docstore.Range) (last error) {
	for _, err := range c.Scan(ctx, r) {
		last = err
	}
	return last
}

func testClosed(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	must(t, e.Ping(ctx))
	must(t, e.Close())
	must(t, e.Close())
	for name, call := range calls(c) {
		if err := call(ctx); fault.KindOf(err) != fault.Unavailable || fault.ReasonOf(err) != "STORE_UNAVAILABLE" {
			t.Errorf("%s on a closed engine: %v", name, err)
		}
	}
	if err := e.Ping(ctx); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("ping of a closed engine: %v", err)
	}
}
