package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// The methods of differences and lifts.
const (
	MethodNewcombe = Method("newcombe")    // difference of shares, from their Wilson intervals
	MethodMover    = Method("mover_ratio") // ratio, from the intervals of both
	MethodWelch    = Method("welch")       // t with unequal variances
	// MethodSequence holds at every look at once: see Peeking.
	MethodSequence = Method("asymptotic_confidence_sequence")
)

// arms are the names of the two groups as fields.
var arms = [2]string{"treated", "hold_out"}

// Trials are how often something came about.
type Trials struct {
	Successes int64 // 0 to N
	N         int64
}

// Lift is what a treatment changed, against customers who were held out of it at
// random.
type Lift struct {
	Treated  Estimate
	HoldOut  Estimate
	Absolute Estimate // Treated − HoldOut
	// Relative is Treated/HoldOut − 1; nil where HoldOut is, or may be, 0 or below.
	Relative *Estimate
	P        float64 // that there is no difference, two-sided
	Means    bool    // of means; otherwise of shares
	Warnings []Warning
}

// LiftOfShares compares the shares of two groups that were drawn at random, looked
// at once, at the end that was planned; see Peeking for any other time.
//
// The interval of the difference is that of Newcombe (1998), Statistics in Medicine
// 17:873–890, method 10, from the Wilson intervals (l, u) of both,
//
//	p₁−p₂ − √((p₁−l₁)²+(u₂−p₂)²)  to  p₁−p₂ + √((u₁−p₁)²+(p₂−l₂)²)
//
// and that of the ratio comes from them in the same way: Donner & Zou (2012),
// Statistical Methods in Medical Research 21:347–359. P is that of χ² without
// correction. It fails unless 0 ≤ successes ≤ n, n ≥ 1 and 0 < level < 1.
func LiftOfShares(treated, holdOut Trials, level float64) (Lift, error) {
	a, err := wilsonOf("treated", treated, level)
	if err != nil {
		return Lift{}, err
	}
	b, err := wilsonOf("hold_out", holdOut, level)
	if err != nil {
		return Lift{}, err
	}
	l := Lift{Treated: a, HoldOut: b, P: 1, Warnings: []Warning{}}
	l.Absolute = Estimate{
		Value:  a.Value - b.Value,
		StdErr: math.Hypot(a.StdErr, b.StdErr),
		Low:    a.Value - b.Value - math.Hypot(a.Value-a.Low, b.High-b.Value),
		High:   a.Value - b.Value + math.Hypot(a.High-a.Value, b.Value-b.Low),
		Level:  level, Method: MethodNewcombe, N: a.N + b.N,
	}
	n, m := float64(treated.N), float64(holdOut.N)
	if all := float64(treated.Successes+holdOut.Successes) / (n + m); all > 0 && all < 1 {
		l.P = math.Erfc(math.Abs(l.Absolute.Value) / math.Sqrt(2*all*(1-all)*(1/n+1/m)))
	}
	l.relative()
	return l, nil
}

func wilsonOf(field string, t Trials, level float64) (Estimate, error) {
	if t.N < 1 || t.N > maxCount || t.Successes < 0 || t.Successes > t.N {
		return Estimate{}, refuse(ReasonInvalid, field, "must be 0 to n successes of n, 1 or more, got %d of %d", t.Successes, t.N)
	}
	if err := checkLevel(level); err != nil {
		return Estimate{}, err
	}
	return Wilson(t.Successes, t.N, level)
}

// checkLevel fails unless level lies strictly between 0 and 1.
func checkLevel(level float64) error {
	if !(level > 0 && level < 1) {
		return refuse(ReasonInvalid, "level", "must lie between 0 and 1 such as 0.95, got %v", level)
	}
	return nil
}

