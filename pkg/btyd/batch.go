package btyd

import "github.com/kehuhq/kehu/pkg/fault"

// cachedFutures bounds what a batch remembers: about 5 MB.
const cachedFutures = 1 << 16

// AliveAll writes P(alive) of each history into the slice of the same length. A fault
// names the index of the first bad history, and nothing is written.
func (p *Predictor) AliveAll(histories []History, into []float64) error {
	if err := checkBatch(histories, into); err != nil {
		return err
	}
	p.model.aliveAll(histories, into)
	return nil
}

// ExpectedAll is Expected for many customers, to a relative 1e-11. Customers with the
// same x share the work, so that one costs little more than P(alive).
func (p *Predictor) ExpectedAll(histories []History, horizon float64, into []float64) error {
	if err := checkHorizon(horizon); err != nil {
		return err
	}
	return p.timesAlive(histories, into, func(f future) (float64, bool, error) {
		v, ok := f.expected(horizon)
		return v, ok, nil
	})
}

// ChurnAll is Churn for many customers.
func (p *Predictor) ChurnAll(histories []History, horizon float64, into []float64) error {
	if err := checkHorizon(horizon); err != nil {
		return err
	}
	if _, err := p.Churn(History{}, horizon); err != nil {
		return err
	}
	err := p.timesAlive(histories, into, func(f future) (float64, bool, error) {
		v, ok := f.exactly(0, horizon)
		return 1 - v, ok, nil
	})
	if err != nil {
		return err
	}
	for i := range into {
		into[i] = 1 - into[i]
	}
	return nil
}

// ResidualAll is Residual for many customers, to a relative 1e-11, as ExpectedAll does it.
func (p *Predictor) ResidualAll(histories []History, d Discount, into []float64) error {
	return p.timesAlive(histories, into, func(f future) (float64, bool, error) { return f.residual(d) })
}

// timesAlive writes P(alive) times a figure of the customer if alive, which depends on
// x and T alone: for an x that many customers have, it is interpolated over T.
func (p *Predictor) timesAlive(histories []History, into []float64, figure func(future) (float64, bool, error)) error {
	if err := checkBatch(histories, into); err != nil {
		return err
	}
	compute := func(x int, t float64) (float64, error) {
		v, ok, err := figure(p.model.ahead(History{X: x, T: t}))
		if err != nil {
			return 0, err
		}
		return finite(v, ok)
	}
	curves, err := p.ageCurves(histories, compute)
	if err != nil {
		return err
	}
	type state struct {
		x int
		t float64
	}
	known := make(map[state]float64)
	p.model.aliveAll(histories, into)
	for i := range histories {
		h := &histories[i]
		if c := curves.of(h.X); c != nil {
			into[i] *= c.at(h.T)
			continue
		}
		v, found := known[state{h.X, h.T}]
		if !found {
			if v, err = compute(h.X, h.T); err != nil {
				return atIndex(err, i)
			}
			if len(known) < cachedFutures {
				known[state{h.X, h.T}] = v
			}
		}
		into[i] *= v
	}
	return nil
}

// curves are the curves by x, nil where there is none: most customers have a small x.
type curves struct {
	small [64]*ageCurve
	large map[int]*ageCurve
}

func (c *curves) of(x int) *ageCurve {
	if x < len(c.small) {
		return c.small[x]
	}
	return c.large[x]
}

// ageCurves interpolates for each x that many of the histories have.
func (p *Predictor) ageCurves(histories []History, compute func(x int, t float64) (float64, error)) (*curves, error) {
	ranges := make(map[int]ageRange)
	for i := range histories {
		h := &histories[i]
		r, found := ranges[h.X]
		if !found {
			r = ageRange{low: h.T, high: h.T}
		}
		ranges[h.X] = ageRange{customers: r.customers + 1, low: min(r.low, h.T), high: max(r.high, h.T)}
	}
	values := p.model.Values()
	shift := values[1]
	if _, is := p.model.(ParetoNBD); is {
		shift = min(values[1], values[3])
	}
	all := &curves{large: make(map[int]*ageCurve)}
	for x, r := range ranges {
		if r.customers < fewOfAge {
			continue
		}
		c, good, err := newAgeCurve(r, shift, func(t float64) (float64, error) { return compute(x, t) })
		switch {
		case err != nil:
			return nil, err
		case !good:
		case x < len(all.small):
			all.small[x] = c
		default:
			all.large[x] = c
		}
	}
	return all, nil
}

func checkBatch(histories []History, into []float64) error {
	if len(histories) != len(into) {
		return fault.Invalid("into", "must be as long as the histories, %d, got %d", len(histories), len(into))
	}
	for i := range histories {
		if !histories[i].ordinary() {
			if err := histories[i].Validate(); err != nil {
				return atIndex(err, i)
			}
		}
	}
	return nil
}

// atIndex names the history that a fault is about.
func atIndex(err error, i int) error {
	f, ok := fault.As(err)
	if !ok {
		return err
	}
	return f.With("index", formatCount(float64(i)))
}
