package lifetimes

import (
	"fmt"
	"io"
	"strconv"

	"github.com/kehuhq/kehu/pkg/survival"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// shownTimes is how many times of a curve the text has; of more, some.
const shownTimes = 40

// WriteText writes the curves as tables.
func (r *Curves) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	if r.Curve != nil {
		p.Heading("Survival (Kaplan–Meier)")
		r.set(p)
	}
	for _, word := range r.order {
		p.Heading("Survival (Kaplan–Meier), group " + word)
		r.Groups[word].set(p)
	}
	return r.end(w, p)
}

func (c *Curve) set(p *layout.Page) {
	var at []int // times with events
	for i, d := range c.Events {
		if d > 0 {
			at = append(at, i)
		}
	}
	rows := [][]string{{"time", "at risk", "events", "survival", "lower", "upper"}}
	step := max(1, (len(at)+shownTimes-1)/shownTimes)
	for k, i := range at {
		if k%step == 0 || k == len(at)-1 {
			rows = append(rows, []string{number(c.Times[i]), number(c.AtRisk[i]), number(c.Events[i]), fraction(c.Survival[i]), fraction(c.Lower[i]), fraction(c.Upper[i])})
		}
	}
	p.Table(rows)
	if step > 1 {
		p.Item(fmt.Sprintf("every %d of %d times with events; --format json has all", step, len(at)))
	}
	p.Item(fmt.Sprintf("%s subjects, %s events; interval %s at level %v", number(c.Subjects), number(c.TotalEvents), c.Interval, c.Level))
	p.Item(fmt.Sprintf("median %s (%s to %s)", optional(c.Median.Time), optional(c.Median.Lower), optional(c.Median.Upper)))
}

// WriteText writes the test and the groups.
func (r *LogRank) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	p.Heading("Log-rank test")
	rows := [][]string{{"group", "subjects", "observed", "expected"}}
	for _, word := range r.order {
		g := r.Groups[word]
		rows = append(rows, []string{word, number(g.Subjects), number(g.Observed), fmt.Sprintf("%.2f", g.Expected)})
	}
	p.Table(rows)
	p.Item(test("difference of the groups", r.Test))
	return r.end(w, p)
}

// WriteText writes the coefficients and the tests.
func (c *Cox) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	p.Heading(fmt.Sprintf("Cox proportional hazards (%s ties)", c.Ties))
	rows := [][]string{{"covariate", "coefficient", "hazard ratio", "s.e.", "lower", "upper", "p"}}
	for _, name := range c.order {
		of := c.all[name]
		se := of.StdErr
		if of.Robust > 0 {
			se = of.Robust
		}
		rows = append(rows, []string{name, coefficient(of.Value), ratio(c.HazardRatios[name]), coefficient(se), coefficient(of.Lower), coefficient(of.Upper), pValue(of.P)})
	}
	p.Table(rows)
	if c.RobustStandardErrors != nil {
		p.Item("standard errors, intervals and p by the robust sandwich")
	}
	p.Item(fmt.Sprintf("%s subjects, %s events; intervals at level %v", number(c.Subjects), number(c.Events), c.Level))
	p.Item(fmt.Sprintf("log-likelihood %.6g (without covariates %.6g); concordance %.4f (s.e. %.4f)", c.LogLikelihood, c.NullLogLikelihood, c.Concordance, c.ConcordanceStdErr))
	p.Item(test("likelihood ratio", c.LikelihoodRatio))
	p.Item(test("Wald", c.Wald))
	p.Item(test("score", c.Score))
	if t := c.Proportionality; t != nil {
		p.Heading("Are hazards proportional?")
		rows := [][]string{{"covariate", "χ²", "df", "p"}}
		for _, name := range append(append([]string{}, c.order...), "all") {
			of, ok := t.Covariates[name]
			if !ok {
				of = t.Global
			}
			rows = append(rows, []string{name, fmt.Sprintf("%.3f", of.Statistic), strconv.Itoa(of.DF), pValue(of.P)})
		}
		p.Table(rows)
		p.Item("a small p: the coefficient changes with time")
	}
	return c.end(w, p)
}

// WriteText writes the coefficients and the shape.
func (r *Weibull) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	p.Heading("Weibull, accelerated failure time")
	rows := [][]string{{"term", "coefficient", "s.e.", "lower", "upper", "p"}}
	for _, name := range r.order {
		c := r.all[name]
		rows = append(rows, []string{name, coefficient(c.Value), coefficient(c.StdErr), coefficient(c.Lower), coefficient(c.Upper), pValue(c.P)})
	}
	p.Table(rows)
	p.Item(fmt.Sprintf("shape %.5g (%.5g to %.5g): the hazard %s with time", r.Shape, r.ShapeLower, r.ShapeUpper, trend(r.ShapeLower, r.ShapeUpper)))
	p.Item(fmt.Sprintf("%s subjects, %s events; intervals at level %v", number(r.Subjects), number(r.Events), r.Level))
	p.Item(fmt.Sprintf("log-likelihood %.6g (without covariates %.6g)", r.LogLikelihood, r.NullLogLikelihood))
	if r.LikelihoodRatio != nil {
		p.Item(test("likelihood ratio", *r.LikelihoodRatio))
	}
	return r.end(w, p)
}

func trend(low, high float64) string {
	switch {
	case low > 1:
		return "rises"
	case high < 1:
		return "falls"
	default:
		return "cannot be told from one that stays the same"
	}
}

// end adds what every result has, and writes the page.
func (h Head) end(w io.Writer, p *layout.Page) error {
	if h.Dropped > 0 {
		p.Item(fmt.Sprintf("%d of %d rows left out for a missing value", h.Dropped, h.Rows))
	}
	for _, warning := range h.Warnings {
		p.Item(fmt.Sprintf("%s [%s]", warning.Message, warning.Reason))
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func test(name string, t survival.Test) string {
	return fmt.Sprintf("%s: χ² %.3f on %d, p %s", name, t.Statistic, t.DF, pValue(t.P))
}

func number(v float64) string      { return strconv.FormatFloat(v, 'g', 7, 64) }
func fraction(v float64) string    { return fmt.Sprintf("%.4f", v) }
func coefficient(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }

// pValue is rounded; below one in ten thousand it says only that.
func pValue(p float64) string {
	if p < 0.0001 {
		return "<0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// optional is a number that may not be there.
func optional(v *float64) string {
	if v == nil {
		return "not reached"
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}

// ratio is a hazard ratio, which may be beyond all numbers.
func ratio(v *float64) string {
	if v == nil {
		return "infinite"
	}
	return strconv.FormatFloat(*v, 'g', 5, 64)
}
