package stat_test

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

// ordinalByDefinition ranks the customers one by one, as the docstring says.
func ordinalByDefinition(values []int64, k int) []uint8 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	out := make([]uint8, len(values))
	for rank0, i := range order {
		out[i] = uint8(1 + k*rank0/len(values))
	}
	return out
}

// sharedByDefinition counts the smaller and the equal values of each value.
func sharedByDefinition(values []int64, k int) []uint8 {
	out := make([]uint8, len(values))
	for i, v := range values {
		smaller, equal := 0, 0
		for _, w := range values {
			if w < v {
				smaller++
			} else if w == v {
				equal++
			}
		}
		midRank := float64(smaller) + float64(equal+1)/2
		out[i] = uint8(1 + int(float64(k)*(midRank-1)/float64(len(values))))
	}
	return out
}

func drawValues(t *rapid.T) []int64 {
	any64 := rapid.SliceOfN(rapid.Int64(), 1, 60)
	few := rapid.SliceOfN(rapid.Int64Range(-2, 4), 1, 60)
	return rapid.OneOf(any64, few).Draw(t, "values")
}

func drawBetter(t *rapid.T) stat.Better {
	return rapid.SampledFrom([]stat.Better{stat.HigherIsBetter, stat.LowerIsBetter}).Draw(t, "better")
}

func score(t rapid.TB, values []int64, k int, ties stat.Ties, better stat.Better) []uint8 {
	t.Helper()
	scores, err := stat.Score(values, k, ties, better)
	if err != nil {
		t.Fatal(err)
	}
	return scores
}

func TestScoreFollowsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, k, better := drawValues(t), rapid.IntRange(1, 255).Draw(t, "k"), drawBetter(t)
		input := slices.Clone(values)
		for ties, definition := range map[stat.Ties]func([]int64, int) []uint8{
			stat.OrdinalTies: ordinalByDefinition,
			stat.SharedTies:  sharedByDefinition,
		} {
			want := definition(values, k)
			if better == stat.LowerIsBetter {
				for i := range want {
					want[i] = uint8(k) + 1 - want[i]
				}
			}
			if got := score(t, values, k, ties, better); !slices.Equal(got, want) {
				t.Fatalf("ties %d: got %v, want %v", ties, got, want)
			}
		}
		if !slices.Equal(values, input) {
			t.Fatal("Score changed its input")
		}
	})
}

func TestSharedTiesPermuteWithTheirValues(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, k, better := drawValues(t), rapid.IntRange(1, 12).Draw(t, "k"), drawBetter(t)
		places := make([]int, len(values))
		for i := range places {
			places[i] = i
		}
		places = rapid.Permutation(places).Draw(t, "places")
		moved := make([]int64, len(values))
		for to, from := range places {
			moved[to] = values[from]
		}
		before := score(t, values, k, stat.SharedTies, better)
		after := score(t, moved, k, stat.SharedTies, better)
		for to, from := range places {
			if after[to] != before[from] {
				t.Fatalf("value %d scored %d, after a permutation %d", values[from], before[from], after[to])
			}
		}
	})
}

func TestScoresRiseWithTheValueAndTiesAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, k := drawValues(t), rapid.IntRange(1, 12).Draw(t, "k")
		ties := rapid.SampledFrom([]stat.Ties{stat.SharedTies, stat.OrdinalTies}).Draw(t, "ties")
		better := drawBetter(t)
		scores := score(t, values, k, ties, better)
		for i := range values {
			if scores[i] < 1 || int(scores[i]) > k {
				t.Fatalf("score %d outside 1 to %d", scores[i], k)
			}
			for j := range values {
				wrong := values[i] < values[j] && scores[i] > scores[j]
				if better == stat.LowerIsBetter {
					wrong = values[i] < values[j] && scores[i] < scores[j]
				}
				if wrong || ties == stat.SharedTies && values[i] == values[j] && scores[i] != scores[j] {
					t.Fatalf("%d scored %d and %d scored %d", values[i], scores[i], values[j], scores[j])
				}
			}
		}
	})
}

func TestOrdinalTiesGiveEveryScoreEquallyOften(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values, k := drawValues(t), rapid.IntRange(1, 12).Draw(t, "k")
		counts := make([]int, k+1)
		for _, s := range score(t, values, k, stat.OrdinalTies, drawBetter(t)) {
			counts[s]++
		}
		n := len(values)
		for s := 1; s <= k; s++ {
			if counts[s] < n/k || counts[s] > n/k+1 {
				t.Fatalf("score %d given %d times for n/k = %d/%d", s, counts[s], n, k)
			}
		}
	})
}

func TestScoreEdges(t *testing.T) {
	if got := score(t, nil, 5, stat.SharedTies, stat.HigherIsBetter); len(got) != 0 {
		t.Errorf("scores of no values: %v", got)
	}
	// All alike sit in the middle under shared ties.
	if got := score(t, []int64{7, 7, 7, 7}, 5, stat.SharedTies, stat.HigherIsBetter); !slices.Equal(got, []uint8{2, 2, 2, 2}) {
		t.Errorf("four equal values: %v", got) // mid-rank 2.5: 1 + ⌊5·1.5/4⌋ = 2
	}
	for _, bad := range []struct {
		argument string
		k        int
		ties     stat.Ties
		better   stat.Better
	}{
		{"k", 0, stat.SharedTies, stat.HigherIsBetter},
		{"k", 256, stat.OrdinalTies, stat.HigherIsBetter},
		{"ties", 5, 9, stat.HigherIsBetter},
		{"better", 5, stat.SharedTies, 9},
	} {
		_, err := stat.Score([]int64{1}, bad.k, bad.ties, bad.better)
		if got := argumentOf(err); got != bad.argument {
			t.Errorf("%+v: error %v names %q", bad, err, got)
		}
	}
}

func argumentOf(err error) string {
	var a *stat.ArgumentError
	if errors.As(err, &a) {
		return a.Argument
	}
	return ""
}
