package cluster

import (
	"context"
	"math"
)

// lloyd moves k centres to the means of the rows nearest to them until they stay.
//
// Each row keeps the margin by which its own centre is nearer than the next. When the
// centres have moved, by mⱼ each, the margin has shrunk by m_own + max of the others'
// at most; while it is above 0 the row need not be looked at. This is the bound of
// G. Hamerly, Making k-means even faster (2010), with his two bounds kept as one, their
// difference. Sums are formed anew in each iteration, so that the result is that of
// comparing every row with every centre to the last bit.
type lloyd struct {
	values  []float64
	d, k    int
	workers int
	blocks  blocks
	centres []float64 // k rows of d
	moved   []float64 // where the centres go
	labels  []int32
	margins []float64
	shrink  []float64 // what each cluster's margins lose by the last move
	parts   []part    // of the blocks
	sums    []float64
	counts  []int64
	// relabelled is how many rows the last assignment gave another cluster.
	relabelled int64
}

// part is what a block adds up.
type part struct {
	sums       []float64 // k rows of d
	counts     []int64
	relabelled int64
	inertia    float64
	due        []int32 // rows to be looked at
}

func newLloyd(m Matrix, k, workers int) *lloyd {
	n, d := m.Rows(), m.Columns()
	l := &lloyd{
		values: m.Values, d: d, k: k, workers: workers, blocks: cut(n, k*d),
		centres: make([]float64, k*d), moved: make([]float64, k*d),
		labels: make([]int32, n), margins: make([]float64, n), shrink: make([]float64, k),
		sums: make([]float64, k*d), counts: make([]int64, k),
	}
	l.parts = make([]part, l.blocks.count)
	for i := range l.parts {
		l.parts[i] = part{sums: make([]float64, k*d), counts: make([]int64, k), due: make([]int32, chunkRows)}
	}
	return l
}

// begin takes the centres to begin with. Nothing is known of any row.
func (l *lloyd) begin(centres []float64) {
	copy(l.centres, centres)
	for i := range l.margins {
		l.labels[i], l.margins[i] = -1, -1
	}
	clear(l.shrink)
}

// run iterates until no row changes its cluster, until the centres move by at most
// tolerance (the sum of the squares of their moves), or iterations have passed.
func (l *lloyd) run(ctx context.Context, iterations int, tolerance float64, report func(iteration int, relabelled int64, shift float64)) (done int, converged bool, err error) {
	for done = 1; ; done++ {
		if err := l.assign(ctx); err != nil {
			return done, false, err
		}
		empty := l.average()
		shift := l.move()
		report(done, l.relabelled, shift)
		if l.relabelled == 0 && !empty {
			return done, true, nil
		}
		stays := shift <= tolerance && !empty
		if stays || done >= iterations {
			return done, stays, l.assign(ctx)
		}
	}
}

// assign gives each row the nearest centre, and adds the rows up.
func (l *lloyd) assign(ctx context.Context) error {
	err := l.blocks.each(ctx, l.workers, func(block, from, to int) { l.assignBlock(&l.parts[block], from, to) })
	if err != nil {
		return err
	}
	clear(l.sums)
	clear(l.counts)
	l.relabelled = 0
	for i := range l.parts {
		p := &l.parts[i]
		for j, v := range p.sums {
			l.sums[j] += v
		}
		for j, n := range p.counts {
			l.counts[j] += n
		}
		l.relabelled += p.relabelled
	}
	return nil
}

func (l *lloyd) assignBlock(p *part, from, to int) {
	clear(p.sums)
	clear(p.counts)
	p.relabelled = 0
	var before [chunkRows]int32
	for ; from < to; from += chunkRows {
		end := min(from+chunkRows, to)
		due := l.due(p.due, from, end)
		for i, row := range due {
			before[i] = l.labels[row]
		}
		nearest(l.values, l.d, l.centres, due, l.labels, l.margins)
		for i, row := range due {
			if l.labels[row] != before[i] {
				p.relabelled++
			}
		}
		addUp(p.sums, p.counts, l.values[from*l.d:end*l.d], l.d, l.labels[from:end])
	}
}

// due are the rows whose nearest centre may be another one by now.
func (l *lloyd) due(into []int32, from, to int) []int32 {
	labels := l.labels[from:to]
	margins := l.margins[from:to:to]
	margins = margins[:len(labels)]
	count := 0
	if labels[0] < 0 { // nothing has been assigned yet
		for i := range labels {
			into[i] = int32(from + i)
		}
		return into[:len(labels)]
	}
	into = into[:chunkRows]
	for i, label := range labels {
		left := margins[i] - l.shrink[label]
		margins[i] = left
		into[count&(chunkRows-1)] = int32(from + i)
		more := 0
		if !(left > 0) {
			more = 1
		}
		count += more
	}
	return into[:count]
}

// addUp adds each row to the sums of its cluster.
func addUp(sums []float64, counts []int64, values []float64, d int, labels []int32) {
	if d == 3 {
		addUp3(sums, counts, values, labels)
		return
	}
	for _, label := range labels {
		counts[label]++
		at := int(label) * d
		into, x := sums[at:at+d], values[:d]
		values = values[d:]
		for j, v := range x {
			into[j] += v
		}
	}
}

func addUp3(sums []float64, counts []int64, values []float64, labels []int32) {
	for _, label := range labels {
		counts[label]++
		into, x := (*[3]float64)(sums[int(label)*3:]), (*[3]float64)(values)
		values = values[3:]
		into[0] += x[0]
		into[1] += x[1]
		into[2] += x[2]
	}
}

// average is where the centres go: to the means of their rows. A cluster without rows
// goes to a row far from its own centre. It tells whether there was one.
func (l *lloyd) average() (empty bool) {
	for _, n := range l.counts {
		empty = empty || n == 0
	}
	if empty {
		l.fill()
	}
	for j, n := range l.counts {
		at := j * l.d
		if n == 0 {
			copy(l.moved[at:at+l.d], l.centres[at:])
			continue
		}
		for i := at; i < at+l.d; i++ {
			l.moved[i] = l.sums[i] / float64(n)
		}
	}
	return empty
}

// move moves the centres, and returns the sum of the squares of their moves.
func (l *lloyd) move() (shift float64) {
	moves := l.shrink
	first, second := 0.0, 0.0 // the largest moves
	largest := 0
	for j := range moves {
		at := j * l.d
		square := distance(l.moved[at:at+l.d], l.centres[at:])
		shift += square
		moves[j] = math.Sqrt(square)*(1+marginError) + marginLeast
		if moves[j] > first {
			first, second, largest = moves[j], first, j
		} else {
			second = max(second, moves[j])
		}
	}
	l.centres, l.moved = l.moved, l.centres
	for j := range moves {
		if j == largest {
			moves[j] += second
		} else {
			moves[j] += first
		}
	}
	return shift
}

// inertia is the sum of the squared distances of the rows from their centres.
func (l *lloyd) inertia(ctx context.Context) (float64, error) {
	err := l.blocks.each(ctx, l.workers, func(block, from, to int) {
		var sum float64
		for i := from; i < to; i++ {
			sum += l.distanceOwn(i)
		}
		l.parts[block].inertia = sum
	})
	var sum float64
	for i := range l.parts {
		sum += l.parts[i].inertia
	}
	return sum, err
}

// distanceOwn is the squared distance of a row from its centre.
func (l *lloyd) distanceOwn(row int) float64 {
	at := int(l.labels[row]) * l.d
	return distance(l.values[row*l.d:row*l.d+l.d], l.centres[at:])
}
