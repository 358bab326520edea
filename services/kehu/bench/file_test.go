package bench

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// fileRows is the length of the usual file, and largeRows that of the one whose
// cost tells how the suite grows.
const (
	fileRows  = 200_000
	largeRows = 10 * fileRows
)

// order is that of a file's rows.
type order string

const (
	// byTime is how a shop's system lists its orders: neighbours are of different
	// customers, whose documents lie all over the store.
	byTime order = "time"
	// byCustomer is how an analyst's table has them, CDNOW's among them.
	byCustomer order = "customer"
)

// file writes a file of orders of two years. A customer has three in the mean, as
// in CDNOW, and a few have very many.
func file(b *testing.B, rows int, by order) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "orders.csv")
	out, err := os.Create(path)
	must(b, err)
	w := bufio.NewWriterSize(out, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2023, 7, 1, 0, 0, 0, 0, time.UTC)
	pause := 2 * 365 * 24 * time.Hour / time.Duration(rows)
	fmt.Fprintln(w, "order_id,customer_id,order_time,amount,currency,discount,cost,channel,payment_method,status")
	for _, p := range purchases(random, rows, by) {
		at := start.Add(time.Duration(p.number) * pause)
		amount := 1000 + random.Int64N(50_000)
		fmt.Fprintf(w, "%s%07d,C%08d,%s,%d.%02d,CNY,%d.00,%d.%02d,%s,%s,paid\n",
			at.Format("20060102"), p.number, p.customer, at.Format(time.RFC3339), amount/100, amount%100,
			random.Int64N(20), amount/200, amount%100,
			pick(random, "tmall", "jd", "wechat", "store"), pick(random, "alipay", "wechat_pay", "card"))
	}
	must(b, errors.Join(w.Flush(), out.Close()))
	return path
}

// purchase is which customer made the how manieth order.
type purchase struct{ number, customer int }

// purchases draws who bought, by a power law that the customers' numbers tell
// nothing of.
func purchases(random *rand.Rand, n int, by order) []purchase {
	all := make([]purchase, n)
	for i := range all {
		rank := int(float64(n/3) * math.Pow(random.Float64(), 1.5))
		all[i] = purchase{i, rank * 7919 % 100_000_000}
	}
	if by == byCustomer {
		slices.SortStableFunc(all, func(a, b purchase) int { return cmp.Compare(a.customer, b.customer) })
	}
	return all
}

func pick(random *rand.Rand, of ...string) string { return of[random.IntN(len(of))] }
