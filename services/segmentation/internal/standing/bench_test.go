package standing_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// benchRules are 20 rules such as a shop has.
func benchRules() []string {
	rules := []string{
		`orders.count >= 3 && rfm.recency >= 4`,
		`customer.region == "广东" && revenue("CNY") >= 1000.0`,
		`orders.count == 1`,
		`orders.count == 0`,
		`rfm.group == "IMPORTANT_VALUE"`,
		`rfm.group in ["IMPORTANT_KEEP", "IMPORTANT_WIN_BACK"]`,
		`days_since(orders.last_time) >= 90 && orders.count > 0`,
		`within(orders.last_time, days(30)) && orders.days >= 2`,
		`customer.acquisition == "REFERRAL"`,
		`customer.kind == "ENTERPRISE" && revenue("CNY") > 5000.0`,
	}
	for i := range 10 {
		rules = append(rules, fmt.Sprintf(`rfm.monetary >= %d && customer.city != "城%d"`, 1+i%5, i))
	}
	return rules
}

// benchNow is the instant of the benchmarks.
var benchNow = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// shopper is a customer of a large shop, with up to 9 orders.
func shopper(r *rand.Rand, i int) *facts.Facts {
	f := &facts.Facts{Customer: facts.Customer{
		ID: fmt.Sprintf("c%07d", i), Kind: []string{"INDIVIDUAL", "ENTERPRISE"}[r.IntN(2)], Gender: []string{"", "FEMALE", "MALE"}[r.IntN(3)],
		Region: []string{"广东", "北京", "CA"}[r.IntN(3)], City: fmt.Sprintf("城%d", r.IntN(20)),
		Acquisition: []string{"ORGANIC", "ADVERTISING", "REFERRAL", "PROMOTION", "SALES"}[r.IntN(5)],
	}}
	if r.IntN(10) == 0 {
		return f
	}
	buy(f, r, 1+r.IntN(9), r.IntN(700))
	return f
}

// buy gives a customer orders, the last some days ago.
func buy(f *facts.Facts, r *rand.Rand, orders, daysAgo int) {
	last := benchNow.AddDate(0, 0, -daysAgo)
	f.Orders = facts.Orders{Count: int64(orders), Days: int64(orders), FirstTime: last.AddDate(0, 0, -10*orders), LastTime: last}
	for n := range orders {
		f.Orders.Recent = append(f.Orders.Recent, facts.Order{
			Time: last.AddDate(0, 0, -10*(orders-1-n)), Net: facts.Money{Currency: "CNY", Minor: r.Int64N(90_000)},
		})
	}
	f.Revenue = []facts.Money{{Currency: "CNY", Minor: r.Int64N(900_000)}}
	f.Valued, f.AsOf, f.Edition = true, benchNow, 1
	f.RFM = facts.Scores{
		Recency: 1 + r.IntN(5), Frequency: 1 + r.IntN(5), Monetary: 1 + r.IntN(5),
		Group: domain.Groups[r.IntN(len(domain.Groups))], Segment: "Champions",
	}
}

// usage is what the process has used.
type usage struct {
	wall time.Time
	cpu  time.Duration
}

func now() usage {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return usage{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

func (u usage) since() (wall, cpu time.Duration) {
	n := now()
	return n.wall.Sub(u.wall), n.cpu - u.cpu
}

// peak is the most resident memory since the last call of resetPeak, in MiB.
func peak() int {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(status) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "VmHWM:" {
			kib, _ := strconv.Atoi(string(fields[1]))
			return kib >> 10
		}
	}
	return 0
}

func resetPeak() {
	runtime.GC()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600)
}

// benchCustomers is how many customers there are, KEHU_BENCH_CUSTOMERS or 100,000.
func benchCustomers() int {
	if n, err := strconv.Atoi(os.Getenv("KEHU_BENCH_CUSTOMERS")); err == nil {
		return n
	}
	return 100_000
}

