package survival_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/survival"
)

func drawCodes(t *rapid.T, n, k int, label string) []int {
	codes := make([]int, n)
	for i := range codes {
		codes[i] = i % k // each is there
		if i >= k {
			codes[i] = rapid.IntRange(0, k-1).Draw(t, label)
		}
	}
	return codes
}

func TestLogRankProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSample(t)
		k := rapid.IntRange(2, min(4, s.Rows())).Draw(t, "k")
		group := drawCodes(t, s.Rows(), k, "group")
		var strata []int
		if rapid.Bool().Draw(t, "stratified") {
			strata = drawCodes(t, s.Rows(), 2, "stratum")
		}
		got, err := survival.LogRank(s, group, strata)
		if err != nil {
			return // nothing to compare
		}
		observed, expected := 0.0, 0.0
		for _, g := range got.Groups {
			observed += g.Observed
			expected += g.Expected
		}
		if math.Abs(observed-expected) > 1e-9 || got.P < 0 || got.P > 1 {
			t.Fatalf("%v observed, %v expected, p %v", observed, expected, got.P)
		}
		// A clock that runs otherwise changes nothing.
		other := s
		other.Durations = make([]float64, s.Rows())
		for i, d := range s.Durations {
			other.Durations[i] = math.Exp(d/50) - 1
		}
		warped, err := survival.LogRank(other, group, strata)
		if err != nil || !within(warped.Statistic, got.Statistic, 1e-9) {
			t.Fatalf("by another clock %v, %v, not %v", warped, err, got.Statistic)
		}
		if s.Weights == nil || strata != nil {
			return
		}
		again, codes, _ := repeated(s, group, survival.Covariates{})
		twice, err := survival.LogRank(again, codes, nil)
		if err != nil || !within(twice.Statistic, got.Statistic, 1e-9) {
			t.Fatalf("repeated %v, %v, by weight %v", twice, err, got.Statistic)
		}
	})
}

func TestLogRankRefuses(t *testing.T) {
	s := survival.Sample{Durations: []float64{1, 2, 3, 4}, Events: []bool{false, false, false, false}}
	_, err := survival.LogRank(s, []int{0, 0, 1, 1}, nil)
	wantReason(t, err, survival.ReasonNoEvents, "events")
	s.Events = []bool{false, false, true, true} // the first group is gone by then
	_, err = survival.LogRank(s, []int{0, 0, 1, 1}, nil)
	wantReason(t, err, survival.ReasonNotComparable, "group")
	_, err = survival.LogRank(s, []int{0, 0, 0, 0}, nil)
	wantReason(t, err, survival.ReasonInvalid, "group")
	_, err = survival.LogRank(s, []int{0, 0, 0, -1}, nil)
	wantReason(t, err, survival.ReasonInvalid, "group")
	_, err = survival.LogRank(s, []int{0, 1}, nil)
	wantReason(t, err, survival.ReasonInvalid, "group")
	_, err = survival.LogRank(s, []int{0, 1, 0, 1}, []int{9, 0, 0, 0})
	wantReason(t, err, survival.ReasonInvalid, "strata")
	s.Weights = []float64{1, 1, 0.5, 1}
	_, err = survival.LogRank(s, []int{0, 1, 0, 1}, nil)
	wantReason(t, err, survival.ReasonInvalid, "weights")
}
