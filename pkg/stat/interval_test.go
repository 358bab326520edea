package stat_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

func near(a, b, tolerance float64) bool { return math.Abs(a-b) <= tolerance }

// The ends of Wilson's interval are the p at which the score test just rejects:
// |p̂ − p| = z·√(p(1−p)/n).
func TestWilsonInvertsTheScoreTest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trials := rapid.Int64Range(1, 1e6).Draw(t, "trials")
		successes := rapid.Int64Range(0, trials).Draw(t, "successes")
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		e, err := stat.Wilson(successes, trials, level)
		if err != nil {
			t.Fatal(err)
		}
		if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= 1 && e.Low < e.High) {
			t.Fatalf("interval %+v", e)
		}
		z := distuv.UnitNormal.Quantile(0.5 + level/2)
		for _, p := range []float64{e.Low, e.High} {
			if p*(1-p) < 1e-12 {
				continue // an end that lies at 0 or 1
			}
			if got := math.Abs(e.Value-p) / math.Sqrt(p*(1-p)/float64(trials)); !near(got, z, 1e-6*z) {
				t.Fatalf("score %v at %v, want %v", got, p, z)
			}
		}
	})
}

func TestNPSIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.Int64Range(0, 100000)
		c := stat.NPSCounts{
			Promoters: count.Draw(t, "promoters"), Passives: count.Draw(t, "passives"),
			Detractors: count.Filter(func(n int64) bool { return n > 0 }).Draw(t, "detractors"),
		}
		level := rapid.Float64Range(0.5, 0.999).Draw(t, "level")
		mirrored := stat.NPSCounts{Promoters: c.Detractors, Passives: c.Passives, Detractors: c.Promoters}
		for _, method := range []stat.Method{stat.MethodWald, stat.MethodAdjustedWald} {
			e, err := stat.EstimateNPS(c, level, method)
			if err != nil {
				t.Fatal(err)
			}
			if e.Low < -100 || e.High > 100 || e.Low > e.High || e.N != c.N() || e.Method != method {
				t.Fatalf("%+v", e)
			}
			m, err := stat.EstimateNPS(mirrored, level, method)
			if err != nil || !near(m.Value, -e.Value, 1e-9) || !near(m.Low, -e.High, 1e-9) {
				t.Fatalf("mirrored %+v of %+v: %v", m, e, err)
			}
		}
	})
}

func TestAdjustedWaldByHand(t *testing.T) {
	// 10 answers, 6 promoters, 1 detractor: p = 6.75/13, d = 1.75/13.
	e, err := stat.EstimateNPS(stat.NPSCounts{Promoters: 6, Passives: 3, Detractors: 1}, 0.95, stat.MethodAdjustedWald)
	if err != nil {
		t.Fatal(err)
	}
	centre := 5.0 / 13
	half := 1.959963984540054 * math.Sqrt((8.5/13-centre*centre)/13)
	if !near(e.Value, 50, 1e-12) || !near(e.Low, 100*(centre-half), 1e-9) || !near(e.High, 100*(centre+half), 1e-9) {
		t.Errorf("%+v", e)
	}
	// Unanimous answers leave plain Wald without a width; the adjusted one keeps it.
	all := stat.NPSCounts{Promoters: 5}
	plain, err1 := stat.EstimateNPS(all, 0.95, stat.MethodWald)
	adjusted, err2 := stat.EstimateNPS(all, 0.95, stat.MethodAdjustedWald)
	if err1 != nil || err2 != nil || plain.Low != 100 || adjusted.Low > 90 {
		t.Errorf("plain %+v %v, adjusted %+v %v", plain, err1, adjusted, err2)
	}
}

func TestNPSCountsAnswers(t *testing.T) {
	var c stat.NPSCounts
	for answer := 0; answer <= 10; answer++ {
		if err := c.Add(answer); err != nil {
			t.Fatal(err)
		}
	}
	if want := (stat.NPSCounts{Promoters: 2, Passives: 2, Detractors: 7}); c != want {
		t.Errorf("counts %+v, want %+v", c, want)
	}
	for _, answer := range []int{-1, 11} {
		if argumentOf(c.Add(answer)) != "answer" {
			t.Errorf("answer %d was taken", answer)
		}
	}
}

func TestIntervalsRefuseBadArguments(t *testing.T) {
	some := stat.NPSCounts{Promoters: 1, Passives: 1}
	fails := []struct {
		want string
		err  func() error
	}{
		{"level", func() error { _, err := stat.EstimateNPS(some, 95, stat.MethodWald); return err }},
		{"level", func() error { _, err := stat.EstimateNPS(some, math.NaN(), stat.MethodWald); return err }},
		{"method", func() error { _, err := stat.EstimateNPS(some, 0.95, stat.MethodWilson); return err }},
		{"counts", func() error { _, err := stat.EstimateNPS(stat.NPSCounts{}, 0.95, stat.MethodWald); return err }},
		{"counts", func() error {
			_, err := stat.EstimateNPS(stat.NPSCounts{Promoters: -1, Passives: 9}, 0.95, stat.MethodWald)
			return err
		}},
		{"trials", func() error { _, err := stat.Wilson(0, 0, 0.95); return err }},
		{"successes", func() error { _, err := stat.Wilson(3, 2, 0.95); return err }},
		{"level", func() error { _, err := stat.Wilson(1, 2, 0); return err }},
	}
	for _, f := range fails {
		if err := f.err(); argumentOf(err) != f.want {
			t.Errorf("want an error on %q, got %v", f.want, err)
		}
	}
}
