package pebblestore

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// What was added is never taken for absent, through all layers and concurrent
// adding; of what was not, almost all is.
func emptyTable() (bool, error) { return true, nil }

func begun(t interface{ Fatal(...any) }) *idFilter {
	f := newIDFilter()
	if err := f.begin(emptyTable); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestIDFilter(t *testing.T) {
	const writers, each = 4, 100_000 // a chain of several layers
	f := begun(t)
	name := func(kind string, w, i int) string { return fmt.Sprintf("%s-%d!%d", kind, w, i) }
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range each {
				if f.add(name("in", w, i)); f.absent(name("in", w, i)) {
					t.Errorf("%d of writer %d is taken for absent once added", i, w)
					return
				}
			}
		})
	}
	group.Wait()
	wrong := 0
	for w := range writers {
		for i := range each {
			if f.absent(name("in", w, i)) {
				t.Fatalf("%d of writer %d is taken for absent in the end", i, w)
			}
			if !f.absent(name("out", w, i)) {
				wrong++
			}
		}
	}
	if wrong > writers*each/20 {
		t.Errorf("%d of %d are taken for known", wrong, writers*each)
	}
}

func TestIDFilterOfAnyIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := begun(t)
		ids := rapid.SliceOf(rapid.String()).Draw(t, "ids")
		for _, id := range ids {
			f.add(id)
		}
		for _, id := range ids {
			if f.absent(id) {
				t.Fatalf("%q was added and is taken for absent", id)
			}
		}
	})
}

// A filter that is full gives up, and one of nothing knows nothing.
func TestIDFilterGivesUp(t *testing.T) {
	f := begun(t)
	for range 10 * minFilterBytes {
		f.add("the same again")
	}
	if n := len(*f.layers.Load()); n != 1 {
		t.Fatalf("one id has filled %d layers", n)
	}
	for size := minFilterBytes; size <= maxFilterBytes; size *= 4 {
		if !f.absent("stranger") {
			t.Fatalf("gave up before the layer of %d bytes", size)
		}
		f.mu.Lock()
		f.room = 0
		f.mu.Unlock()
		f.add("last " + strconv.Itoa(size))
	}
	if f.absent("stranger") {
		t.Error("a filter that is full still tells of an id that it is absent")
	}
	f.add("more")
	if err := f.begin(emptyTable); err != nil || f.absent("stranger") {
		t.Errorf("a filter that has given up began again, or %v", err)
	}
}

// Before it has seen that the table is empty, a filter knows nothing.
func TestIDFilterBegins(t *testing.T) {
	f := newIDFilter()
	if f.absent("a") {
		t.Error("a filter that has not begun tells of an id that it is absent")
	}
	failing := errors.New("unreadable")
	if err := f.begin(func() (bool, error) { return true, failing }); !errors.Is(err, failing) || f.absent("a") {
		t.Errorf("begun on a table that cannot be read: %v", err)
	}
	if err := f.begin(func() (bool, error) { return false, nil }); err != nil || f.absent("a") {
		t.Errorf("a filter of a table with documents tells of an id that it is absent, or %v", err)
	}
	if err := f.begin(emptyTable); err != nil || f.absent("a") {
		t.Errorf("begun a second time, or %v", err)
	}
}

// All who open a table share its filter, which knows nothing where there are
// documents from before.
func TestFilterOfTable(t *testing.T) {
	dir := t.TempDir()
	open := func() *engine {
		e, err := Open(dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return e.(*engine)
	}
	tableOf := func(e *engine, name string) *table {
		made, err := e.Table(t.Context(), docstore.Layout{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return made.(*table)
	}
	e := open()
	one, other := tableOf(e, "a"), tableOf(e, "a")
	if one.known != other.known || one.known == tableOf(e, "b").known {
		t.Error("a filter belongs to another table, or not to all of its own")
	}
	if errs, err := one.Write(t.Context(), []docstore.Write{{ID: "x", Doc: []byte{5, 0, 0, 0, 0}}}); err != nil || errs[0] != nil {
		t.Fatal(errs, err)
	}
	if !other.known.absent("y") {
		t.Error("an id that was never written to a new table is not told apart")
	}
	if docs, err := other.GetMany(t.Context(), []string{"x"}); err != nil || docs[0] == nil {
		t.Errorf("written through one, not found through the other: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open()
	defer func() { _ = e.Close() }()
	again := tableOf(e, "a")
	if errs, err := again.Write(t.Context(), []docstore.Write{{ID: "z", Doc: []byte{5, 0, 0, 0, 0}}}); err != nil || errs[0] != nil {
		t.Fatal(errs, err)
	}
	if _, err := again.Get(t.Context(), "x"); err != nil {
		t.Errorf("what was there before is not found: %v", err)
	}
}
