package stat

import "math"

// MethodLogRatio is an interval on the logarithm of a ratio, by the delta method.
const MethodLogRatio Method = "log_ratio_wald"

// Index estimates how over- or under-represented something is in a group that is
// part of a base: 100 times its share of the group over its share of the base, so
// that 100 is as in the base. within of group members have it, and baseWithin of
// base members, the group's included.
//
// The interval is symmetric about the logarithm of the ratio, as that of Katz et
// al. (1978), "Obtaining confidence intervals for the risk ratio in cohort
// studies", Biometrics 34:469–474. There the two shares are of separate samples;
// here the base holds the group. With p the share of the group, q that of the rest
// of the base, w = group ÷ base and P = w·p + (1−w)·q, the delta method gives
//
//	Var(ln(p/P)) = (1/p − w/P)²·p(1−p)/n + ((1−w)/P)²·q(1−q)/m
//
// for n members of the group and m of the rest: Katz's variance where w is small,
// and 0 where the group is the base. Where a share is 0 or 1, half an observation
// is added to either side of it for the variance (Walter 1975, "The distribution
// of Levin's measure of attributable risk", Biometrika 62:371–374), and an index of
// 0 has the interval from 0 to what half an observation would give at its end.
//
// It fails unless 0 ≤ within ≤ group, within ≤ baseWithin, and the rest of the base
// has room for the rest of baseWithin; group ≥ 1, baseWithin ≥ 1, 0 < level < 1.
func Index(within, group, baseWithin, base int64, level float64) (Estimate, error) {
	switch {
	case group < 1 || base < group:
		return Estimate{}, outside("group", "must be 1 to %d, the size of the base, got %d", base, group)
	case within < 0 || within > group:
		return Estimate{}, outside("within", "must be 0 to %d, got %d", group, within)
	case baseWithin < max(within, 1) || baseWithin-within > base-group:
		return Estimate{}, outside("baseWithin", "must be %d to %d, got %d", max(within, 1), within+base-group, baseWithin)
	}
	z, err := normalQuantile(level)
	if err != nil {
		return Estimate{}, err
	}
	n, m := float64(group), float64(base-group)
	share := float64(baseWithin) / float64(base)
	e := Estimate{
		Value: 100 * float64(within) / n / share,
		Level: level, Method: MethodLogRatio, N: group,
	}
	p, q := smoothed(float64(within), n), smoothed(float64(baseWithin-within), m)
	w := n / (n + m)
	pooled := w*p + (1-w)*q
	sd := math.Sqrt(square(1/p-w/pooled)*p*(1-p)/n + rest(w, pooled, q, m))
	centre := e.Value
	if within == 0 {
		centre = 100 * p / pooled
	}
	e.StdErr = e.Value * sd
	e.Low, e.High = centre*math.Exp(-z*sd), centre*math.Exp(z*sd)
	if within == 0 {
		e.Low = 0
	}
	e.High = min(e.High, 100/w) // all who have it are in the group
	e.Low, e.High = min(e.Low, e.Value), max(e.High, e.Value)
	return e, nil
}

// rest is the part of the variance that the members outside the group have.
func rest(w, pooled, q, m float64) float64 {
	if m == 0 {
		return 0
	}
	return square((1-w)/pooled) * q * (1 - q) / m
}

// smoothed is a share of n, moved off 0 and 1 by half an observation.
func smoothed(k, n float64) float64 {
	if k == 0 || k == n {
		return (k + 0.5) / (n + 1)
	}
	return k / n
}

func square(x float64) float64 { return x * x }
