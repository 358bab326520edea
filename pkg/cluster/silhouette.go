package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// DefaultSilhouetteRows is up to how many rows a silhouette is exact: its time grows
// with their square.
const (
	DefaultSilhouetteRows = 5000
	MaxSilhouetteRows     = 50_000
	// leastOfCluster rows of each cluster are in a sample, if it has as many.
	leastOfCluster = 30
)

// Silhouette says how much nearer rows are to their own cluster than to the next, from
// −1 to 1: of row i it is (b−a)/max(a, b), where a is the mean distance from the other
// rows of its cluster and b the least of the mean distances from the rows of another
// (P. Rousseeuw, Silhouettes, 1987). A row alone in its cluster has 0.
type Silhouette struct {
	Mean     float64   // of all rows
	Clusters []float64 // mean of each cluster's rows; 0 for one without rows
	// SampleSize is how many rows were compared with one another: all, or a sample.
	SampleSize int
	Sampled    bool
	Seed       uint64 // of the sample
}

// SilhouetteOptions bound the work.
type SilhouetteOptions struct {
	// Rows are compared, of more a sample: DefaultSilhouetteRows where 0.
	Rows    int
	Seed    uint64 // of the sample
	Workers int    // one for each processor where 0
}

// SilhouetteOf computes the silhouette of a division of the rows of m into clusters 0
// to k−1. Of more rows than o.Rows a sample is taken of each cluster, in proportion to
// its size but of at least 30 rows, and the clusters' means are weighted by their sizes
// to that of all. It fails as IndicesOf does.
func SilhouetteOf(ctx context.Context, m Matrix, labels []int, k int, o SilhouetteOptions) (*Silhouette, error) {
	if o.Rows == 0 {
		o.Rows = DefaultSilhouetteRows
	}
	if o.Rows < 2 || o.Rows > MaxSilhouetteRows {
		return nil, fault.Invalid("silhouette_rows", "must be 2 to %d, is %d", MaxSilhouetteRows, o.Rows)
	}
	g, err := groupsOf(m, labels, k)
	if err != nil {
		return nil, err
	}
	rows := make([]int32, 0, m.Rows())
	for i := range m.Rows() {
		rows = append(rows, int32(i))
	}
	s := &Silhouette{Clusters: make([]float64, k), Seed: o.Seed}
	if len(rows) > o.Rows {
		rows, s.Sampled = sample(labels, g.counts, o), true
	}
	s.SampleSize = len(rows)
	widths := newWidths(m, labels, k, rows)
	if err := widths.measure(ctx, workersOr(o.Workers)); err != nil {
		return nil, err
	}
	for at, row := range rows {
		s.Clusters[labels[row]] += widths.of[at] / widths.counts[labels[row]]
	}
	for j, mean := range s.Clusters {
		s.Mean += mean * g.counts[j] / float64(m.Rows())
	}
	return s, nil
}

// sample draws rows of each cluster without replacement, in ascending order.
func sample(labels []int, counts []float64, o SilhouetteOptions) []int32 {
	draw := rand.New(rand.NewPCG(o.Seed, 0))
	n := float64(len(labels))
	left, wanted := slices.Clone(counts), make([]float64, len(counts))
	for j, c := range counts {
		wanted[j] = min(c, max(leastOfCluster, math.Round(c/n*float64(o.Rows))))
	}
	var rows []int32
	for i, label := range labels { // each of those left is as likely to be taken
		if draw.Float64()*left[label] < wanted[label] {
			rows = append(rows, int32(i))
			wanted[label]--
		}
		left[label]--
	}
	return rows
}

// widths are the silhouettes of some rows among themselves.
type widths struct {
	m      Matrix // of the rows, those of a cluster one after the other
	order  []int  // their places among the rows asked for
	begins []int  // of the clusters, and the end
	counts []float64
	of     []float64 // of each of the rows asked for
}

func newWidths(m Matrix, labels []int, k int, rows []int32) *widths {
	w := &widths{begins: make([]int, k+1), counts: make([]float64, k), of: make([]float64, len(rows)), order: make([]int, len(rows))}
	for _, row := range rows {
		w.counts[labels[row]]++
	}
	next := make([]int, k)
	for j, n := range w.counts {
		next[j] = w.begins[j]
		w.begins[j+1] = w.begins[j] + int(n)
	}
	for at, row := range rows {
		w.order[next[labels[row]]] = at
		next[labels[row]]++
	}
	w.m = Matrix{Names: m.Names, Values: make([]float64, 0, len(rows)*m.Columns())}
	for _, at := range w.order {
		w.m.Values = append(w.m.Values, m.Row(int(rows[at]))...)
	}
	return w
}

func (w *widths) measure(ctx context.Context, workers int) error {
	n := len(w.order)
	parts := blocks{rows: n, size: max(1, n/maxBlocks), count: 0}
	parts.count = (n + parts.size - 1) / parts.size
	return parts.each(ctx, workers, func(_, from, to int) {
		own := 0
		for i := from; i < to; i++ {
			for i >= w.begins[own+1] {
				own++
			}
			w.of[w.order[i]] = w.width(i, own)
		}
	})
}

// width is the silhouette of a row of a cluster.
func (w *widths) width(i, own int) float64 {
	if w.counts[own] < 2 {
		return 0
	}
	var a float64
	b, x := math.Inf(1), w.m.Row(i)
	for j, n := range w.counts {
		var sum float64
		for at := w.begins[j]; at < w.begins[j+1]; at++ {
			sum += math.Sqrt(distance(x, w.m.Row(at)))
		}
		switch {
		case j == own:
			a = sum / (n - 1) // its distance from itself is 0
		case n > 0:
			b = min(b, sum/n)
		}
	}
	if larger := max(a, b); larger > 0 && !math.IsInf(larger, 0) {
		return (b - a) / larger
	}
	return 0
}
