package mongostore_test

import (
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

const benchBatch = 1000

func benchTable(b *testing.B, n int) docstore.Table {
	b.Helper()
	table, err := mongotest.Open(b).Table(b.Context(), people)
	if err != nil {
		b.Fatal(err)
	}
	for begin := 0; begin < n; begin += benchBatch {
		benchWrite(b, table, begin, func(i int) docstore.Write { return create(name(i), "x") })
	}
	b.ResetTimer()
	return table
}

func benchWrite(b *testing.B, table docstore.Table, begin int, write func(int) docstore.Write) {
	b.Helper()
	writes := make([]docstore.Write, benchBatch)
	for i := range writes {
		writes[i] = write(begin + i)
	}
	if _, err := table.Write(b.Context(), writes); err != nil {
		b.Fatal(err)
	}
}

// What is measured here is the stand-in unless KEHU_TEST_MONGODB_URI is set.
func BenchmarkInsert(b *testing.B) {
	table := benchTable(b, 0)
	for i := range b.N {
		benchWrite(b, table, i*benchBatch, func(i int) docstore.Write { return create(name(i), "x") })
	}
	b.ReportMetric(float64(b.N*benchBatch)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkReplace(b *testing.B) {
	table := benchTable(b, 10*benchBatch)
	for n := range b.N {
		version := int64(n/10 + 1)
		benchWrite(b, table, n%10*benchBatch, func(i int) docstore.Write { return replace(name(i), version, "w") })
	}
	b.ReportMetric(float64(b.N*benchBatch)/b.Elapsed().Seconds(), "documents/s")
}

func BenchmarkScan(b *testing.B) {
	const n = 10 * benchBatch
	table := benchTable(b, n)
	for range b.N {
		for _, err := range table.Scan(b.Context(), docstore.Range{Index: "city"}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "documents/s")
}
