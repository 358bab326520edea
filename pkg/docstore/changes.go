package docstore

import (
	"context"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ChangesLag is how far the change feed stays behind the clock. It exceeds the
// deadline of a write, so that none can appear before a position already read,
// as long as the writers' clocks agree within the rest.
const ChangesLag = 10 * time.Second

// TombstoneLife is how long a tombstone stays before Sweep may take it. A reader
// of the feed that stays away longer reads everything anew.
const TombstoneLife = 30 * 24 * time.Hour

// Change is the latest state of one document.
type Change[T any] struct {
	ID        string
	Version   int64
	UpdatedAt time.Time
	Doc       *T // nil when the document was deleted
}

// Changes returns up to limit documents and deletions in the order in which they
// were last changed, from a position (nil: the beginning) up to ChangesLag ago,
// and the position to go on from, which is never nil. Of several changes of a
// document it tells the last, and it may tell one twice: consumers are
// idempotent by (id, version). The schema must declare Changes.
func (c *Collection[T]) Changes(ctx context.Context, after *Position, limit int) ([]Change[T], *Position, error) {
	if !c.changes {
		return nil, nil, fmt.Errorf("%s keeps no change feed", c.name)
	}
	if limit < 1 {
		return nil, nil, fault.Invalid("limit", "must be at least 1, is %d", limit)
	}
	horizon := Key(Time(c.now().Add(-ChangesLag)))
	r := Range{Index: changesIndex, To: horizon, After: after, Limit: limit}
	changes := make([]Change[T], 0, min(limit, 1024))
	next := Position{Key: horizon}
	if after != nil && after.Key > horizon {
		next = *after // the clock was set back
	}
	for entry, err := range c.table.Scan(ctx, r) {
		if err != nil {
			return nil, nil, fmt.Errorf("%s: changes: %w", c.name, Fault(err))
		}
		change, err := c.change(entry)
		if err != nil {
			return nil, nil, err
		}
		if changes = append(changes, change); len(changes) == limit {
			next = entry.Position
		}
	}
	return changes, &next, nil
}

func (c *Collection[T]) change(entry Entry) (Change[T], error) {
	meta, err := c.decodeMeta(entry.Doc)
	if err != nil {
		return Change[T]{}, err
	}
	change := Change[T]{ID: meta.ID, Version: meta.Version, UpdatedAt: meta.UpdatedAt}
	if !meta.Deleted {
		change.Doc, err = c.decode(entry.Doc)
	}
	return change, err
}

// Sweep removes the tombstones made before a time and returns how many. One that
// is recreated meanwhile stays.
func (c *Collection[T]) Sweep(ctx context.Context, before time.Time) (int, error) {
	const batch = 500
	swept := 0
	for r := (Range{Index: tombstonesIndex, Limit: batch}); ; {
		var old []Write
		met := 0
		for entry, err := range c.table.Scan(ctx, r) {
			if err != nil {
				return swept, fmt.Errorf("%s: sweep: %w", c.name, Fault(err))
			}
			met++
			r.After = &Position{Key: entry.Key, ID: entry.ID}
			meta, err := c.decodeMeta(entry.Doc)
			if err != nil {
				return swept, err
			}
			if meta.UpdatedAt.Before(before) {
				old = append(old, Write{ID: entry.ID, Expect: meta.Version})
			}
		}
		if len(old) > 0 {
			errs, err := c.table.Write(ctx, old)
			if err != nil {
				return swept, fmt.Errorf("%s: sweep: %w", c.name, Fault(err))
			}
			for _, err := range errs {
				if err == nil {
					swept++
				}
			}
		}
		if met < batch {
			return swept, nil
		}
	}
}
