//go:build unix

package btyd_test

import (
	"math"
	"math/rand/v2"
	"syscall"
	"testing"

	"github.com/kehuhq/kehu/pkg/btyd"
)

const benchCustomers = 1_000_000

// processor is the CPU time that the process has used, in seconds. Unlike the time on
// the clock it says what a fit costs while others use the machine.
func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// benchShop draws a million customers like those of CDNOW who came over two years;
// by the day, or with times that all differ.
func benchShop(b *testing.B, byDay bool) []btyd.History {
	b.Helper()
	p, err := btyd.NewPredictor(btyd.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426})
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]btyd.History, benchCustomers)
	for i := range all {
		age := 104 * (1 - rng.Float64())
		if byDay {
			age = math.Ceil(7*age) / 7
		}
		if all[i], _, err = p.Simulate(rng, age, 0); err != nil {
			b.Fatal(err)
		}
		if byDay {
			days := int(math.Ceil(7 * all[i].Tx))
			all[i] = btyd.DayHistory(all[i].X, days, int(math.Round(7*age)), 7)
		}
	}
	return all
}

func benchCells(b *testing.B, all []btyd.History) *btyd.Cells {
	b.Helper()
	cells := btyd.NewCells()
	for _, h := range all {
		if err := cells.Add(h, 1); err != nil {
			b.Fatal(err)
		}
	}
	return cells
}

// BenchmarkFit fits a million customers: counting them, and fitting the counts. Histories
// by the day are what a shop's orders give; differing ones are the worst case.
func BenchmarkFit(b *testing.B) {
	for _, data := range []struct {
		name  string
		byDay bool
	}{{"days", true}, {"distinct", false}} {
		all := benchShop(b, data.byDay)
		b.Run("cells/"+data.name, func(b *testing.B) {
			cells, before := 0, processor(b)
			for b.Loop() {
				c := benchCells(b, all)
				c.Customers()
				cells = c.Len()
			}
			b.ReportMetric(float64(cells), "cells")
			b.ReportMetric((processor(b)-before)/float64(b.N), "cpu-s/op")
		})
		cells := benchCells(b, all)
		cells.Customers()
		for _, name := range modelNames {
			for workers := 1; workers <= 2; workers++ {
				b.Run([]string{name + "/" + data.name + "/1", name + "/" + data.name + "/2"}[workers-1], func(b *testing.B) {
					before := processor(b)
					for b.Loop() {
						if _, e, err := fit(b, name, cells, btyd.Options{Workers: workers}); err != nil || e.Gradient > 1e-6 {
							b.Fatal(err, e)
						}
					}
					b.ReportMetric((processor(b)-before)/float64(b.N), "cpu-s/op")
				})
			}
		}
	}
}

// BenchmarkPredict tells the time per customer.
func BenchmarkPredict(b *testing.B) {
	models := []btyd.Model{
		btyd.BGNBD{R: 0.243, Alpha: 4.414, A: 0.793, B: 2.426}, btyd.MBGNBD{R: 0.525, Alpha: 6.183, A: 0.891, B: 1.614},
		btyd.ParetoNBD{R: 0.553, Alpha: 10.578, S: 0.606, Beta: 11.669},
	}
	rate, err := btyd.ContinuousDiscount(0.15, 52)
	if err != nil {
		b.Fatal(err)
	}
	into := make([]float64, benchCustomers)
	const some = 20_000 // where customers are taken one by one
	for _, data := range []string{"days", "distinct"} {
		all := benchShop(b, data == "days")
		for _, m := range models {
			p, err := btyd.NewPredictor(m)
			if err != nil {
				b.Fatal(err)
			}
			run := func(what string, customers int, f func(n int) error) {
				b.Run(m.Name()+"/"+what+"/"+data, func(b *testing.B) {
					before := processor(b)
					for b.Loop() {
						if err := f(customers); err != nil {
							b.Fatal(err)
						}
					}
					b.ReportMetric((processor(b)-before)*1e9/float64(b.N)/float64(customers), "cpu-ns/customer")
				})
			}
			run("alive", benchCustomers, func(n int) error { return p.AliveAll(all[:n], into[:n]) })
			run("expected", benchCustomers, func(n int) error { return p.ExpectedAll(all[:n], 52, into[:n]) })
			run("residual", benchCustomers, func(n int) error { return p.ResidualAll(all[:n], rate, into[:n]) })
			run("expected-one", some, func(n int) error {
				for _, h := range all[:n] {
					if _, err := p.Expected(h, 52); err != nil {
						return err
					}
				}
				return nil
			})
			run("residual-one", some/100, func(n int) error {
				for _, h := range all[:n] {
					if _, err := p.Residual(h, rate); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
}
