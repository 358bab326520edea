package survival_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"

	"github.com/kehuhq/kehu/pkg/survival"
)

// numbers reads floats of all kinds from bytes: plain small ones, and any bits.
func numbers(data []byte) (all []float64) {
	for len(data) > 0 {
		kind := data[0]
		if kind < 200 || len(data) < 9 {
			all, data = append(all, float64(kind)/4), data[1:]
			continue
		}
		all, data = append(all, math.Float64frombits(binary.LittleEndian.Uint64(data[1:9]))), data[9:]
	}
	return all
}

// FuzzNothingIsNaN: whatever comes in, what comes out is an error or can be
// written as JSON, which knows neither NaN nor infinity.
func FuzzNothingIsNaN(f *testing.F) {
	f.Add([]byte("abcdefgh12345678"), uint64(0x55), uint8(0))
	f.Add([]byte{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 0, 0, 9, 8, 7, 6, 5, 4}, uint64(0x3), uint8(3))
	f.Add([]byte{4, 4, 4, 4, 4, 4, 4, 4, 4}, uint64(0x7), uint8(7))
	f.Fuzz(func(t *testing.T, data []byte, events uint64, kind uint8) {
		all := numbers(data)
		n := min(len(all)/4, 60)
		if n == 0 {
			return
		}
		s := survival.Sample{Durations: all[:n], Events: make([]bool, n)}
		group := make([]int, n)
		for i := range n {
			s.Events[i], group[i] = events>>i&1 == 1, int(kind)%(i%3+1)
		}
		if kind&1 == 1 {
			s.Weights = all[n : 2*n]
		}
		c := survival.Covariates{Names: []string{"a", "b"}, Columns: [][]float64{all[2*n : 3*n], all[3*n : 4*n]}}
		wantFinite(t)(survival.KaplanMeier(s, survival.CurveOptions{Interval: []survival.Interval{"log", "log-log", "plain"}[kind%3]}))
		wantFinite(t)(survival.LogRank(s, group, nil))
		wantFinite(t)(survival.FitWeibull(s, c, survival.WeibullOptions{}))
		fit, err := survival.FitCox(s, c, survival.CoxOptions{Ties: []survival.Ties{"efron", "breslow"}[kind%2], Robust: kind&4 == 4, Strata: group})
		wantFinite(t)(fit, err)
		if err != nil {
			return
		}
		wantFinite(t)(fit.TestProportionality(survival.TransformKM))
		wantFinite(t)(fit.BaselineAtZero())
		wantFinite(t)(fit.SchoenfeldResiduals(), nil)
	})
}

func wantFinite(t *testing.T) func(any, error) {
	return func(v any, err error) {
		t.Helper()
		if err != nil {
			return
		}
		if _, err := json.Marshal(v); err != nil {
			t.Errorf("%v: %+v", err, v)
		}
	}
}
