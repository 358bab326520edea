package stat

import (
	"cmp"
	"math"
	"slices"
)

// Holm corrects p-values of several tests so that the chance of any false finding
// is no more than the level they are compared with, whatever depends on what: in
// ascending order p̃₍ᵢ₎ = max over j ≤ i of min(1, (m−j+1)·p₍ⱼ₎). Holm (1979),
// Scandinavian Journal of Statistics 6:65–70. They come back in the order given;
// none make none. It fails on what is no probability.
func Holm(p []float64) ([]float64, error) {
	order, err := ascending(p)
	if err != nil {
		return nil, err
	}
	corrected, least := make([]float64, len(p)), 0.0
	for i, at := range order {
		least = max(least, min(1, float64(len(p)-i)*p[at]))
		corrected[at] = least
	}
	return corrected, nil
}

// BenjaminiHochberg corrects p-values of several tests so that of the findings no
// more than a share of the level they are compared with is false: in ascending
// order p̃₍ᵢ₎ = min over j ≥ i of min(1, m·p₍ⱼ₎/j). It holds for tests that are
// independent or positively dependent. Benjamini & Hochberg (1995), JRSS B
// 57:289–300. They come back in the order given; none make none. It fails on what
// is no probability.
func BenjaminiHochberg(p []float64) ([]float64, error) {
	order, err := ascending(p)
	if err != nil {
		return nil, err
	}
	corrected, most := make([]float64, len(p)), 1.0
	for i := len(order) - 1; i >= 0; i-- {
		// m/j first: it is 1 exactly for the last, so that no p-value falls.
		most = min(most, float64(len(p))/float64(i+1)*p[order[i]])
		corrected[order[i]] = most
	}
	return corrected, nil
}

// ascending is the order of p-values by size.
func ascending(p []float64) ([]int, error) {
	order := make([]int, len(p))
	for i, v := range p {
		if math.IsNaN(v) || v < 0 || v > 1 {
			return nil, refuse(ReasonInvalid, "p", "must be probabilities of 0 to 1, number %d is %v", i+1, v)
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	return order, nil
}
