package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	// writeDeadline bounds every write, on the server too (the driver sends what
	// is left of it as maxTimeMS): a change must not show up after readers of
	// changes have passed its time. A caller's earlier deadline stands.
	writeDeadline = 5 * time.Second

	// A chunk is one command of at most so many documents and bytes (or one
	// document). Of a command that the driver itself has to split, it may lose
	// the write concern error of one part.
	chunkDocuments = 1000
	chunkBytes     = 16 << 20

	removers = 16 // deletions under way at once
)

// Write implements docstore.Table.
//
// A bulk of plain replaces would be answered with totals only. With upsert,
// every write has a result of its own: a replace by {_id, version} that meets
// another version turns into an insert, and that fails with a duplicate _id,
// which is the conflict. See replaceVersions for the document that is absent.
func (t *table) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()

	b := batch{table: t, writes: writes, errs: make([]error, len(writes))}
	var removed, absent, blind, versioned []int // indexes into writes
	for i, w := range writes {
		switch {
		case len(w.Doc) > docstore.MaxDocument:
			b.errs[i] = docstore.ErrTooLarge
		case w.Doc == nil:
			removed = append(removed, i)
		case w.Expect == docstore.Absent:
			absent = append(absent, i)
		case w.Expect == docstore.Any:
			blind = append(blind, i)
		default:
			versioned = append(versioned, i)
		}
	}
	for _, step := range []struct {
		items []int
		do    func(context.Context, []int) error
	}{{removed, b.remove}, {absent, b.insert}, {blind, b.replaceAny}, {versioned, b.replaceVersions}} {
		if err := b.inChunks(ctx, step.items, step.do); err != nil {
			return nil, translate(ctx, err)
		}
	}
	return b.errs, nil
}

// batch is one call of Write under way.
type batch struct {
	*table
	writes []docstore.Write
	errs   []error // the result, per write
}

