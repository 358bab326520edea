package bench

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fileRows is the length of the usual file, and largeRows that of the one whose
// cost tells how the suite grows.
const (
	fileRows  = 200_000
	largeRows = 10 * fileRows
)

// file writes a file of orders: those of two years in the order of their times,
// as a shop exports them, so that neighbouring rows are of different customers.
// A customer has three orders in the mean, as in CDNOW, and a few have very many.
func file(b *testing.B, rows int) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "orders.csv")
	out, err := os.Create(path)
	must(b, err)
	w := bufio.NewWriterSize(out, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC)
	pause := 2 * 365 * 24 * time.Hour / time.Duration(rows)
	fmt.Fprintln(w, "order_id,customer_id,order_time,amount,currency,discount,cost,channel,payment_method,status")
	for row := range rows {
		at := start.Add(time.Duration(row) * pause)
		amount := 1000 + random.Int64N(50_000)
		fmt.Fprintf(w, "%s%07d,%s,%s,%d.%02d,CNY,%d.00,%d.%02d,%s,%s,paid\n",
			at.Format("20060102"), row, buyer(random, rows/3), at.Format(time.RFC3339), amount/100, amount%100,
			random.Int64N(20), amount/200, amount%100,
			pick(random, "tmall", "jd", "wechat", "store"), pick(random, "alipay", "wechat_pay", "card"))
	}
	must(b, errors.Join(w.Flush(), out.Close()))
	return path
}

// buyer draws one of n customers: the first ones more often than the last, by a
// power law. The ids tell nothing of that.
func buyer(random *rand.Rand, n int) string {
	i := int(float64(n) * math.Pow(random.Float64(), 1.5))
	return fmt.Sprintf("C%08d", i*7919%100_000_000)
}

func pick(random *rand.Rand, of ...string) string { return of[random.IntN(len(of))] }
