package stat_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
)

// TestNewcombePublished: the examples of Newcombe (1998), table II, method 10.
func TestNewcombePublished(t *testing.T) {
	for _, c := range []struct {
		a, b      stat.Trials
		low, high float64
	}{
		{stat.Trials{Successes: 56, N: 70}, stat.Trials{Successes: 48, N: 80}, 0.0524, 0.3339},
		{stat.Trials{Successes: 9, N: 10}, stat.Trials{Successes: 3, N: 10}, 0.1705, 0.8090},
		{stat.Trials{Successes: 6, N: 7}, stat.Trials{Successes: 2, N: 7}, 0.0582, 0.8062},
		{stat.Trials{Successes: 5, N: 56}, stat.Trials{Successes: 0, N: 29}, -0.0381, 0.1926},
	} {
		l, err := stat.LiftOfShares(c.a, c.b, 0.95)
		if err != nil || math.Abs(l.Absolute.Low-c.low) > 6e-5 || math.Abs(l.Absolute.High-c.high) > 6e-5 || l.Absolute.Method != stat.MethodNewcombe {
			t.Errorf("%v − %v: %+v %v", c.a, c.b, l.Absolute, err)
		}
	}
}

// TestLiftOfSharesAgrees: p is that of the test of the 2 × 2 table; the ratio's
// interval holds the ratio, and leaves 1 out where the difference's leaves 0 out.
func TestLiftOfSharesAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, m := rapid.Int64Range(1, 3000).Draw(t, "n"), rapid.Int64Range(1, 3000).Draw(t, "m")
		a := stat.Trials{Successes: rapid.Int64Range(0, n).Draw(t, "a"), N: n}
		b := stat.Trials{Successes: rapid.Int64Range(0, m).Draw(t, "b"), N: m}
		l, err := stat.LiftOfShares(a, b, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		d := l.Absolute
		if !(d.Low <= d.Value && d.Value <= d.High && d.Low >= -1 && d.High <= 1 && l.P >= 0 && l.P <= 1) {
			t.Fatalf("%+v", l)
		}
		if table, err := stat.Contingency([][]int64{{a.Successes, n - a.Successes}, {b.Successes, m - b.Successes}}); err == nil && math.Abs(table.P-l.P) > 1e-9 {
			t.Fatalf("p %v, of the table %v", l.P, table.P)
		}
		r := l.Relative
		if (r == nil) != (b.Successes == 0) || (r == nil) != (len(l.Warnings) == 1) {
			t.Fatalf("%+v", l)
		}
		if r == nil {
			return
		}
		if !(r.Low <= r.Value && r.Value <= r.High && r.Low >= -1) || math.IsInf(r.High, 0) {
			t.Fatalf("%+v", r)
		}
		if (d.Low > 1e-9 && r.Low <= 0) || (d.High < -1e-9 && r.High >= 0) || (r.Low > 1e-9 && d.Low <= 0) || (r.High < -1e-9 && d.High >= 0) {
			t.Fatalf("difference %+v, ratio %+v", d, r)
		}
	})
}

