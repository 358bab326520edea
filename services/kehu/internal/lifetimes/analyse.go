package lifetimes

import (
	"errors"
	"io"
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/survival"
)

// Methods are the analyses by name.
var Methods = []string{"km", "logrank", "cox-efron", "cox-breslow", "weibull"}

// Settings say what to compute.
type Settings struct {
	Method   string // one of Methods
	Interval string // of km: log, log-log or plain
	Level    float64
	Robust   bool // standard errors of cox
	Baseline bool // give the baseline hazard of cox
}

// Result is what one method found: *Curves, *LogRank, *Cox or *Weibull. As JSON it
// is an object with the members of that method.
type Result interface {
	// WriteText writes it for a terminal with so many columns.
	WriteText(w io.Writer, columns int) error
}

// Head is what every result has.
type Head struct {
	Method   string             `json:"method"`
	Rows     int64              `json:"rows"`    // read
	Dropped  int64              `json:"dropped"` // of them, left out for a missing value
	Warnings []survival.Warning `json:"warnings"`
}

// Curve is a survival curve with its median and the cumulative hazard.
type Curve struct {
	*survival.Curve
	NelsonAalen         []float64         `json:"cumulative_hazard"`
	NelsonAalenVariance []float64         `json:"cumulative_hazard_variance"`
	Median              survival.Quantile `json:"median"`
}

// Curves is one curve, or one for each group.
type Curves struct {
	Head
	*Curve
	Groups map[string]*Curve `json:"groups,omitempty"`
	order  []string
}

// LogRank is a test of groups.
type LogRank struct {
	Head
	survival.Test
	Groups map[string]survival.GroupEvents `json:"groups"`
	order  []string
}

// Run analyses the data. What cannot be analysed is a fault with the reason of
// package survival.
func Run(d *Data, s Settings) (Result, error) {
	head := Head{Method: s.Method, Rows: d.Rows, Dropped: d.Dropped, Warnings: []survival.Warning{}}
	var r Result
	var err error
	switch s.Method {
	case "km":
		r, err = curves(head, d, s)
	case "logrank":
		r, err = logRank(head, d)
	case "cox-efron", "cox-breslow":
		r, err = cox(head, d, s)
	case "weibull":
		r, err = weibull(head, d, s)
	default:
		err = fault.Invalid("method", "must be one of %v, is %q", Methods, s.Method)
	}
	if err != nil {
		return nil, refused(err)
	}
	return r, nil
}

// refused makes a fault of an error of package survival.
func refused(err error) error {
	var e *survival.Error
	if !errors.As(err, &e) {
		return err
	}
	f := fault.New(fault.InvalidArgument, string(e.Reason), "%s %s", e.Argument, e.Requirement)
	if e.Row >= 0 {
		f = fault.New(fault.InvalidArgument, string(e.Reason), "%s, row %d of those analysed: %s", e.Argument, e.Row+1, e.Requirement)
	}
	f.Violations = []fault.Violation{{Field: e.Argument, Description: e.Requirement}}
	return f
}

func curves(head Head, d *Data, s Settings) (*Curves, error) {
	r := &Curves{Head: head}
	if d.Group.Of == nil {
		c, err := curve(d.Sample, s)
		if err != nil {
			return nil, err
		}
		r.Curve, r.Warnings = c, append(r.Warnings, c.Warnings...)
		return r, nil
	}
	if len(d.Group.Words) > survival.MaxGroups {
		return nil, fault.Invalid("group", "must have at most %d values, has %d", survival.MaxGroups, len(d.Group.Words))
	}
	parts := make([]survival.Sample, len(d.Group.Words))
	for i, code := range d.Group.Of {
		p := &parts[code]
		p.Durations, p.Events = append(p.Durations, d.Sample.Durations[i]), append(p.Events, d.Sample.Events[i])
		if d.Sample.Weights != nil {
			p.Weights = append(p.Weights, d.Sample.Weights[i])
		}
	}
	r.Groups, r.order = map[string]*Curve{}, d.Group.Words
	for code, word := range d.Group.Words {
		c, err := curve(parts[code], s)
		if err != nil {
			return nil, err
		}
		r.Groups[word] = c
		for _, w := range c.Warnings {
			w.Message = "group " + word + ": " + w.Message
			r.Warnings = append(r.Warnings, w)
		}
	}
	return r, nil
}

func curve(sample survival.Sample, s Settings) (*Curve, error) {
	c, err := survival.KaplanMeier(sample, survival.CurveOptions{Interval: survival.Interval(s.Interval), Level: s.Level})
	if err != nil {
		return nil, err
	}
	median, err := c.Quantile(0.5)
	if err != nil {
		return nil, err
	}
	h := c.NelsonAalen()
	return &Curve{Curve: c, NelsonAalen: h.Cumulative, NelsonAalenVariance: h.Variance, Median: median}, nil
}

func logRank(head Head, d *Data) (*LogRank, error) {
	if d.Group.Of == nil {
		return nil, fault.Invalid("group", "must name the column of the groups to compare")
	}
	if len(d.Group.Words) < 2 {
		return nil, fault.Invalid("group", "must have 2 values or more to compare, has only %q", d.Group.Words[0])
	}
	t, err := survival.LogRank(d.Sample, d.Group.Of, d.Strata.Of)
	if err != nil {
		return nil, err
	}
	r := &LogRank{Head: head, Test: t.Test, Groups: map[string]survival.GroupEvents{}, order: d.Group.Words}
	for code, word := range d.Group.Words {
		r.Groups[word] = t.Groups[code]
	}
	return r, nil
}

// hazardRatio is exp of a coefficient, or nil where there is no number for it.
func hazardRatio(coefficient float64) *float64 {
	v := math.Exp(coefficient)
	if math.IsInf(v, 0) {
		return nil
	}
	return &v
}
