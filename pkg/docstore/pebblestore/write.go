package pebblestore

import (
	"context"
	"errors"
	"hash/maphash"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Write applies each write by itself, all that are accepted in one synced batch.
// The writes' documents must stay as they are even where it returns early
// because ctx has ended: the batch may still be under way.
func (t *table) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	order := sortedBy(len(writes), func(i int) string { return writes[i].ID })
	errs := make([]error, len(writes))
	for n, i := range order {
		errs[i] = check(writes[i])
		if n > 0 && writes[order[n-1]].ID == writes[i].ID {
			return nil, fault.Invalid("writes", "id %q occurs twice", writes[i].ID)
		}
	}
	if err := t.enter(ctx); err != nil {
		return nil, err
	}
	err := t.watch.guard(ctx, func() error {
		defer t.inflight.Done()
		return t.apply(writes, order, errs)
	})
	if err != nil {
		return nil, storeFault(err)
	}
	return errs, nil
}

func check(w docstore.Write) error {
	switch {
	case w.ID == "":
		return fault.Invalid("id", "must not be empty")
	case w.Expect < docstore.Any:
		return fault.Invalid("expect", "must be a version, Absent or Any, is %d", w.Expect)
	case len(w.Doc) > docstore.MaxDocument:
		return docstore.ErrTooLarge
	}
	return checkBytes("id", w.ID)
}

// apply checks the versions, and builds and commits the batch, under the locks of
// the ids. It gives them back before it waits for the disk: whoever reads what
// is not yet synced commits behind it in the same log. A batch that failed on its
// way is left to the collector, for Pebble may still hold it.
func (t *table) apply(writes []docstore.Write, order []int, errs []error) error {
	batch, err := t.commit(writes, order, errs)
	if batch == nil || err != nil {
		return err
	}
	if t.volatile {
		return batch.Close()
	}
	if err := batch.SyncWait(); err != nil {
		// What is in memory is not what is on disk.
		t.watch.fail(err)
		return t.watch.failure()
	}
	return batch.Close()
}

// commit returns the batch on its way to the disk, or nil where all writes were refused.
func (t *table) commit(writes []docstore.Write, order []int, errs []error) (*pebble.Batch, error) {
	held := t.lockIDs(writes)
	defer t.unlockIDs(held)
	batch, err := t.build(writes, order, errs)
	if err != nil {
		return nil, err
	}
	if batch.Empty() {
		return nil, batch.Close()
	}
	if t.volatile {
		return batch, t.db.Apply(batch, pebble.NoSync)
	}
	return batch, t.db.ApplyNoSyncWait(batch, pebble.Sync)
}

func (t *table) build(writes []docstore.Write, order []int, errs []error) (batch *pebble.Batch, err error) {
	if err := t.known.begin(t.empty); err != nil {
		return nil, err
	}
	find, err := t.newFinder(context.Background())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, find.close()) }()
	size := 0
	for _, w := range writes {
		size += len(w.Doc) + 2*len(w.ID) + 64
	}
	b := builder{table: t, find: find, batch: t.db.NewBatchWithSize(size), entries: t.db.NewBatch()}
	defer func() { err = errors.Join(err, b.entries.Close()) }()
	for _, i := range order {
		if errs[i] == nil {
			if errs[i], err = b.add(writes[i]); err != nil {
				return nil, errors.Join(err, b.batch.Close())
			}
		}
	}
	if err := b.batch.Apply(b.entries, nil); err != nil {
		return nil, errors.Join(err, b.batch.Close())
	}
	return b.batch, nil
}

// builder turns writes into a batch: first the documents, then the index entries,
// so that what follows in the batch is near in the memtable, whose list is
// searched from where it was left. Its buffers are used again for each write.
type builder struct {
	*table
	find     *finder
	batch    *pebble.Batch
	entries  *pebble.Batch
	key      []byte
	old, new []string
}

// add puts one write into the batch, or returns why that write is refused; the
// second error is one of the whole call.
func (b *builder) add(w docstore.Write) (refused, err error) {
	var stored bson.Raw
	if w.Expect != docstore.Any || len(b.indexes) > 0 || w.Doc == nil {
		if stored, err = b.find.document(w.ID); err != nil {
			return nil, err
		}
	}
	if w.Expect != docstore.Any {
		current := docstore.Absent
		if stored != nil {
			if current, err = version(stored); err != nil {
				return err, nil
			}
		}
		if current != w.Expect {
			return docstore.ErrConflict, nil
		}
	}
	if refused, err = b.addIndexes(w, stored); refused != nil || err != nil {
		return refused, err
	}
	b.key = b.documents.appendDocument(b.key[:0], w.ID)
	if w.Doc == nil {
		return nil, b.batch.Delete(b.key, nil)
	}
	b.known.add(w.ID)
	return nil, b.batch.Set(b.key, w.Doc, nil)
}

// addIndexes brings the index entries from the stored document to the new one.
func (b *builder) addIndexes(w docstore.Write, stored bson.Raw) (refused, err error) {
	if len(b.indexes) == 0 {
		return nil, nil
	}
	if b.new, err = b.indexKeys(w.Doc, b.new); err != nil {
		return err, nil
	}
	for i, key := range b.new {
		if err := checkBytes("keys."+b.indexes[i].name, key); err != nil {
			return err, nil
		}
	}
	if b.old, err = b.indexKeys(stored, b.old); err != nil {
		return err, nil
	}
	for i, index := range b.indexes {
		if b.old[i] == b.new[i] {
			continue
		}
		if b.old[i] != "" {
			b.key = index.appendEntry(b.key[:0], b.old[i], w.ID)
			if err := b.entries.Delete(b.key, nil); err != nil {
				return nil, err
			}
		}
		if b.new[i] != "" {
			b.key = index.appendEntry(b.key[:0], b.new[i], w.ID)
			if err := b.entries.Set(b.key, nil, nil); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// stripeSet is a set of locks, a bit for each.
type stripeSet [stripes / 64]uint64

// lockIDs takes the locks of all ids, in ascending order, so that no two calls
// wait for each other.
func (t *table) lockIDs(writes []docstore.Write) (held stripeSet) {
	var hash maphash.Hash
	for _, w := range writes {
		hash.SetSeed(t.seed)
		_, _ = hash.Write(t.documents.prefix)
		_, _ = hash.WriteString(w.ID)
		n := hash.Sum64() % stripes
		held[n/64] |= 1 << (n % 64)
	}
	held.each(func(n int) { t.locks[n].Lock() })
	return held
}

func (t *table) unlockIDs(held stripeSet) {
	held.each(func(n int) { t.locks[n].Unlock() })
}

func (s stripeSet) each(f func(n int)) {
	for word, set := range s {
		for ; set != 0; set &= set - 1 {
			f(64*word + bits.TrailingZeros64(set))
		}
	}
}
