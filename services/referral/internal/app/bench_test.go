package app_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// BenchmarkPost posts transfers on Pebble on disk, every write synced: all from
// one account (to many), or between accounts spread over 10,000.
func BenchmarkPost(b *testing.B) {
	one := func(n int64) (from, to domain.AccountID) {
		return issuer, domain.AccountID(fmt.Sprint("customer:", n%10_000))
	}
	spread := func(n int64) (from, to domain.AccountID) {
		return domain.AccountID(fmt.Sprint("program:p", n*7%10_000)), domain.AccountID(fmt.Sprint("customer:", n*13%10_000))
	}
	for _, callers := range []int{1, 32} {
		b.Run(fmt.Sprintf("OneAccount/%dCallers", callers), func(b *testing.B) { benchmarkPost(b, callers, one) })
		b.Run(fmt.Sprintf("Spread/%dCallers", callers), func(b *testing.B) { benchmarkPost(b, callers, spread) })
	}
}

func benchmarkPost(b *testing.B, callers int, accounts func(int64) (from, to domain.AccountID)) {
	e, err := pebblestore.Open(b.TempDir(), pebblestore.Options{})
	must(b, err)
	defer end(b, e)
	w := around(e).start(b, e)
	var next atomic.Int64
	var group sync.WaitGroup
	b.ResetTimer()
	for range callers {
		group.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				from, to := accounts(n)
				if _, err := w.ledger.Post(b.Context(), transfer(fmt.Sprint("t", n), from, to, 1)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
}

// BenchmarkTrialBalance folds 20,000 transfers of 2,000 accounts.
func BenchmarkTrialBalance(b *testing.B) {
	const transfers = 20_000
	e := memory(b)
	defer end(b, e)
	w := around(e).start(b, e)
	for n := range transfers {
		_, err := w.ledger.Post(b.Context(), transfer(fmt.Sprint("t", n), issuer, domain.AccountID(fmt.Sprint("customer:", n%2000)), 1))
		must(b, err)
	}
	for b.Loop() {
		balance, err := w.ledger.TrialBalance(b.Context())
		must(b, err)
		if !balance.Balanced() || balance.Transfers != transfers {
			b.Fatalf("%+v", balance)
		}
	}
	b.ReportMetric(float64(b.N)*transfers/b.Elapsed().Seconds(), "transfers/s")
}
