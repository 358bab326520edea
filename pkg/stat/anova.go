package stat

import (
	"gonum.org/v1/gonum/mathext"
)

// MaxGroups is how many groups a test compares at most.
const MaxGroups = 1000

// Anova is the outcome of OneWayAnova.
type Anova struct {
	F            float64 `json:"f"`
	DFBetween    int64   `json:"df_between"`
	DFWithin     int64   `json:"df_within"`
	P            float64 `json:"p_value"` // of an F as large or larger; 0 only below 1e-300 or so
	EtaSquared   float64 `json:"eta_squared"`
	OmegaSquared float64 `json:"omega_squared"`
	SSBetween    float64 `json:"ss_between"`
	SSWithin     float64 `json:"ss_within"`
	N            int64   `json:"n"`
}

// OneWayAnova tests whether groups have the same mean, of the spread of each:
//
//	F = (SSB/(k−1)) / (SSW/(n−k)),   SSB = Σ nᵢ(x̄ᵢ−x̄)²,   SSW = Σᵢ Σⱼ (xᵢⱼ−x̄ᵢ)²
//	η² = SSB/SST,   ω² = (SSB − (k−1)·MSW)/(SST + MSW),   MSW = SSW/(n−k)
//
// Fisher (1925), Statistical Methods for Research Workers; ω²: Hays (1963),
// Statistics for Psychologists. η² is the share of the variance that the groups
// account for; ω² is the same less what chance brings, and may be just below 0.
//
// It is refused with fewer than 2 groups or more than MaxGroups, an empty group,
// no more values than groups, all values equal (ZERO_VARIANCE), or all values
// within each group equal, where F has no bound (ZERO_VARIANCE_WITHIN_GROUPS).
func OneWayAnova(groups []Spread) (Anova, error) {
	total, between, within, err := sumsOfSquares(groups)
	if err != nil {
		return Anova{}, err
	}
	k := int64(len(groups))
	a := Anova{DFBetween: k - 1, DFWithin: total.N - k, SSBetween: between, SSWithin: within, N: total.N}
	meanWithin := within / float64(a.DFWithin)
	a.F = between / float64(a.DFBetween) / meanWithin
	a.EtaSquared = between / (between + within)
	a.OmegaSquared = (between - float64(a.DFBetween)*meanWithin) / (between + within + meanWithin)
	a.P = fSurvival(a.F, float64(a.DFBetween), float64(a.DFWithin))
	if !finite(a.F, a.EtaSquared, a.OmegaSquared, a.P, a.SSBetween, a.SSWithin) {
		return Anova{}, refuse(ReasonOverflow, "groups", "must hold numbers whose squares can be added up")
	}
	return a, nil
}

func sumsOfSquares(groups []Spread) (total Spread, between, within float64, err error) {
	if err := checkGroups(len(groups)); err != nil {
		return total, 0, 0, err
	}
	constant := true
	for i, g := range groups {
		if g.N == 0 {
			return total, 0, 0, refuse(ReasonEmptyGroup, "groups", "must each hold a value, group %d holds none", i+1)
		}
		if !g.sound() {
			return total, 0, 0, refuse(ReasonInvalid, "groups", "must hold finite numbers whose squares can be added up, group %d does not", i+1)
		}
		between += total.Merge(g)
		within += g.M2
		constant = constant && g.Min == g.Max
	}
	switch {
	case total.Min == total.Max:
		return total, 0, 0, refuse(ReasonZeroVariance, "values", "must not all be equal: all are %v", total.Min)
	case total.N <= int64(len(groups)):
		return total, 0, 0, refuse(ReasonTooFewValues, "groups", "must hold more values than there are groups, %d in %d", total.N, len(groups))
	case constant || within == 0:
		return total, 0, 0, refuse(ReasonZeroWithin, "groups", "must vary within: in each group all values are equal, so that F has no bound")
	}
	return total, between, within, nil
}

func checkGroups(n int) error {
	if n < 2 {
		return refuse(ReasonTooFewGroups, "groups", "must be at least 2, got %d", n)
	}
	if n > MaxGroups {
		return refuse(ReasonInvalid, "groups", "must be at most %d, got %d", MaxGroups, n)
	}
	return nil
}

// fSurvival is P(F ≥ f), by the incomplete beta function from the side on which
// tiny values keep their digits: I_{d₂/(d₂+d₁f)}(d₂/2, d₁/2).
func fSurvival(f, d1, d2 float64) float64 {
	if !(f > 0) {
		return 1
	}
	return mathext.RegIncBeta(d2/2, d1/2, d2/(d2+d1*f))
}
