package stat_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
)

// extreme draws numbers at the ends of what 64 bits hold, and some that are none.
var extreme = rapid.SampledFrom([]float64{
	0, 1, -1, 2, 1 + 1e-15, 1e-300, -1e-300, math.SmallestNonzeroFloat64, 1e150, -1e150, 1e155, 1e308, -1e308, math.MaxFloat64,
	math.NaN(), math.Inf(1), math.Inf(-1),
})

// TestExtremesAreRefusedOrFinite: whatever the numbers, there is a fault with a field,
// or a result in numbers; JSON has no others.
func TestExtremesAreRefusedOrFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groups := rapid.SliceOfN(rapid.SliceOfN(extreme, 0, 6), 0, 4).Draw(t, "groups")
		check := func(what string, result any, err error) {
			if err != nil {
				if f, ok := fault.As(err); !ok || f.Kind == fault.Internal || len(f.Violations) == 0 {
					t.Fatalf("%s: %v", what, err)
				}
				return
			}
			if _, err := json.Marshal(result); err != nil {
				t.Fatalf("%s: %+v: %v", what, result, err)
			}
		}
		a, err := stat.OneWayAnova(spreads(groups))
		check("ANOVA", a, err)
		k, err := stat.KruskalWallis(groups)
		check("Kruskal–Wallis", k, err)
		many := make([][]float64, 2) // each often enough to be looked at early
		for i := range many {
			for range 60 {
				if i < len(groups) {
					many[i] = append(many[i], groups[i]...)
				}
			}
			if i < len(groups) && len(groups[i]) > 0 {
				b, err := stat.FreezeBins(groups[i], 4)
				check("bins", b, err)
				if err == nil {
					counts, err := b.Count(groups[0])
					check("counts", counts, err)
					if err == nil {
						d, err := b.Drift(counts, stat.DefaultSmoothing)
						check("drift", d, err)
					}
				}
			}
		}
		l, err := stat.LiftOfMeans(stat.SpreadOf(many[0]), stat.SpreadOf(many[1]), 0.95)
		check("lift", l, err)
		l, err = stat.Peeking{Level: 0.95, PlannedN: 50}.LiftOfMeans(stat.SpreadOf(many[0]), stat.SpreadOf(many[1]))
		check("lift at a look", l, err)
		shares, err := stat.PSI(many[0], many[1], 0)
		check("PSI", shares, err)
		holm, err := stat.Holm(many[0])
		check("Holm", holm, err)
	})
}
