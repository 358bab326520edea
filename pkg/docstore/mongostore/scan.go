package mongostore

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// scanBatch is the most documents fetched in one reply; the server ends a reply
// at 16 MiB in any case.
const scanBatch = 1000

// Scan implements docstore.Table.
//
// It walks the index with a cursor of the server, which costs one seek for the
// whole range. A cursor dies with its server, and when the consumer pauses for
// long; the scan then goes on with a new one behind the last entry yielded.
func (t *table) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	return func(yield func(docstore.Entry, error) bool) {
		if err := t.checkIndex(r); err != nil {
			yield(docstore.Entry{}, err)
			return
		}
		for {
			w := walk{table: t, Range: r, yield: yield}
			err := w.run(ctx)
			switch {
			case err == nil:
				return
			case w.count == 0 || !resumable(err):
				yield(docstore.Entry{}, translate(ctx, err))
				return
			}
			r.After = &w.last
			if r.Limit > 0 {
				r.Limit -= w.count
			}
		}
	}
}

// resumable reports whether a new cursor may succeed where this one failed.
func resumable(err error) bool {
	codes := mongo.ErrorCodes(err)
	return mongo.IsNetworkError(err) && !mongo.IsTimeout(err) ||
		slices.ContainsFunc(codes, func(code int) bool {
			return code == codeCursorNotFound || code == codeCursorKilled || slices.Contains(outage, code)
		})
}

// walk is one attempt at a range.
type walk struct {
	*table
	docstore.Range
	yield func(docstore.Entry, error) bool

	last  docstore.Position // of the entry yielded last
	count int               // entries yielded
	done  bool              // the consumer has had enough
}

func (w *walk) run(ctx context.Context) error {
	for _, filter := range segments(w.Range) {
		if err := w.segment(ctx, filter); err != nil || w.done {
			return err
		}
	}
	return nil
}

func (w *walk) segment(ctx context.Context, filter bson.D) error {
	o := options.Find().SetSort(sortOf(w.Range)).SetBatchSize(scanBatch)
	if w.Limit > 0 {
		o.SetLimit(int64(w.Limit - w.count)).SetBatchSize(int32(min(w.Limit-w.count, scanBatch)))
	}
	cursor, err := w.collection.Find(ctx, filter, o)
	if err != nil {
		return err
	}
	defer closeCursor(ctx, cursor)
	for cursor.Next(ctx) {
		if err := ctx.Err(); err != nil { // Next does not look while it has documents at hand
			return err
		}
		if w.last, err = position(cursor.Current, w.Index); err != nil {
			return err
		}
		w.count++
		w.done = w.count == w.Limit // never so without a limit
		if !w.yield(docstore.Entry{Position: w.last, Doc: cursor.Current}, nil) {
			w.done = true
		}
		if w.done {
			return nil
		}
	}
	return cursor.Err()
}

// position is the place of a document in the order of an index.
func position(doc bson.Raw, index string) (docstore.Position, error) {
	var p docstore.Position
	var ok bool
	if p.ID, ok = doc.Lookup("_id").StringValueOK(); !ok {
		return p, errors.New("a stored document has no string _id")
	}
	if index == "" {
		return p, nil
	}
	if p.Key, ok = doc.Lookup("keys", index).StringValueOK(); !ok {
		return p, fmt.Errorf("the stored document %s was found in index %s without a key", p.ID, index)
	}
	return p, nil
}

// closeCursor frees the server's side of a cursor, after a cancellation too. A
// server that does not hear of it drops the cursor after ten minutes.
func closeCursor(ctx context.Context, cursor *mongo.Cursor) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	_ = cursor.Close(ctx)
}

func sortOf(r docstore.Range) bson.D {
	direction := 1
	if r.Reverse {
		direction = -1
	}
	if r.Index == "" {
		return bson.D{{Key: "_id", Value: direction}}
	}
	return bson.D{{Key: keyField(r.Index), Value: direction}, {Key: "_id", Value: direction}}
}

// segments returns the filters that yield the range when one is scanned after
// the other. Resuming within an index takes two: the rest of the entries that
// share the key of r.After, then those with the keys behind it. A single filter
// with $or would leave it to the query planner whether that is a range of the
// index. A comparison with a string meets strings only, hence only documents
// that have the key.
func segments(r docstore.Range) []bson.D {
	field := "_id"
	if r.Index != "" {
		field = keyField(r.Index)
	}
	lower, upper := bson.E{Key: "$gte", Value: r.From}, bson.E{Key: "$lt", Value: r.To}

	var segments []bson.D
	if r.After != nil {
		after := r.After.Key
		if r.Index == "" {
			after = r.After.ID
		}
		below, above := after < r.From, r.To != "" && after >= r.To
		switch {
		case r.Reverse && below, !r.Reverse && above:
			return nil // the whole range is behind us
		case below, above: // the whole range is ahead of us
		default:
			beyond := "$gt"
			if r.Reverse {
				beyond = "$lt"
				upper.Value = after
			} else {
				lower = bson.E{Key: beyond, Value: after}
			}
			if r.Index != "" {
				rest := bson.D{{Key: beyond, Value: r.After.ID}}
				segments = append(segments, bson.D{{Key: field, Value: after}, {Key: "_id", Value: rest}})
			}
		}
	}
	bounds := bson.D{lower}
	if upper.Value != "" {
		bounds = append(bounds, upper)
	}
	return append(segments, bson.D{{Key: field, Value: bounds}})
}
