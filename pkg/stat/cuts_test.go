package stat_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

func TestCutsReproduceTheScores(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, k, better := drawValues(t), rapid.IntRange(1, 255).Draw(t, "k"), drawBetter(t)
		cuts, err := stat.CutsOf(values, k, better)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(cuts.At) || len(cuts.At) >= k {
			t.Fatalf("cuts %v for k = %d", cuts.At, k)
		}
		scores := score(t, values, k, stat.SharedTies, better)
		for i, v := range values {
			if got := cuts.Score(v); got != scores[i] {
				t.Fatalf("cuts %v score %d as %d, not %d", cuts.At, v, got, scores[i])
			}
		}
		if later := rapid.Int64().Draw(t, "later"); cuts.Score(later) < 1 || int(cuts.Score(later)) > k {
			t.Fatalf("later value %d scores %d", later, cuts.Score(later))
		}
	})
}

func TestChosenCutPoints(t *testing.T) {
	recency, err := stat.NewCuts([]int64{30, 90, 180, 365}, stat.LowerIsBetter)
	if err != nil {
		t.Fatal(err)
	}
	if got := recency.Scores([]int64{0, 29, 30, 89, 90, 364, 365, 9999}); !slices.Equal(got, []uint8{5, 5, 4, 4, 3, 2, 1, 1}) {
		t.Errorf("recency scores %v", got)
	}
	frequency := stat.SuggestedFrequencyCuts()
	if got := frequency.Scores([]int64{1, 2, 3, 4, 5, 6, 60}); !slices.Equal(got, []uint8{1, 2, 3, 4, 4, 5, 5}) {
		t.Errorf("frequency scores %v", got)
	}
}

func TestCutsRefuseBadArguments(t *testing.T) {
	_, none := stat.CutsOf(nil, 5, stat.HigherIsBetter)
	_, equal := stat.NewCuts([]int64{2, 2}, stat.HigherIsBetter)
	_, many := stat.NewCuts(make([]int64, 255), stat.HigherIsBetter)
	_, better := stat.NewCuts([]int64{1}, 7)
	for want, err := range map[string]error{"values": none, "at": equal, "better": better} {
		if argumentOf(err) != want {
			t.Errorf("want an error on %q, got %v", want, err)
		}
	}
	if argumentOf(many) != "at" {
		t.Errorf("255 cut points: %v", many)
	}
}

func TestConcentrated(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Int64Range(0, 3), 0, 40).Draw(t, "values")
		counts := map[int64]int{}
		top := 0
		for _, v := range values {
			counts[v]++
			top = max(top, counts[v])
		}
		got, concentrated := stat.Concentrated(values)
		if want := 5*top > 2*len(values); concentrated != want {
			t.Fatalf("concentrated %v, want %v for %v", concentrated, want, counts)
		}
		if concentrated && (got.Count != top || counts[got.Value] != top ||
			got.Share != float64(top)/float64(len(values))) {
			t.Fatalf("got %+v for %v", got, counts)
		}
	})
}