func TestLiftOfMeans(t *testing.T) {
	a := stat.SpreadOf([]float64{27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4})
	b := stat.SpreadOf([]float64{27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4})
	l, err := stat.LiftOfMeans(a, b, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	// as every program with Welch's test gives it
	if math.Abs(l.P-0.021378) > 1e-6 || l.Absolute.High >= 0 || l.Relative == nil || l.Relative.High >= 0 || !l.Means {
		t.Errorf("%+v %+v", l, l.Relative)
	}
	if got := l.Reading("en"); !strings.Contains(got, "lowered") || !strings.Contains(got, "look once") {
		t.Error(got)
	}
	// The interval just touches 0 at the level 1 − p.
	if edge, err := stat.LiftOfMeans(a, b, 1-l.P); err != nil || math.Abs(edge.Absolute.High) > 1e-6 {
		t.Errorf("%+v %v", edge.Absolute, err)
	}
	many := stat.Spread{N: 4_000_000, Mean: 10, M2: 4e8, Min: 0, Max: 1e4}
	if l, err = stat.LiftOfMeans(many, many, 0.95); err != nil || l.P != 1 || !relative(l.Absolute.High, 1.959963985*math.Sqrt(2*100/4e6), 1e-5) {
		t.Errorf("%+v %v", l.Absolute, err)
	}
	for _, n := range []int64{40, 400, 501, 5000} { // either side of where the expansion begins
		half := stat.Spread{N: n, Mean: 1, M2: float64(n-1) * 4, Max: 9}
		for _, level := range []float64{0.5, 0.95, 0.999} {
			want := distuv.StudentsT{Sigma: 1, Nu: float64(2*n - 2)}.Quantile(0.5 + level/2)
			if l, err = stat.LiftOfMeans(half, half, level); err != nil || !relative(l.Absolute.High, want*l.Absolute.StdErr, 1e-9) {
				t.Errorf("t of %d at %v is %v, want %v", n, level, l.Absolute.High/l.Absolute.StdErr, want)
			}
		}
	}
	most := stat.Spread{N: 1 << 34, Mean: 10, M2: 4e12, Min: 0, Max: 1e4}
	if l, err = stat.LiftOfMeans(most, most, 0.99); err != nil || !relative(l.Absolute.High, 2.575829304*l.Absolute.StdErr, 1e-6) {
		t.Errorf("%+v %v", l.Absolute, err)
	}
}

func TestLiftRefused(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		a, b  stat.Trials
		level float64
	}{
		{stat.Trials{}, stat.Trials{N: 1}, 0.95}, {stat.Trials{Successes: -1, N: 1}, stat.Trials{N: 1}, 0.95},
		{stat.Trials{Successes: 2, N: 1}, stat.Trials{N: 1}, 0.95}, {stat.Trials{N: 1}, stat.Trials{N: 1}, 95}, {stat.Trials{N: 1}, stat.Trials{N: 1}, nan},
	} {
		_, err := stat.LiftOfShares(c.a, c.b, c.level)
		wantReason(t, err, stat.ReasonInvalid)
	}
	good := stat.SpreadOf([]float64{1, 2, 3})
	for reason, s := range map[string]stat.Spread{
		stat.ReasonTooFewValues: stat.SpreadOf([]float64{1}), stat.ReasonInvalid: stat.SpreadOf([]float64{1, nan}),
	} {
		_, err := stat.LiftOfMeans(good, s, 0.95)
		wantReason(t, err, reason)
	}
	_, err := stat.LiftOfMeans(stat.SpreadOf([]float64{1, 1}), stat.SpreadOf([]float64{2, 2}), 0.95)
	wantReason(t, err, stat.ReasonZeroVariance)
	if l, err := stat.LiftOfMeans(good, stat.SpreadOf([]float64{-1, 1, 0.5}), 0.95); err != nil || l.Relative != nil || len(l.Warnings) != 1 {
		t.Errorf("%+v %v", l, err)
	}
}

// stream is a campaign of so many days, looked at daily: the share of streams in
// which the truth was outside of the interval at any look, and of those in which
// the plain interval was.
func stream(t *testing.T, seed uint64, truth float64, look func(*rand.Rand) func() (at stat.Lift, plain stat.Lift, early bool)) (missed, plainMissed, looks int) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	for range 500 {
		next, out, plainOut := look(random), false, false
		for range 25 {
			at, plain, early := next()
			if early {
				continue
			}
			looks++
			out = out || at.Absolute.Low > truth || at.Absolute.High < truth
			plainOut = plainOut || plain.Absolute.Low > truth || plain.Absolute.High < truth
		}
		if out {
			missed++
		}
		if plainOut {
			plainMissed++
		}
	}
	return missed, plainMissed, looks
}

