package mongostore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// purgeStep is about how many documents one command removes, few enough for the
// deadline of a write.
const purgeStep = 2000

// Purge implements docstore.Table. Limit and Reverse have no meaning for it.
func (t *table) Purge(ctx context.Context, r docstore.Range) error {
	if r.Index != "" {
		return fmt.Errorf("mongodb: purge of table %s by index %q: only ids can be purged", t.collection.Name(), r.Index)
	}
	r.Reverse, r.Limit = false, 0
	for {
		next, err := t.purgeSome(ctx, r)
		if err != nil || next == "" {
			return translate(ctx, err)
		}
		r.From, r.After = next, nil
	}
}

// purgeSome removes the head of a range and returns the id where the rest
// begins, empty at the end.
func (t *table) purgeSome(ctx context.Context, r docstore.Range) (next string, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	filters := segments(r)
	if len(filters) == 0 {
		return "", nil
	}
	filter := filters[0] // an id range is always a single one
	o := options.FindOne().SetSort(sortOf(r)).SetSkip(purgeStep).SetProjection(bson.D{{Key: "_id", Value: 1}})
	doc, err := t.collection.FindOne(ctx, filter, o).Raw()
	if err == nil {
		p, err := position(doc, "")
		if err != nil {
			return "", err
		}
		next, r.To = p.ID, p.ID
		filter = segments(r)[0]
	} else if !errors.Is(err, mongo.ErrNoDocuments) {
		return "", err
	}
	_, err = t.collection.DeleteMany(ctx, filter)
	return next, err
}

// Erase implements docstore.Table. The server's oplog and its freed blocks keep
// what was removed for a while; no command of a client changes that.
func (t *table) Erase(ctx context.Context, ids []string) error {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	for part := range slices.Chunk(ids, purgeStep) {
		writes := make([]docstore.Write, len(part))
		for i, id := range part {
			writes[i] = docstore.Write{ID: id, Expect: docstore.Any}
		}
		errs, err := t.Write(ctx, writes)
		if err = errors.Join(append(errs, err)...); err != nil {
			return err
		}
	}
	return nil
}
