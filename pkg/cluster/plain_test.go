package cluster_test

import (
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/cluster"
)

func squared(x, c []float64) (sum float64) {
	for j, v := range x {
		sum += (v - c[j]) * (v - c[j])
	}
	return sum
}

// plainLloyd is k-means as the books have it: every row is compared with every centre.
// It has no answer to a cluster without rows: the inertia is NaN then.
func plainLloyd(m cluster.Matrix, first []float64, k, iterations int) (labels []int, inertia float64) {
	d := m.Columns()
	centres := append([]float64(nil), first...)
	labels = make([]int, m.Rows())
	assign := func() (changed bool) {
		inertia = 0
		for i := range labels {
			best, label := math.Inf(1), 0
			for j := range k {
				if v := squared(m.Row(i), centres[j*d:j*d+d]); v < best {
					best, label = v, j
				}
			}
			changed = changed || label != labels[i]
			labels[i] = label
			inertia += best
		}
		return changed
	}
	for i := range iterations {
		if !assign() && i > 0 {
			return labels, inertia
		}
		sums, counts := make([]float64, k*d), make([]float64, k)
		for i, label := range labels {
			counts[label]++
			for j, v := range m.Row(i) {
				sums[label*d+j] += v
			}
		}
		if slices.Contains(counts, 0) {
			return labels, math.NaN()
		}
		for j := range sums {
			centres[j] = sums[j] / counts[j/d]
		}
	}
	assign()
	return labels, inertia
}
