package cluster

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/kehuhq/kehu/pkg/fault"
)

// The defaults of MiniBatch.
const (
	DefaultBatch = 1024
	MaxBatch     = 1 << 20
	// batchPatience is how many batches may pass without a better smoothed inertia.
	batchPatience = 10
)

// MiniBatch divides rows as KMeans does, but from batches of rows drawn with
// replacement instead of all of them: each centre moves towards the mean of the rows
// of a batch that are nearest to it by their share of all rows that it has had so far
// (D. Sculley, Web-scale k-means clustering, 2010). A start ends when the inertia of
// the batches, smoothed over about as many of them as make up all rows, has not fallen
// for ten batches, or after o.Iterations batches. It is faster where there are very
// many rows and its inertia a little higher; in the end all rows are assigned. Centres
// are near the means of their clusters, not the means. o.Tolerance is not used.
//
// batch is the number of rows of one, DefaultBatch where 0. It fails as KMeans does.
func MiniBatch(ctx context.Context, m Matrix, o Options, batch int) (*Result, error) {
	o = o.withDefaults()
	if batch == 0 {
		batch = DefaultBatch
	}
	if batch < 1 || batch > MaxBatch {
		return nil, fault.Invalid("batch", "must be 1 to %d rows, is %d", MaxBatch, batch)
	}
	if err := o.check(m); err != nil {
		return nil, err
	}
	l := newLloyd(m, o.K, o.Workers)
	var best *Result
	for start := range o.Starts {
		centres, err := o.firstOfSample(ctx, m, start, batch)
		if err != nil {
			return nil, err
		}
		b := &batches{m: m, k: o.K, rows: batch, centres: centres, counts: make([]float64, o.K), draw: rand.New(rand.NewPCG(o.Seed, 1<<32+uint64(start)))}
		done, converged, err := b.run(ctx, o.Iterations, func(iteration int, shift float64) {
			o.Report(Progress{Start: start + 1, Starts: o.Starts, Iteration: iteration, Shift: shift})
		})
		if err != nil {
			return nil, err
		}
		l.begin(b.centres)
		if err := l.assign(ctx); err != nil {
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

// firstOfSample draws the first centres from some batches' worth of rows, where there
// are many more.
func (o Options) firstOfSample(ctx context.Context, m Matrix, start, batch int) ([]float64, error) {
	size := max(3*batch, 3*o.K)
	if o.Init != InitPlusPlus || size >= m.Rows() {
		return o.first(ctx, m, start)
	}
	draw := rand.New(rand.NewPCG(o.Seed, 2<<32+uint64(start)))
	sample := Matrix{Names: m.Names, Values: make([]float64, 0, size*m.Columns())}
	for range size {
		sample.Values = append(sample.Values, m.Row(draw.IntN(m.Rows()))...)
	}
	return o.first(ctx, sample, start)
}

// batches is the state of a start.
type batches struct {
	m       Matrix
	k, rows int
	centres []float64
	counts  []float64 // rows that each centre has had so far
	draw    *rand.Rand
}

func (b *batches) run(ctx context.Context, most int, report func(iteration int, shift float64)) (done int, converged bool, err error) {
	weight := min(1, 2*float64(b.rows)/float64(b.m.Rows()+1))
	smooth, least, without := math.Inf(1), math.Inf(1), 0
	for done = 1; done <= most; done++ {
		if err := ctx.Err(); err != nil {
			return done, false, err
		}
		inertia, shift := b.step()
		report(done, shift)
		if math.IsInf(smooth, 1) {
			smooth = inertia
		} else {
			smooth += weight * (inertia - smooth)
		}
		if smooth < least {
			least, without = smooth, 0
		} else {
			without++
		}
		if without >= batchPatience {
			return done, true, nil
		}
	}
	return most, false, nil
}

// step draws a batch and moves the centres. It returns the mean squared distance of
// its rows and the sum of the squared moves.
func (b *batches) step() (inertia, shift float64) {
	d := b.m.Columns()
	sums, counts := make([]float64, b.k*d), make([]float64, b.k)
	for range b.rows {
		x := b.m.Row(b.draw.IntN(b.m.Rows()))
		label, best, _ := nearest(x, b.centres)
		inertia += math.Float64frombits(best) / float64(b.rows)
		counts[label]++
		for j, v := range x {
			sums[label*d+j] += v
		}
	}
	for c, n := range counts {
		b.counts[c] += n
		if n == 0 {
			continue
		}
		for j := c * d; j < c*d+d; j++ {
			move := (sums[j]/n - b.centres[j]) * n / b.counts[c]
			b.centres[j] += move
			shift += move * move
		}
	}
	return inertia, shift
}
