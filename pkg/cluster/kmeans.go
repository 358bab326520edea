package cluster

import "context"

// Result is a division of rows into clusters.
type Result struct {
	K       int
	Columns int
	// Centres are the means of the clusters: K rows of Columns numbers, in the units
	// of the matrix. Where a start was ended by its tolerance or by its number of
	// iterations, the rows may have been reassigned since they were averaged.
	Centres []float64
	Labels  []int   // the cluster of each row, from 0
	Sizes   []int64 // rows of each cluster
	// Inertia is Σ‖x−c‖² of the rows x and their centres c, in the squared units of
	// the matrix.
	Inertia    float64
	Iterations int // of the start that was kept
	Converged  bool
	Start      int // that was kept, from 1
	Starts     int
	Init       Init
	Seed       uint64
	Warnings   []Warning
}

// Centre is that of a cluster. It shares the numbers of the result.
func (r *Result) Centre(cluster int) []float64 {
	return r.Centres[cluster*r.Columns : (cluster+1)*r.Columns : (cluster+1)*r.Columns]
}

// KMeans divides the rows of m into o.K clusters such that the rows are near the means
// of their clusters, by the iterations of S. Lloyd, Least squares quantization in PCM
// (1982): each row goes to the nearest centre, each centre to the mean of its rows. Of
// several starts the one with the least inertia is kept, the first of equals.
//
// A cluster that loses all rows continues at the row farthest from its centre. Columns
// with larger numbers weigh more: see Scaler.
//
// It refuses numbers that are missing, infinite or beyond MaxMagnitude (VALUE_MISSING,
// NUMBER_NOT_FINITE), fewer rows than clusters (TOO_FEW_ROWS, TOO_FEW_DISTINCT_ROWS)
// and options outside their bounds. When ctx ends it returns ctx's error.
func KMeans(ctx context.Context, m Matrix, o Options) (*Result, error) {
	o = o.withDefaults()
	if err := o.check(m); err != nil {
		return nil, err
	}
	l := newLloyd(m, o.K, o.Workers)
	tolerance := o.Tolerance
	if tolerance > 0 {
		tolerance *= meanVariance(m)
	}
	var best *Result
	for start := range o.Starts {
		centres, err := o.first(ctx, m, start)
		if err != nil {
			return nil, err
		}
		l.begin(centres)
		done, converged, err := l.run(ctx, o.Iterations, tolerance, func(iteration int, relabelled int64, shift float64) {
			o.Report(Progress{Start: start + 1, Starts: o.Starts, Iteration: iteration, Relabelled: relabelled, Shift: shift})
		})
		if err != nil {
			return nil, err
		}
		inertia, err := l.inertia(ctx)
		if err != nil {
			return nil, err
		}
		if best == nil || inertia < best.Inertia {
			best = l.result(best)
			best.Inertia, best.Iterations, best.Converged, best.Start = inertia, done, converged, start+1
		}
	}
	best.Starts, best.Init, best.Seed = o.Starts, o.Init, o.Seed
	best.warn(o.Iterations)
	return best, nil
}

// result copies what the start has found, into the memory of a worse one.
func (l *lloyd) result(into *Result) *Result {
	if into == nil {
		into = &Result{
			K: l.k, Columns: l.d, Centres: make([]float64, len(l.centres)),
			Labels: make([]int, len(l.labels)), Sizes: make([]int64, l.k),
		}
	}
	copy(into.Centres, l.centres)
	copy(into.Sizes, l.counts)
	for i, label := range l.labels {
		into.Labels[i] = int(label)
	}
	return into
}

func (r *Result) warn(iterations int) {
	if !r.Converged {
		r.Warnings = append(r.Warnings, warn(ReasonNotConverged, "",
			"rows still changed clusters after %d iterations: allow more", iterations))
	}
	for cluster, n := range r.Sizes {
		if n == 0 {
			r.Warnings = append(r.Warnings, warn(ReasonClusterEmpty, "", "cluster %d has no rows: ask for fewer clusters", cluster))
		}
	}
}

// meanVariance is the mean of the variances of the columns, Σ(x−x̄)²/n each.
func meanVariance(m Matrix) float64 {
	d, n := m.Columns(), float64(m.Rows())
	means, squares := make([]float64, d), make([]float64, d)
	for i := range m.Rows() {
		for j, v := range m.Row(i) {
			means[j] += v
		}
	}
	for j := range means {
		means[j] /= n
	}
	for i := range m.Rows() {
		for j, v := range m.Row(i) {
			squares[j] += (v - means[j]) * (v - means[j])
		}
	}
	var sum float64
	for _, s := range squares {
		sum += s / n
	}
	return sum / float64(d)
}
