package importer_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// BenchmarkBuyers compares importing orders of 50,000 buyers who are known by a
// phone number, each of whom becomes a customer with a key and a claim, with the
// same orders of buyers who are known by an id, turn about. The ratio is that of
// their times.
func BenchmarkBuyers(b *testing.B) {
	byID, byPhone := buyersFile("会员号", "C%08d"), buyersFile("手机号", "138%08d")
	var id, phone time.Duration
	for b.Loop() {
		took, _ := importAll(b, byID)
		id += took
		took, _ = importAll(b, byPhone)
		phone += took
	}
	rows := float64(b.N * benchRows)
	b.ReportMetric(phone.Seconds()/id.Seconds(), "ratio")
	b.ReportMetric(rows/phone.Seconds(), "rows/s")
	b.ReportMetric(rows/id.Seconds(), "id-rows/s")
	b.ReportMetric(0, "ns/op")
}

func buyersFile(title, form string) csvFile {
	rng := rand.New(rand.NewPCG(1, 1))
	var file strings.Builder
	fmt.Fprintf(&file, "order_id,%s,order_time,amount\n", title)
	for n := range benchRows {
		at := time.Unix(1.7e9+int64(n), 0).UTC().Format(time.RFC3339)
		fmt.Fprintf(&file, "2024%010d,"+form+",%s,%d.%02d\n", n, n*7919%50_000, at, rng.IntN(1000), rng.IntN(100))
	}
	f := announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, []byte(file.String()))
	f.DefaultCurrencyCode = "CNY"
	f.OrderMapping = &profilev1.OrderMapping{
		Version: 1, Name: "buyers",
		Columns: &profilev1.OrderColumns{OrderId: []string{"order_id"}, CustomerId: []string{title}, OrderTime: []string{"order_time"}, Amount: []string{"amount"}},
	}
	return f
}
