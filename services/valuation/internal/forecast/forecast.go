// Package forecast turns fitted models into what is expected of customers: of
// one, and of many together. Values in, values out; it reads no clock and draws
// from explicit seeds.
package forecast

import (
	"math"
	"sync/atomic"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Kind is a model, in the numbers in which it is stored and in which the API has it.
type Kind uint8

// The models.
const (
	BGNBD Kind = iota + 1
	MBGNBD
	ParetoNBD
	GammaGamma
	PoissonRegression
)

// Model is a fitted model.
type Model struct {
	ID         string
	Kind       Kind
	Parameters []float64 // in the order of the model's definition
	// LogCovariance is that of the logarithms of the parameters, nil where it cannot be told.
	LogCovariance [][]float64
	UnitDays      float64 // days of the unit of time
	Currency      string  // of spend
}

// Set is the models with which a refresh predicts; each may be nil.
type Set struct {
	Purchases *Model
	Churn     *Model // MBG/NBD or Pareto/NBD; the same as Purchases, or nil for it, or another
	Spend     *Model
}

// IDs names them, each once.
func (s Set) IDs() []string {
	var ids []string
	for _, m := range []*Model{s.Purchases, s.Churn, s.Spend} {
		if m != nil && (len(ids) == 0 || ids[len(ids)-1] != m.ID) {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// Terms are what predictions are made for.
type Terms struct {
	Policy   domain.PredictionPolicy // normalised
	Margin   domain.Margin
	Currency string // of the valuation
}

// Forecaster predicts customer by customer. It is safe for concurrent use.
type Forecaster struct {
	Set    Set
	Terms  Terms
	orders *counter // of purchases
	risk   *counter // of churn; may be orders
	spend  *btyd.GammaGamma
	minor  float64 // minor units in a major one
}

// New makes a forecaster. Faults: a model's parameters cannot be.
func New(set Set, terms Terms) (*Forecaster, error) {
	f := &Forecaster{Set: set, Terms: terms, minor: 1}
	var err error
	if f.orders, err = newCounter(set.Purchases, terms.Policy); err != nil {
		return nil, err
	}
	f.risk = f.orders
	if set.Churn != nil && set.Churn != set.Purchases {
		if f.risk, err = newCounter(set.Churn, terms.Policy); err != nil {
			return nil, err
		}
	}
	if decimals, known := money.Decimals(terms.Currency); known {
		f.minor = math.Pow10(decimals)
	}
	if set.Spend != nil && set.Spend.Currency == terms.Currency {
		if len(set.Spend.Parameters) != 3 {
			return nil, unusable(set.Spend)
		}
		p := set.Spend.Parameters
		f.spend = &btyd.GammaGamma{P: p[0], Q: p[1], V: p[2]}
	}
	return f, nil
}

func unusable(m *Model) error {
	return fault.New(fault.FailedPrecondition, "MODEL_NOT_USABLE", "models/%s cannot be used to predict: its parameters are not those of its kind", m.ID)
}

// Facts are what a prediction is made from.
type Facts struct {
	Repeats       int64 // days with an order behind the first
	AgeDays       int64 // from the first order's day to the as-of date
	RecencyDays   int64 // from the last order's day
	GapHalves     int64 // twice the median of the days between them; 0 where there are none
	RepeatDays    int64 // days behind the first with an order in the valuation's currency
	RepeatRevenue int64 // what those brought, minor units
}

// FactsOf are those of an account.
func FactsOf(a *domain.Account, currency string) Facts {
	p := a.Purse(currency)
	return Facts{a.Days - 1, a.AgeDays, a.RecencyDays, a.GapHalves, p.RepeatDays, p.RepeatRevenue}
}

// FactsStored are those of a valuation; its rhythm is not among them.
func FactsStored(v *domain.Valuation) Facts {
	return Facts{Repeats: v.Days - 1, AgeDays: v.AgeDays, RecencyDays: v.RecencyDays, RepeatDays: v.RepeatDays, RepeatRevenue: v.RepeatRevenue}
}

// History is the facts in units of time. Where the clocks went back over the
// midnight that ends the as-of date, orders on two days may be no day apart: then
// they are one.
func (f Facts) History(unitDays float64) btyd.History {
	last := f.AgeDays - f.RecencyDays
	x := min(f.Repeats, last)
	if x <= 0 {
		last, x = 0, 0
	}
	return btyd.DayHistory(int(x), int(last), int(f.AgeDays), unitDays)
}

// mean is that of what a repeat day brought, major units.
func (f *Forecaster) mean(facts Facts) (days int, mean float64) {
	if facts.RepeatDays == 0 {
		return 0, 0
	}
	return int(facts.RepeatDays), float64(facts.RepeatRevenue) / float64(facts.RepeatDays) / f.minor
}

// Predict says what is expected of a customer.
func (f *Forecaster) Predict(facts Facts) domain.Prediction {
	p := domain.Prediction{Made: true}
	orders, risk := f.orders.count(facts), f.risk.count(facts)
	p.Orders, p.NextDays = orders.expected, orders.next
	p.Alive, p.Churn = risk.alive, risk.none
	p.Overdue = f.overdue(facts)
	f.churned(&p)

	value := f.orderValue(facts)
	p.OrderValue = value.Amount()
	margin := domain.Figure{Value: f.Terms.Margin.Rate, Why: f.Terms.Margin.Why}
	perOrder := times(value, margin)
	p.Residual = times(orders.discounted, perOrder).Amount()
	ifAlive := times(risk.ifAlive, perOrder)
	p.IfAlive = ifAlive.Amount()
	p.AtRisk = times(ifAlive, complement(risk.alive)).Amount()
	return p
}

// orderValue is the expected money of an order, minor units.
func (f *Forecaster) orderValue(facts Facts) domain.Figure {
	if f.spend == nil {
		return domain.Untold(domain.ModelMissing)
	}
	days, mean := f.mean(facts)
	if days > 0 && mean <= 0 {
		return domain.Untold(domain.SpendNotPositive)
	}
	expected, err := f.spend.ConditionalMean(days, mean)
	switch {
	case fault.ReasonOf(err) == btyd.ReasonSpendMeanUndefined:
		return domain.Untold(domain.SpendMeanUndefined)
	case err != nil:
		return domain.Untold(domain.NotComputable)
	}
	return domain.Told(expected * f.minor)
}

// rhythmOrders is from how many orders behind the first on a customer has a rhythm.
const rhythmOrders = 3

// overdue is the days since the last order over the policy's multiple of the
// customer's own median gap.
func (f *Forecaster) overdue(facts Facts) domain.Figure {
	if facts.Repeats < rhythmOrders || facts.GapHalves == 0 {
		return domain.Untold(domain.RhythmUnknown)
	}
	return domain.Told(float64(facts.RecencyDays) / (f.Terms.Policy.OverdueFactor * float64(facts.GapHalves) / 2))
}

// churned applies the policy's definition of churn.
func (f *Forecaster) churned(p *domain.Prediction) {
	if f.Terms.Policy.Churn == domain.Overdue {
		p.ChurnKnown, p.Churned = p.Overdue.Known(), p.Overdue.Known() && p.Overdue.Value > 1
		p.Churn = domain.Untold(domain.ChurnByRhythm)
		return
	}
	p.ChurnKnown, p.Churned = p.Churn.Known(), p.Churn.Known() && p.Churn.Value >= f.Terms.Policy.ChurnThreshold
}

// times multiplies figures; where one is missing, its reason stays.
func times(a, b domain.Figure) domain.Figure {
	switch {
	case !a.Known():
		return a
	case !b.Known():
		return b
	}
	return domain.Told(a.Value * b.Value)
}

func complement(f domain.Figure) domain.Figure {
	if !f.Known() {
		return f
	}
	return domain.Told(1 - f.Value)
}

// counter counts the orders to come by one model.
type counter struct {
	kind     Kind
	model    *btyd.Predictor
	unitDays float64
	horizon  float64 // units
	nodes    []node
	// once keeps the counts of customers who ordered on one day only, by the age
	// in days: they are the greater part of most bases, and few of them differ.
	once []atomic.Pointer[counts]
}

// node is a time ahead at which the expected orders are taken, and their weight.
type node struct{ at, weight float64 }

// counts is what a model says of one history.
type counts struct {
	alive, none          domain.Figure
	expected, discounted domain.Figure
	ifAlive              domain.Figure // discounted, were the customer known to be alive
	next                 domain.Figure // days
}

const onceDays = 1 << 13

func newCounter(m *Model, policy domain.PredictionPolicy) (*counter, error) {
	if m == nil {
		return nil, nil
	}
	model, err := m.Purchases()
	if err != nil {
		return nil, err
	}
	return &counter{
		kind: m.Kind, model: model, unitDays: m.UnitDays, horizon: float64(policy.HorizonDays) / m.UnitDays,
		nodes: discounting(policy, m.UnitDays), once: make([]atomic.Pointer[counts], onceDays),
	}, nil
}

// discountNodes is how many times ahead the expected orders are taken at: sums of
// quarter days come to the same within 1e-5.
const discountNodes = 5

// discounting makes nodes with Σ weight·E(at) = ∫₀ᴴ e^(−δt) dE(t), the orders
// expected until H, each discounted from the moment it is placed:
//
//	e^(−δH) E(H) + δ ∫₀ᴴ e^(−δt) E(t) dt, with δ = ln(1+d) a year of 365 days,
//
// by parts, since it is E that models tell. E bends near 0, where t = H u² sets more nodes.
func discounting(policy domain.PredictionPolicy, unitDays float64) []node {
	horizon := float64(policy.ValueHorizonDays) / unitDays
	delta := math.Log1p(policy.DiscountRate) * unitDays / 365
	nodes := []node{{horizon, math.Exp(-delta * horizon)}}
	if delta == 0 {
		return nodes
	}
	at, weight := legendre(discountNodes)
	for i, u := range at {
		t := horizon * u * u
		nodes = append(nodes, node{t, weight[i] * 2 * horizon * u * delta * math.Exp(-delta*t)})
	}
	return nodes
}

// count is what the model says of a customer.
func (c *counter) count(facts Facts) counts {
	if c == nil {
		none := domain.Untold(domain.ModelMissing)
		return counts{none, none, none, none, none, none}
	}
	h := facts.History(c.unitDays)
	if h.X > 0 || facts.AgeDays >= onceDays {
		return c.of(h)
	}
	if kept := c.once[facts.AgeDays].Load(); kept != nil {
		return *kept
	}
	made := c.of(h)
	c.once[facts.AgeDays].Store(&made)
	return made
}

func (c *counter) of(h btyd.History) counts {
	all := counts{
		alive: told(c.model.Alive(h)), none: told(c.model.Churn(h, c.horizon)),
		expected: told(c.model.Expected(h, c.horizon)), next: c.next(h),
	}
	var sum float64
	for _, n := range c.nodes {
		expected, err := c.model.Expected(h, n.at)
		if err != nil {
			sum = math.NaN()
			break
		}
		sum += n.weight * expected
	}
	all.discounted = domain.Told(sum)
	all.ifAlive = all.discounted
	if all.alive.Known() && all.discounted.Known() {
		all.ifAlive = domain.Told(sum / all.alive.Value)
	}
	if c.kind == BGNBD {
		// To BG/NBD everybody without a repeat is alive: it says nothing of churn.
		none := domain.Untold(domain.NoRepeatObserved)
		all.none = none
		if h.X == 0 {
			all.alive, all.ifAlive = none, none
		}
	}
	return all
}

func told(v float64, err error) domain.Figure {
	if err != nil {
		return domain.Untold(domain.NotComputable)
	}
	return domain.Told(v)
}

// next is the median of the days to the next order of a customer who is alive.
// Then the rate is gamma(r+x, α+T) in all three models, and the time t to the next
// order exceeds it with ((α+T)/(α+T+t))^(r+x):
//
//	t½ = (α+T)(2^(1/(r+x)) − 1)
func (c *counter) next(h btyd.History) domain.Figure {
	shape, scale := c.rate(h)
	return domain.Told(c.unitDays * scale * math.Expm1(math.Ln2/shape))
}
