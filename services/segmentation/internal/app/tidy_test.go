package app_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// Who was on the list of a segment that was deleted is taken off it afterwards, from
// where an earlier attempt broke off.
func TestTidyForgetsLists(t *testing.T) {
	engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	known, err := facts.Open(t.Context(), engine, vaulttest.On(t, engine), clock)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(t.Context(), engine, clock)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	var changes []facts.Change
	for i := range 30 {
		id := fmt.Sprintf("c%02d", i)
		all = append(all, id)
		changes = append(changes, facts.Change{Customer: id, Facts: &facts.Facts{Customer: facts.Customer{ID: id}}, Parts: facts.OfCustomer})
	}
	if _, err := known.Put(t.Context(), changes); err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"hand@1", "hand@2"} {
		if _, err := known.AddToList(t.Context(), list, all); err != nil {
			t.Fatal(err)
		}
	}
	a := app.New(app.Parts{Store: opened, Facts: known, Clock: clock, Log: slog.Default()})
	note := store.Deletion{Segment: "hand", Born: 1, At: now, List: "hand@1", From: "c10"}
	if err := opened.Deletions.Note(t.Context(), note); err != nil {
		t.Fatal(err)
	}
	on := func() (n int) {
		for f, err := range known.Scan(context.Background(), "", "", 0) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(f.Lists)
		}
		return n
	}
	for _, want := range []int{60, 40} { // it is left alone for a minute: whoever deletes may be at it
		if err := a.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := on(); got != want {
			t.Errorf("customers are on %d lists, want %d", got, want)
		}
		now = now.Add(2 * time.Minute)
	}
	if notes, err := opened.Deletions.All(t.Context()); err != nil || len(notes) > 0 {
		t.Errorf("left are %v, %v", notes, err)
	}
}
