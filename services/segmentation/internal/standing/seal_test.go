package standing_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// witness sees all that is written to an engine.
type witness struct {
	docstore.Engine
	mu   sync.Mutex
	seen [][]byte
}

func (w *witness) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	table, err := w.Engine.Table(ctx, l)
	return &witnessed{table, w}, err
}

type witnessed struct {
	docstore.Table
	witness *witness
}

func (t *witnessed) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	t.witness.mu.Lock()
	for _, w := range writes {
		t.witness.seen = append(t.witness.seen, []byte(w.ID), slices.Clone(w.Doc))
	}
	t.witness.mu.Unlock()
	return t.Table.Write(ctx, writes)
}

func (w *witness) saw(word string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.seen, func(b []byte) bool { return bytes.Contains(b, []byte(word)) })
}

// The values that describe a person are sealed with each move, by a pass over everybody
// and by one over those touched, and are lost with the person's key. The others are not.
func TestDecidingValuesAreSealed(t *testing.T) {
	onBothEngines(t, func(t *testing.T, e docstore.Engine) {
		seen := &witness{Engine: e}
		w, ctx := newWorld(t, seen, newClock()), t.Context()
		w.fill(t, 3, 3, 3, 3, 3)
		w.define(t, "s", "count 2")
		w.round(t)
		w.put(t, "c1", 1, 0)
		w.put(t, "会员", 2, 0)
		w.round(t)
		if seen.saw("Quetzaltenango") {
			t.Error("what describes a person is written in the open")
		}
		if !seen.saw("c1") {
			t.Error("the test sees nothing")
		}
		want := map[string]string{}
		for _, id := range []string{"c0", "c1", "c2", "c3", "c4", "会员"} {
			want[id] = cityOf(id)
		}
		checkCities(t, w, 7, want)
		_, err := w.facts.Erase(ctx, []string{"c2"})
		must(t, err)
		w.forget(t, "c3", facts.Cause{})
		must(t, w.facts.DestroyKeys(ctx))
		want["c2"], want["c3"] = "", ""
		checkCities(t, newWorld(t, e, w.clock), 7, want)
	})
}

// checkCities reads the values of all moves; an empty city is lost.
func checkCities(t *testing.T, w *world, n int, want map[string]string) {
	t.Helper()
	moves := w.transitions(t, "s")
	must(t, w.Unseal(t.Context(), moves))
	if len(moves) != n {
		t.Errorf("there are %d moves", len(moves))
	}
	for _, m := range moves {
		f, err := facts.RecallParted(reads, m.Recorded, m.Own)
		must(t, err)
		if f.Customer.City != want[m.Customer] || m.Lost != (want[m.Customer] == "") || f.Orders.Count == 0 {
			t.Errorf("recorded of %s is %q, %d orders, lost %t", m.Customer, f.Customer.City, f.Orders.Count, m.Lost)
		}
	}
}

// Values are sealed for their move alone.
func TestSealedValuesOpenInTheirPlace(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w := newWorld(t, e, newClock())
	w.fill(t, 3)
	w.define(t, "s", "count 2")
	w.define(t, "r", "count 1")
	w.round(t)
	for _, segment := range []string{"r", "s"} {
		moved := w.transitions(t, segment)
		moved[0].Customer = "c1"
		if err := w.Unseal(t.Context(), moved); err != nil || !moved[0].Lost {
			t.Errorf("for another customer it is %+v, %v", moved[0], err)
		}
	}
	// The documents of two segments change their contents.
	docs, err := docstore.Open(t.Context(), e, docstore.Schema[packed]{Name: "moves"})
	must(t, err)
	var all []*packed
	for d, err := range docs.Scan(t.Context(), docstore.Range{}) {
		must(t, err)
		all = append(all, d)
	}
	all[0].Data, all[1].Data = all[1].Data, all[0].Data
	for _, d := range all {
		must(t, docs.Replace(t.Context(), d))
	}
	if err := w.Unseal(t.Context(), w.transitions(t, "s")); err == nil {
		t.Error("what was sealed for one segment opens in another")
	}
}

// packed is a document of moves.
type packed struct {
	docstore.Meta `bson:",inline"`
	At            time.Time `bson:"at"`
	Mark          int64     `bson:"mark"`
	Data          []byte    `bson:"data"`
}

// Moves of the layout in which no values were sealed are read without values.
func TestUnsealedValuesAreLeftOut(t *testing.T) {
	e := memory(t)
	defer func() { must(t, e.Close()) }()
	w := newWorld(t, e, newClock())
	w.fill(t, 3)
	w.define(t, "s", "count 2")
	w.round(t)
	docs, err := docstore.Open(t.Context(), e, docstore.Schema[packed]{Name: "moves"})
	must(t, err)
	var old *packed
	for d, err := range docs.Scan(t.Context(), docstore.Range{}) {
		must(t, err)
		old = d
	}
	old.Data = []byte{1, 1, 1} // the layout, the revision, causes
	text := func(s string) { old.Data = append(binary.AppendUvarint(old.Data, uint64(len(s))), s...) }
	text(facts.Definition)
	text("")
	old.Data = append(old.Data, 1, 0) // moves, what the id shares with the one before
	text("c0")
	old.Data = append(old.Data, 0, 0) // it entered, for the first cause
	text(string(facts.Record(reads, &facts.Facts{Customer: facts.Customer{City: "Lyon"}})))
	must(t, docs.Replace(t.Context(), old))
	moves := w.transitions(t, "s")
	must(t, w.Unseal(t.Context(), moves))
	want := []standing.Move{{Segment: "s", Customer: "c0", Cause: facts.Cause{Kind: facts.Definition}}}
	if len(moves) != 1 || moves[0].Customer != want[0].Customer || moves[0].Cause != want[0].Cause || len(moves[0].Recorded)+len(moves[0].Own) > 0 {
		t.Errorf("read as %+v", moves)
	}
	w.round(t)
	must(t, w.worker.AskToErase(t.Context(), []string{"c0"}, "p"))
	w.round(t)
	if left := w.transitions(t, "s"); len(left) > 0 {
		t.Errorf("left is %+v", left)
	}
}
