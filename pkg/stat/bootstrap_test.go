package stat_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/stat"
)

// halves sorts numbers at the widest gap between them.
func halves(values []float64) func(context.Context, []int) ([]int, error) {
	return func(_ context.Context, rows []int) ([]int, error) {
		sorted := slices.Clone(rows)
		slices.SortFunc(sorted, func(a, b int) int {
			switch {
			case values[a] < values[b]:
				return -1
			case values[a] > values[b]:
				return 1
			}
			return 0
		})
		gap, edge := 0.0, values[sorted[0]]
		for i := 1; i < len(sorted); i++ {
			if g := values[sorted[i]] - values[sorted[i-1]]; g > gap {
				gap, edge = g, values[sorted[i]]
			}
		}
		labels := make([]int, len(rows))
		for i, row := range rows {
			if values[row] >= edge {
				labels[i] = 7
			}
		}
		return labels, nil
	}
}

func TestBootstrapOfSeparated(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		random := rand.New(rand.NewPCG(seed, 0))
		values, labels := make([]float64, 60), make([]int, 60)
		for i := range values {
			if values[i] = random.Float64(); i%3 == 0 {
				values[i], labels[i] = values[i]+10, 1
			}
		}
		s, err := stat.BootstrapJaccard(t.Context(), labels, halves(values), stat.Bootstrap{Resamples: 50, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Clusters) != 2 || s.AdjustedRand != 1 || len(s.Warnings) != 0 || s.Clusters[1].Size != 20 {
			t.Fatalf("%+v", s)
		}
		for _, c := range s.Clusters {
			if !near(c.Jaccard, 1, 1e-12) || c.Low != 1 || c.Recovered < 1-1e-12 || c.Dissolved != 0 || !strings.Contains(c.Reading("en"), "highly stable") {
				t.Errorf("%+v", c)
			}
		}
		again, err := stat.BootstrapJaccard(t.Context(), labels, halves(values), stat.Bootstrap{Resamples: 50, Seed: seed})
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("the same seed gave %+v", again)
		}
	}
}

// TestBootstrapOfChance: clusters that are drawn at random are found again by none.
func TestBootstrapOfChance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 0))
	labels := make([]int, 200)
	for i := range labels {
		labels[i] = random.IntN(4)
	}
	s, err := stat.BootstrapJaccard(t.Context(), labels, func(_ context.Context, rows []int) ([]int, error) {
		found := make([]int, len(rows))
		for i := range found {
			found[i] = random.IntN(4)
		}
		return found, nil
	}, stat.Bootstrap{Resamples: 40, Seed: 1, Rows: 150})
	if err != nil || s.Rows != 150 {
		t.Fatal(err)
	}
	for _, c := range s.Clusters {
		if c.Jaccard > 0.4 || c.Dissolved < 0.99 || c.Low > c.Jaccard || c.High < c.Jaccard || !strings.Contains(c.Reading("zh"), "不可信") {
			t.Errorf("%+v", c)
		}
	}
	if s.AdjustedRand > 0.1 || s.AdjustedRand < -0.1 {
		t.Errorf("%v", s.AdjustedRand)
	}
}

func TestBootstrapRefused(t *testing.T) {
	same := func(_ context.Context, rows []int) ([]int, error) { return make([]int, len(rows)), nil }
	labels := []int{0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	for reason, c := range map[string]struct {
		labels []int
		b      stat.Bootstrap
	}{
		stat.ReasonTooFewValues:    {[]int{1}, stat.Bootstrap{Resamples: 50}},
		stat.ReasonInvalid:         {labels, stat.Bootstrap{Resamples: 1}},
		stat.ReasonInvalid + " ":   {labels, stat.Bootstrap{Resamples: 50, Rows: 15}},
		stat.ReasonInvalid + "  ":  {labels, stat.Bootstrap{Resamples: 50, Rows: -1}},
		stat.ReasonInvalid + "   ": {labels, stat.Bootstrap{Resamples: 1e6}},
	} {
		_, err := stat.BootstrapJaccard(t.Context(), c.labels, same, c.b)
		wantReason(t, err, strings.TrimSpace(reason))
	}
	_, err := stat.BootstrapJaccard(t.Context(), labels, func(context.Context, []int) ([]int, error) { return nil, nil }, stat.Bootstrap{Resamples: 50})
	wantReason(t, err, stat.ReasonInvalid)
	broken := errors.New("broken")
	if _, err = stat.BootstrapJaccard(t.Context(), labels, func(context.Context, []int) ([]int, error) { return nil, broken }, stat.Bootstrap{Resamples: 50}); !errors.Is(err, broken) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = stat.BootstrapJaccard(ctx, labels, same, stat.Bootstrap{Resamples: 50}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s, err := stat.BootstrapJaccard(t.Context(), labels, same, stat.Bootstrap{Resamples: 50, Rows: 3, Seed: 1})
	if err != nil || len(s.Warnings) != 1 || s.Warnings[0].Reason != stat.ReasonRarelyDrawn {
		t.Errorf("%+v %v", s, err)
	}
}
