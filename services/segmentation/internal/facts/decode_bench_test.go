//go:build unix

package facts

import (
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"
)

// BenchmarkDecode reads a stored customer again and again: what a scan costs beside
// the engine, and beside unwrapping the customer's key. cpu-ns/op is the process's time, for machines that are busy.
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
	engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	v := vaulttest.On(b, engine)
	r := &record{}
	r.ID = "customer-0000001"
	r.take(f, AllParts)
	if r.box, err = v.Seal(b.Context(), r.ID, "facts", r.fields[customerSection]); err != nil {
		b.Fatal(err)
	}
	document, err := r.MarshalBSON()
	if err != nil {
		b.Fatal(err)
	}
	for name, need := range map[string]Part{"all": AllParts, "orders and valuation": OfOrders | OfValuation} {
		b.Run(name, func(b *testing.B) { decode(b, r.ID, document, newDecoder(need), v.Walk("")) })
	}
}

func decode(b *testing.B, id string, document []byte, d *decoder, keys *vault.Walk) {
	b.ReportAllocs()
	begun := used()
	for b.Loop() {
		box, err := d.read(id, document)
		if err == nil && len(box) > 0 {
			err = d.unseal(keys.Open(b.Context(), boxOf(id, box)))
		}
		if err != nil {
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
