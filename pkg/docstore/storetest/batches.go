package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

func testBatch(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	put(t, c, newItem("003", "old", 3), newItem("007", "old", 7))
	ops := make([]docstore.Op[item], 1000)
	for i := range ops {
		ops[i].Doc = newItem(fmt.Sprintf("%03d", i), "x", int64(i))
	}
	errs, err := c.Write(ctx, ops)
	must(t, err)
	for i, err := range errs {
		taken := i == 3 || i == 7
		if taken != errors.Is(err, docstore.ErrConflict) || !taken && err != nil {
			t.Fatalf("item %d: %v", i, err)
		}
		if want := map[bool]int64{true: 0, false: 1}[taken]; ops[i].Doc.Version != want {
			t.Fatalf("item %d has version %d", i, ops[i].Doc.Version)
		}
	}
	if n, err := c.Count(ctx, docstore.Range{Index: byRank, From: "x", To: "y"}); err != nil || n != 998 {
		t.Fatalf("%d written, %v", n, err)
	}
	if errs, err := c.Write(ctx, nil); err != nil || len(errs) != 0 {
		t.Fatalf("empty batch: %v, %v", errs, err)
	}
	_, err = c.Write(ctx, []docstore.Op[item]{{Doc: newItem("q", "x", 1)}, {Doc: newItem("q", "x", 2)}})
	if fault.KindOf(err) != fault.InvalidArgument {
		t.Fatalf("an id twice in a batch: %v", err)
	}
}

// Every expectation against every state, in one batch.
func testBatchExpectations(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	var ops []docstore.Op[item]
	var want []error
	var versions []int64
	for _, x := range []struct {
		state   string // none, live (at version 2) or dead (deleted at version 2)
		expect  int64
		delete  bool
		err     error
		version int64 // afterwards, where there is no error
	}{
		{"none", docstore.Absent, false, nil, 1},
		{"none", docstore.Any, false, nil, 1},
		{"none", 2, false, docstore.ErrNotFound, 0},
		{"none", docstore.Any, true, docstore.ErrNotFound, 0},
		{"none", 2, true, docstore.ErrNotFound, 0},
		{"live", docstore.Absent, false, docstore.ErrConflict, 0},
		{"live", docstore.Any, false, nil, 3},
		{"live", 2, false, nil, 3},
		{"live", 1, false, docstore.ErrConflict, 0},
		{"live", 3, false, docstore.ErrConflict, 0},
		{"live", docstore.Any, true, nil, 3},
		{"live", 2, true, nil, 3},
		{"live", 1, true, docstore.ErrConflict, 0},
		{"dead", docstore.Absent, false, nil, 3},
		{"dead", docstore.Any, false, nil, 3},
		{"dead", 1, false, docstore.ErrNotFound, 0},
		{"dead", docstore.Any, true, docstore.ErrNotFound, 0},
	} {
		id := fmt.Sprintf("%02d", len(ops))
		if x.state != "none" {
			doc := newItem(id, "old", 1)
			must(t, c.Insert(ctx, doc))
			if x.state == "live" {
				must(t, c.Replace(ctx, doc))
			} else {
				must(t, c.Delete(ctx, id, 1))
			}
		}
		ops = append(ops, docstore.Op[item]{Doc: newItem(id, "new", 1), Expect: x.expect, Delete: x.delete})
		want, versions = append(want, x.err), append(versions, x.version)
	}
	errs, err := c.Write(ctx, ops)
	must(t, err)
	for i, op := range ops {
		if !errors.Is(errs[i], want[i]) {
			t.Errorf("item %d: %v, want %v", i, errs[i], want[i])
		}
		if op.Doc.Version != versions[i] {
			t.Errorf("item %d is at version %d, want %d", i, op.Doc.Version, versions[i])
		}
		got, err := c.Get(ctx, op.Doc.ID)
		if live := want[i] == nil && !op.Delete; live && (err != nil || got.Group != "new" || got.Version != versions[i]) {
			t.Errorf("item %d is stored as %+v, %v", i, got, err)
		}
	}
}

// What stands in the way of a write is told apart from what the line has lost.
func testLostAnswers(t *testing.T, e docstore.Engine) {
	ctx, line := t.Context(), &Faulty{Engine: e}
	c := items(t, line)

	line.LoseAnswers(1)
	doc := newItem("a", "x", 1)
	must(t, c.Insert(ctx, doc))
	if doc.Version != 1 {
		t.Fatalf("inserted at version %d", doc.Version)
	}
	line.LoseAnswers(1)
	doc.Rank = 2
	must(t, c.Replace(ctx, doc))
	line.LoseAnswers(1)
	calls := 0
	got, err := c.Update(ctx, "a", func(doc *item) error { calls++; doc.Rank++; return nil })
	must(t, err)
	if got.Rank != 3 || got.Version != 3 || calls != 1 {
		t.Fatalf("updated to %+v in %d calls", got, calls)
	}
	line.LoseAnswers(1)
	must(t, c.Delete(ctx, "a", 3))

	// A batch in which the lost answer said both yes and no.
	must(t, c.Insert(ctx, newItem("taken", "x", 1)))
	line.LoseAnswers(1)
	errs, err := c.Write(ctx, []docstore.Op[item]{{Doc: newItem("b", "x", 1)}, {Doc: newItem("taken", "y", 1)}})
	must(t, err)
	if errs[0] != nil {
		t.Errorf("a write that had succeeded: %v", errs[0])
	}
	if fault.KindOf(errs[1]) != fault.DeadlineExceeded {
		t.Errorf("a write that had not: %v", errs[1])
	}
	if got, err := c.Get(ctx, "taken"); err != nil || got.Group != "x" {
		t.Errorf("the document in the way: %+v, %v", got, err)
	}
}

func testLostRequests(t *testing.T, e docstore.Engine) {
	ctx, line := t.Context(), &Faulty{Engine: e}
	c := items(t, line)
	line.LoseRequests(1)
	doc := newItem("a", "x", 1)
	if err := c.Insert(ctx, doc); fault.KindOf(err) != fault.DeadlineExceeded {
		t.Fatalf("insert: %v", err)
	}
	if doc.Version != 0 {
		t.Fatalf("what was not written has version %d", doc.Version)
	}
	must(t, c.Insert(ctx, doc)) // the same again
	line.LoseRequests(1)
	if _, err := c.Update(ctx, "a", func(doc *item) error { doc.Rank++; return nil }); fault.KindOf(err) != fault.DeadlineExceeded {
		t.Fatalf("update: %v", err)
	}
	if got, err := c.Get(ctx, "a"); err != nil || got.Rank != 1 || got.Version != 1 {
		t.Fatalf("after a lost update: %+v, %v", got, err)
	}
}

// A write with a name of its own is made once, however often it is asked for.
func testNamedWrites(t *testing.T, e docstore.Engine) {
	ctx, c := t.Context(), items(t, e)
	write := func(name, group string) error {
		errs, err := c.Write(ctx, []docstore.Op[item]{{Doc: newItem("a", group, 1), WriteID: name}})
		must(t, err)
		return errs[0]
	}
	for range 2 {
		must(t, write("run!1", "first"))
	}
	for _, other := range []string{"run!2", ""} {
		if err := write(other, "other"); !errors.Is(err, docstore.ErrConflict) {
			t.Fatalf("write %q of what is there: %v", other, err)
		}
	}
	if n, err := c.Count(ctx, docstore.Range{Index: byRank, From: "first", To: "firsu"}); err != nil || n != 1 {
		t.Fatalf("%d written first, %v", n, err)
	}
}
