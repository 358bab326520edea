package cluster

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ElbowOf finds the number of clusters at which the inertia stops falling steeply: the
// point of the curve of inertia over k that is farthest below the straight line from
// its first to its last point, both scaled to 1 (V. Satopää et al., Finding a "kneedle"
// in a haystack, 2011). It depends on where the curve begins and ends. false means that
// there is none: fewer than three points, or a curve that is straight or bends upwards.
// ks must rise, and the inertias be finite and not negative.
func ElbowOf(ks []int, inertias []float64) (k int, found bool, err error) {
	if len(ks) != len(inertias) {
		return 0, false, fault.Invalid("inertias", "must be one for each of %d numbers of clusters, are %d", len(ks), len(inertias))
	}
	for i, v := range inertias {
		if !(v >= 0) || math.IsInf(v, 0) {
			return 0, false, fault.Invalid("inertias", "must be finite and not negative, one is %g", v)
		}
		if i > 0 && ks[i] <= ks[i-1] {
			return 0, false, fault.Invalid("ks", "must rise, %d follows %d", ks[i], ks[i-1])
		}
	}
	last := len(ks) - 1
	if last < 2 || inertias[0] <= inertias[last] {
		return 0, false, nil
	}
	const straight = 1e-6
	deepest := straight
	for i := 1; i < last; i++ {
		along := float64(ks[i]-ks[0]) / float64(ks[last]-ks[0])
		fallen := (inertias[0] - inertias[i]) / (inertias[0] - inertias[last])
		if fallen-along > deepest {
			deepest, k, found = fallen-along, ks[i], true
		}
	}
	return k, found, nil
}
