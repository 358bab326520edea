package pebblestore

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// order is a document of about 540 bytes, as the profile service keeps them.
type order struct {
	docstore.Meta `bson:",inline"`

	Customer string    `bson:"customer"`
	At       time.Time `bson:"at"`
	Currency string    `bson:"currency"`
	Amount   int64     `bson:"amount"`
	Discount int64     `bson:"discount"`
	Channel  string    `bson:"channel"`
	Payment  string    `bson:"payment_method"`
	Status   string    `bson:"status"`
	Lines    []line    `bson:"lines"`
}

type line struct {
	SKU      string `bson:"sku"`
	Quantity int64  `bson:"quantity"`
	Amount   int64  `bson:"amount"`
}

var orders = docstore.Schema[order]{
	Name: "orders",
	Indexes: []docstore.Index[order]{
		{Name: "by_time", Key: func(o *order) string { return docstore.Key(docstore.Time(o.At)) }},
	},
	Changes: true,
}

const batchSize = 1000

// nextOrders makes orders of random customers at rising times.
func nextOrders(rng *rand.Rand, n int) []*order {
	docs := make([]*order, batchSize)
	for i := range docs {
		customer := fmt.Sprintf("customer-%08d", rng.IntN(5_000_000))
		docs[i] = &order{
			Meta:     docstore.Meta{ID: docstore.ID(customer, fmt.Sprintf("order-%09d", n*batchSize+i))},
			Customer: customer, At: time.UnixMilli(1.7e12 + int64(n*batchSize+i)*1000), Currency: "CNY",
			Amount: rng.Int64N(100_000), Discount: rng.Int64N(1000), Channel: "wechat-mini-program",
			Payment: "alipay", Status: "paid",
		}
		for range 3 {
			docs[i].Lines = append(docs[i].Lines, line{fmt.Sprintf("sku-%06d", rng.IntN(1e6)), 1 + rng.Int64N(3), rng.Int64N(50_000)})
		}
	}
	return docs
}

