package btyd

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Reasons of the Gamma-Gamma model's own.
const (
	ReasonSpendNotPositive   = "SPEND_NOT_POSITIVE"   // customers whose purchases are worth 0 or less are left out
	ReasonSpendMeanUndefined = "SPEND_MEAN_UNDEFINED" // q ≤ 1: the mean over all customers is infinite
	ReasonSpendCorrelated    = "SPEND_CORRELATED"     // spend goes with frequency, which the model rules out
)

// GammaGamma is the model of what a purchase is worth. The values of a customer's
// purchases are gamma(p, ν), and ν ~ gamma(q, γ) among customers, independently of
// how often they buy. (γ is v here and in most programs.) Values are in whatever
// unit the model was fitted in; v and all means are in it.
//
// Sources: Fader, Hardie and Lee, "RFM and CLV: using iso-value curves for customer
// base analysis", Journal of Marketing Research 42(4), 2005; Fader and Hardie, "The
// Gamma-Gamma model of monetary value", 2013 (brucehardie.com/notes/025).
type GammaGamma struct{ P, Q, V float64 }

func (m GammaGamma) check() error {
	for _, p := range []struct {
		name  string
		value float64
	}{{"p", m.P}, {"q", m.Q}, {"v", m.V}} {
		if !(p.value > 0) || math.IsInf(p.value, 0) {
			return fault.New(fault.InvalidArgument, ReasonParameterInvalid, "%s of the Gamma-Gamma model must be positive and finite, is %v", p.name, p.value)
		}
	}
	return nil
}

// PopulationMean is the expected value of a purchase of a customer of whom nothing
// is known, p·v/(q−1). Where q ≤ 1 there is none: SPEND_MEAN_UNDEFINED.
func (m GammaGamma) PopulationMean() (float64, error) { return m.ConditionalMean(0, 0) }

// ConditionalMean is the expected value of a purchase of a customer whose x repeat
// purchases were worth mean on average,
//
//	E(M | x, m̄) = p·(v + x·m̄)/(p·x + q − 1)
//
// the mean of m̄ and the population's, weighted by p·x and q−1. mean counts for
// nothing where x is 0. Faults: x or mean out of bounds; SPEND_MEAN_UNDEFINED where
// p·x + q ≤ 1.
func (m GammaGamma) ConditionalMean(x int, mean float64) (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	if x == 0 {
		mean = 0
	}
	if err := checkSpend(x, mean); err != nil {
		return 0, err
	}
	if x > 0 && mean <= 0 {
		return 0, fault.New(fault.InvalidArgument, ReasonSpendNotPositive, "spend: must be above 0 where x is %d, is %v", x, mean)
	}
	n := float64(x)
	weight := m.P*n + m.Q - 1
	if weight <= 0 {
		return 0, fault.New(fault.OutOfRange, ReasonSpendMeanUndefined,
			"the expected value of a purchase is infinite: p·x + q is %.4g, 1 or less", m.P*n+m.Q)
	}
	expected := m.P * (m.V/weight + mean*(n/weight))
	if math.IsInf(expected, 0) {
		return 0, fault.New(fault.OutOfRange, ReasonSpendMeanUndefined, "the expected value of a purchase is beyond all bounds")
	}
	return expected, nil
}

// LogLikelihood is that of a customer whose x repeat purchases, at least one, were
// worth mean on average, above 0:
//
//	f(m̄ | x) = (v/(v+x·m̄))^q·(x·m̄/(v+x·m̄))^(p·x) / (m̄·B(p·x, q))
//
// Faults: x or mean out of bounds.
func (m GammaGamma) LogLikelihood(x int, mean float64) (float64, error) {
	if err := m.check(); err != nil {
		return 0, err
	}
	if err := checkSpend(x, mean); err != nil {
		return 0, err
	}
	if x == 0 || mean <= 0 {
		return 0, fault.Invalid("spend", "must be above 0 of one repeat purchase or more, is %v of %d", mean, x)
	}
	px, total := m.P*float64(x), float64(x)*mean
	return -logBeta(px, m.Q) - m.Q*math.Log1p(total/m.V) - px*math.Log1p(m.V/total) - math.Log(mean), nil
}

// Limits of what a customer's purchases may be.
const (
	maxSpendRepeats = 1_000_000
	maxSpendMean    = 1e15
	leastSpendMean  = 1e-15
)

func checkSpend(x int, mean float64) error {
	if x < 0 || x > maxSpendRepeats {
		return fault.Invalid("x", "must be a number of repeat purchases from 0 to %d, is %d", maxSpendRepeats, x)
	}
	if math.IsNaN(mean) || math.Abs(mean) > maxSpendMean || mean > 0 && mean < leastSpendMean {
		return fault.Invalid("spend", "must be a number within ±%g, and at least %g where it is positive, is %v", maxSpendMean, leastSpendMean, mean)
	}
	return nil
}

// logBeta is log B(a, b) to full precision also where a or b is large, when the
// logarithms of the gamma functions cancel.
func logBeta(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if a < 10 {
		x, _ := math.Lgamma(a)
		y, _ := math.Lgamma(b)
		z, _ := math.Lgamma(a + b)
		return x + y - z
	}
	rest := stirling(a) - stirling(a+b) - (a-0.5)*math.Log1p(b/a)
	if b < 10 {
		y, _ := math.Lgamma(b)
		return y + rest + b - b*math.Log(a+b)
	}
	return rest + stirling(b) + 0.5*math.Log(2*math.Pi/b) - b*math.Log1p(a/b)
}

// stirling is the remainder of Stirling's formula, log Γ(z) − (z−½)·log z + z −
// ½·log 2π, for z ≥ 10 (DLMF 5.11.1).
func stirling(z float64) float64 {
	w := 1 / (z * z)
	return (1./12 - w*(1./360-w*(1./1260-w*(1./1680-w*(1./1188-w*691./360360))))) / z
}
