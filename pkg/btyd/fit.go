package btyd

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	// minCustomers and minRepeatBuyers are below what four parameters can be learnt from.
	minCustomers    = 10
	minRepeatBuyers = 10
	// fewRepeatBuyers is where an estimate is warned of.
	fewRepeatBuyers = 50
	// coarseCells is about how many cells the first stage of a fit looks at.
	coarseCells = 10_000
)

// fitModel fits the parameters of m's kind, without covariates. It refuses, with a
// fault of kind FailedPrecondition: TOO_FEW_CUSTOMERS, NO_REPEAT_OBSERVED,
// TOO_FEW_REPEAT_BUYERS, NO_VARIATION. What the data leave open is in the estimate's
// warnings: PARAMETER_AT_BOUNDARY, INFORMATION_SINGULAR, NOT_CONVERGED.
func fitModel(ctx context.Context, cells *Cells, m Model, o Options) (*Estimate, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(cells.names) > 0 {
		return nil, fault.Invalid("cells", "have the covariates %q: fit a model with covariates, or cells without", cells.names)
	}
	return fit(ctx, cells, fitting{model: m}, o)
}

func formatCount(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// fitting is what is to be fitted: a model, and which covariates move which parameter.
type fitting struct {
	model   Model
	effects []effect
	names   []string  // of the effects
	units   []float64 // of the effects
}

func fit(ctx context.Context, cells *Cells, f fitting, o Options) (*Estimate, error) {
	all := cells.ordered()
	s := summarise(all)
	if err := s.refuse(); err != nil {
		return nil, err
	}
	units := append(s.units(f.model), f.units...)
	p := problem{
		names: append(slices.Clone(f.model.Names()), f.names...), units: units,
		coefficients: len(f.effects), customers: s.customers, starts: s.starts(len(f.effects)),
	}
	if coarse := thin(all, s.customers); len(coarse) < len(all) {
		k := newLikelihood(f.model.law(), coarse, cells.values, f.effects, units, o.Workers)
		first := p
		first.evaluate, first.curve = k.evaluate, k.curve
		search := &search{problem: first, ctx: ctx, fixed: make([]bool, len(p.names))}
		end, err := search.best()
		if err != nil {
			return nil, err
		}
		p.starts, p.near = [][]float64{end.theta}, true
	}
	k := newLikelihood(f.model.law(), all, cells.values, f.effects, units, o.Workers)
	p.evaluate, p.curve = k.evaluate, k.curve
	e, err := maximize(ctx, p, o)
	if err != nil {
		return nil, err
	}
	if s.repeatBuyers < fewRepeatBuyers {
		e.Warnings = append(e.Warnings, warn(ReasonTooFewRepeatBuyers,
			"only %g of %g customers have bought again: the intervals are wide, and predictions rest on little", s.repeatBuyers, s.customers))
	}
	return e, nil
}

// sample is what is to be known of the customers before a fit.
type sample struct {
	customers, repeatBuyers float64
	purchases, time         float64 // sums of x and T
	same                    bool    // all have the same history
}

func summarise(cells []cell) sample {
	var customers, repeatBuyers, purchases, time sum
	same := true
	for i := range cells {
		c := &cells[i]
		customers.add(c.weight)
		purchases.add(c.weight * c.x)
		time.add(c.weight * c.t)
		if c.x > 0 {
			repeatBuyers.add(c.weight)
		}
		same = same && c.x == cells[0].x && c.tx == cells[0].tx && c.t == cells[0].t
	}
	return sample{customers.value(), repeatBuyers.value(), purchases.value(), time.value(), same}
}

func (s sample) refuse() error {
	switch {
	case s.customers < minCustomers:
		return refuse(ReasonTooFewCustomers, "%g customers are too few to fit a purchase model: %d are the least", s.customers, minCustomers).
			With("customers", formatCount(s.customers))
	case s.repeatBuyers == 0:
		return refuse(ReasonNoRepeatObserved, "nobody of %g customers has bought again: there is nothing to learn how often they buy from", s.customers).
			With("customers", formatCount(s.customers))
	case s.repeatBuyers < minRepeatBuyers:
		return refuse(ReasonTooFewRepeatBuyers, "%g of %g customers have bought again: %d are the least", s.repeatBuyers, s.customers, minRepeatBuyers).
			With("repeat_buyers", formatCount(s.repeatBuyers))
	case s.same:
		return refuse(ReasonNoVariation, "all %g customers have the same history: customers that do not differ say nothing of how customers differ", s.customers)
	}
	return nil
}

// units are such that log parameters are near 0: the mean time of observation for a
// parameter that is a time, 1 for the others.
func (s sample) units(m Model) []float64 {
	age := s.time / s.customers
	units := make([]float64, 4)
	for i, name := range m.Names() {
		units[i] = 1
		if name == "alpha" || name == "beta" {
			units[i] = age
		}
	}
	return units
}

// starts are points to search from: customers who differ much and stop early, and
// customers who differ little and stay. Both buy as often as was seen.
func (s sample) starts(coefficients int) [][]float64 {
	age := s.time / s.customers
	pace := math.Max(1e-3, math.Min(1e3, s.purchases/s.time*age)) // purchases in a mean time
	starts := [][]float64{
		{math.Log(0.5), math.Log(0.25 / math.Min(1, pace)), 0, math.Log(2.5)},
		{math.Log(2), math.Log(2 / pace), math.Log(0.3), math.Log(3)},
	}
	for i := range starts {
		starts[i] = append(starts[i], make([]float64, coefficients)...)
	}
	return starts
}

// thin leaves about coarseCells cells: those of the largest weight, and of the others
// every k-th with k times its weight. A fit to them ends near that to all, where
// Newton's method needs three or four passes over all.
func thin(cells []cell, customers float64) []cell {
	if len(cells) <= 2*coarseCells {
		return cells
	}
	large := 2 * customers / coarseCells
	small := 0
	for i := range cells {
		if cells[i].weight < large {
			small++
		}
	}
	every := max(1, small/coarseCells)
	thinned := make([]cell, 0, 2*coarseCells)
	seen := 0
	for i := range cells {
		c := cells[i]
		if c.weight < large {
			seen++
			if seen%every != 0 {
				continue
			}
			c.weight *= float64(every)
		}
		thinned = append(thinned, c)
	}
	return thinned
}
