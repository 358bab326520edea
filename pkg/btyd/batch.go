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

// ExpectedAll is Expected for many customers. Those with equal x and T share all but
// P(alive), so that known by the day they are computed at the cost of the latter.
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

// ResidualAll is Residual for many customers, at the cost of ExpectedAll where they
// share x and T.
func (p *Predictor) ResidualAll(histories []History, d Discount, into []float64) error {
	return p.timesAlive(histories, into, func(f future) (float64, bool, error) { return f.residual(d) })
}

// timesAlive writes P(alive) times a figure of the customer if alive, which depends on
// x and T alone.
func (p *Predictor) timesAlive(histories []History, into []float64, figure func(future) (float64, bool, error)) error {
	if err := checkBatch(histories, into); err != nil {
		return err
	}
	type state struct {
		x int
		t float64
	}
	known := make(map[state]float64)
	p.model.aliveAll(histories, into)
	for i, h := range histories {
		v, found := known[state{h.X, h.T}]
		if !found {
			var ok bool
			var err error
			if v, ok, err = figure(p.model.ahead(h)); err != nil {
				return err
			}
			if v, err = finite(v, ok); err != nil {
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
