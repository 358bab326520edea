package cluster_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"testing"

	"github.com/kehuhq/kehu/pkg/cluster"
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

// FuzzNothingIsNaN: whatever comes in, what comes out is an error or can be written
// as JSON, which knows neither NaN nor infinity.
func FuzzNothingIsNaN(f *testing.F) {
	f.Add([]byte("abcdefgh12345678"), uint8(2), uint8(2), uint8(0))
	f.Add([]byte{1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 0, 0, 9, 8, 7, 6, 5, 4}, uint8(3), uint8(3), uint8(7))
	f.Add([]byte{255, 0, 0, 0, 0, 0, 0, 0x20, 0x14, 255, 1, 0, 0, 0, 0, 0, 0, 0, 3, 4, 200}, uint8(1), uint8(2), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, d, k, kind uint8) {
		all := numbers(data)
		columns := int(d)%9 + 1
		n := min(len(all)/columns, 60)
		m := cluster.Matrix{Names: names(columns), Values: all[:n*columns]}
		p := cluster.Preparation{
			Scaling:  scalings[kind%4],
			Missing:  []cluster.MissingPolicy{cluster.MissingRefuse, cluster.MissingDrop, cluster.MissingMedian, ""}[kind/4%4],
			Outliers: []cluster.Outliers{{}, {Policy: cluster.OutliersWinsorise, Tail: 0.1}, {Policy: cluster.OutliersRefuse, Z: 2}}[kind/16%3],
			Constant: []cluster.ConstantPolicy{cluster.ConstantKeep, cluster.ConstantRefuse}[kind/64%2],
		}
		o := cluster.Options{K: int(k)%12 + 1, Init: []cluster.Init{cluster.InitFirst, cluster.InitPlusPlus}[kind/128], Starts: 2, Seed: uint64(kind)}
		fit, err := cluster.Fit(t.Context(), m, p, o)
		wantFinite(t, fit, err)
		if err != nil {
			return
		}
		batches, err := cluster.MiniBatch(t.Context(), fit.Rows.Matrix, o, 8)
		wantFinite(t, batches, err)
		indices, err := cluster.IndicesOf(fit.Rows.Matrix, fit.Division.Labels, o.K)
		wantFinite(t, indices, err)
		silhouette, err := cluster.SilhouetteOf(t.Context(), fit.Rows.Matrix, fit.Division.Labels, o.K, cluster.SilhouetteOptions{Rows: 20})
		wantFinite(t, silhouette, err)
		recommended, err := cluster.Recommend(t.Context(), fit.Rows.Matrix, cluster.RecommendOptions{KMin: 2, KMax: 4, Options: o})
		wantFinite(t, recommended, err)
		explained, err := fit.Model.Explain(all[:columns])
		wantFinite(t, explained, err)
		match, err := cluster.MatchModels(fit.Model, fit.Model)
		wantFinite(t, match, err)
	})
}

func wantFinite(t *testing.T, v any, err error) {
	t.Helper()
	if err != nil {
		return
	}
	if fit, ok := v.(*cluster.Fitted); ok {
		v = []any{fit.Model, fit.Division, fit.Rows.Matrix.Values, fit.Warnings}
	}
	if _, err := json.Marshal(v); err != nil {
		t.Fatalf("%+v: %v", v, err)
	}
}
