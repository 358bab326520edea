package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Records keeps the domain's values V as documents D.
type Records[D, V any] struct {
	docs  *docstore.Collection[D]
	read  func(*D) *V
	write func(*V, *D)                      // everything, the id included
	none  func(parts []string) *fault.Fault // the fault where there is no such record
}

// Key is the key of a record, made of its parts.
func Key(parts ...string) string { return docstore.ID(parts...) }

func open[D, V any](ctx context.Context, e docstore.Engine, clock func() time.Time, s docstore.Schema[D], r Records[D, V]) (*Records[D, V], error) {
	var err error
	r.docs, err = docstore.Open(ctx, e, s, docstore.WithClock(clock))
	return &r, err
}

// Get returns a record, or a NotFound fault.
func (r *Records[D, V]) Get(ctx context.Context, key string) (*V, error) {
	doc, err := r.docs.Get(ctx, key)
	if err != nil {
		return nil, r.named(key, err)
	}
	return r.read(doc), nil
}

// GetMany returns one entry per key, nil where there is no record.
func (r *Records[D, V]) GetMany(ctx context.Context, keys []string) ([]*V, error) {
	docs, err := r.docs.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	values := make([]*V, len(docs))
	for i, doc := range docs {
		if doc != nil {
			values[i] = r.read(doc)
		}
	}
	return values, nil
}

// Insert stores a new record and returns it as stored, or docstore.ErrConflict
// where the key is taken.
func (r *Records[D, V]) Insert(ctx context.Context, v *V) (*V, error) {
	doc := new(D)
	r.write(v, doc)
	if err := r.docs.Insert(ctx, doc); err != nil {
		return nil, err
	}
	return r.read(doc), nil
}

// Update changes a record if nobody else does meanwhile, or starts again; see
// docstore.Collection.Update. change may return docstore.ErrUnchanged.
func (r *Records[D, V]) Update(ctx context.Context, key string, change func(*V) error) (*V, error) {
	doc, err := r.docs.Update(ctx, key, func(doc *D) error {
		v := r.read(doc)
		if err := change(v); err != nil {
			return err
		}
		r.write(v, doc)
		return nil
	})
	if err != nil {
		return nil, r.named(key, err)
	}
	return r.read(doc), nil
}

// Upsert is Update where the record need not exist: fresh makes it then. The
// result is nil where change has left it unmade.
func (r *Records[D, V]) Upsert(ctx context.Context, key string, fresh func() *V, change func(*V) error) (*V, error) {
	doc, err := r.docs.Upsert(ctx, key, func(doc *D, exists bool) error {
		v := fresh()
		if exists {
			v = r.read(doc)
		}
		if err := change(v); err != nil {
			return err
		}
		r.write(v, doc)
		return nil
	})
	if err != nil || doc == nil {
		return nil, err
	}
	return r.read(doc), nil
}

// Delete removes a record at a version, or returns docstore.ErrConflict.
func (r *Records[D, V]) Delete(ctx context.Context, key string, version int64) error {
	return r.named(key, r.docs.Delete(ctx, key, version))
}

// Erase removes records, whether they are there or not, and leaves no trace of
// them; see docstore.Collection.Erase.
func (r *Records[D, V]) Erase(ctx context.Context, keys ...string) error {
	return r.docs.Erase(ctx, keys...)
}

// Count is how many records a range has.
func (r *Records[D, V]) Count(ctx context.Context, in docstore.Range) (int64, error) {
	return r.docs.Count(ctx, in)
}

// Scan yields the records of a range.
func (r *Records[D, V]) Scan(ctx context.Context, in docstore.Range) iter.Seq2[*V, error] {
	return func(yield func(*V, error) bool) {
		for doc, err := range r.docs.Scan(ctx, in) {
			var v *V
			if err == nil {
				v = r.read(doc)
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// Page returns up to in.Limit records and where to continue, nil at the end.
func (r *Records[D, V]) Page(ctx context.Context, in docstore.Range) ([]*V, *docstore.Position, error) {
	docs, next, err := r.docs.Page(ctx, in)
	values := make([]*V, len(docs))
	for i, doc := range docs {
		values[i] = r.read(doc)
	}
	return values, next, err
}

// named turns ErrNotFound into the fault of this kind of record.
func (r *Records[D, V]) named(key string, err error) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return r.none(docstore.ParseID(key))
	}
	return err
}

func (r *Records[D, V]) sweep(ctx context.Context, before time.Time) error {
	_, err := r.docs.Sweep(ctx, before)
	return err
}

// notFound makes the fault for a record of a kind, the last of the key's parts
// being its id.
func notFound(reason, what string) func([]string) *fault.Fault {
	return func(parts []string) *fault.Fault {
		return fault.New(fault.NotFound, reason, "there is no %s %q", what, parts[len(parts)-1])
	}
}

// each converts a list.
func each[A, B any](in []A, convert func(A) B) []B {
	if len(in) == 0 {
		return nil
	}
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}

// within is the part of an index that begins with the parts.
func within(index string, parts ...docstore.KeyPart) docstore.Range {
	r := docstore.Within(docstore.Key(parts...))
	r.Index = index
	return r
}

// until is the part of an index by time that lies before an instant.
func until(index string, before time.Time) docstore.Range {
	return docstore.Range{Index: index, To: docstore.Key(docstore.Time(before))}
}