// inChunks calls do with parts of the writes at the indexes items.
func (b *batch) inChunks(ctx context.Context, items []int, do func(context.Context, []int) error) error {
	for len(items) > 0 {
		n, size := 1, len(b.writes[items[0]].Doc)
		for n < len(items) && n < chunkDocuments {
			if size += len(b.writes[items[n]].Doc); size > chunkBytes {
				break
			}
			n++
		}
		if err := do(ctx, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// remove deletes documents one command each, a few at a time, as a bulk of
// deletions too is answered with their total only.
func (b *batch) remove(ctx context.Context, items []int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(removers)
	for _, i := range items {
		group.Go(func() error {
			w := b.writes[i]
			result, err := b.collection.DeleteOne(ctx, filterOf(w))
			if err == nil && result.DeletedCount == 0 && w.Expect != docstore.Any {
				b.errs[i] = docstore.ErrConflict
			}
			return err
		})
	}
	return group.Wait()
}

func (b *batch) insert(ctx context.Context, items []int) error {
	docs := make([]any, len(items))
	for j, i := range items {
		docs[j] = b.writes[i].Doc
	}
	_, err := b.collection.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	return b.settle(err, items)
}

// replaceAny overwrites what is there. Of two such writes of an absent id, both
// may try to insert; the one that comes second is tried again.
func (b *batch) replaceAny(ctx context.Context, items []int) error {
	for len(items) > 0 {
		if _, err := b.upsert(ctx, items); err != nil {
			return err
		}
		var again []int
		for _, i := range items {
			if errors.Is(b.errs[i], docstore.ErrConflict) {
				b.errs[i] = nil
				again = append(again, i)
			}
		}
		items = again
	}
	return nil
}

// replaceVersions replaces documents that are at the version expected.
//
// One write needs no upsert: its result is the number of documents matched. In
// a bulk, the upsert which tells a conflict would bring an absent document to
// life, so the absent ones are sorted out first, by a query that the index on
// _id answers alone. Between the two commands a document can still vanish: not
// by a deletion, which leaves a tombstone, but when a range of staged rows is
// purged or a tombstone swept after its 30 days. The upsert then creates the
// document, the reply says so, and it is taken back. Should we die before that,
// it stays, as if written just after the purge: a row that nobody refers to and
// the next purge takes, or a deleted document created anew.
func (b *batch) replaceVersions(ctx context.Context, items []int) error {
	if len(items) == 1 {
		return b.replaceOne(ctx, items[0])
	}
	items, err := b.withoutAbsent(ctx, items)
	if err != nil || len(items) == 0 {
		return err
	}
	result, err := b.upsert(ctx, items)
	if err != nil {
		return err
	}
	for j := range result.UpsertedIDs {
		i := items[j]
		b.errs[i] = docstore.ErrConflict
		if err := b.takeBack(ctx, b.writes[i].Doc); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) replaceOne(ctx context.Context, i int) error {
	w := b.writes[i]
	result, err := b.collection.ReplaceOne(ctx, filterOf(w), w.Doc)
	if err != nil {
		return err
	}
	if result.MatchedCount == 0 {
		b.errs[i] = docstore.ErrConflict
	}
	return nil
}

// withoutAbsent marks the writes of absent documents as conflicts and returns
// the others. It reads what is there now and not what a majority has: a document
// just purged must not count as present.
func (b *batch) withoutAbsent(ctx context.Context, items []int) ([]int, error) {
	ids := make([]string, len(items))
	for j, i := range items {
		ids[j] = b.writes[i].ID
	}
	present := make(map[string]bool, len(ids))
	now := b.collection.Clone(options.Collection().SetReadConcern(readconcern.Local()))
	err := lookUp(ctx, now, ids, bson.D{{Key: "_id", Value: 1}}, func(id string, _ bson.Raw) { present[id] = true })
	if err != nil {
		return nil, err
	}
	var rest []int
	for _, i := range items {
		if present[b.writes[i].ID] {
			rest = append(rest, i)
		} else {
			b.errs[i] = docstore.ErrConflict
		}
	}
	return rest, nil
}

func (b *batch) upsert(ctx context.Context, items []int) (*mongo.BulkWriteResult, error) {
	models := make([]mongo.WriteModel, len(items))
	for j, i := range items {
		w := b.writes[i]
		models[j] = mongo.NewReplaceOneModel().SetFilter(filterOf(w)).SetReplacement(w.Doc).SetUpsert(true)
	}
	result, err := b.collection.BulkWrite(ctx, models, options.BulkWrite().SetOrdered(false))
	return result, b.settle(err, items)
}

// filterOf meets the document that a write may change.
func filterOf(w docstore.Write) bson.D {
	filter := bson.D{{Key: "_id", Value: w.ID}}
	if w.Expect != docstore.Any {
		filter = append(filter, bson.E{Key: "version", Value: w.Expect})
	}
	return filter
}

// takeBack removes a document that must not have been created, unless somebody
// has built on it.
func (b *batch) takeBack(ctx context.Context, doc bson.Raw) error {
	filter := bson.D{}
	for _, field := range []string{"_id", "version", "write_id"} {
		if v, err := doc.LookupErr(field); err == nil {
			filter = append(filter, bson.E{Key: field, Value: v})
		}
	}
	_, err := b.collection.DeleteOne(ctx, filter)
	return err
}

// settle enters the errors of single writes into the result and returns what
// remains: an error after which nothing is certain.
func (b *batch) settle(err error, items []int) error {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) {
		return err
	}
	for _, e := range bulk.WriteErrors {
		i := items[e.Index]
		if e.HasErrorCode(codeDuplicateKey) {
			b.errs[i] = docstore.ErrConflict
		} else {
			b.errs[i] = ofCode(fmt.Errorf("writing %s/%s: %w", b.collection.Name(), b.writes[i].ID, e), e.Code)
		}
	}
	if bulk.WriteConcernError != nil {
		return mongo.WriteException{WriteConcernError: bulk.WriteConcernError}
	}
	return nil
}
