package bench

import (
	"slices"
	"testing"
	"time"
)

// comparison is the times, in seconds, of two sides that take turns.
type comparison struct{ suite, base []float64 }

// round times both sides once, each first in every other round.
func (c *comparison) round(suite, base func() time.Duration) {
	if len(c.suite)%2 == 1 {
		c.base = append(c.base, base().Seconds())
		c.suite = append(c.suite, suite().Seconds())
		return
	}
	c.suite = append(c.suite, suite().Seconds())
	c.base = append(c.base, base().Seconds())
}

// costs are the suite's times in terms of the base's, by rounds.
func (c *comparison) costs() []float64 {
	costs := make([]float64, len(c.suite))
	for i := range costs {
		costs[i] = c.suite[i] / c.base[i]
	}
	return costs
}

// speeds are the suite's speeds in terms of the base's, by rounds.
func (c *comparison) speeds() []float64 {
	speeds := c.costs()
	for i, cost := range speeds {
		speeds[i] = 1 / cost
	}
	return speeds
}

// report prints the median of the rounds' ratios with what it should be, the
// lowest and the highest of them, and how many of things each side does in a
// second.
func (c *comparison) report(b *testing.B, ratios []float64, aim float64, count int, things string) {
	b.Helper()
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(aim, "aim")
	b.ReportMetric(slices.Min(ratios), "ratio-low")
	b.ReportMetric(slices.Max(ratios), "ratio-high")
	b.ReportMetric(float64(count)/median(c.suite), things+"/s")
	b.ReportMetric(float64(count)/median(c.base), "base-"+things+"/s")
	b.ReportMetric(0, "ns/op")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// timed is how long f takes.
func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
