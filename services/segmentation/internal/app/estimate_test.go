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
	"github.com/kehuhq/kehu/services/segmentation/internal/criteria"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// anything is readable.
func anything(context.Context, criterion.Criterion) error { return nil }

// Of segments each of which asks about two of the level below, every one is asked once:
// by the ways through 40 levels they would be 2⁴⁰.
func TestDeepNestingCostsWhatItHolds(t *testing.T) {
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
	var changes []facts.Change
	for i := range 20 {
		id := fmt.Sprintf("c%d", i)
		changes = append(changes, facts.Change{Customer: id, Facts: &facts.Facts{Customer: facts.Customer{ID: id}, Orders: facts.Orders{Count: int64(i)}}, Parts: facts.AllParts})
	}
	if _, err := known.Put(ctx, changes); err != nil {
		t.Fatal(err)
	}
	opened, err := store.Open(ctx, engine, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	book, err := criteria.New(func(context.Context) ([]facts.Attribute, error) { return nil, nil }, nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	rule := func(level int) domain.Definition {
		if level == 0 {
			return domain.Definition{Rule: "orders.count < 0"}
		}
		return domain.Definition{Rule: fmt.Sprintf(`in_segment("a%d") || in_segment("b%d")`, level-1, level-1)}
	}
	const levels = 40
	for level := range levels {
		for _, name := range []string{"a", "b"} {
			s := &domain.Segment{ID: fmt.Sprint(name, level), Definition: rule(level), Revision: 1, State: domain.Draft, Born: int64(2*level + 1)}
			if err := opened.Segments.Insert(ctx, s); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := app.New(app.Parts{Store: opened, Facts: known, Criteria: book, Readable: anything, Clock: time.Now, Log: slog.New(slog.DiscardHandler)})
	done := make(chan error, 1)
	go func() {
		e, err := a.Estimate(ctx, domain.Segment{ID: "top", Definition: rule(levels)}, 0, 0)
		if err == nil && (e.Size != 0 || e.Population != 20) {
			err = fmt.Errorf("the estimate is %+v", e)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the estimate comes to no end")
	}
}
