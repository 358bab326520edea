//go:build unix

package facts

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkDecode reads a stored customer again and again: what a scan costs beside
// the engine. cpu-ns/op is the process's time, for machines that are busy.
func BenchmarkDecode(b *testing.B) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	alive := 0.5
	f := &Facts{
		Customer: Customer{
			Kind: "INDIVIDUAL", Gender: "FEMALE", Country: "CN", Region: "广东", City: "深圳", Acquisition: "ORGANIC",
			BirthDate: Date{1980, 3, 8}, Interests: []string{"running", "tea"}, CreateTime: at,
			Attributes: map[string]any{"tier": "gold", "points": int64(12345)},
		},
		Revenue: []Money{{"CNY", 59400}}, AsOf: at, Edition: 7, Valued: true,
		RFM:        Scores{Recency: 5, Frequency: 3, Monetary: 5, Cell: "535", Group: "IMPORTANT_VALUE", Segment: "Champions"},
		Prediction: Prediction{Alive: &alive, ExpectedOrders: &alive, Residual: &Money{"CNY", 1200}},
	}
	f.Orders = Orders{Count: 6, Days: 6, FirstTime: at, LastTime: at.AddDate(0, 0, 6)}
	for n := range 6 {
		f.Orders.Recent = append(f.Orders.Recent, Order{at.AddDate(0, 0, n), Money{"CNY", 9900}})
	}
	r := &record{}
	r.ID = "customer-0000001"
	r.take(f, AllParts)
	document, err := r.MarshalBSON()
	if err != nil {
		b.Fatal(err)
	}
	d := newDecoder()
	b.ReportAllocs()
	begun := used()
	for b.Loop() {
		if _, err := d.read(r.ID, document); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used()-begun)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(len(document)), "bytes")
}

// used is the processor time that the process has taken.
func used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