// TestPeekingHolds: over 500 streams of 25 looks each the sequence leaves the truth
// out at any look in no more than 1 in 20; the interval of one look does in many.
func TestPeekingHolds(t *testing.T) {
	peek := stat.Peeking{Level: 0.95, PlannedN: 4000}
	early := func(err error) bool {
		if err != nil && fault.ReasonOf(err) != stat.ReasonTooEarly {
			t.Fatal(err)
		}
		return err != nil
	}
	for _, seed := range []uint64{1, 2} {
		for _, p := range [][2]float64{{0.05, 0.05}, {0.03, 0.02}} {
			missed, plain, looks := stream(t, seed, p[0]-p[1], func(random *rand.Rand) func() (stat.Lift, stat.Lift, bool) {
				var a, b stat.Trials
				return func() (stat.Lift, stat.Lift, bool) {
					for i, arm := range []*stat.Trials{&a, &b} {
						arm.N += 100
						arm.Successes += int64(distuv.Binomial{N: 100, P: p[i], Src: random}.Rand())
					}
					once, err := stat.LiftOfShares(a, b, 0.95)
					if err != nil {
						t.Fatal(err)
					}
					at, err := peek.LiftOfShares(a, b)
					return at, once, early(err)
				}
			})
			t.Logf("seed %d, shares %v: %d of 500 missed, %d by the plain interval, %d looks", seed, p, missed, plain, looks)
			if missed > 25 || plain < 50 || looks < 8000 {
				t.Errorf("seed %d, shares %v: %d of 500 missed, %d by the plain interval, %d looks", seed, p, missed, plain, looks)
			}
		}
		// What customers spend: half nothing, the rest skewed.
		missed, plain, looks := stream(t, seed, 0, func(random *rand.Rand) func() (stat.Lift, stat.Lift, bool) {
			var a, b stat.Spread
			peek := stat.Peeking{Level: 0.95, PlannedN: 10000}
			spent := func() float64 {
				if random.Float64() < 0.5 {
					return 0
				}
				return math.Exp(4 + 0.8*random.NormFloat64())
			}
			return func() (stat.Lift, stat.Lift, bool) {
				for range 300 {
					a.Add(spent())
					b.Add(spent())
				}
				once, err := stat.LiftOfMeans(a, b, 0.95)
				if err != nil {
					t.Fatal(err)
				}
				at, err := peek.LiftOfMeans(a, b)
				return at, once, early(err)
			}
		})
		t.Logf("seed %d, means: %d of 500 missed, %d by the plain interval", seed, missed, plain)
		if missed > 25 || plain < 50 || looks < 8000 {
			t.Errorf("seed %d, means: %d of 500 missed, %d by the plain interval", seed, missed, plain)
		}
	}
}

// TestPeekingAgrees: p is below α just where the interval leaves 0 out, and the
// interval is never narrower than that of one look.
func TestPeekingAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) stat.Trials {
			n := rapid.Int64Range(20, 5000).Draw(t, name)
			return stat.Trials{Successes: rapid.Int64Range(10, n-10).Draw(t, name+" successes"), N: n}
		}
		a, b := draw("a"), draw("b")
		peek := stat.Peeking{Level: rapid.SampledFrom([]float64{0.8, 0.95, 0.999}).Draw(t, "level"), PlannedN: rapid.Int64Range(1, 1e6).Draw(t, "planned")}
		l, err := peek.LiftOfShares(a, b)
		once, err2 := stat.LiftOfShares(a, b, peek.Level)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		d, alpha := l.Absolute, 1-peek.Level
		if out := d.Low > 0 || d.High < 0; out != (l.P < alpha) && math.Abs(l.P-alpha) > 1e-9 {
			t.Fatalf("p %v, interval %v to %v", l.P, d.Low, d.High)
		}
		if single := math.Erfc(math.Abs(d.Value/d.StdErr) / math.Sqrt2); l.P < single-1e-12 || d.Low > d.Value || d.High < d.Value || l.P > 1 {
			t.Fatalf("%+v, of one look %+v", l, once)
		}
		if r := l.Relative; r != nil && !(r.Low <= r.Value && r.Value <= r.High) {
			t.Fatalf("%+v", r)
		}
	})
}

func TestPeekingRefused(t *testing.T) {
	few, many := stat.Trials{Successes: 9, N: 1000}, stat.Trials{Successes: 100, N: 1000}
	peek := stat.Peeking{Level: 0.95, PlannedN: 1000}
	if _, err := peek.LiftOfShares(few, many); fault.ReasonOf(err) != stat.ReasonTooEarly || fault.KindOf(err) != fault.FailedPrecondition {
		t.Error(err)
	}
	if _, err := peek.LiftOfMeans(stat.SpreadOf([]float64{1, 2, 3}), stat.SpreadOf([]float64{1, 2, 3})); fault.ReasonOf(err) != stat.ReasonTooEarly {
		t.Error(err)
	}
	_, err := stat.Peeking{Level: 0.95}.LiftOfShares(many, many)
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.Peeking{Level: 1, PlannedN: 5}.LiftOfShares(many, many)
	wantReason(t, err, stat.ReasonInvalid)
	l, err := peek.LiftOfShares(stat.Trials{Successes: 160, N: 1000}, many)
	if err != nil || !strings.Contains(l.Reading("zh"), "可随时停止") || !strings.Contains(l.Reading("en"), "difference 6.0 points") {
		t.Error(err, l.Reading("zh"), l.Reading("en"))
	}
}
