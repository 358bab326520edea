package mongostore

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// lookupChunk is the most ids asked for in one query.
const lookupChunk = 1000

type table struct {
	collection *mongo.Collection
	indexes    map[string]bool
}

func keyField(index string) string { return "keys." + index }

// Get implements docstore.Table.
func (t *table) Get(ctx context.Context, id string) (bson.Raw, error) {
	doc, err := t.collection.FindOne(ctx, bson.D{{Key: "_id", Value: id}}).Raw()
	return doc, translate(ctx, err)
}

// GetMany implements docstore.Table.
func (t *table) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	found := make(map[string]bson.Raw, len(ids))
	err := lookUp(ctx, t.collection, ids, nil, func(id string, doc bson.Raw) {
		found[id] = append(bson.Raw(nil), doc...) // the cursor reuses its buffer
	})
	if err != nil {
		return nil, translate(ctx, err)
	}
	docs := make([]bson.Raw, len(ids))
	for i, id := range ids {
		docs[i] = found[id]
	}
	return docs, nil
}

// lookUp calls each with every document of ids that there is, in no order.
// projection is nil for the whole document.
func lookUp(ctx context.Context, c *mongo.Collection, ids []string, projection any, each func(id string, doc bson.Raw)) error {
	for len(ids) > 0 {
		n := min(len(ids), lookupChunk)
		filter := bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids[:n]}}}}
		cursor, err := c.Find(ctx, filter, options.Find().SetProjection(projection).SetBatchSize(lookupChunk))
		if err != nil {
			return err
		}
		for cursor.Next(ctx) {
			if p, bad := position(cursor.Current, ""); bad == nil {
				each(p.ID, cursor.Current)
			}
		}
		err = cursor.Err()
		closeCursor(ctx, cursor)
		if err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// Count implements docstore.Table.
func (t *table) Count(ctx context.Context, r docstore.Range) (int64, error) {
	if err := t.checkIndex(r); err != nil {
		return 0, err
	}
	var total int64
	for _, filter := range segments(r) {
		limit := int64(r.Limit) - total
		if r.Limit > 0 && limit <= 0 {
			break
		}
		o := options.Count()
		if r.Limit > 0 {
			o.SetLimit(limit)
		}
		n, err := t.collection.CountDocuments(ctx, filter, o)
		if err != nil {
			return 0, translate(ctx, err)
		}
		total += n
	}
	return total, nil
}

func (t *table) checkIndex(r docstore.Range) error {
	if r.Index != "" && !t.indexes[r.Index] {
		return fmt.Errorf("mongodb: table %s has no index %q", t.collection.Name(), r.Index)
	}
	return nil
}
