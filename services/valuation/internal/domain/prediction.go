package domain

import "math"

// ChurnDefinition says when a customer without a contract counts as lost.
type ChurnDefinition uint8

// The definitions.
const (
	NoPurchaseWithin ChurnDefinition = iota + 1 // P(no order within the horizon) is at least the threshold
	Overdue                                     // the last order is too long ago for the customer's own rhythm
)

// PredictionPolicy says how a refresh predicts.
type PredictionPolicy struct {
	Disabled         bool
	Models           []string // ids; empty takes the champions, or fits them
	HorizonDays      int64    // that expected orders and the risk of churn look ahead
	ValueHorizonDays int64    // that the residual value looks ahead
	DiscountRate     float64  // annual: money t days ahead counts (1+d)^(−t/365)
	MarginRate       float64  // share of revenue; 0 takes that of the orders whose cost is known
	Churn            ChurnDefinition
	ChurnThreshold   float64 // for NoPurchaseWithin
	OverdueFactor    float64 // for Overdue: medians of the customer's own gaps that may pass
}

// What a policy says where it is silent.
const (
	DefaultDiscountRate     = 0.10
	defaultHorizonDays      = 365
	defaultValueHorizonDays = 3 * 365
	defaultChurnThreshold   = 0.8
	defaultOverdueFactor    = 2
	defaultAlerts           = 1000
	defaultMinRisk          = 0.5
	defaultMinFall          = 0.5
)

func (p *PredictionPolicy) normalize() {
	p.HorizonDays = orDefault(p.HorizonDays, defaultHorizonDays)
	p.ValueHorizonDays = orDefault(p.ValueHorizonDays, defaultValueHorizonDays)
	p.Churn = orDefault(p.Churn, NoPurchaseWithin)
	p.ChurnThreshold = orDefault(p.ChurnThreshold, defaultChurnThreshold)
	p.OverdueFactor = orDefault(p.OverdueFactor, defaultOverdueFactor)
}

// AlertPolicy says of whom a refresh warns.
type AlertPolicy struct {
	Disabled bool
	Most     int64   // alerts of each kind that one refresh raises
	MinRisk  float64 // least 1 − P(alive)
	MinFall  float64 // least fall of the residual value, as a share of what it was
	MinMinor int64   // least money at stake
}

func (p *AlertPolicy) normalize() {
	p.Most = orDefault(p.Most, defaultAlerts)
	p.MinRisk = orDefault(p.MinRisk, defaultMinRisk)
	p.MinFall = orDefault(p.MinFall, defaultMinFall)
}

func orDefault[T comparable](v, or T) T {
	var none T
	if v == none {
		return or
	}
	return v
}

// Absence says why a figure cannot be told. The numbers are stored.
type Absence uint8

// The reasons, by which the API names them in capitals.
const (
	Present            Absence = iota
	ModelMissing               // there is no model of what the figure is about
	NoRepeatObserved           // BG/NBD, to which everybody without a repeat is alive
	MarginUnknown              // neither stated nor known from costs
	MarginNotPositive          // orders cost what they bring, or more
	SpendNotPositive           // the customer has ordered again and paid nothing
	SpendMeanUndefined         // the model of spend has no mean
	RhythmUnknown              // too few orders to have a rhythm
	ChurnByRhythm              // the policy defines churn without a probability
	NotComputable              // beyond what can be written as a number
)

var absenceNames = [...]string{
	"", "MODEL_MISSING", "NO_REPEAT_OBSERVED", "MARGIN_UNKNOWN", "MARGIN_NOT_POSITIVE", "SPEND_NOT_POSITIVE",
	"SPEND_MEAN_UNDEFINED", "RHYTHM_UNKNOWN", "CHURN_BY_RHYTHM", "NOT_COMPUTABLE",
}

// String is the reason as the API has it.
func (a Absence) String() string {
	if int(a) < len(absenceNames) {
		return absenceNames[a]
	}
	return "NOT_COMPUTABLE" // of a later version
}

// Figure is a number, or why there is none.
type Figure struct {
	Value float64
	Why   Absence // Present where there is one
}

// Known reports whether there is one.
func (f Figure) Known() bool { return f.Why == Present }

