package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// The larger the population the more it is Wilson's; a whole population is exact.
func TestWilsonFiniteBetweenWilsonAndExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 10_000).Draw(t, "n")
		k := rapid.Int64Range(0, n).Draw(t, "k")
		all := n + rapid.Int64Range(0, 1_000_000).Draw(t, "more")
		level := rapid.SampledFrom([]float64{0.8, 0.95, 0.99}).Draw(t, "level")
		e, err := stat.WilsonFinite(k, n, all, level)
		if err != nil {
			t.Fatal(err)
		}
		w, err := stat.Wilson(k, n, level)
		if err != nil {
			t.Fatal(err)
		}
		const rounding = 1e-12
		if e.Value != w.Value || e.Low < w.Low-rounding || e.High > w.High+rounding || e.Low > e.Value || e.High < e.Value {
			t.Fatalf("got %+v, without correction %+v", e, w)
		}
		if low, high := float64(k), float64(all-(n-k)); e.Low*float64(all) < low-1e-6 || e.High*float64(all) > high+1e-6 {
			t.Fatalf("of %d there are %v to %v, but %v to %v have been seen to be possible", all, e.Low*float64(all), e.High*float64(all), low, high)
		}
		if all == n && (e.Low != e.High || e.Method != stat.MethodExact) {
			t.Fatalf("the whole population: %+v", e)
		}
		far, err := stat.WilsonFinite(k, n, math.MaxInt64, level)
		if err != nil || math.Abs(far.Low-w.Low) > 1e-9 || math.Abs(far.High-w.High) > 1e-9 {
			t.Fatalf("of all the world: %+v, %v; Wilson's is %+v", far, err, w)
		}
	})
}

// Samples of half the population: the interval holds the true share about as often as
// it says, and is narrower than that of a sample with replacement.
func TestWilsonFiniteCovers(t *testing.T) {
	const population, members, n, rounds = 2000, 300, 1000, 4000
	for _, seed := range []uint64{1, 2} {
		r := rand.New(rand.NewPCG(seed, 7))
		held := 0
		for range rounds {
			k := 0
			for i, left := 0, members; i < n; i++ { // without replacement
				if r.IntN(population-i) < left {
					k++
					left--
				}
			}
			e, err := stat.WilsonFinite(int64(k), n, population, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if e.Low <= float64(members)/population && float64(members)/population <= e.High {
				held++
			}
		}
		if share := float64(held) / rounds; share < 0.94 || share > 0.965 {
			t.Errorf("seed %d: intervals of 95 %% hold in %.1f %%", seed, 100*share)
		}
	}
}

func TestWilsonFiniteRefuses(t *testing.T) {
	for _, bad := range [][3]int64{{0, 0, 5}, {-1, 5, 5}, {6, 5, 9}, {1, 5, 4}} {
		if e, err := stat.WilsonFinite(bad[0], bad[1], bad[2], 0.95); err == nil {
			t.Errorf("%v gives %+v", bad, e)
		}
	}
	if e, err := stat.WilsonFinite(1, 5, 9, 1); err == nil {
		t.Errorf("a level of 1 gives %+v", e)
	}
}
