package stat_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// A group that is a vanishing part of the base has Katz's interval of a risk
// ratio: 30 of 100 against 2,000 of 10,000 others, by his equation.
func TestIndexOfSeparateSamples(t *testing.T) {
	e, err := stat.Index(30, 100, 30+200_000, 100+1_000_000, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	sd := math.Sqrt(0.7/30 + 0.8/200_000)
	for what, pair := range map[string][2]float64{
		"index": {e.Value, 150}, "low": {e.Low, 150 * math.Exp(-1.959964*sd)}, "high": {e.High, 150 * math.Exp(1.959964*sd)},
	} {
		if math.Abs(pair[0]-pair[1]) > 0.05 {
			t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
		}
	}
}

func TestIndexOfTheBaseItselfIs100(t *testing.T) {
	e, err := stat.Index(7, 20, 7, 20, 0.95)
	if err != nil || e.Value != 100 || e.Low != 100 || e.High != 100 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestIndexHoldsItsEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		group := rapid.Int64Range(1, 200).Draw(t, "group")
		within := rapid.Int64Range(0, group).Draw(t, "within")
		others := rapid.Int64Range(0, 500).Draw(t, "others")
		baseWithin := within + rapid.Int64Range(0, others).Draw(t, "others within")
		e, err := stat.Index(within, group, baseWithin, group+others, 0.95)
		if baseWithin == 0 {
			var outside *stat.ArgumentError
			if !errors.As(err, &outside) || outside.Argument != "baseWithin" {
				t.Fatalf("a share of nobody: %v", err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		most := 100 * float64(group+others) / float64(group)
		if !(0 <= e.Low && e.Low <= e.Value && e.Value <= e.High && e.High <= most*(1+1e-12)) {
			t.Fatalf("%+v, at most %v", e, most)
		}
	})
}

// Over many samples, the interval holds the true index about as often as it says.
func TestIndexCovers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 11))
	for _, c := range []struct{ p, q, w float64 }{{0.3, 0.2, 0.1}, {0.1, 0.15, 0.5}, {0.05, 0.05, 0.3}} {
		const n, rounds = 800, 4000
		group := int64(n * c.w)
		truth := 100 * c.p / (c.w*c.p + (1-c.w)*c.q)
		held := 0
		for range rounds {
			var within, outside int64
			for i := range int64(n) {
				if i < group && rng.Float64() < c.p {
					within++
				} else if i >= group && rng.Float64() < c.q {
					outside++
				}
			}
			e, err := stat.Index(within, group, within+outside, n, 0.95)
			if err == nil && e.Low <= truth && truth <= e.High {
				held++
			}
		}
		if got := float64(held) / rounds; got < 0.93 || got > 0.985 {
			t.Errorf("%+v: holds the index in %.1f %% of samples, want about 95 %%", c, 100*got)
		}
	}
}
