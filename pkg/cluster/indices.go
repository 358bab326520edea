package cluster

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Indices say how far apart clusters are for their width. An index that has no value
// is nil, with a warning (INDEX_UNDEFINED).
type Indices struct {
	// DaviesBouldin is the mean over the clusters of the largest (sᵢ+sⱼ)/dᵢⱼ, where s
	// is the mean distance of a cluster's rows from its mean and d the distance of two
	// means: the smaller the better, 0 at least (D. Davies and D. Bouldin, A cluster
	// separation measure, 1979).
	DaviesBouldin *float64
	// CalinskiHarabasz is (B/(k−1)) / (W/(n−k)), the variance between the clusters for
	// that within: the larger the better (T. Caliński and J. Harabasz, A dendrite
	// method for cluster analysis, 1974).
	CalinskiHarabasz *float64
	Warnings         []Warning
}

// IndicesOf computes the indices of a division of the rows of m into clusters 0 to
// k−1. It fails with labels outside that, with none or too few, and with fewer than
// two clusters that have rows (SINGLE_CLUSTER).
func IndicesOf(m Matrix, labels []int, k int) (*Indices, error) {
	g, err := groupsOf(m, labels, k)
	if err != nil {
		return nil, err
	}
	d := m.Columns()
	spread, within := make([]float64, k), 0.0
	for i, label := range labels {
		square := distance(m.Row(i), g.means[label*d:label*d+d])
		within += square
		spread[label] += math.Sqrt(square) / g.counts[label]
	}
	whole, between := g.mean(), 0.0
	for j := range k {
		if g.counts[j] > 0 {
			between += g.counts[j] * distance(g.means[j*d:j*d+d], whole)
		}
	}
	x := &Indices{}
	if db, ok := g.daviesBouldin(spread); ok {
		x.DaviesBouldin = &db
	} else {
		x.Warnings = append(x.Warnings, warn(ReasonIndexUndefined, "", "Davies–Bouldin has no value: two clusters have the same mean"))
	}
	n, filled := float64(len(labels)), float64(g.filled)
	if ch := between / (filled - 1) / (within / (n - filled)); within > 0 && n > filled && !math.IsInf(ch, 0) {
		x.CalinskiHarabasz = &ch
	} else {
		x.Warnings = append(x.Warnings, warn(ReasonIndexUndefined, "", "Caliński–Harabasz has no value: the rows of each cluster are equal"))
	}
	return x, nil
}

// groups are the sizes and means of clusters.
type groups struct {
	d      int
	counts []float64
	means  []float64
	filled int // clusters with rows
}

func groupsOf(m Matrix, labels []int, k int) (*groups, error) {
	if err := m.finite(); err != nil {
		return nil, err
	}
	if err := checkLabels("labels", labels, k); err != nil {
		return nil, err
	}
	if len(labels) != m.Rows() {
		return nil, fault.Invalid("labels", "must be one for each of %d rows, are %d", m.Rows(), len(labels))
	}
	d := m.Columns()
	g := &groups{d: d, counts: make([]float64, k), means: make([]float64, k*d)}
	for i, label := range labels {
		g.counts[label]++
		for j, v := range m.Row(i) {
			g.means[label*d+j] += v
		}
	}
	for i := range g.means {
		g.means[i] /= max(1, g.counts[i/d])
	}
	for _, n := range g.counts {
		if n > 0 {
			g.filled++
		}
	}
	if g.filled < 2 {
		return nil, refuse(ReasonSingleCluster, "labels", "must be of at least two clusters: an index compares them")
	}
	return g, nil
}

func checkLabels(field string, labels []int, k int) error {
	if k < 1 || k > MaxClusters {
		return fault.Invalid("k", "must be 1 to %d, is %d", MaxClusters, k)
	}
	for i, label := range labels {
		if label < 0 || label >= k {
			return fault.Invalid(field, "must be 0 to %d, label %d is %d", k-1, i, label)
		}
	}
	return nil
}

// mean is that of all rows.
func (g *groups) mean() []float64 {
	whole, n := make([]float64, g.d), 0.0
	for _, c := range g.counts {
		n += c
	}
	for i, v := range g.means {
		whole[i%g.d] += v * g.counts[i/g.d] / n
	}
	return whole
}

func (g *groups) daviesBouldin(spread []float64) (float64, bool) {
	var sum float64
	for i := range g.counts {
		var worst float64
		for j := range g.counts {
			if i == j || g.counts[i] == 0 || g.counts[j] == 0 {
				continue
			}
			apart := math.Sqrt(distance(g.means[i*g.d:i*g.d+g.d], g.means[j*g.d:j*g.d+g.d]))
			worst = max(worst, (spread[i]+spread[j])/apart)
			if apart == 0 || math.IsInf(worst, 0) {
				return 0, false
			}
		}
		sum += worst
	}
	return sum / float64(g.filled), true
}
