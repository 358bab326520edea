package bench

import (
	"bytes"
	"cmp"
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
	for i := range o.Levels {
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

// record is a stored document with its index entries.
type record struct {
	row   int64 // of the file it came from
	pairs []pair
}

type pair struct{ key, value []byte }

// records reads all that is in a store, in the order in which the file has it.
// Pebble is quicker in that of the keys, but nobody could write it so.
func records(b *testing.B, dir string) []record {
	b.Helper()
	db := openBare(b, dir)
	defer func() { must(b, db.Close()) }()
	it, err := db.NewIter(nil)
	must(b, err)
	defer func() { must(b, it.Close()) }()
	var all []record
	place := map[string]int{} // of a document in all, by table and id
	for ok := it.First(); ok; ok = it.Next() {
		p := pair{bytes.Clone(it.Key()), bytes.Clone(it.Value())}
		table, rest, _ := bytes.Cut(p.key, []byte{0})
		id := rest[1:]
		if rest[0] == 'i' { // an index entry, which stands behind the documents
			id = rest[bytes.LastIndexByte(rest, 0)+1:]
			at := place[string(table)+" "+string(id)]
			all[at].pairs = append(all[at].pairs, p)
			continue
		}
		row, known := bson.Raw(p.value).Lookup("origin", "row").AsInt64OK()
		if !known {
			row = math.MaxInt64 // the import itself, say
		}
		place[string(table)+" "+string(id)] = len(all)
		all = append(all, record{row, []pair{p}})
	}
	slices.SortStableFunc(all, func(a, b record) int { return cmp.Compare(a.row, b.row) })
	return all
}

const bareBatch = 1000

// writeBare is how long Pebble alone takes for the records, in synced batches of
// 1,000, with its closing.
func writeBare(b *testing.B, all []record) time.Duration {
	b.Helper()
	db := openBare(b, b.TempDir())
	return timed(func() {
		for records := range slices.Chunk(all, bareBatch) {
			batch := db.NewBatch()
			for _, r := range records {
				for _, p := range r.pairs {
					if err := batch.Set(p.key, p.value, nil); err != nil {
						b.Fatal(err)
					}
				}
			}
			must(b, batch.Commit(pebble.Sync))
		}
		must(b, db.Close())
	})
}
