package value

import (
	"maps"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Terms are under what the future is worked out.
type Terms struct {
	Horizon      float64  // in the model file's unit
	DiscountRate float64  // annual, e.g. 0.15
	Margin       *float64 // share of spend that is margin; nil where nobody has said
	Compounding  string   // one of Conventions; empty is auto
	Model        string   // of the file's purchase models; empty takes the first of preferred
}

// preferred is the order in which a purchase model is taken where none is named:
// those first that know a churn risk of one-time buyers.
var preferred = []string{ParetoNBD, MBGNBD, BGNBD}

// Discount says how an annual rate is applied.
type Discount struct {
	AnnualRate  float64 `json:"annual_rate"`
	PerPeriod   float64 `json:"per_period"`
	Compounding string  `json:"compounding"` // continuous or per_period
	Formula     string  `json:"formula"`
}

// Setup is what a prediction is made with, as it is printed.
type Setup struct {
	Model       string   `json:"model"`
	SpendModel  string   `json:"spend_model"` // empty where the file has none
	Unit        string   `json:"unit"`
	Horizon     float64  `json:"horizon"`
	Discount    Discount `json:"discount"`
	Margin      float64  `json:"margin"`
	MarginKnown bool     `json:"margin_stated"` // otherwise residual_clv is revenue
	Currency    string   `json:"currency,omitempty"`
	Converged   bool     `json:"converged"` // both models
	Notes       []string `json:"notes"`
}

// Predictor predicts customer by customer, for one goroutine at a time.
type Predictor struct {
	Setup     Setup
	purchases *btyd.Predictor
	discount  btyd.Discount
	spend     *btyd.GammaGamma
	known     map[btyd.History]Prediction // what does not depend on spend, of histories met before
}

// mostKnown is how many histories are remembered: days repeat, so that few histories
// make up most of a shop's customers.
const mostKnown = 100_000

// Prediction is of one customer. A figure that there is not is nil, and Reasons say
// why, by its name.
type Prediction struct {
	Row                  int64             `json:"row"`
	ID                   string            `json:"id,omitempty"`
	Alive                *float64          `json:"p_alive"`
	Purchases            *float64          `json:"expected_purchases"` // within the horizon
	ChurnRisk            *float64          `json:"churn_risk"`         // P(no purchase within the horizon)
	Spend                *float64          `json:"expected_spend"`     // of a purchase
	ResidualTransactions *float64          `json:"residual_transactions"`
	ResidualCLV          *float64          `json:"residual_clv"`
	Reasons              map[string]string `json:"reasons,omitempty"`
}

// NewPredictor makes one of a model file. Faults, InvalidArgument, name the flag or
// MODEL_NOT_FITTED.
func NewPredictor(f *File, t Terms) (*Predictor, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	chosen, err := f.purchaseModel(t.Model)
	if err != nil {
		return nil, err
	}
	purchases, err := btyd.NewPredictor(chosen.purchases())
	if err != nil {
		return nil, err
	}
	p := &Predictor{purchases: purchases, known: map[btyd.History]Prediction{}, Setup: Setup{
		Model: chosen.Model, Unit: f.Unit, Horizon: t.Horizon, Margin: 1, Currency: f.Currency,
		Converged: chosen.Converged, Notes: []string{},
	}}
	if p.discount, p.Setup.Discount, err = discountOf(chosen.Model, t, f.Unit); err != nil {
		return nil, err
	}
	if t.Margin != nil {
		p.Setup.Margin, p.Setup.MarginKnown = *t.Margin, true
	} else {
		p.note("no --margin is given: residual_clv is residual revenue, at a margin of 1")
	}
	if m := f.find(GammaGamma); m != nil {
		p.spend = &btyd.GammaGamma{P: m.Params["p"], Q: m.Params["q"], V: m.Params["v"]}
		p.Setup.SpendModel, p.Setup.Converged = GammaGamma, chosen.Converged && m.Converged
	} else {
		p.note("the model file has no gamma-gamma: expected_spend and residual_clv are not known")
	}
	if !p.Setup.Converged {
		p.note("a model has not converged: see the warnings of its fit")
	}
	if chosen.Model == BGNBD {
		p.note("bg-nbd takes one-time buyers for alive for ever: it gives no churn risk; mbg-nbd and pareto-nbd do")
	}
	return p, nil
}

func (p *Predictor) note(text string) { p.Setup.Notes = append(p.Setup.Notes, text) }

func (t Terms) check() error {
	var wrong []*fault.Fault
	if !(t.Horizon > 0 && t.Horizon <= 1e6) {
		wrong = append(wrong, fault.Invalid("horizon", "must be a number of periods above 0 and at most 1e6, e.g. 52, is %v", t.Horizon))
	}
	const leastDiscount = 1e-6 // below it the rate of a day is one that no figure is computed for
	if !(t.DiscountRate >= leastDiscount && t.DiscountRate <= 10) {
		wrong = append(wrong, fault.Invalid("discount-rate", "must be an annual rate from 1e-6 to 10, e.g. 0.15, is %v", t.DiscountRate))
	}
	if t.Margin != nil && !(*t.Margin > 0 && *t.Margin <= 1) {
		wrong = append(wrong, fault.Invalid("margin", "must be a share of revenue above 0 and at most 1, e.g. 0.3, is %v", *t.Margin))
	}
	return fault.Merge(wrong...)
}

// purchaseModel is the model of that name, or the first of preferred.
func (f *File) purchaseModel(name string) (*Model, error) {
	names := preferred
	if name != "" {
		names = []string{name}
	}
	for _, name := range names {
		if m := f.find(name); m != nil && name != GammaGamma {
			return m, nil
		}
	}
	if name == "" {
		name = "a purchase model (pareto-nbd, mbg-nbd, bg-nbd)"
	}
	return nil, invalid("MODEL_NOT_FITTED", "the model file does not hold the parameters of %s", name)
}

// Conventions of discounting on the command line.
var Conventions = []string{"auto", "continuous", "per-period"}

// purchases is a purchase model with its parameters.
func (m *Model) purchases() btyd.Model {
	p := m.Params
	switch m.Model {
	case BGNBD:
		return btyd.BGNBD{R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
	case MBGNBD:
		return btyd.MBGNBD{R: p["r"], Alpha: p["alpha"], A: p["a"], B: p["b"]}
	default:
		return btyd.ParetoNBD{R: p["r"], Alpha: p["alpha"], S: p["s"], Beta: p["beta"]}
	}
}

// discountOf applies an annual rate. Left open, it is continuous for Pareto/NBD,
// whose residual transactions have a closed form in continuous time, and per period
// for the others, whose are a sum over periods.
func discountOf(model string, t Terms, unit string) (btyd.Discount, Discount, error) {
	n := Units[unit].PerYear
	if t.Compounding == "continuous" || t.Compounding != "per-period" && model == ParetoNBD {
		d, err := btyd.ContinuousDiscount(t.DiscountRate, n)
		return d, Discount{t.DiscountRate, d.Rate, string(d.Compounding), formatted("ln(1+d)/%g", n)}, err
	}
	d, err := btyd.PeriodDiscount(t.DiscountRate, n)
	return d, Discount{t.DiscountRate, d.Rate, string(d.Compounding), formatted("(1+d)^(1/%g) − 1", n)}, err
}

// Of predicts one customer. The fault is InvalidArgument where the history is wrong.
func (p *Predictor) Of(row Row) (*Prediction, error) {
	h := btyd.History{X: row.X, Tx: row.TX, T: row.T}
	if err := h.Validate(); err != nil {
		return nil, err
	}
	found := p.ofHistory(h)
	at := &found
	at.Row, at.ID, at.Reasons = row.Number, row.ID, maps.Clone(found.Reasons)
	at.set("expected_spend", &at.Spend, func() (float64, error) { return p.expectedSpend(row) })
	switch {
	case at.Spend == nil:
		at.because("residual_clv", at.Reasons["expected_spend"])
	case at.ResidualTransactions == nil:
		at.because("residual_clv", at.Reasons["residual_transactions"])
	default:
		clv := p.Setup.Margin * *at.Spend * *at.ResidualTransactions
		at.ResidualCLV = &clv
	}
	return at, nil
}

// ofHistory is what a valid history tells.
func (p *Predictor) ofHistory(h btyd.History) Prediction {
	if at, known := p.known[h]; known {
		return at
	}
	var at Prediction
	at.set("p_alive", &at.Alive, func() (float64, error) { return p.purchases.Alive(h) })
	at.set("expected_purchases", &at.Purchases, func() (float64, error) { return p.purchases.Expected(h, p.Setup.Horizon) })
	at.set("churn_risk", &at.ChurnRisk, func() (float64, error) { return p.purchases.Churn(h, p.Setup.Horizon) })
	at.set("residual_transactions", &at.ResidualTransactions, func() (float64, error) { return p.purchases.Residual(h, p.discount) })
	if p.Setup.Model == BGNBD && h.X == 0 {
		at.because("p_alive", btyd.ReasonNoRepeatObserved) // 1 by definition, which says nothing
	}
	if len(p.known) >= mostKnown {
		clear(p.known)
	}
	p.known[h] = at
	return at
}

func (p *Predictor) expectedSpend(row Row) (float64, error) {
	switch {
	case p.spend == nil:
		return 0, fault.New(fault.FailedPrecondition, "SPEND_MODEL_MISSING", "the model file has no gamma-gamma")
	case row.X > 0 && !row.HasSpend:
		return 0, fault.New(fault.FailedPrecondition, "SPEND_MISSING", "the row states no spend")
	}
	return p.spend.ConditionalMean(row.X, row.Spend)
}

// set writes a figure, or why there is none.
func (at *Prediction) set(name string, to **float64, figure func() (float64, error)) {
	value, err := figure()
	if err != nil {
		reason := fault.ReasonOf(err)
		if reason == "" {
			reason = "UNKNOWN"
		}
		at.because(name, reason)
		return
	}
	*to = &value
}

func (at *Prediction) because(name, reason string) {
	if at.Reasons == nil {
		at.Reasons = make(map[string]string, 2)
	}
	at.Reasons[name] = reason
}
