package stat_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat"

	kehustat "github.com/kehuhq/kehu/pkg/stat"
)

func TestMeanAgainstGonum(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		random := rand.New(rand.NewPCG(seed, 0))
		var m kehustat.Moments
		var xs []float64
		for range 500 {
			x := float64(random.IntN(11)) / 10
			xs = append(xs, x)
			m.Add(x)
		}
		got, err := m.Mean(0, 1, 0.95)
		if err != nil {
			t.Fatal(err)
		}
		mean, sd := stat.MeanStdDev(xs, nil)
		half := 1.959963984540054 * sd / math.Sqrt(500)
		if math.Abs(got.Value-mean) > 1e-12 || math.Abs(got.Low-(mean-half)) > 1e-12 || math.Abs(got.High-(mean+half)) > 1e-12 {
			t.Errorf("seed %d: %+v, want %v ± %v", seed, got, mean, half)
		}
	}
}

func TestMeanOfLittle(t *testing.T) {
	m := kehustat.Moments{}
	m.Add(0.7)
	if _, err := m.Mean(0, 1, 0.95); err == nil {
		t.Error("one number has an interval")
	}
	m.Add(0.7)
	m.Add(0.7)
	got, err := m.Mean(0, 1, 0.95)
	if err != nil || math.Abs(got.Low-0.7) > 1e-7 || math.Abs(got.High-0.7) > 1e-7 {
		t.Errorf("numbers that do not vary: %+v, %v", got, err)
	}
	m = kehustat.Moments{}
	for range 3 {
		m.Add(0)
		m.Add(1)
	}
	if got, err := m.Mean(0, 1, 0.999); err != nil || got.Low != 0 || got.High != 1 {
		t.Errorf("beyond the bounds: %+v, %v", got, err)
	}
	if _, err := m.Mean(0, 1, 1); err == nil {
		t.Error("level 1 was taken")
	}
}
