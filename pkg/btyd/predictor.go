package btyd

import (
	"math"
	"math/rand/v2"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Model is a purchase model with its parameters: BGNBD, MBGNBD or ParetoNBD.
type Model interface {
	// Name is bg-nbd, mbg-nbd or pareto-nbd.
	Name() string
	// Names and Values are the parameters in the order of the model's papers.
	Names() []string
	Values() []float64

	check() error
	// alive is P(alive) of a valid history.
	alive(h History) float64
	// aliveAll is alive of many valid histories.
	aliveAll(histories []History, into []float64)
	// ahead is a customer with that history who is alive.
	ahead(h History) future
	// newcomer is a customer at the time of the first purchase, with the probability
	// of being alive right after it.
	newcomer() (alive float64, f future)
	law() law
	// with is the same kind of model with these parameters.
	with(values []float64) Model
	// life draws a customer and returns the time of the purchase after that at t, and
	// whether there is one.
	life(rng *rand.Rand) func(t float64) (next float64, ok bool)
}

// future is a customer who is alive now. A false result is one that did not converge.
type future interface {
	expected(t float64) (float64, bool)
	exactly(n int, t float64) (float64, bool)
	residual(d Discount) (float64, bool, error)
}

// Predictor applies a model to customers. Times are in the unit of the fit. It is
// safe for concurrent use.
type Predictor struct {
	model Model
}

// NewPredictor checks a model's parameters: MODEL_PARAMETER_INVALID.
func NewPredictor(m Model) (*Predictor, error) {
	if m == nil {
		return nil, fault.Invalid("model", "must be given")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return &Predictor{model: m}, nil
}

// Model is the model that is applied.
func (p *Predictor) Model() Model { return p.model }

// LogLikelihood is the log-likelihood of one history.
func (p *Predictor) LogLikelihood(h History) (float64, error) {
	if err := h.Validate(); err != nil {
		return 0, err
	}
	var logs [4]float64
	for i, v := range p.model.Values() {
		logs[i] = math.Log(v)
	}
	var t tally
	p.model.law().tally(logs, []cell{{x: float64(h.X), tx: h.Tx, t: h.T, weight: 1}}, false, &t)
	return finite(t.value, true)
}

// Alive is the probability that the customer has not stopped by T. In the BG/NBD
// model it is 1 for every customer without repeat purchases.
func (p *Predictor) Alive(h History) (float64, error) {
	if err := h.Validate(); err != nil {
		return 0, err
	}
	return p.model.alive(h), nil
}

// Expected is the mean number of purchases in (T, T+horizon], given the history.
func (p *Predictor) Expected(h History, horizon float64) (float64, error) {
	if err := checkBoth(h, horizon); err != nil {
		return 0, err
	}
	v, ok := p.model.ahead(h).expected(horizon)
	return finite(p.model.alive(h)*v, ok)
}

// Exactly is the probability of exactly n purchases in (T, T+horizon], given the
// history; n is at most 1,000,000.
func (p *Predictor) Exactly(h History, horizon float64, n int) (float64, error) {
	if err := checkBoth(h, horizon); err != nil {
		return 0, err
	}
	return p.exactly(p.model.alive(h), p.model.ahead(h), horizon, n)
}

// Churn is the risk P(no purchase in (T, T+horizon]). With the BG/NBD model it is
// refused (NO_REPEAT_OBSERVED): that model holds customers without repeat purchases to be
// alive, so that its risks cannot be compared with one another.
func (p *Predictor) Churn(h History, horizon float64) (float64, error) {
	if _, is := p.model.(BGNBD); is {
		return 0, refuse(ReasonNoRepeatObserved,
			"the BG/NBD model cannot tell the churn risk: to it every customer without a repeat purchase is alive; use mbg-nbd or pareto-nbd")
	}
	return p.Exactly(h, horizon, 0)
}

// Residual is the present value at T of one unit for each purchase after T, given the
// history: discounted expected residual transactions.
func (p *Predictor) Residual(h History, d Discount) (float64, error) {
	if err := h.Validate(); err != nil {
		return 0, err
	}
	v, ok, err := p.model.ahead(h).residual(d)
	if err != nil {
		return 0, err
	}
	return finite(p.model.alive(h)*v, ok)
}

// ExpectedNew is the mean number of repeat purchases of a new customer in a time
// from the first purchase on.
func (p *Predictor) ExpectedNew(horizon float64) (float64, error) {
	if err := checkHorizon(horizon); err != nil {
		return 0, err
	}
	alive, f := p.model.newcomer()
	v, ok := f.expected(horizon)
	return finite(alive*v, ok)
}

// ExactlyNew is the probability that a new customer makes exactly n repeat purchases
// in a time from the first purchase on; n is at most 1,000,000.
func (p *Predictor) ExactlyNew(horizon float64, n int) (float64, error) {
	if err := checkHorizon(horizon); err != nil {
		return 0, err
	}
	alive, f := p.model.newcomer()
	return p.exactly(alive, f, horizon, n)
}

// ResidualNew is the present value at the first purchase of one unit for each repeat
// purchase of a new customer: discounted expected transactions.
func (p *Predictor) ResidualNew(d Discount) (float64, error) {
	alive, f := p.model.newcomer()
	v, ok, err := f.residual(d)
	if err != nil {
		return 0, err
	}
	return finite(alive*v, ok)
}

func (p *Predictor) exactly(alive float64, f future, horizon float64, n int) (float64, error) {
	if n < 0 || n > 1_000_000 {
		return 0, fault.Invalid("n", "must be a whole number from 0 to 1000000, got %d", n)
	}
	v, ok := f.exactly(n, horizon)
	v *= alive
	if n == 0 {
		v += 1 - alive
	}
	return finite(v, ok)
}

func checkBoth(h History, horizon float64) error {
	if err := h.Validate(); err != nil {
		return err
	}
	return checkHorizon(horizon)
}

// finite is the last guard before a figure leaves the package.
func finite(v float64, converged bool) (float64, error) {
	if !converged || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fault.New(fault.OutOfRange, ReasonPredictionUnreliable,
			"the figure cannot be computed for these values: they are too far from anything that the model was fitted to")
	}
	return v, nil
}
