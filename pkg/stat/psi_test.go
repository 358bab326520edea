package stat_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/stat"
)

func TestPSIReference(t *testing.T) {
	var reference struct {
		PSI struct {
			Expected, Actual []float64
			PSI              float64
		}
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	got, err := stat.PSI(reference.PSI.Expected, reference.PSI.Actual, 0)
	if err != nil || !relative(got.PSI, reference.PSI.PSI, 1e-9) || got.Chance != nil || !strings.Contains(got.Reading("en"), "stable") {
		t.Errorf("%+v %v, want %v", got, err, reference.PSI.PSI)
	}
}

func drawCounts(t *rapid.T, name string, bins int) []int64 {
	counts := rapid.SliceOfN(rapid.Int64Range(0, 50), bins, bins).Draw(t, name)
	counts[0]++
	return counts
}

func TestPSIOfCountsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bins := rapid.IntRange(2, 8).Draw(t, "bins")
		a, b := drawCounts(t, "a", bins), drawCounts(t, "b", bins)
		d, err := stat.PSIOfCounts(a, b, stat.DefaultSmoothing)
		back, err2 := stat.PSIOfCounts(b, a, stat.DefaultSmoothing)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		same := true
		for i := range a {
			same = same && d.Bins[i].Expected == d.Bins[i].Actual
		}
		if d.PSI < 0 || (d.PSI == 0) != same || math.Abs(d.PSI-back.PSI) > 1e-12 || *d.Chance <= 0 {
			t.Fatalf("%+v, back %v", d, back.PSI)
		}
		many := make([]int64, bins) // the same shares of a larger sample
		for i, c := range a {
			many[i] = 8 * c
		}
		if d, err := stat.PSIOfCounts(a, many, 0); err != nil || d.PSI > 1e-12 {
			t.Fatalf("%+v %v", d, err)
		}
	})
}

func TestBaselineKeepsItsBins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.Map(rapid.IntRange(0, 30), func(v int) float64 { return float64(v * v) })
		values := rapid.SliceOfN(number, 1, 60).Draw(t, "values")
		b, err := stat.FreezeBins(values, rapid.IntRange(2, 12).Draw(t, "bins"))
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for i, c := range b.Counts {
			n += c
			if i > 0 && i < len(b.Edges) && b.Edges[i] <= b.Edges[i-1] {
				t.Fatalf("edges %v", b.Edges)
			}
		}
		again, err := b.Count(values)
		if err != nil || n != int64(len(values)) || len(b.Edges) == 0 {
			t.Fatalf("%+v %v", b, err)
		}
		if d, err := b.Drift(again, 0); err != nil || d.PSI != 0 || d.NActual != n {
			t.Fatalf("%+v %v", d, err)
		}
		for _, x := range append(values, -5, 1e9) {
			at := b.Bin(x)
			if at > 0 && x < b.Edges[at-1] || at < len(b.Edges) && x >= b.Edges[at] {
				t.Fatalf("%v is in bin %d of %v", x, at, b.Edges)
			}
		}
	})
}

func TestBaselineOfOneValue(t *testing.T) {
	b, err := stat.FreezeBins([]float64{3, 3, 3, 3}, 10)
	if err != nil || len(b.Counts) != 3 || b.Counts[1] != 4 {
		t.Fatalf("%+v %v", b, err)
	}
	moved, err := b.Count([]float64{3, 3, 4, 4})
	if err != nil {
		t.Fatal(err)
	}
	if d, err := b.Drift(moved, stat.DefaultSmoothing); err != nil || d.PSI < 1 {
		t.Errorf("half have moved: %+v %v", d, err)
	}
	if b, err = stat.FreezeBins([]float64{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}, 4); err != nil || len(b.Edges) != 1 || b.Edges[0] != 5 {
		t.Errorf("%+v %v", b, err)
	}
}

// TestPSIOfChance: without drift the index stays below its bound about 19 times in 20.
func TestPSIOfChance(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		random, below := rand.New(rand.NewPCG(seed, 0)), 0
		const rounds = 1000
		for range rounds {
			var a, b [6]int64
			for range 400 {
				a[random.IntN(6)]++
			}
			for range 700 {
				b[random.IntN(6)]++
			}
			d, err := stat.PSIOfCounts(a[:], b[:], 0)
			if err != nil {
				t.Fatal(err)
			}
			if d.PSI <= *d.Chance {
				below++
			}
		}
		if below < 925 || below > 975 {
			t.Errorf("seed %d: %d of %d below", seed, below, rounds)
		}
	}
}

func TestPSIRefused(t *testing.T) {
	nan := math.NaN()
	half := []float64{0.5, 0.5}
	for _, c := range []struct {
		expected, actual []float64
		smoothing        float64
		reason           string
	}{
		{half, []float64{1, 0}, 0, stat.ReasonEmptyBin}, {half, []float64{0.5, 0.4}, 0, stat.ReasonInvalid},
		{half, []float64{1.5, -0.5}, 0, stat.ReasonInvalid}, {half, []float64{nan, 0.5}, 0, stat.ReasonInvalid},
		{half, []float64{1}, 0, stat.ReasonInvalid}, {[]float64{1}, []float64{1}, 0, stat.ReasonInvalid},
		{half, half, nan, stat.ReasonInvalid}, {half, half, -0.1, stat.ReasonInvalid}, {half, half, 0.2, stat.ReasonInvalid},
	} {
		_, err := stat.PSI(c.expected, c.actual, c.smoothing)
		wantReason(t, err, c.reason)
	}
	_, err := stat.PSIOfCounts([]int64{0, 0}, []int64{1, 2}, 0)
	wantReason(t, err, stat.ReasonEmptyGroup)
	_, err = stat.PSIOfCounts([]int64{-1, 3}, []int64{1, 2}, 0)
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.FreezeBins(nil, 10)
	wantReason(t, err, stat.ReasonTooFewValues)
	_, err = stat.FreezeBins([]float64{1, nan}, 10)
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.FreezeBins([]float64{1, 2}, 1)
	wantReason(t, err, stat.ReasonInvalid)
	_, err = stat.Baseline{Edges: []float64{1}}.Drift([]int64{1, 2}, 0)
	wantReason(t, err, stat.ReasonInvalid)
}