// LiftOfMeans compares the means of two groups that were drawn at random, looked at
// once, at the end that was planned: Welch (1947), Biometrika 34:28–35,
//
//	x̄₁−x̄₂ ± t_ν·√(s₁²/n₁+s₂²/n₂),   ν = (v₁+v₂)²/(v₁²/(n₁−1)+v₂²/(n₂−1)),   vᵢ = sᵢ²/nᵢ
//
// The interval of the ratio comes from those of both means as in LiftOfShares; it is
// not given where the hold-out's reaches 0. It fails unless both hold 2 finite
// numbers or more and vary between them, and 0 < level < 1.
func LiftOfMeans(treated, holdOut Spread, level float64) (Lift, error) {
	if err := checkLevel(level); err != nil {
		return Lift{}, err
	}
	if err := checkSpreads(treated, holdOut, 2); err != nil {
		return Lift{}, err
	}
	v, w := treated.Variance()/float64(treated.N), holdOut.Variance()/float64(holdOut.N)
	// Scaled by the sum, so that no square of a small variance is lost.
	f, g := v/(v+w), w/(v+w)
	df := 1 / (f*f/float64(treated.N-1) + g*g/float64(holdOut.N-1))
	stdErr := math.Sqrt(v + w)
	apart := treated.Mean - holdOut.Mean
	l := Lift{Means: true, Warnings: []Warning{}, Treated: meanOf(treated, level), HoldOut: meanOf(holdOut, level)}
	half := tQuantile(level, df) * stdErr
	l.Absolute = Estimate{
		Value: apart, StdErr: stdErr, Low: apart - half, High: apart + half,
		Level: level, Method: MethodWelch, N: treated.N + holdOut.N,
	}
	t := apart / stdErr
	l.P = fSurvival(t*t, 1, df)
	if !finite(l.Absolute.Low, l.Absolute.High, l.P, l.Treated.Low, l.Treated.High, l.HoldOut.Low, l.HoldOut.High) {
		return Lift{}, refuse(ReasonOverflow, "treated", "must hold numbers whose squares can be added up")
	}
	l.relative()
	return l, nil
}

func checkSpreads(treated, holdOut Spread, least int64) error {
	for i, s := range []Spread{treated, holdOut} {
		if s.N < least {
			return refuse(ReasonTooFewValues, arms[i], "must hold %d values or more, holds %d", least, s.N)
		}
		if !s.sound() {
			return refuse(ReasonInvalid, arms[i], "must hold finite numbers whose squares can be added up")
		}
	}
	if treated.M2 == 0 && holdOut.M2 == 0 {
		return refuse(ReasonZeroVariance, "treated", "must vary, in it or in the hold-out: all values of each are equal")
	}
	return nil
}

// meanOf estimates a mean with the interval of Student's t.
func meanOf(s Spread, level float64) Estimate {
	stdErr := math.Sqrt(s.Variance() / float64(s.N))
	half := tQuantile(level, float64(s.N-1)) * stdErr
	return Estimate{Value: s.Mean, StdErr: stdErr, Low: s.Mean - half, High: s.Mean + half, Level: level, Method: MethodWelch, N: s.N}
}

// manyFreedom is from how many degrees of freedom on the expansion is right to ten
// digits, up to levels of 0.999.
const manyFreedom = 1000

// tQuantile is t with P(|T| ≤ t) = level. With many degrees of freedom it is that of
// a normal distribution, expanded: Abramowitz & Stegun (1964), 26.7.5.
func tQuantile(level, df float64) float64 {
	if df < manyFreedom {
		return distuv.StudentsT{Sigma: 1, Nu: df}.Quantile(0.5 + level/2)
	}
	z := math.Sqrt2 * math.Erfinv(level)
	q := z * z
	first := z * (q + 1) / 4
	second := z * (5*q*q + 16*q + 3) / 96
	third := z * (3*q*q*q + 19*q*q + 17*q - 15) / 384
	return z + (first+(second+third/df)/df)/df
}

// relative makes the relative lift of the other figures.
func (l *Lift) relative() {
	a, b := l.Treated, l.HoldOut
	if b.Value <= 0 || b.Low <= 0 {
		l.Warnings = append(l.Warnings, warning(ReasonBaselineZero, "the hold-out's figure is, or may be, 0 or below: there is no lift relative to it"))
		return
	}
	low, high := ratioLimits(a, b)
	ratio := a.Value / b.Value
	e := Estimate{
		Value: ratio - 1, Low: min(low, ratio) - 1, High: max(high, ratio) - 1,
		StdErr: math.Hypot(a.StdErr, ratio*b.StdErr) / b.Value,
		Level:  a.Level, Method: MethodMover, N: a.N + b.N,
	}
	if finite(e.Value, e.Low, e.High, e.StdErr) {
		l.Relative = &e
	}
}

// ratioLimits are those R for which the interval of a − R·b, made of the two
// intervals as Newcombe's, ends at 0. b lies above 0 with its whole interval.
func ratioLimits(a, b Estimate) (low, high float64) {
	product := a.Value * b.Value
	// Roots of (b²−(u−b)²)R² − 2abR + a²−(a−l)² and of its mirror image.
	below, above := b.High*(2*b.Value-b.High), b.Low*(2*b.Value-b.Low)
	c, d := a.Low*(2*a.Value-a.Low), a.High*(2*a.Value-a.High)
	root := math.Sqrt(max(0, product*product-below*c))
	switch {
	case product+root > 0: // also where the first factor is 0 or below
		low = c / (product + root)
	case below > 0:
		low = (product - root) / below
	}
	return low, (product + math.Sqrt(max(0, product*product-above*d))) / above
}
