package stat

import "math"

// MethodWilsonFinite is the score interval for a sample without replacement from a
// finite population, MethodExact that of a whole population: a point.
const (
	MethodWilsonFinite Method = "wilson_fpc"
	MethodExact        Method = "exact"
)

// WilsonFinite estimates a proportion of a finite population from a simple random
// sample without replacement. The variance of p̂ is then
//
//	p(1−p)/n · (N−n)/(N−1)
//
// (Cochran, Sampling Techniques, 3rd ed. 1977, theorem 3.2), which is that of a
// sample with replacement of n' = n·(N−1)/(N−n): Wilson's interval is taken for n',
// and cut to what is possible after what was seen, from successes/N to
// 1 − (trials−successes)/N. With n = N it is exact. It fails as Wilson does, and
// unless trials ≤ population.
func WilsonFinite(successes, trials, population int64, level float64) (Estimate, error) {
	if population < trials {
		return Estimate{}, outside("population", "must be at least the %d trials, got %d", trials, population)
	}
	e, err := Wilson(successes, trials, level)
	if err != nil {
		return Estimate{}, err
	}
	p, n, all := e.Value, float64(trials), float64(population)
	if trials == population {
		e.StdErr, e.Low, e.High, e.Method = 0, p, p, MethodExact
		return e, nil
	}
	z, err := normalQuantile(level)
	if err != nil {
		return Estimate{}, err
	}
	n *= (all - 1) / (all - n)
	variance := p * (1 - p) / n
	centre := p + z*z/(2*n)
	half := z * math.Sqrt(variance+z*z/(4*n*n))
	scale := 1 + z*z/n
	e.StdErr, e.Method = math.Sqrt(variance), MethodWilsonFinite
	e.Low = min(p, max((centre-half)/scale, float64(successes)/all))
	e.High = max(p, min((centre+half)/scale, 1-float64(trials-successes)/all))
	return e, nil
}
