package pebblestore

import (
	"context"
	"errors"
	"iter"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// checkEvery is after how many entries a scan looks whether it is still wanted.
const checkEvery = 64

// Scan yields the documents of a range, all as of the moment it begins.
func (t *table) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	return func(yield func(docstore.Entry, error) bool) {
		stopped := false
		err := t.walk(ctx, r, func(w *walker) (bool, error) {
			doc, err := w.document()
			if err != nil {
				return false, err
			}
			stopped = !yield(docstore.Entry{Position: w.position, Doc: doc}, nil)
			return !stopped, nil
		})
		if err != nil && !stopped {
			yield(docstore.Entry{}, err)
		}
	}
}

// Count walks over the keys of a range.
func (t *table) Count(ctx context.Context, r docstore.Range) (count int64, err error) {
	err = t.walk(ctx, r, func(*walker) (bool, error) {
		count++
		return true, nil
	})
	return count, err
}

// walker stands on one entry of a range.
type walker struct {
	table    *table
	space    space
	iter     *pebble.Iterator
	find     *finder // of an index's documents, at the same moment; made when needed
	position docstore.Position
}

// walk visits the entries of a range until visit returns false or an error.
func (t *table) walk(ctx context.Context, r docstore.Range, visit func(*walker) (bool, error)) (err error) {
	s, err := t.space(r.Index)
	if err != nil {
		return err
	}
	if err := t.enter(ctx); err != nil {
		return err
	}
	defer t.inflight.Done()
	lower, upper := s.bounds(r)
	if string(lower) >= string(upper) {
		return nil
	}
	it, err := t.db.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return storeFault(err)
	}
	w := &walker{table: t, space: s, iter: it}
	defer func() {
		if closing := w.close(); err == nil {
			err = closing
		}
	}()
	first, step := it.First, it.Next
	if r.Reverse {
		first, step = it.Last, it.Prev
	}
	n := 0
	for ok := first(); ok; ok = step() {
		if n%checkEvery == 0 {
			if err := t.interrupted(ctx); err != nil {
				return err
			}
		}
		w.position = s.position(it.Key())
		if more, err := visit(w); err != nil || !more {
			return err
		}
		if n++; n == r.Limit {
			return nil
		}
	}
	return nil
}

// interrupted says why a walk under way cannot go on, if so.
func (t *table) interrupted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return docstore.Fault(err)
	}
	if t.closing.Load() {
		return errClosed()
	}
	return t.watch.failure()
}

// document is the document of the entry, valid until the walk moves on.
func (w *walker) document() (bson.Raw, error) {
	if !w.space.index {
		doc, err := w.iter.ValueAndErr()
		if err != nil {
			return nil, storeFault(err)
		}
		return doc, nil
	}
	if w.find == nil {
		it, err := w.iter.Clone(pebble.CloneOptions{IterOptions: &pebble.IterOptions{}})
		if err != nil {
			return nil, storeFault(err)
		}
		w.find = &finder{iter: it, space: w.table.documents}
	}
	doc, err := w.find.document(w.position.ID)
	if err == nil && doc == nil {
		err = fault.New(fault.Internal, "STORE_DAMAGED", "an index entry has no document")
	}
	return doc, err
}

func (w *walker) close() error {
	err := w.iter.Close() // which also tells what ended the walk
	if w.find != nil {
		err = errors.Join(err, w.find.iter.Close())
	}
	if err != nil {
		return storeFault(err)
	}
	return nil
}

// purgeBatch is how many documents are removed at a time.
const purgeBatch = 1000

// Purge removes a range of ids, document by document, for the index entries' sake.
func (t *table) Purge(ctx context.Context, r docstore.Range) error {
	if r.Index != "" {
		return fault.Invalid("range.index", "must be empty: only ranges of ids are purged")
	}
	for r = (docstore.Range{From: r.From, To: r.To, Limit: purgeBatch}); ; {
		writes := make([]docstore.Write, 0, purgeBatch)
		err := t.walk(ctx, r, func(w *walker) (bool, error) {
			writes = append(writes, docstore.Write{ID: w.position.ID, Expect: docstore.Any})
			return true, nil
		})
		if err != nil {
			return err
		}
		if len(writes) > 0 {
			errs, err := t.Write(ctx, writes)
			if err = errors.Join(append(errs, err)...); err != nil {
				return err
			}
		}
		if len(writes) < purgeBatch {
			return nil
		}
		r.After = &docstore.Position{ID: writes[len(writes)-1].ID}
	}
}
