package app_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// What a record left behind when it was merged is told of the person, until it is erased.
func TestListsOfMergedRecordsAreTold(t *testing.T) {
	ctx := t.Context()
	engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	known, err := facts.Open(ctx, engine, vaulttest.On(t, engine), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	put := func(changes ...facts.Change) {
		t.Helper()
		if _, err := known.Put(ctx, changes); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b"} {
		put(facts.Change{Customer: id, Facts: &facts.Facts{Customer: facts.Customer{ID: id}}, Parts: facts.AllParts})
	}
	if _, err := known.AddToList(ctx, "vip", []string{"a"}); err != nil {
		t.Fatal(err)
	}
	put(facts.Change{Customer: "a", Cause: facts.Cause{Kind: facts.Merged, Detail: "b"}})
	a := app.New(app.Parts{Facts: known, Clock: time.Now, Log: slog.Default()})
	told := func() (customers []string) {
		t.Helper()
		of, err := a.FactsOf(ctx, []string{"a", "b", "c"})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range of {
			if customers = append(customers, k.Customer); !slices.Equal(k.Lists, []string{"vip"}) {
				t.Errorf("of %s are told %q", k.Customer, k.Lists)
			}
		}
		return customers
	}
	if got := told(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("told of %q", got)
	}
	if _, err := known.Erase(ctx, []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	if got := told(); len(got) != 0 {
		t.Errorf("told of %q, who are erased", got)
	}
}
