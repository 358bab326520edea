package stat

import "math"

// Wilson estimates a proportion from successes among trials, as a fraction, with
// the score interval of Wilson (1927), "Probable inference, the law of
// succession, and statistical inference", JASA 22:209–212:
//
//	(p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) / (1 + z²/n)
//
// It stays within 0 to 1 and has a width also where p̂ is 0 or 1. It fails unless
// 0 ≤ successes ≤ trials, trials ≥ 1 and 0 < level < 1.
func Wilson(successes, trials int64, level float64) (Estimate, error) {
	if trials < 1 {
		return Estimate{}, outside("trials", "must be at least 1, got %d", trials)
	}
	if successes < 0 || successes > trials {
		return Estimate{}, outside("successes", "must be 0 to %d, got %d", trials, successes)
	}
	z, err := normalQuantile(level)
	if err != nil {
		return Estimate{}, err
	}
	n := float64(trials)
	p := float64(successes) / n
	variance := p * (1 - p) / n
	centre := p + z*z/(2*n)
	half := z * math.Sqrt(variance+z*z/(4*n*n))
	scale := 1 + z*z/n
	e := Estimate{
		Value: p, StdErr: math.Sqrt(variance),
		Low: max(0, (centre-half)/scale), High: min(1, (centre+half)/scale),
		Level: level, Method: MethodWilson, N: trials,
	}
	// Exact in theory at both ends; rounding must not cut the estimate off.
	e.Low, e.High = min(e.Low, p), max(e.High, p)
	return e, nil
}
