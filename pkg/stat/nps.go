package stat

import "math"

// NPSCounts are the answers to "how likely are you to recommend us", 0 to 10.
type NPSCounts struct {
	Promoters  int64 // 9 and 10
	Passives   int64 // 7 and 8
	Detractors int64 // 0 to 6
}

// Add counts one answer. It fails on an answer outside 0 to 10.
func (c *NPSCounts) Add(answer int) error {
	switch {
	case answer < 0 || answer > 10:
		return outside("answer", "must be 0 to 10, got %d", answer)
	case answer >= 9:
		c.Promoters++
	case answer >= 7:
		c.Passives++
	default:
		c.Detractors++
	}
	return nil
}

// N is the number of answers.
func (c NPSCounts) N() int64 { return c.Promoters + c.Passives + c.Detractors }

// EstimateNPS returns the Net Promoter Score in points, −100 to 100:
//
//	NPS = 100·(p − d), SE = 100·√((p + d − (p−d)²)/n)
//
// with p and d the shares of promoters and detractors. MethodAdjustedWald, the one
// to use, computes NPS ± z·SE after adding ¾ promoter, 1½ passives and ¾ detractor,
// which keeps its coverage in small and one-sided samples: Rocks (2016), "Interval
// estimation for the Net Promoter Score", The American Statistician 70:365–372,
// after Agresti and Coull. The point estimate is unadjusted. MethodWald adds nothing.
//
// It fails without answers, on a negative count, on a level not between 0 and 1
// and on another method.
func EstimateNPS(c NPSCounts, level float64, method Method) (Estimate, error) {
	if c.Promoters < 0 || c.Passives < 0 || c.Detractors < 0 {
		return Estimate{}, outside("counts", "must not be negative, got %+v", c)
	}
	if c.N() < 1 {
		return Estimate{}, outside("counts", "must hold at least one answer")
	}
	z, err := normalQuantile(level)
	if err != nil {
		return Estimate{}, err
	}
	var pseudo float64 // added to promoters and to detractors; twice that to passives
	switch method {
	case MethodWald:
	case MethodAdjustedWald:
		pseudo = 0.75
	default:
		return Estimate{}, outside("method", "must be %q or %q, got %q", MethodAdjustedWald, MethodWald, method)
	}
	value, stdErr := netShare(c, 0)
	centre, spread := netShare(c, pseudo)
	return Estimate{
		Value: 100 * value, StdErr: 100 * stdErr,
		Low:   100 * max(-1, centre-z*spread),
		High:  100 * min(1, centre+z*spread),
		Level: level, Method: method, N: c.N(),
	}, nil
}

// netShare returns p − d and its standard error after adding pseudo answers.
func netShare(c NPSCounts, pseudo float64) (net, stdErr float64) {
	n := float64(c.N()) + 4*pseudo
	p := (float64(c.Promoters) + pseudo) / n
	d := (float64(c.Detractors) + pseudo) / n
	net = p - d
	return net, math.Sqrt(max(0, p+d-net*net) / n)
}