// BenchmarkForm keeps facts on the embedded engine, forms 20 segments from nobody,
// forms them once more, and then takes in changes of a few. What it logs: decoding all
// facts alone; each pass in seconds, CPU seconds, customers and evaluations a second
// and core, and peak resident memory.
func BenchmarkForm(b *testing.B) {
	ctx := context.Background()
	engine, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	must(b, err)
	defer func() { must(b, engine.Close()) }()
	c := &clock{now: benchNow}
	keys, err := pebblestore.Open(b.TempDir(), pebblestore.Options{Logger: slog.New(slog.DiscardHandler)})
	must(b, err)
	defer func() { must(b, keys.Close()) }()
	w := newWorldOn(b, engine, keys, c)
	compiler, err := rule.NewCompiler(nil)
	must(b, err)
	w.worker = standing.NewWorker(standing.Parts{
		Standings: w.Standings, Engine: engine, Facts: w.facts, Touched: w.facts.Touched, Feeds: still{},
		Criteria: func(_ context.Context, s domain.Segment) (criterion.Criterion, error) {
			return compiler.Compile(s.Definition.Rule)
		},
		Generations: w.store.Generations, Erasures: w.store.Erasures, Log: slog.New(slog.DiscardHandler),
	})
	w.worker.Small(20_000, 500) // as they are in service
	customers, r := benchCustomers(), rand.New(rand.NewPCG(1, 2))
	w.load(b, customers, r)
	w.round(b) // nobody asks for anything: the queue of who is new is emptied

	decoding := measure(b, "decode", customers, 0, func() {
		for _, err := range w.facts.Scan(ctx, "", "", facts.AllParts) {
			must(b, err)
		}
	})
	rules := benchRules()
	for i, rule := range rules {
		w.define(b, fmt.Sprintf("s%d", i), rule)
	}
	first := measure(b, "form 20 from nobody", customers, len(rules), func() { w.round(b) })
	members := int64(0)
	for i := range rules {
		members += w.segment(b, fmt.Sprintf("s%d", i)).Formed.Members
	}
	b.Logf("%d memberships, %.0f written a CPU second", members, float64(members)/first.Seconds())
	again := measure(b, "form 20 again", customers, len(rules), func() { w.recompute(b) })
	b.ReportMetric(first.Seconds()/decoding.Seconds(), "first/decoding")
	b.ReportMetric(again.Seconds()/decoding.Seconds(), "again/decoding")
	for _, changed := range []int{10, 100, 1000, 10_000} {
		w.shift(b, customers, changed, r)
		measure(b, fmt.Sprintf("take in %d changed", changed), changed, len(rules), func() { w.round(b) })
	}
	for b.Loop() {
		w.shift(b, customers, 100, r)
		w.round(b)
	}
}

func (w *world) load(b *testing.B, customers int, r *rand.Rand) {
	for from := 0; from < customers; from += 1000 {
		changes := make([]facts.Change, min(1000, customers-from))
		for i := range changes {
			f := shopper(r, from+i)
			changes[i] = facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts}
		}
		_, err := w.facts.Put(context.Background(), changes)
		must(b, err)
	}
}

// shift gives some customers, all over the base, other orders.
func (w *world) shift(b *testing.B, customers, changed int, r *rand.Rand) {
	b.Helper()
	var changes []facts.Change
	for i := range changed {
		f := shopper(r, i*(customers/changed))
		buy(f, r, 1+r.IntN(9), r.IntN(700))
		changes = append(changes, facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts})
	}
	_, err := w.facts.Put(context.Background(), changes)
	must(b, err)
}

// recompute forms all segments anew.
func (w *world) recompute(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = w.worker.Serve(ctx)
	}()
	_, err := w.worker.Form(context.Background(), "again", nil, nil)
	cancel()
	<-served
	must(b, err)
}

func measure(b *testing.B, what string, customers, rules int, do func()) (cpu time.Duration) {
	b.Helper()
	resetPeak()
	begun := now()
	do()
	wall, cpu := begun.since()
	line := fmt.Sprintf("%-22s %9.3f s  %8.3f CPU s  %9.0f customers per CPU s", what, wall.Seconds(), cpu.Seconds(), float64(customers)/cpu.Seconds())
	if rules > 0 {
		line += fmt.Sprintf("  %10.0f evaluations per CPU s", float64(customers*rules)/cpu.Seconds())
	}
	b.Logf("%s  peak %d MiB", line, peak())
	return cpu
}
