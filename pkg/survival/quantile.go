package survival

import "math"

// Quantile is the time by which a share of the subjects has had the event.
type Quantile struct {
	Share float64 `json:"share"` // 0.5 for the median
	// Time is in the unit of the durations; nil where the curve never falls so far.
	Time *float64 `json:"time"`
	// Lower and Upper are where the interval of the curve falls so far, nil where
	// it never does.
	Lower *float64 `json:"lower"`
	Upper *float64 `json:"upper"`
}

// Quantile finds the first time at which the survival is at most 1−share, and by
// the same rule on the curve's own interval the ends of the interval (Brookmeyer &
// Crowley 1982, "A confidence interval for the median survival time", Biometrics
// 38:29–41). Where the curve lies at 1−share for a while, it is the middle of that
// while. share lies strictly between 0 and 1.
func (c *Curve) Quantile(share float64) (Quantile, error) {
	if !(share > 0 && share < 1) {
		return Quantile{}, invalid("share", "must lie between 0 and 1, 0.5 for the median, got %v", share)
	}
	return Quantile{
		Share: share, Time: c.falls(c.Survival, 1-share),
		Lower: c.falls(c.Lower, 1-share), Upper: c.falls(c.Upper, 1-share),
	}, nil
}

// sameLevel is within which two survival probabilities count as equal, as the
// products that they are differ in the last digits.
const sameLevel = 1.5e-8

// falls is when a curve falls to a level. Survival curves descend; the lower end
// of an interval may rise a little, so that the first time counts.
func (c *Curve) falls(curve []float64, level float64) *float64 {
	for i, s := range curve {
		if s > level+sameLevel {
			continue
		}
		t := c.Times[i]
		if math.Abs(s-level) <= sameLevel {
			t += (c.leaves(curve, level, i) - t) / 2
		}
		return &t
	}
	return nil
}

// leaves is when a curve that lies at a level from i on falls below it, or the
// last time.
func (c *Curve) leaves(curve []float64, level float64, i int) float64 {
	for ; i < len(curve); i++ {
		if curve[i] < level-sameLevel {
			return c.Times[i]
		}
	}
	return c.Times[len(c.Times)-1]
}
