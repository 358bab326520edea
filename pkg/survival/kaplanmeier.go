package survival

import "math"

// Interval is the scale on which the interval of a survival curve is symmetric.
type Interval string

// The intervals, by the names that R's survfit has for them.
const (
	IntervalLog    Interval = "log"     // S·exp(±z·se(log S)), at most 1
	IntervalLogLog Interval = "log-log" // S^exp(±z·se(log S)/log S)
	IntervalPlain  Interval = "plain"   // S ± z·se(S), within 0 and 1
)

// CurveOptions say how the interval is made. Zero is log at level 0.95.
type CurveOptions struct {
	Interval Interval
	Level    float64 // confidence level as a fraction
}

// Curve is an estimated survival curve: a step function that is 1 before the
// first time and takes the value i at Times[i]. Times are all distinct durations,
// ascending, in the unit of the sample; counts are sums of weights.
type Curve struct {
	Times    []float64 `json:"times"`
	AtRisk   []float64 `json:"at_risk"`  // seen up to the time or longer
	Events   []float64 `json:"events"`   // at the time
	Censored []float64 `json:"censored"` // at the time; they count as at risk then
	Survival []float64 `json:"survival"`
	// StdErr is Greenwood's of the survival; 0 where nothing is left to vary.
	StdErr []float64 `json:"standard_errors"`
	// Lower and Upper are pointwise. Where the survival is 0 no scale has an
	// interval: there they are 0 and the upper end last found.
	Lower []float64 `json:"lower"`
	Upper []float64 `json:"upper"`

	Subjects    float64   `json:"subjects"`
	TotalEvents float64   `json:"total_events"`
	Interval    Interval  `json:"interval"`
	Level       float64   `json:"level"`
	Warnings    []Warning `json:"warnings"`
}

// KaplanMeier estimates survival without assuming a form: with dᵢ events among nᵢ
// at risk at the time tᵢ,
//
//	S(t) = Π_{tᵢ≤t} (1 − dᵢ/nᵢ),   Var(log S) = Σ_{tᵢ≤t} dᵢ/(nᵢ(nᵢ−dᵢ))
//
// Kaplan & Meier (1958), "Nonparametric estimation from incomplete observations",
// JASA 53:457–481; the variance is Greenwood's (1926). Who is censored at the time
// of an event is at risk then. O(n log n) time.
//
// An *Error names what is outside its domain. Without any event the curve is 1
// throughout and carries the warning NO_EVENTS.
func KaplanMeier(s Sample, o CurveOptions) (*Curve, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if o.Interval == "" {
		o.Interval = IntervalLog
	}
	if o.Interval != IntervalLog && o.Interval != IntervalLogLog && o.Interval != IntervalPlain {
		return nil, invalid("interval", "must be log, log-log or plain, got %q", o.Interval)
	}
	z, level, err := quantileOf(o.Level)
	if err != nil {
		return nil, err
	}
	t := newLifeTable(s)
	c := &Curve{
		Times: t.times, AtRisk: t.atRisk, Events: t.events, Censored: t.censored,
		Interval: o.Interval, Level: level, Warnings: append([]Warning{}, s.warnings()...),
	}
	c.Subjects, c.TotalEvents = s.totals()
	if c.TotalEvents == 0 {
		c.Warnings = append(c.Warnings, warn(ReasonNoEvents, nil, "nobody had the event: the curve is 1 throughout"))
	}
	c.fill(z)
	return c, nil
}

func (c *Curve) fill(z float64) {
	n := len(c.Times)
	all := make([]float64, 4*n)
	c.Survival, c.StdErr, c.Lower, c.Upper = all[:n:n], all[n:2*n:2*n], all[2*n:3*n:3*n], all[3*n:]
	survival, variance := 1.0, 0.0 // the latter of log S
	stdErr, lower, upper := 0.0, 1.0, 1.0
	for i, d := range c.Events {
		if d > 0 {
			left := c.AtRisk[i] - d
			survival *= max(left, 0) / c.AtRisk[i]
			if survival > 0 {
				variance += d / c.AtRisk[i] / left
				se := math.Sqrt(variance)
				stdErr = survival * se
				lower, upper = c.Interval.around(survival, z*se)
			} else {
				stdErr, lower = 0, 0
			}
		}
		c.Survival[i], c.StdErr[i], c.Lower[i], c.Upper[i] = survival, stdErr, lower, upper
	}
}

// around is the interval about a survival strictly between 0 and 1, half being z
// standard errors of its logarithm.
func (i Interval) around(survival, half float64) (lower, upper float64) {
	switch i {
	case IntervalLogLog:
		// log S < 0: the minus sign of the exponent makes the lower end.
		e := half / math.Log(survival)
		lower, upper = math.Pow(survival, math.Exp(-e)), math.Pow(survival, math.Exp(e))
	case IntervalPlain:
		lower, upper = survival*(1-half), survival*(1+half)
	default:
		e := math.Exp(half)
		lower, upper = survival/e, survival*e
	}
	return max(lower, 0), min(upper, 1)
}

// at is the index of the last time not after t, -1 before the first.
func (c *Curve) at(t float64) int {
	lo, hi := 0, len(c.Times)
	for lo < hi {
		mid := (lo + hi) / 2
		if c.Times[mid] <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// SurvivalAt is the survival at a time, with its interval: 1 before the first time,
// and after the last what it is there.
func (c *Curve) SurvivalAt(t float64) (survival, lower, upper float64) {
	i := c.at(t)
	if i < 0 {
		return 1, 1, 1
	}
	return c.Survival[i], c.Lower[i], c.Upper[i]
}

// Hazard is an estimated cumulative hazard: a step function that is 0 before the
// first time and takes the value i at Times[i].
type Hazard struct {
	Times      []float64 `json:"times"`
	Cumulative []float64 `json:"cumulative_hazard"`
	Variance   []float64 `json:"variance"`
}

// NelsonAalen is the cumulative hazard Σ dᵢ/nᵢ with the variance Σ dᵢ/nᵢ². Nelson
// (1972), Technometrics 14:945–966; Aalen (1978), Annals of Statistics 6:701–726.
func (c *Curve) NelsonAalen() Hazard {
	h := Hazard{Times: c.Times, Cumulative: make([]float64, len(c.Times)), Variance: make([]float64, len(c.Times))}
	cumulative, variance := 0.0, 0.0
	for i, d := range c.Events {
		rate := d / c.AtRisk[i]
		cumulative += rate
		variance += rate / c.AtRisk[i]
		h.Cumulative[i], h.Variance[i] = cumulative, variance
	}
	return h
}
