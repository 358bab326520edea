package domain

import (
	"math/rand/v2"
	"testing"
	"time"
)

// BenchmarkAccount adds up customers with ten orders each.
func BenchmarkAccount(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	asOf := asOf(b, "2026-01-01", "Asia/Shanghai")
	begin := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	crowd := make([]History, 1000)
	for i := range crowd {
		crowd[i] = History{Customer: "c", Codes: []string{"CNY"}}
		for range 10 {
			crowd[i].TimeMS = append(crowd[i].TimeMS, begin+random.Int64N(700*dayMS))
			crowd[i].Net = append(crowd[i].Net, random.Int64N(50_000))
			crowd[i].Cost = append(crowd[i].Cost, Unknown)
		}
	}
	keeper := NewBookkeeper(asOf)
	var account Account
	for b.Loop() {
		for i := range crowd {
			if _, err := keeper.Account(&crowd[i], &account); err != nil {
				b.Fatal(err)
			}
		}
		keeper.Counted.Reset()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/order")
}
