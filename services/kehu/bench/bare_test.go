package bench

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Pebble alone, as the embedded engine opens it and with what the engine stores
// in it: the base of the comparisons.

func openBare(b *testing.B, dir string) *pebble.DB {
	b.Helper()
	o := &pebble.Options{
		CacheSize: 96 << 20, MemTableSize: 16 << 20, MaxOpenFiles: 256,
		FormatMajorVersion: pebble.FormatWALSyncChunks, Logger: quiet{},
	}
	o.L0CompactionThreshold, o.L0StopWritesThreshold = 32, 64
	o.LBaseMaxBytes, o.TargetFileSizes[0] = 512<<20, 8<<20
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, o)
	must(b, err)
	return db
}

// quiet drops Pebble's chatter.
type quiet struct{}

func (quiet) Infof(string, ...any)  {}
func (quiet) Errorf(string, ...any) {}
func (quiet) Fatalf(format string, _ ...any) {
	panic("pebble: " + format)
}

// documents are what a store holds, each with its index entries. They lie in one
// piece of memory, for millions of small ones would keep the collector busy while
// the engine is timed.
type documents struct {
	pairs []byte
	all   []document
}

// document is one of them: the row of the file it came from, and the part of the
// pairs that belongs to it.
type document struct {
	row      int64
	from, to int
}

// records reads all that is in a store, in the order in which the file has it.
// Pebble is quicker in that of the keys, but nobody could write it so.
func records(b *testing.B, dir string) *documents {
	b.Helper()
	db := openBare(b, dir)
	defer func() { must(b, db.Close()) }()
	it, err := db.NewIter(nil)
	must(b, err)
	defer func() { must(b, it.Close()) }()
	d := &documents{}
	entries := 0 // met, less those that the documents tell of
	for ok := it.First(); ok; ok = it.Next() {
		table, rest, _ := bytes.Cut(it.Key(), []byte{0})
		if rest[0] == 'i' {
			entries++
			continue
		}
		entries -= d.add(b, string(table), it.Key(), it.Value())
	}
	if entries != 0 {
		b.Fatalf("the store has %d index entries that no document tells of", entries)
	}
	slices.SortStableFunc(d.all, func(a, b document) int { return cmp.Compare(a.row, b.row) })
	return d
}

// add adds a document and its index entries, and returns how many these are.
func (d *documents) add(b *testing.B, table string, key, value []byte) (entries int) {
	b.Helper()
	one := document{row: math.MaxInt64, from: len(d.pairs)} // the import itself, say
	if row, known := bson.Raw(value).Lookup("origin", "row").AsInt64OK(); known {
		one.row = row
	}
	d.pair(key, value)
	if keys, indexed := bson.Raw(value).Lookup("keys").DocumentOK(); indexed {
		elements, err := keys.Elements()
		must(b, err)
		for _, e := range elements {
			entry := fmt.Appendf(nil, "%s\x00i%s\x00%s\x00%s", table, e.Key(), e.Value().StringValue(), key[len(table)+2:])
			d.pair(entry, nil)
		}
		entries = len(elements)
	}
	one.to = len(d.pairs)
	d.all = append(d.all, one)
	return entries
}

func (d *documents) pair(key, value []byte) {
	d.pairs = binary.AppendUvarint(binary.AppendUvarint(d.pairs, uint64(len(key))), uint64(len(value)))
	d.pairs = append(append(d.pairs, key...), value...)
}

// each yields a document and its index entries, as key and value.
func (d *documents) each(one document) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for pairs := d.pairs[one.from:one.to]; len(pairs) > 0; {
			keySize, n := binary.Uvarint(pairs)
			valueSize, m := binary.Uvarint(pairs[n:])
			key, rest := pairs[n+m:][:keySize], pairs[n+m:][keySize:]
			if !yield(key, rest[:valueSize]) {
				return
			}
			pairs = rest[valueSize:]
		}
	}
}

const bareBatch = 1000

// writeBare is how long Pebble alone takes for the documents, in synced batches of
// 1,000, with its closing.
func writeBare(b *testing.B, d *documents) time.Duration {
	b.Helper()
	db := openBare(b, b.TempDir())
	return timed(func() {
		for some := range slices.Chunk(d.all, bareBatch) {
			batch := db.NewBatch()
			for _, one := range some {
				for key, value := range d.each(one) {
					must(b, batch.Set(key, value, nil))
				}
			}
			must(b, batch.Commit(pebble.Sync))
		}
		must(b, db.Close())
	})
}
