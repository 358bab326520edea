package campaigns

import "math"

// planPower is the chance of finding an effect that the plan is made for.
const planPower = 0.8

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// powerOfShares is the chance that a two-sided test of two shares at a level finds the
// increase d over p among n treated and m held out,
//
//	Φ((d − z·√(p̄(1−p̄)(1/n+1/m))) / √(p₁(1−p₁)/n + p(1−p)/m)),   p₁ = p+d, p̄ = (n·p₁+m·p)/(n+m)
//
// (Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions", 4.2).
func powerOfShares(p, d, n, m, level float64) float64 {
	higher := p + d
	pooled := (n*higher + m*p) / (n + m)
	z := normalQuantile(0.5 + level/2)
	under := math.Sqrt(higher*(1-higher)/n + p*(1-p)/m)
	gap := d - z*math.Sqrt(pooled*(1-pooled)*(1/n+1/m))
	if under == 0 {
		if gap > 0 {
			return 1
		}
		return 0
	}
	return normalCDF(gap / under)
}

// detectableShare is the least increase over p that is found with power, false where
// none up to 1 − p is.
func detectableShare(p, n, m, level, power float64) (float64, bool) {
	if n < 1 || m < 1 || powerOfShares(p, 1-p, n, m, level) < power {
		return 0, false
	}
	low, high := 0.0, 1-p
	for range 60 {
		if middle := (low + high) / 2; powerOfShares(p, middle, n, m, level) < power {
			low = middle
		} else {
			high = middle
		}
	}
	return high, true
}

// detectableMean is the least difference of means that is found with power:
// (z_{1−α/2} + z_power)·σ·√(1/n+1/m).
func detectableMean(deviation, n, m, level, power float64) (float64, bool) {
	if n < 2 || m < 2 || deviation == 0 {
		return 0, false
	}
	return (normalQuantile(0.5+level/2) + normalQuantile(power)) * deviation * math.Sqrt(1/n+1/m), true
}
