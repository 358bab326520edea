package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// template is a stored document with its index entries, which the raw side writes
// again and again under other keys. Its own ids and times are at the places
// noted; everything is as wide in every record, so that the sizes stay what they
// were. What is sealed is noise in each document of the sample, as it is in every
// other: a block compresses as little as it did.
type template struct {
	pairs []pair
}

type pair struct {
	key, value       []byte
	owner, own, time []int // places in key of the customer's id, the record's own, and when it changed
}

const (
	samples   = 2000 // documents of a sort that templates are made of
	blindSize = 26   // of a blind index, the id of an identifier
	timeSize  = 16   // of a time in an index
)

// sorts are the stored documents that belong to a record of each kind: store and
// table, and how many there are for one.
var sorts = [kinds][]struct {
	store, table string
	each         int
}{
	ofCustomers: {{"profile", "customers", 1}, {"profile", "identifiers", 2}, {"profile-keys", "keys", 1}},
	ofOrders:    {{"profile", "orders", 1}},
	ofEvents:    {{"profile", "events", 1}},
}

// templatesOf reads samples of all that one kind's records have in the stores.
func (b *base) templatesOf(tb *testing.B, dir string, k kind) (all [][]template) {
	tb.Helper()
	for _, sort := range sorts[k] {
		db := openBare(tb, filepath.Join(dir, sort.store))
		var found []template
		it, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte(sort.table + "\x00d"), UpperBound: []byte(sort.table + "\x00e")})
		must(tb, err)
		random := rand.New(rand.NewPCG(7, 8))
		for range samples {
			if ok := it.SeekGE([]byte(sort.table + "\x00d" + b.somewhere(random, sort.table))); !ok {
				continue
			}
			found = append(found, templateOf(tb, sort.table, it.Key(), it.Value()))
		}
		must(tb, errors.Join(it.Close(), db.Close()))
		if len(found) == 0 {
			tb.Fatalf("there are no %s in %s", sort.table, sort.store)
		}
		all = append(all, found)
	}
	return all
}

// somewhere is where to look for a document of a table.
func (b *base) somewhere(random *rand.Rand, table string) string {
	id := customerID(random.IntN(b.customers))
	switch table {
	case "identifiers":
		return blind(random.Uint64())
	case "events":
		return "c!" + id
	}
	return id
}

// blind is something as wide as a blind index, and spread as they are.
func blind(n uint64) string {
	b := make([]byte, blindSize)
	random := rand.New(rand.NewPCG(n, 9))
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[random.IntN(32)]
	}
	return string(b)
}

func templateOf(b *testing.B, table string, key, value []byte) template {
	b.Helper()
	d := &documents{}
	d.add(b, table, key, value)
	id := string(key[len(table)+2:])
	parts := strings.Split(strings.TrimPrefix(id, "c!"), "!")
	owner, own := parts[0], parts[len(parts)-1]
	var t template
	for key, value := range d.each(d.all[0]) {
		p := pair{key: bytes.Clone(key), value: bytes.Clone(value)}
		if own == owner { // a customer's own document, its data key, an identifier
			p.own = places(p.key, own)
		} else {
			p.owner, p.own = places(p.key, owner), places(p.key, own)
		}
		if entry, isEntry := bytes.CutPrefix(p.key, []byte(table+"\x00ichanges\x00")); isEntry {
			p.time = []int{len(p.key) - len(entry)}
		}
		t.pairs = append(t.pairs, p)
	}
	return t
}

func places(in []byte, text string) (all []int) {
	for at := 0; ; {
		n := bytes.Index(in[at:], []byte(text))
		if n < 0 {
			return all
		}
		all = append(all, at+n)
		at += n + len(text)
	}
}

// put writes the template into a batch under other ids and another time.
func (t template) put(batch *pebble.Batch, owner, own, changed string) error {
	for _, p := range t.pairs {
		op := batch.SetDeferred(len(p.key), len(p.value))
		copy(op.Key, p.key)
		copy(op.Value, p.value)
		overwrite(op.Key, p.owner, owner)
		overwrite(op.Key, p.own, own)
		overwrite(op.Key, p.time, changed)
		if err := op.Finish(); err != nil {
			return err
		}
	}
	return nil
}

func overwrite(key []byte, at []int, with string) {
	for _, n := range at {
		copy(key[n:], with)
	}
}

// writeRaw writes documents and index entries as large and as many as so many
// records of a kind have, in the same order of keys, in synced batches. Where
// ctx ends it tells of what was written by then, with the error.
func (b *base) writeRaw(ctx context.Context, db *pebble.DB, k kind, records int, all [][]template) (done loading, err error) {
	start, work := time.Now(), ownProcessor()
	for from := 0; from < records && err == nil; from += bareBatch {
		if err = ctx.Err(); err != nil {
			break
		}
		batch := db.NewBatch()
		for n := from; n < min(from+bareBatch, records) && err == nil; n++ {
			err = b.putRecord(batch, k, n, all)
		}
		if err == nil {
			err = batch.Commit(pebble.Sync)
		}
		err = errors.Join(err, batch.Close())
		done.count = min(from+bareBatch, records)
	}
	done.took, done.work = time.Since(start), ownProcessor()-work
	return done, err
}

func (b *base) putRecord(batch *pebble.Batch, k kind, n int, all [][]template) error {
	changed := fmt.Sprintf("%0*X", timeSize, uint64(1)<<63+uint64(n))
	for i, found := range all {
		t := found[n%len(found)]
		for one := range sorts[k][i].each {
			owner, own := "", customerID(n)
			switch {
			case k == ofOrders:
				owner, own = customerID(b.who(draws(k, n))), orderID(n)
			case k == ofEvents:
				owner, own = customerID(b.who(draws(k, n))), eventID(n)
			case sorts[k][i].table == "identifiers":
				own = blind(uint64(2*n + one))
			}
			if err := t.put(batch, owner, own, changed); err != nil {
				return err
			}
		}
	}
	return nil
}
