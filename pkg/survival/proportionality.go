package survival

import (
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// Transform is the scale of time on which a coefficient may change.
type Transform string

// The transforms, by R's names.
const (
	TransformKM       Transform = "km"       // 1 − S(t−) by Kaplan and Meier, all strata together
	TransformIdentity Transform = "identity" // the time itself
)

// ProportionalityTest is the outcome of TestProportionality, a test for each
// covariate in the order of the coefficients and one of all.
type ProportionalityTest struct {
	Transform  Transform   `json:"transform"`
	Covariates []NamedTest `json:"covariates"`
	Global     Test        `json:"global"`
}

// NamedTest is the test of one covariate.
type NamedTest struct {
	Name string `json:"name"`
	Test
}

// TestProportionality tests whether coefficients are the same at all times, which
// is what proportional hazards means: the score test of adding xⱼ·g(t) to the
// model, with g the transform of time. With U(t) and V(t) the shares of one time in
// the gradient and the information at the estimate,
//
//	U = Σ g(t)·U(t),   I = [ΣV(t)  Σg(t)V(t); Σg(t)V(t)  Σg(t)²V(t)],   χ² = (0,U)ᵀI⁻¹(0,U)
//
// Grambsch & Therneau (1994), "Proportional hazards tests and diagnostics based on
// weighted residuals", Biometrika 81:515–526, with the information of each time
// itself in place of its average, as R's cox.zph does since survival 3.0.
//
// Refused with PROPORTIONALITY_UNTESTABLE where the events leave nothing to test
// against, such as events at a single time.
func (f *CoxFit) TestProportionality(transform Transform) (*ProportionalityTest, error) {
	g, err := f.transformed(transform)
	if err != nil {
		return nil, err
	}
	p := f.design.p
	packed := p * (p + 1) / 2
	u := make([]float64, p)
	v := [3][]float64{make([]float64, packed), make([]float64, packed), make([]float64, packed)}
	f.sets.walk(f.beta, make([]float64, len(f.sets.weight)), func(t *deaths) {
		at := g(t.time)
		t.score(at, u)
		t.information(1, v[0])
		t.information(at, v[1])
		t.information(at*at, v[2])
	})
	var m [3]*mat.SymDense
	for i := range m {
		m[i] = mat.NewSymDense(p, nil)
		unpack(v[i], m[i])
	}
	untestable := refuse(ReasonUntestable, "events", "must lie at several times, with several subjects at risk")
	all := make([]int, p)
	result := &ProportionalityTest{Transform: transform}
	for j, name := range f.design.names {
		all[j] = j
		statistic, ok := addedScore(m, u, []int{j})
		if !ok {
			return nil, untestable
		}
		result.Covariates = append(result.Covariates, NamedTest{name, newTest(statistic, 1)})
	}
	statistic, ok := addedScore(m, u, all)
	if !ok {
		return nil, untestable
	}
	result.Global = newTest(statistic, p)
	return result, nil
}

// addedScore is the score test of adding the time-dependent terms of the columns.
func addedScore(m [3]*mat.SymDense, u []float64, columns []int) (float64, bool) {
	p := len(u)
	information, score := mat.NewSymDense(p+len(columns), nil), make([]float64, p+len(columns))
	for a := range p {
		for b := range a + 1 {
			information.SetSym(a, b, m[0].At(a, b))
		}
	}
	for i, j := range columns {
		score[p+i] = u[j]
		for a := range p {
			information.SetSym(p+i, a, m[1].At(j, a))
		}
		for k, l := range columns[:i+1] {
			information.SetSym(p+i, p+k, m[2].At(j, l))
		}
	}
	if at, _ := dependent(information); at >= 0 {
		return 0, false
	}
	return quadratic(information, score)
}

// transformed is the transform of event times, with a mean of 0 and a standard
// deviation of 1 over the events, which changes no test.
func (f *CoxFit) transformed(transform Transform) (func(float64) float64, error) {
	raw := func(t float64) float64 { return t }
	switch transform {
	case TransformIdentity:
	case TransformKM:
		c, err := KaplanMeier(f.sample, CurveOptions{})
		if err != nil {
			return nil, err
		}
		raw = func(t float64) float64 {
			before := sort.SearchFloat64s(c.Times, t)
			if before == 0 {
				return 0
			}
			return 1 - c.Survival[before-1]
		}
	default:
		return nil, invalid("transform", "must be km or identity, got %q", transform)
	}
	var at []float64
	for i, event := range f.sample.Events {
		if event {
			at = append(at, raw(f.sample.Durations[i]))
		}
	}
	mean, sd := stat.MeanStdDev(at, nil)
	if len(at) < 2 || !(sd > 0) || !finite(mean/sd) {
		return nil, refuse(ReasonUntestable, "events", "must lie at several times")
	}
	return func(t float64) float64 { return (raw(t) - mean) / sd }, nil
}

// SchoenfeldResidual is what one subject with the event tells about the
// coefficients at its time.
type SchoenfeldResidual struct {
	Row  int     // of the sample
	Time float64 // of the event
	// Scaled are, for each covariate in its own units, the coefficient that this
	// one event speaks for: β + d·V·(x − x̄(t)), with d the number of events and V
	// the covariance of the coefficients. Their trend over time is that of β.
	Scaled []float64
}

// SchoenfeldResiduals are those of all events, by stratum and time: Schoenfeld
// (1982), Biometrika 69:239–241, scaled as by Grambsch & Therneau (1994).
func (f *CoxFit) SchoenfeldResiduals() []SchoenfeldResidual {
	p := f.design.p
	var all []SchoenfeldResidual
	raw := make([]float64, p)
	f.sets.walk(f.beta, make([]float64, len(f.sets.weight)), func(t *deaths) {
		for i := t.hi - 1; i >= t.mid; i-- {
			for j := range p {
				raw[j] = f.sets.x[int(i)*p+j] - t.expected(j)/float64(t.hi-t.mid)
			}
			scaled := make([]float64, p)
			for j := range p {
				s := 0.0
				for k := range p {
					s += f.covariance.At(j, k) * raw[k]
				}
				scaled[j] = (f.beta[j] + f.Events*s) / f.design.sd[j]
			}
			all = append(all, SchoenfeldResidual{int(f.sets.row[i]), t.time, scaled})
		}
	})
	sort.SliceStable(all, func(a, b int) bool {
		if f.strata != nil && f.strata[all[a].Row] != f.strata[all[b].Row] {
			return f.strata[all[a].Row] < f.strata[all[b].Row]
		}
		if all[a].Time != all[b].Time {
			return all[a].Time < all[b].Time
		}
		return all[a].Row < all[b].Row
	})
	return all
}
