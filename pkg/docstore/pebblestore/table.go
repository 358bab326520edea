package pebblestore

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

type table struct {
	*engine
	documents space
	indexes   []index
	known     *idFilter
}

type index struct {
	name string
	space
}

func newTable(e *engine, layout docstore.Layout) (*table, error) {
	if err := checkBytes("layout.name", layout.Name); err != nil {
		return nil, err
	}
	t := &table{engine: e, documents: documentSpace(layout.Name), known: e.filterOf(layout.Name)}
	for _, name := range layout.Indexes {
		if err := checkBytes("layout.indexes", name); err != nil {
			return nil, err
		}
		t.indexes = append(t.indexes, index{name, indexSpace(layout.Name, name)})
	}
	return t, nil
}

// space is that which a range runs over.
func (t *table) space(index string) (space, error) {
	if index == "" {
		return t.documents, nil
	}
	for _, i := range t.indexes {
		if i.name == index {
			return i.space, nil
		}
	}
	return space{}, fault.Invalid("range.index", "there is no index %q", index)
}

// Get returns the document, or ErrNotFound.
func (t *table) Get(ctx context.Context, id string) (bson.Raw, error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.inflight.Done()
	if t.known.absent(id) {
		return nil, docstore.ErrNotFound
	}
	value, closer, err := t.db.Get(t.documents.appendDocument(make([]byte, 0, 128), id))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, docstore.ErrNotFound
	}
	if err != nil {
		return nil, storeFault(err)
	}
	doc := bytes.Clone(value)
	if err := closer.Close(); err != nil {
		return nil, storeFault(err)
	}
	return doc, nil
}

// GetMany returns one entry per id, nil where there is no document, all as of one moment.
func (t *table) GetMany(ctx context.Context, ids []string) (docs []bson.Raw, err error) {
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	defer t.inflight.Done()
	find, err := t.newFinder(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, find.close()) }()
	docs = make([]bson.Raw, len(ids))
	for _, i := range sortedBy(len(ids), func(i int) string { return ids[i] }) {
		doc, err := find.document(ids[i])
		if err != nil {
			return nil, err
		}
		docs[i] = bytes.Clone(doc)
	}
	return docs, nil
}

// sortedBy returns 0 … n−1 in the order of their names: seeks in ascending order
// find what they seek in the block at hand.
func sortedBy(n int, name func(int) string) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return compare(name(a), name(b)) })
	return order
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// finder looks documents up through one iterator, at one moment.
type finder struct {
	iter  *pebble.Iterator
	known *idFilter // nil where the ids sought are of documents that exist
	space space
	key   []byte
}

func (t *table) newFinder(ctx context.Context) (*finder, error) {
	// Filters pay off on the last level too: most lookups before an insert are
	// for ids that do not exist.
	iter, err := t.db.NewIterWithContext(ctx, &pebble.IterOptions{UseL6Filters: true})
	if err != nil {
		return nil, storeFault(err)
	}
	return &finder{iter: iter, known: t.known, space: t.documents, key: make([]byte, 0, 128)}, nil
}

// document returns what is stored under id, valid until the next call; nil for nothing.
func (f *finder) document(id string) (bson.Raw, error) {
	if f.known != nil && f.known.absent(id) {
		return nil, nil
	}
	f.key = f.space.appendDocument(f.key[:0], id)
	if !f.iter.SeekPrefixGE(f.key) {
		if err := f.iter.Error(); err != nil {
			return nil, storeFault(err)
		}
		return nil, nil
	}
	doc, err := f.iter.ValueAndErr()
	if err != nil {
		return nil, storeFault(err)
	}
	return doc, nil
}

func (f *finder) close() error {
	if err := f.iter.Close(); err != nil {
		return storeFault(err)
	}
	return nil
}

// empty reports whether the table holds no document.
func (t *table) empty() (bool, error) {
	lower, upper := t.documents.bounds(docstore.Range{})
	iter, err := t.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return false, storeFault(err)
	}
	found := iter.First()
	if err := iter.Close(); err != nil {
		return false, storeFault(err)
	}
	return !found, nil
}

// version reads a stored document's version.
func version(doc bson.Raw) (int64, error) {
	for e := elementsOf(doc); e.next(); {
		if string(e.name) == "version" {
			if n, ok := e.int64(); ok {
				return n, nil
			}
		}
	}
	return 0, fault.New(fault.Internal, "STORE_DAMAGED", "a stored document has no version")
}

// indexKeys returns a document's key in each index, "" where it has none.
func (t *table) indexKeys(doc bson.Raw, into []string) ([]string, error) {
	into = append(into[:0], make([]string, len(t.indexes))...)
	for e := elementsOf(doc); e.next(); {
		if string(e.name) != "keys" {
			continue
		}
		if e.kind != bson.TypeEmbeddedDocument {
			return nil, fault.Invalid("keys", "must be a document")
		}
		for key := elementsOf(e.value); key.next(); {
			i := slices.IndexFunc(t.indexes, func(x index) bool { return x.name == string(key.name) })
			if i < 0 {
				continue
			}
			var ok bool
			if into[i], ok = key.text(); !ok {
				return nil, fault.Invalid("keys."+t.indexes[i].name, "must be a string")
			}
		}
	}
	return into, nil
}