func openBench(b *testing.B) (*engine, *docstore.Collection[order]) {
	b.Helper()
	e, err := Open(b.TempDir(), Options{})
	must(b, err)
	b.Cleanup(func() { must(b, e.Close()) })
	c, err := docstore.Open(b.Context(), e, orders)
	must(b, err)
	return e.(*engine), c
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func insert(b *testing.B, c *docstore.Collection[order], docs []*order) {
	b.Helper()
	ops := make([]docstore.Op[order], len(docs))
	for i, doc := range docs {
		ops[i].Doc = doc
	}
	errs, err := c.Write(b.Context(), ops)
	must(b, err)
	for _, err := range errs {
		must(b, err)
	}
}

// BenchmarkWrite compares an import through a collection with Pebble alone writing
// the same documents and index entries in the same synced batches: turn about,
// each into a new store, whose closing counts. The ratio is that of their speeds.
func BenchmarkWrite(b *testing.B) {
	const batches = 100
	rng := rand.New(rand.NewPCG(1, 1))
	var docs [batches][]*order
	var writes [batches][]docstore.Write
	for n := range batches {
		docs[n] = nextOrders(rng, n)
		writes[n] = stored(b, docs[n])
	}
	var through, alone time.Duration
	for b.Loop() {
		alone += timed(b, func(e *engine, _ *docstore.Collection[order]) {
			table, err := newTable(e, docstore.Layout{Name: "bare", Indexes: []string{"changes", "by_time"}})
			must(b, err)
			for _, batch := range writes {
				must(b, writeAlone(table, batch))
			}
		})
		for _, batch := range docs {
			for _, doc := range batch {
				doc.Meta = docstore.Meta{ID: doc.ID}
			}
		}
		through += timed(b, func(_ *engine, c *docstore.Collection[order]) {
			for _, batch := range docs {
				insert(b, c, batch)
			}
		})
	}
	b.ReportMetric(alone.Seconds()/through.Seconds(), "ratio")
	b.ReportMetric(float64(b.N*batches*batchSize)/through.Seconds(), "docs/s")
	b.ReportMetric(float64(b.N*batches*batchSize)/alone.Seconds(), "bare-docs/s")
	b.ReportMetric(float64(len(writes[0][0].Doc)), "bytes/doc")
	b.ReportMetric(0, "ns/op")
}

// timed is how long f takes on a new store, with its closing.
func timed(b *testing.B, f func(*engine, *docstore.Collection[order])) time.Duration {
	b.Helper()
	e, c := openBench(b)
	start := time.Now()
	f(e, c)
	must(b, e.Close())
	return time.Since(start)
}

// stored is what the collection keeps of documents that it has written.
func stored(b *testing.B, docs []*order) []docstore.Write {
	b.Helper()
	writes := make([]docstore.Write, len(docs))
	for i, doc := range docs {
		doc.Version, doc.UpdatedAt, doc.WriteID = 1, doc.At, "0123456789012345678901"
		raw, err := bson.Marshal(bson.D{{Key: "keys", Value: bson.D{
			{Key: "changes", Value: docstore.Key(docstore.Time(doc.UpdatedAt))},
			{Key: "by_time", Value: orders.Indexes[0].Key(doc)},
		}}})
		must(b, err)
		body, err := bson.Marshal(doc)
		must(b, err)
		whole := append(body[:len(body)-1], raw[4:]...)
		binary.LittleEndian.PutUint32(whole, uint32(len(whole)))
		writes[i] = docstore.Write{ID: doc.ID, Doc: whole}
	}
	return writes
}

// writeAlone puts documents and index entries into Pebble without asking anything.
func writeAlone(t *table, writes []docstore.Write) error {
	batch := t.db.NewBatch()
	var key []byte
	var keys []string
	for _, w := range writes {
		key = t.documents.appendDocument(key[:0], w.ID)
		if err := batch.Set(key, w.Doc, nil); err != nil {
			return err
		}
		var err error
		if keys, err = t.indexKeys(w.Doc, keys); err != nil {
			return err
		}
		for i, index := range t.indexes {
			key = index.appendEntry(key[:0], keys[i], w.ID)
			if err := batch.Set(key, nil, nil); err != nil {
				return err
			}
		}
	}
	return batch.Commit(pebble.Sync)
}

// BenchmarkScan compares ScanRaw, and two fields of each document looked up, with
// an iterator of Pebble's and the same look-ups, in the order of ids and in that of
// an index.
func BenchmarkScan(b *testing.B) {
	const documents = 200_000
	e, c := openBench(b)
	rng := rand.New(rand.NewPCG(1, 1))
	for n := range documents / batchSize {
		insert(b, c, nextOrders(rng, n))
	}
	must(b, e.db.Flush())
	for _, index := range []string{"", "by_time"} {
		b.Run("Index="+index, func(b *testing.B) {
			var through, alone time.Duration
			for b.Loop() {
				start := time.Now()
				sum, n := scanThrough(b, c, index)
				through += time.Since(start)
				start = time.Now()
				bareSum, bareN, err := scanAlone(e, index)
				alone += time.Since(start)
				must(b, err)
				if sum != bareSum || n != documents || bareN != documents {
					b.Fatalf("%d documents make %d, alone %d make %d", n, sum, bareN, bareSum)
				}
			}
			b.ReportMetric(alone.Seconds()/through.Seconds(), "ratio")
			b.ReportMetric(float64(b.N*documents)/through.Seconds(), "docs/s")
			b.ReportMetric(float64(b.N*documents)/alone.Seconds(), "bare-docs/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func fields(doc bson.Raw) int64 {
	return doc.Lookup("amount").AsInt64() + int64(len(doc.Lookup("currency").StringValue()))
}

func scanThrough(b *testing.B, c *docstore.Collection[order], index string) (sum int64, n int) {
	b.Helper()
	for entry, err := range c.ScanRaw(b.Context(), docstore.Range{Index: index}) {
		must(b, err)
		sum += fields(entry.Doc)
		n++
	}
	return sum, n
}

func scanAlone(e *engine, index string) (sum int64, n int, err error) {
	documents := documentSpace(orders.Name)
	s := documents
	if index != "" {
		s = indexSpace(orders.Name, index)
	}
	lower, upper := s.bounds(docstore.Range{})
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return 0, 0, err
	}
	for ok := it.First(); ok; ok = it.Next() {
		n++
		if index == "" {
			sum += fields(it.Value())
			continue
		}
		doc, closer, err := e.db.Get(documents.appendDocument(nil, s.position(it.Key()).ID))
		if err != nil {
			return 0, 0, err
		}
		sum += fields(doc)
		if err := closer.Close(); err != nil {
			return 0, 0, err
		}
	}
	return sum, n, it.Close()
}

// BenchmarkGet reads and decodes one document at random.
func BenchmarkGet(b *testing.B) {
	const documents = 100_000
	e, c := openBench(b)
	rng := rand.New(rand.NewPCG(1, 1))
	var ids []string
	for n := range documents / batchSize {
		docs := nextOrders(rng, n)
		insert(b, c, docs)
		for _, doc := range docs {
			ids = append(ids, doc.ID)
		}
	}
	must(b, e.db.Flush())
	for b.Loop() {
		if _, err := c.Get(context.Background(), ids[rng.IntN(len(ids))]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkConcurrentWrites writes single documents from 32 writers, whose
// commits share syncs.
func BenchmarkConcurrentWrites(b *testing.B) {
	_, c := openBench(b)
	var n atomic.Int64
	b.SetParallelism(16) // times GOMAXPROCS
	b.RunParallel(func(pb *testing.PB) {
		rng := rand.New(rand.NewPCG(uint64(n.Add(1)), 1))
		for pb.Next() {
			doc := &order{Customer: fmt.Sprintf("customer-%08d", rng.IntN(5_000_000)), At: time.UnixMilli(1.7e12)}
			doc.ID = docstore.ID(doc.Customer, fmt.Sprint(n.Add(1)))
			if err := c.Insert(context.Background(), doc); err != nil {
				b.Error(err)
			}
		}
	})
}
