package stat

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Peeking is how a lift is looked at while it comes in: at any time, as often as one
// likes, stopping whenever one likes. All intervals together hold with Level, and P
// falls below 1 − Level at any look only with that chance if there is no difference.
// Fixed before the first look.
type Peeking struct {
	Level float64 // e.g. 0.95
	// PlannedN is the number of customers of both groups at which the interval shall
	// be narrowest; it holds at any other too.
	PlannedN int64
}

// What has to be seen before intervals that large samples justify are given.
const (
	minPeekMeans = 100 // values in each group
	minPeekShare = 10  // successes, and failures, in each group
)

// LiftOfShares is the lift so far, with an asymptotic confidence sequence: with
// the estimate θ̂ of n customers and its standard error s,
//
//	θ̂ ± s·√(2(nρ²+1)/(nρ²) · ln(√(nρ²+1)/α)),   ρ² = (−2·ln α + ln(1−2·ln α))/PlannedN
//
// Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024), "Time-uniform central limit
// theory and asymptotic confidence sequences", Annals of Statistics 52:2613–2640,
// theorem 2.2 (with σ̂/√n = s) and the choice of ρ of its appendix B. P is one over
// the mixture likelihood ratio behind it, as in Johari, Koomen, Pekelis & Walsh
// (2022), "Always valid inference", Operations Research 70:1806–1821:
//
//	P = min(1, √(nρ²+1) · exp(−(θ̂/s)²/2 · nρ²/(nρ²+1)))
//
// so that the interval of the difference leaves 0 out just where P < α. The ratio's is
// computed on its logarithm. Customers are drawn into both groups in one proportion
// all along. It fails as the function LiftOfShares does, unless PlannedN ≥ 1, and
// with TOO_EARLY before there are 10 successes and 10 failures in each group.
func (p Peeking) LiftOfShares(treated, holdOut Trials) (Lift, error) {
	l, err := LiftOfShares(treated, holdOut, p.Level)
	if err != nil {
		return Lift{}, err
	}
	for i, t := range []Trials{treated, holdOut} {
		if seen := min(t.Successes, t.N-t.Successes); seen < minPeekShare {
			return Lift{}, tooEarly(arms[i], "must have %d customers or more of whom it came about, and %d of whom not; there are %d and %d", minPeekShare, minPeekShare, t.Successes, t.N-t.Successes)
		}
	}
	return p.widen(l)
}

// LiftOfMeans is LiftOfShares of means. It fails as the function LiftOfMeans does,
// and with TOO_EARLY before there are 100 values in each group; where a few of them
// are huge, more are needed for the interval to hold.
func (p Peeking) LiftOfMeans(treated, holdOut Spread) (Lift, error) {
	l, err := LiftOfMeans(treated, holdOut, p.Level)
	if err != nil {
		return Lift{}, err
	}
	for i, s := range []Spread{treated, holdOut} {
		if s.N < minPeekMeans {
			return Lift{}, tooEarly(arms[i], "must have %d values or more, has %d", minPeekMeans, s.N)
		}
	}
	return p.widen(l)
}

func tooEarly(field, format string, args ...any) error {
	f := fault.Invalid(field, format, args...)
	f.Kind, f.Reason = fault.FailedPrecondition, ReasonTooEarly
	return f
}

// widen gives a lift the intervals that hold at every look.
func (p Peeking) widen(l Lift) (Lift, error) {
	if p.PlannedN < 1 {
		return Lift{}, refuse(ReasonInvalid, "planned_n", "must be 1 or more, got %d", p.PlannedN)
	}
	logAlpha := math.Log1p(-p.Level)
	information := float64(l.Absolute.N) * (-2*logAlpha + math.Log(1-2*logAlpha)) / float64(p.PlannedN) // nρ²
	width := math.Sqrt(2 * (information + 1) / information * (math.Log1p(information)/2 - logAlpha))
	a := &l.Absolute
	a.Low, a.High, a.Method = a.Value-width*a.StdErr, a.Value+width*a.StdErr, MethodSequence
	if !l.Means {
		a.Low, a.High = max(-1, a.Low), min(1, a.High)
	}
	z := a.Value / a.StdErr
	l.P = min(1, math.Exp(math.Log1p(information)/2-z*z/2*information/(information+1)))
	for _, e := range []*Estimate{&l.Treated, &l.HoldOut} {
		e.Low, e.High, e.Method = e.Value-width*e.StdErr, e.Value+width*e.StdErr, MethodSequence
		if !l.Means {
			e.Low, e.High = max(0, e.Low), min(1, e.High)
		}
	}
	if !finite(a.Low, a.High, l.P, l.Treated.Low, l.Treated.High, l.HoldOut.Low, l.HoldOut.High) {
		return Lift{}, refuse(ReasonOverflow, "treated", "must hold numbers whose squares can be added up")
	}
	l.Relative, l.Warnings = nil, []Warning{}
	if l.HoldOut.Low <= 0 || l.Treated.Value <= 0 {
		l.Warnings = append(l.Warnings, warning(ReasonBaselineZero, "the hold-out's figure is, or may be, 0 or below: there is no lift relative to it"))
		return l, nil
	}
	ratio := l.Treated.Value / l.HoldOut.Value
	logErr := math.Hypot(l.Treated.StdErr/l.Treated.Value, l.HoldOut.StdErr/l.HoldOut.Value)
	r := Estimate{
		Value: ratio - 1, StdErr: ratio * logErr, Low: math.Expm1(math.Log(ratio) - width*logErr), High: math.Expm1(math.Log(ratio) + width*logErr),
		Level: p.Level, Method: MethodSequence, N: a.N,
	}
	if finite(r.Low, r.High, r.StdErr) {
		l.Relative = &r
	}
	return l, nil
}
