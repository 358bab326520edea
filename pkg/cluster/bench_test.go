package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/cluster"
)

// cpu is the processor time this process has taken.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// shopLike draws n rows of d numbers: groups that overlap, or one cloud without any.
func shopLike(n, d, groups int) cluster.Matrix {
	draw := rand.New(rand.NewPCG(7, uint64(d)))
	names, centres := make([]string, d), make([]float64, groups*d)
	for j := range names {
		names[j] = fmt.Sprint("x", j)
	}
	for i := range centres {
		centres[i] = 2 * draw.NormFloat64()
	}
	values := make([]float64, 0, n*d)
	for range n {
		c := draw.IntN(groups) * d
		for j := range d {
			values = append(values, centres[c+j]+draw.NormFloat64())
		}
	}
	return cluster.Matrix{Names: names, Values: values}
}

// BenchmarkLloyd: twenty iterations over a million rows from the first rows, in
// seconds of processor time, against the same by a plain loop. Both end at the same
// inertia, which is checked.
func BenchmarkLloyd(b *testing.B) {
	const n, k, iterations = 1_000_000, 8, 20
	for _, d := range []int{3, 8} {
		for _, groups := range []int{1, 12} {
			m := shopLike(n, d, groups)
			options := cluster.Options{K: k, Init: cluster.InitFirst, Iterations: iterations, Workers: 1}
			b.Run(fmt.Sprintf("columns=%d/groups=%d", d, groups), func(b *testing.B) {
				var inertia, least float64
				var done int
				for b.Loop() {
					begin := cpu(b)
					r, err := cluster.KMeans(b.Context(), m, options)
					if err != nil {
						b.Fatal(err)
					}
					if own := (cpu(b) - begin).Seconds(); least == 0 || own < least {
						least = own
					}
					inertia, done = r.Inertia, r.Iterations
				}
				begin := cpu(b)
				_, plain := plainLloyd(m, m.Values[:k*d], k, iterations)
				if !near(inertia, plain, 1e-12) {
					b.Errorf("inertia %v, a plain loop has %v", inertia, plain)
				}
				b.ReportMetric(least, "cpu-s")
				b.ReportMetric((cpu(b) - begin).Seconds(), "plain-cpu-s")
				b.ReportMetric(inertia, "inertia")
				b.ReportMetric(float64(done), "iterations")
			})
		}
	}
}
