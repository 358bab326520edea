package docstore

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Scan yields the documents of a range in the order of its index, each decoded
// into a T of its own. Tombstones are left out and do not count against the
// limit. After an error, yielded with a nil document, the scan has ended.
func (c *Collection[T]) Scan(ctx context.Context, r Range) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for entry, err := range c.ScanRaw(ctx, r) {
			var doc *T
			if err == nil {
				doc, err = c.decode(entry.Doc)
			}
			if !yield(doc, err) || err != nil {
				return
			}
		}
	}
}

// ScanRaw is Scan without decoding, for paths that need a few fields of many
// documents. An entry's Doc is valid until the iteration moves on.
func (c *Collection[T]) ScanRaw(ctx context.Context, r Range) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := c.checkRange(r); err != nil {
			yield(Entry{}, err)
			return
		}
		// The engine counts tombstones against its limit: what they took away is
		// fetched in further rounds, larger ones where there are many.
		left, fetch := r.Limit, r.Limit
		for {
			r.Limit = fetch
			met, stopped := 0, false
			var last Position
			for entry, err := range c.table.Scan(ctx, r) {
				if err != nil {
					yield(Entry{}, fmt.Errorf("%s: scan: %w", c.name, Fault(err)))
					return
				}
				met++
				last = entry.Position
				if isTombstone(entry.Doc) {
					continue
				}
				left--
				if stopped = !yield(entry, nil) || left == 0; stopped {
					break
				}
			}
			if stopped || fetch == 0 || met < fetch {
				return
			}
			r.After = &last
			fetch = min(2*fetch, max(left, 1000))
		}
	}
}

// Page returns up to r.Limit documents and the position to continue After, nil
// at the end of the range.
func (c *Collection[T]) Page(ctx context.Context, r Range) (items []*T, next *Position, err error) {
	limit := r.Limit
	if limit > 0 {
		r.Limit++ // one more tells whether there is a next page
	}
	var last Position
	for entry, err := range c.ScanRaw(ctx, r) {
		if err != nil {
			return nil, nil, err
		}
		if limit > 0 && len(items) == limit {
			return items, &last, nil
		}
		doc, err := c.decode(entry.Doc)
		if err != nil {
			return nil, nil, err
		}
		items, last = append(items, doc), entry.Position
	}
	return items, nil, nil
}

// Count returns how many documents the range holds, tombstones left out. After,
// Reverse and Limit do not apply.
func (c *Collection[T]) Count(ctx context.Context, r Range) (int64, error) {
	if err := c.checkRange(r); err != nil {
		return 0, err
	}
	r = Range{Index: r.Index, From: r.From, To: r.To}
	count, err := c.table.Count(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("%s: count: %w", c.name, Fault(err))
	}
	if r.Index != "" {
		return count, nil // only documents have keys there
	}
	r.Index = tombstonesIndex // whose keys are ids
	deleted, err := c.table.Count(ctx, r)
	if err != nil {
		return 0, fmt.Errorf("%s: count: %w", c.name, Fault(err))
	}
	return max(count-deleted, 0), nil
}

// Purge removes a range of ids without leaving tombstones, so that no version is
// continued and no change is told. It is for staged rows and superseded
// generations, which nobody writes any more.
func (c *Collection[T]) Purge(ctx context.Context, r Range) error {
	if r.Index != "" {
		return fault.Invalid("range.index", "must be empty: only ranges of ids are purged")
	}
	if err := c.table.Purge(ctx, Range{From: r.From, To: r.To}); err != nil {
		return fmt.Errorf("%s: purge: %w", c.name, Fault(err))
	}
	return nil
}

// Erase removes documents, whether they are there or not, without tombstones: as
// Purge does, and on the embedded engine from every file of the store before it
// returns (see Table.Erase). It costs a rewriting of the files that held them.
func (c *Collection[T]) Erase(ctx context.Context, ids ...string) error {
	for i, id := range ids {
		if err := CheckID(id); err != nil {
			return fault.Invalid(fmt.Sprintf("ids[%d]", i), "%v", err)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if err := c.table.Erase(ctx, ids); err != nil {
		return fmt.Errorf("%s: erase: %w", c.name, Fault(err))
	}
	return nil
}

// checkRange reports a range that no scan can have. The indexes of the store
// itself are read by Changes and Sweep alone.
func (c *Collection[T]) checkRange(r Range) error {
	switch {
	case r.Limit < 0:
		return fault.Invalid("range.limit", "must not be negative, is %d", r.Limit)
	case r.Index != "" && !slices.ContainsFunc(c.indexes, func(i Index[T]) bool { return i.Name == r.Index }):
		return fault.Invalid("range.index", "%s has no index %q", c.name, r.Index)
	}
	return nil
}
