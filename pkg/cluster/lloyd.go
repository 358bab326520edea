package cluster

import (
	"context"
	"math"
)

// lloyd moves k centres to the means of the rows nearest to them until they stay. By
// the margins it compares few rows with the centres, but sums are formed anew in each
// iteration, so that the result is that of comparing every row with every centre.
type lloyd struct {
	values  []float64
	d, k    int
	workers int
	blocks  blocks
	centres []float64 // k rows of d
	next    []float64 // where the centres go
	moves   []float64 // how far each centre has gone
	labels  []int32   // −1 before the first assignment
	margins margins
	parts   []part // of the blocks
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
	squares    []float64
	read       uint64 // keeps fetch from being left out as useless
}

func newLloyd(m Matrix, k, workers int) *lloyd {
	n, d := m.Rows(), m.Columns()
	l := &lloyd{
		values: m.Values, d: d, k: k, workers: workers, blocks: cut(n, k*d),
		centres: make([]float64, k*d), next: make([]float64, k*d), moves: make([]float64, k),
		labels: make([]int32, n), margins: newMargins(n, k),
		sums: make([]float64, k*d), counts: make([]int64, k),
	}
	l.parts = make([]part, l.blocks.count)
	for i := range l.parts {
		l.parts[i] = part{
			sums: make([]float64, k*d), counts: make([]int64, k),
			due: make([]int32, chunkRows), squares: make([]float64, chunkRows),
		}
	}
	return l
}

// begin takes the centres to begin with. Nothing is known of any row.
func (l *lloyd) begin(centres []float64) {
	copy(l.centres, centres)
	for i := range l.labels {
		l.labels[i] = -1
	}
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
	for ; from < to; from += chunkRows {
		end := min(from+chunkRows, to)
		labels := l.labels[from:end]
		p.read = fetch(l.values[from*l.d : end*l.d])
		var due []int32
		if labels[0] < 0 {
			due = sequence(p.due, from, end)
		} else {
			due = l.margins.due(p.due, from, labels)
		}
		p.relabelled += l.compare(due)
		addUp(p.sums, p.counts, l.values[from*l.d:end*l.d], l.d, labels)
	}
}

// compare finds the nearest centre of each row, and counts those that have another one.
func (l *lloyd) compare(rows []int32) (relabelled int64) {
	for _, row := range rows {
		var label int
		var best, second uint64
		switch l.d {
		case 3:
			label, best, second = nearest3((*[3]float64)(l.values[int(row)*3:]), l.centres)
		case 8:
			label, best, second = nearest8((*[8]float64)(l.values[int(row)*8:]), l.centres)
		default:
			label, best, second = nearest(l.values[int(row)*l.d:int(row)*l.d+l.d], l.centres)
		}
		if l.labels[row] != int32(label) {
			relabelled++
		}
		l.labels[row] = int32(label)
		l.margins.compared(row, best, second)
	}
	return relabelled
}

func sequence(into []int32, from, to int) []int32 {
	into = into[:to-from]
	for i := range into {
		into[i] = int32(from + i)
	}
	return into
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
			copy(l.next[at:at+l.d], l.centres[at:])
			continue
		}
		for i := at; i < at+l.d; i++ {
			l.next[i] = l.sums[i] / float64(n)
		}
	}
	return empty
}

// move moves the centres, and returns the sum of the squares of their moves.
func (l *lloyd) move() (shift float64) {
	for j := range l.moves {
		at := j * l.d
		square := distance(l.next[at:at+l.d], l.centres[at:])
		shift += square
		l.moves[j] = math.Sqrt(square)
	}
	l.margins.moved(l.moves)
	l.centres, l.next = l.next, l.centres
	return shift
}

// inertia is the sum of the squared distances of the rows from their centres.
func (l *lloyd) inertia(ctx context.Context) (float64, error) {
	err := l.blocks.each(ctx, l.workers, func(block, from, to int) {
		p := &l.parts[block]
		p.inertia = 0
		for ; from < to; from += chunkRows {
			rows := sequence(p.due, from, min(from+chunkRows, to))
			ownSquares(p.squares, l.values, l.d, l.centres, rows, l.labels)
			for _, square := range p.squares[:len(rows)] {
				p.inertia += square
			}
		}
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