// Told is a figure; none where the number is not finite.
func Told(v float64) Figure {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Figure{Why: NotComputable}
	}
	return Figure{Value: v}
}

// Untold is no figure.
func Untold(why Absence) Figure { return Figure{Why: why} }

// Amount is a figure in money, minor units of the valuation's currency.
type Amount struct {
	Minor int64
	Why   Absence
}

// Known reports whether there is one.
func (a Amount) Known() bool { return a.Why == Present }

// mostMinor keeps estimates within the whole numbers that a float64 tells apart.
const mostMinor = 1 << 53

// Amount is the figure to the nearest minor unit, ties to even.
func (f Figure) Amount() Amount {
	switch {
	case !f.Known():
		return Amount{Why: f.Why}
	case math.Abs(f.Value) > mostMinor:
		return Amount{Why: NotComputable}
	}
	return Amount{Minor: int64(math.RoundToEven(f.Value))}
}

// Prediction is what models expect of one customer.
type Prediction struct {
	Made       bool   // all else is empty where not
	Alive      Figure // P(alive)
	Churn      Figure // P(no order within the horizon)
	Churned    bool   // by the definition; ChurnKnown says whether that can be told
	ChurnKnown bool
	Orders     Figure // expected within the horizon
	NextDays   Figure // median to the next order, if alive
	Overdue    Figure // days since the last order over those the rhythm allows
	OrderValue Amount // expected money of an order
	Residual   Amount // discounted margin to come
	IfAlive    Amount // the same, were the customer known to be alive
	AtRisk     Amount // IfAlive × (1 − P(alive))
}

// PredictionSummary is how a refresh has predicted, and the sums over all customers.
type PredictionSummary struct {
	Models   []string // ids
	Margin   Margin
	Sums     PredictionSums
	Warnings []Warning
}

// PredictionSums are sums over customers with a prediction.
type PredictionSums struct {
	Customers int64
	Churned   int64
	Orders    float64
	Valued    int64 // customers whose residual value is known
	Residual  int64 // minor units
	AtRisk    int64
}

// Add counts one prediction; false where a sum does not fit.
func (s *PredictionSums) Add(p *Prediction) bool {
	if !p.Made {
		return true
	}
	s.Customers++
	if p.ChurnKnown && p.Churned {
		s.Churned++
	}
	s.Orders += p.Orders.Value
	if !p.Residual.Known() {
		return true
	}
	s.Valued++
	return s.addMoney(p.Residual.Minor, p.AtRisk.Minor)
}

// Merge adds other sums; false where one does not fit.
func (s *PredictionSums) Merge(o PredictionSums) bool {
	s.Customers += o.Customers
	s.Churned += o.Churned
	s.Orders += o.Orders
	s.Valued += o.Valued
	return s.addMoney(o.Residual, o.AtRisk)
}

func (s *PredictionSums) addMoney(residual, atRisk int64) bool {
	var fits, fit bool
	s.Residual, fits = Add(s.Residual, residual)
	s.AtRisk, fit = Add(s.AtRisk, atRisk)
	return fits && fit
}

// Margin is what is left of revenue when the goods are paid for.
type Margin struct {
	Rate     float64 // share of revenue, above 0 where Why is Present
	Why      Absence
	Stated   bool    // by the policy, not known from costs
	Coverage float64 // share of the revenue whose cost is known
}

// marginCoverage is the least share of the revenue whose costs speak for all of it.
const marginCoverage = 0.8

// Margin is that of a policy, or that of all orders in a currency.
func (t *Tally) Margin(p PredictionPolicy, currency string) Margin {
	turnover := t.Currencies[currency]
	m := Margin{Coverage: share(turnover.KnownRevenue, turnover.Revenue)}
	switch {
	case p.MarginRate > 0:
		m.Rate, m.Stated = p.MarginRate, true
	case m.Coverage < marginCoverage:
		m.Why = MarginUnknown
	case turnover.KnownCost >= turnover.KnownRevenue:
		m.Why = MarginNotPositive
	default:
		m.Rate = 1 - float64(turnover.KnownCost)/float64(turnover.KnownRevenue)
	}
	return m
}
