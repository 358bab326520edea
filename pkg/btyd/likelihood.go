package btyd

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"
)

// tally is the log-likelihood of some cells with the derivatives by the logarithms
// of a law's four parameters. The Hessian's upper triangle is filled.
type tally struct {
	value    float64
	gradient [4]float64
	hessian  [4][4]float64
}

// law is the likelihood of a purchase model.
type law interface {
	// tally adds the log-likelihood of cells that share their parameters, given by
	// their logarithms, and are in order; the Hessian where curve says so.
	tally(logs [4]float64, cells []cell, curve bool, out *tally)
}

// effect says that a covariate moves one of a law's parameters:
// ln parameter_i = ln parameter + sign·γ·z_i.
type effect struct {
	parameter int // of the law
	covariate int // in the order of the cells' names
	sign      float64
}

// blockCells are added up plainly, blocks are added up with compensation: rounding
// stays that of a few hundred terms. Blocks do not depend on the workers.
const blockCells = 512

// likelihood is the log-likelihood of cells as a function of log parameters, divided
// by their units, and of coefficients in their units.
type likelihood struct {
	law     law
	cells   []cell
	values  [][]float64 // covariates by pattern
	effects []effect
	units   []float64 // of all variables
	workers int
	n       int         // variables
	blocks  [][]float64 // scratch: value, gradient, upper triangle of the Hessian
}

func newLikelihood(l law, cells []cell, values [][]float64, effects []effect, units []float64, workers int) *likelihood {
	k := &likelihood{law: l, cells: cells, values: values, effects: effects, units: units, workers: workers, n: 4 + len(effects)}
	k.blocks = make([][]float64, (len(cells)+blockCells-1)/blockCells)
	width := 1 + k.n + k.n*(k.n+1)/2
	all := make([]float64, width*len(k.blocks))
	for i := range k.blocks {
		k.blocks[i] = all[i*width : (i+1)*width]
	}
	return k
}

func (k *likelihood) evaluate(theta, gradient []float64) float64 {
	return k.curve(theta, gradient, nil)
}

// curve writes the Hessian too unless it is nil.
func (k *likelihood) curve(theta, gradient []float64, hessian *mat.SymDense) float64 {
	workers := min(k.workers, runtime.GOMAXPROCS(0), (len(k.blocks)+3)/4)
	if workers <= 1 {
		for i := range k.blocks {
			k.block(i, theta, hessian != nil)
		}
		return k.total(gradient, hessian)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(k.blocks); i = int(next.Add(1)) - 1 {
				k.block(i, theta, hessian != nil)
			}
		})
	}
	group.Wait()
	return k.total(gradient, hessian)
}

// block adds up one block, one run of equal covariates after the other.
func (k *likelihood) block(i int, theta []float64, curve bool) {
	out := k.blocks[i]
	clear(out)
	cells := k.cells[i*blockCells : min((i+1)*blockCells, len(k.cells))]
	for len(cells) > 0 {
		end := 1
		for end < len(cells) && cells[end].pattern == cells[0].pattern {
			end++
		}
		z := k.values[cells[0].pattern]
		var logs [4]float64
		for j := range logs {
			logs[j] = theta[j] + math.Log(k.units[j])
		}
		for j, e := range k.effects {
			logs[e.parameter] += e.sign * z[e.covariate] * k.units[4+j] * theta[4+j]
		}
		var t tally
		k.law.tally(logs, cells[:end], curve, &t)
		k.spread(&t, z, curve, out)
		cells = cells[end:]
	}
}

// spread adds a tally by the law's parameters to one by all variables, of which
// each coefficient moves one parameter.
func (k *likelihood) spread(t *tally, z []float64, curve bool, out []float64) {
	factor := func(v int) (parameter int, by float64) {
		if v < 4 {
			return v, 1
		}
		e := k.effects[v-4]
		return e.parameter, e.sign * z[e.covariate] * k.units[v]
	}
	out[0] += t.value
	at := 1 + k.n
	for v := range k.n {
		p, by := factor(v)
		out[1+v] += by * t.gradient[p]
		if !curve {
			continue
		}
		for w := v; w < k.n; w++ {
			q, other := factor(w)
			out[at] += by * other * t.hessian[min(p, q)][max(p, q)]
			at++
		}
	}
}

// total adds up the blocks in their order.
func (k *likelihood) total(gradient []float64, hessian *mat.SymDense) float64 {
	width := 1 + k.n
	if hessian != nil {
		width += k.n * (k.n + 1) / 2
	}
	sums := make([]sum, width)
	for _, block := range k.blocks {
		for i := range sums {
			sums[i].add(block[i])
		}
	}
	for i := range gradient {
		gradient[i] = sums[1+i].value()
	}
	if hessian != nil {
		at := 1 + k.n
		for i := range k.n {
			for j := i; j < k.n; j++ {
				hessian.SetSym(i, j, sums[at].value())
				at++
			}
		}
	}
	return sums[0].value()
}
