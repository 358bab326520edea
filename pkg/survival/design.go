package survival

import (
	"math"
	"slices"
)

// Covariates are what may tell subjects apart, a column for each.
type Covariates struct {
	Names   []string    // one for each column
	Columns [][]float64 // each has a row for each subject; finite, up to MaxCovariate
}

// design holds covariates centred on their means and divided by their standard
// deviations, a row after the other, so that the search for a maximum meets sums
// of one size whatever the units.
type design struct {
	n, p  int
	names []string
	x     []float64 // n rows of p
	mean  []float64
	sd    []float64
	reach []float64 // largest less smallest value, in standard deviations
}

func newDesign(s Sample, c Covariates) (*design, error) {
	n, p := s.Rows(), len(c.Columns)
	if p > MaxCovariates {
		return nil, invalid("covariates", "must have at most %d columns, got %d", MaxCovariates, p)
	}
	if len(c.Names) != p {
		return nil, invalid("covariates", "must have a name for each of %d columns, got %d", p, len(c.Names))
	}
	d := &design{
		n: n, p: p, names: slices.Clone(c.Names), x: make([]float64, n*p),
		mean: make([]float64, p), sd: make([]float64, p), reach: make([]float64, p),
	}
	for j, column := range c.Columns {
		if err := d.fill(s, j, column); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *design) fill(s Sample, j int, column []float64) error {
	name := d.names[j]
	if len(column) != d.n {
		return invalid(name, "must have as many rows as durations, %d, got %d", d.n, len(column))
	}
	low, high, sum, total := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for i, v := range column {
		if !(math.Abs(v) <= MaxCovariate) {
			return invalidRow(name, i, "must be a number of at most %g, got %v", MaxCovariate, v)
		}
		low, high = min(low, v), max(high, v)
		w := s.weight(i)
		sum += w * v
		total += w
	}
	if high-low < MinSpread {
		e := refuse(ReasonConstant, name, "must vary; it is %v in every row: leave it out", low)
		e.Covariates = []string{name}
		return e
	}
	mean := min(max(sum/total, low), high)
	// In units of the largest deviation, so that no square overflows or vanishes.
	largest, squares := max(high-mean, mean-low), 0.0
	for i, v := range column {
		u := (v - mean) / largest
		squares += s.weight(i) * u * u
	}
	sd := largest * math.Sqrt(squares/total)
	d.mean[j], d.sd[j], d.reach[j] = mean, sd, (high-low)/sd
	for i, v := range column {
		d.x[i*d.p+j] = (v - mean) / sd
	}
	return nil
}

// checkEvents refuses fewer events than parameters to be told by them, and warns
// of few.
func (d *design) checkEvents(s Sample) ([]Warning, error) {
	_, events := s.totals()
	switch rows := s.eventRows(); {
	case rows == 0:
		return nil, refuse(ReasonNoEvents, "events", "must hold at least one event")
	case rows < d.p:
		return nil, refuse(ReasonTooFewEvents, "events", "must be at least as many as the %d covariates, got %d", d.p, rows)
	case events < float64(10*d.p):
		return []Warning{warn(ReasonFewEvents, nil, "%.6g events for %d covariates; below ten for each, coefficients are biased and intervals too narrow", events, d.p)}, nil
	}
	return nil, nil
}

// singular names the column that follows from others.
func (d *design) singular(j int, on []int) *Error {
	e := refuse(ReasonSingular, d.names[j], "must tell something that the other covariates do not, among subjects at risk together: leave it out")
	e.Covariates = []string{d.names[j]}
	for _, k := range on {
		e.Covariates = append(e.Covariates, d.names[k])
	}
	if len(on) > 0 {
		e.Requirement += "; it follows from " + joined(e.Covariates[1:])
	}
	return e
}

func joined(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// infinite warns of the coefficients that the search drove away without end.
func (d *design) infinite(drifting []int) Warning {
	var names []string
	for _, j := range drifting {
		names = append(names, d.names[j])
	}
	return warn(ReasonInfinite, names,
		"the likelihood still grows, ever less, as the coefficient of %s goes to infinity: these subjects are told apart without exception; the coefficient and its standard error mean nothing, the likelihood ratio test holds", joined(names))
}
