package btyd

import (
	"math"
	"slices"
)

const (
	// wideLog is the standard error of a log parameter above which a normal
	// approximation on that scale says nothing, e being a factor of 2.7.
	wideLog = 2.5
	// profileTolerance is how exactly a profile interval's end is found, on the
	// scale of the search.
	profileTolerance = 1e-4
)

// intervals writes standard errors and intervals: by the delta method where the
// information allows it, by profile likelihood for the other parameters. Where the
// search ended short of the maximum there is nothing to fall from, and all are open.
func (s *search) intervals(e *Estimate, end place, level float64) error {
	z := normalQuantile(level)
	for i := range e.Parameters {
		p := &e.Parameters[i]
		if e.Warned(ReasonNotConverged) {
			p.Lower, p.Upper, p.LowerOpen, p.UpperOpen, p.Method = p.Value, p.Value, true, true, MethodProfile
			continue
		}
		if e.Covariance != nil {
			sigma := math.Sqrt(e.Covariance[i][i])
			if p.Coefficient {
				p.StandardError, p.Lower, p.Upper, p.Method = sigma, p.Value-z*sigma, p.Value+z*sigma, MethodDelta
				continue
			}
			if sigma < wideLog {
				p.StandardError, p.Method = p.Value*sigma, MethodDelta
				p.Lower, p.Upper = p.Value*math.Exp(-z*sigma), p.Value*math.Exp(z*sigma)
				continue
			}
		}
		if err := s.profile(p, i, end, z*z/2); err != nil {
			return err
		}
	}
	return nil
}

// profile writes the interval of the values of variable i for which the maximum
// over the other variables is at most drop below the maximum over all.
func (s *search) profile(p *Parameter, i int, end place, drop float64) error {
	p.Method = MethodProfile
	lower, open, err := s.profileEnd(i, end, drop, -1)
	if err != nil {
		return err
	}
	p.Lower, p.LowerOpen = s.natural(i, lower), open
	upper, open, err := s.profileEnd(i, end, drop, 1)
	if err != nil {
		return err
	}
	p.Upper, p.UpperOpen = s.natural(i, upper), open
	return nil
}

// profileEnd walks from the maximum in the given direction until the profile has
// fallen by drop, and then halves. It reports open where the search's limit came first.
func (s *search) profileEnd(i int, end place, drop, direction float64) (theta float64, open bool, err error) {
	limit := direction * s.limit(i)
	inside, step := end.theta[i], 0.25
	start := end.theta
	fallen := func(theta float64) (bool, error) {
		at, err := s.maximumAt(i, theta, start)
		if err != nil {
			return false, err
		}
		if end.value-at.value < drop {
			start = at.theta
			return false, nil
		}
		return true, nil
	}
	var outside float64
	for {
		if inside*direction >= limit*direction-1e-9 {
			return limit, true, nil
		}
		outside = inside + direction*step
		if outside*direction > limit*direction {
			outside = limit
		}
		over, err := fallen(outside)
		if err != nil {
			return 0, false, err
		}
		if over {
			break
		}
		inside, step = outside, 2*step
	}
	for math.Abs(outside-inside) > profileTolerance {
		middle := (inside + outside) / 2
		over, err := fallen(middle)
		if err != nil {
			return 0, false, err
		}
		if over {
			outside = middle
		} else {
			inside = middle
		}
	}
	return (inside + outside) / 2, false, nil
}

// maximumAt maximises over all variables but i, which is held at theta.
func (s *search) maximumAt(i int, theta float64, start []float64) (place, error) {
	held := *s
	held.fixed = slices.Clone(s.fixed)
	held.fixed[i] = true
	x := slices.Clone(start)
	x[i] = theta
	return held.finish(x)
}
