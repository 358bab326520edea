package cluster

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// first chooses the centres that a start begins with.
func (o Options) first(ctx context.Context, m Matrix, start int) ([]float64, error) {
	switch o.Init {
	case InitFirst:
		return slices.Clone(m.Values[:o.K*m.Columns()]), nil
	case InitGiven:
		return slices.Clone(o.Centres), nil
	default:
		draw := rand.New(rand.NewPCG(o.Seed, uint64(start)))
		return newPlusPlus(m, o.Workers).draw(ctx, o.K, draw)
	}
}

// plusPlus draws centres one after the other, each row with a probability that is
// proportional to its squared distance from the nearest centre drawn before; of some
// candidates the one is kept that leaves the least sum of squared distances.
type plusPlus struct {
	m         Matrix
	workers   int
	blocks    blocks
	distances []float64 // of each row from the nearest centre drawn
	totals    []float64 // of the distances of each block
	trials    []float64 // of each block and candidate
}

func newPlusPlus(m Matrix, workers int) *plusPlus {
	p := &plusPlus{m: m, workers: workers, blocks: cut(m.Rows(), 1), distances: make([]float64, m.Rows())}
	p.totals = make([]float64, p.blocks.count)
	return p
}

func (p *plusPlus) draw(ctx context.Context, k int, draw *rand.Rand) ([]float64, error) {
	d := p.m.Columns()
	centres := make([]float64, 0, k*d)
	for i := range p.distances {
		p.distances[i] = math.MaxFloat64
	}
	candidates := make([]int, 2+int(math.Log(float64(k))))
	p.trials = make([]float64, p.blocks.count*len(candidates))
	chosen := draw.IntN(p.m.Rows())
	for {
		centres = append(centres, p.m.Row(chosen)...)
		if len(centres) == k*d {
			return centres, nil
		}
		if err := p.choose(ctx, p.m.Row(chosen)); err != nil {
			return nil, err
		}
		for c := range candidates {
			candidates[c] = p.candidate(draw)
		}
		best, err := p.best(ctx, candidates)
		if err != nil {
			return nil, err
		}
		chosen = best
	}
}

// choose takes a centre: distances are to the nearest one.
func (p *plusPlus) choose(ctx context.Context, centre []float64) error {
	return p.blocks.each(ctx, p.workers, func(block, from, to int) {
		var sum float64
		for i := from; i < to; i++ {
			nearer := min(p.distances[i], distance(p.m.Row(i), centre))
			p.distances[i] = nearer
			sum += nearer
		}
		p.totals[block] = sum
	})
}

// candidate draws a row with a probability proportional to its distance.
func (p *plusPlus) candidate(draw *rand.Rand) int {
	var sum float64
	for _, total := range p.totals {
		sum += total
	}
	if sum == 0 { // rows differ by so little that the squares vanish
		return draw.IntN(p.m.Rows())
	}
	left := draw.Float64() * sum
	for block, total := range p.totals {
		if left >= total && block < len(p.totals)-1 {
			left -= total
			continue
		}
		last := min((block+1)*p.blocks.size, p.blocks.rows) - 1
		for i := block * p.blocks.size; i < last; i++ {
			if left < p.distances[i] {
				return i
			}
			left -= p.distances[i]
		}
		return last
	}
	return p.blocks.rows - 1
}

// best is the candidate that would leave the least sum of squared distances.
func (p *plusPlus) best(ctx context.Context, candidates []int) (int, error) {
	err := p.blocks.each(ctx, p.workers, func(block, from, to int) {
		sums := p.trials[block*len(candidates) : (block+1)*len(candidates)]
		clear(sums)
		for ; from < to; from += chunkRows {
			end := min(from+chunkRows, to)
			for c, candidate := range candidates {
				centre, sum := p.m.Row(candidate), 0.0
				for i := from; i < end; i++ {
					sum += min(p.distances[i], distance(p.m.Row(i), centre))
				}
				sums[c] += sum
			}
		}
	})
	least, best := math.Inf(1), candidates[0]
	for c, candidate := range candidates {
		var sum float64
		for block := range p.blocks.count {
			sum += p.trials[block*len(candidates)+c]
		}
		if sum < least {
			least, best = sum, candidate
		}
	}
	return best, err
}
