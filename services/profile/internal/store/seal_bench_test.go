package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

const benchCustomers = 100_000

// BenchmarkSealedCustomers compares reading all customers, as streams do, with
// reading the same ones stored without a seal, turn about. The ratio is that of
// their times.
func BenchmarkSealedCustomers(b *testing.B) {
	ctx := b.Context()
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	s, err := openCustomers(ctx, engine, vaulttest.On(b, engine), time.Now)
	if err != nil {
		b.Fatal(err)
	}
	open, err := docstore.Open(ctx, engine, docstore.Schema[customer]{Name: "open", Changes: true})
	if err != nil {
		b.Fatal(err)
	}
	for n := 0; n < benchCustomers; n += 1000 {
		writeBench(b, s, open, n)
	}
	var sealed, plain time.Duration
	for b.Loop() {
		start := time.Now()
		n := 0
		for _, err := range s.All(ctx, Span{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		sealed += time.Since(start)
		start = time.Now()
		for doc, err := range open.Scan(ctx, docstore.Range{}) {
			if err != nil {
				b.Fatal(err)
			}
			doc.content = doc.Sealed
			if _, err := readCustomer(doc); err != nil {
				b.Fatal(err)
			}
			n--
		}
		plain += time.Since(start)
		if n != 0 {
			b.Fatalf("%d more are sealed than open", n)
		}
	}
	read := float64(b.N * benchCustomers)
	b.ReportMetric(sealed.Seconds()/plain.Seconds(), "ratio")
	b.ReportMetric(read/sealed.Seconds(), "customers/s")
	b.ReportMetric(read/plain.Seconds(), "open-customers/s")
	b.ReportMetric(0, "ns/op")
}

func writeBench(b *testing.B, s *Customers, open *docstore.Collection[customer], from int) {
	b.Helper()
	var customers []*domain.Customer
	var ops []docstore.Op[customer]
	for n := from; n < from+1000; n++ {
		c := &domain.Customer{ID: fmt.Sprintf("c-%07d", n), CreatedAt: time.UnixMilli(1.7e12).UTC(), Details: domain.Details{
			Kind: domain.Individual, DisplayName: fmt.Sprintf("顾客 %d", n), Region: "江苏", City: "南京", Occupation: "teacher",
			Identifiers: []domain.Identifier{{Type: domain.Phone, Value: fmt.Sprintf("+86138%08d", n)}, {Type: domain.Email, Value: fmt.Sprintf("c%d@example.com", n)}},
			Interests:   []string{"tea", "hiking"},
		}}
		doc, err := customerDoc(c)
		if err != nil {
			b.Fatal(err)
		}
		doc.Sealed = doc.content
		customers, ops = append(customers, c), append(ops, docstore.Op[customer]{Doc: doc})
	}
	if _, err := s.Write(b.Context(), customers); err != nil {
		b.Fatal(err)
	}
	if _, err := open.Write(b.Context(), ops); err != nil {
		b.Fatal(err)
	}
}
