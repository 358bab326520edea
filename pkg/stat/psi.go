package stat

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// DefaultSmoothing is the share that is added to each bin where samples are
// compared, so that an empty one does not make the index infinite.
const DefaultSmoothing = 0.0001

const (
	maxSmoothing = 0.1
	maxBins      = 1000
	shareSum     = 0.005 // by which rounded shares may miss 1
)

// Drift is how far a sample has moved away from another.
type Drift struct {
	PSI  float64    `json:"psi"`
	Bins []DriftBin `json:"bins"`
	// NExpected and NActual are the sizes of the samples, 0 where only shares are known.
	NExpected int64 `json:"n_expected"`
	NActual   int64 `json:"n_actual"`
	// Smoothing is the share that was added to each bin, 0 for none.
	Smoothing float64 `json:"smoothing"`
	// Chance is the index that samples of these sizes stay below 19 times in 20
	// although nothing moves; null where the sizes are not known.
	Chance *float64 `json:"chance_psi"`
}

// DriftBin is what one bin has to do with it; shares are before smoothing.
type DriftBin struct {
	Expected     float64 `json:"expected"`
	Actual       float64 `json:"actual"`
	Contribution float64 `json:"contribution"` // to the index, 0 or more
}

// PSI is the population stability index of shares e and a of the same bins:
//
//	PSI = Σ (aᵢ−eᵢ)·ln(aᵢ/eᵢ),   each share taken as (s+ε)/(1+Bε), with smoothing ε in B bins
//
// It is 0 if the shares are the same and above it otherwise: the symmetric
// divergence of Jeffreys (1946), Proc. R. Soc. A 186:453–461; as an index of drift
// Siddiqi (2006), Credit Risk Scorecards. It fails unless there are 2 to 1,000
// bins, shares are 0 or more and add up to 1 (within 0.005, for rounding), and
// smoothing is 0 to 0.1; and with EMPTY_BIN where a bin is empty on one side only
// and there is no smoothing, since the index is infinite.
func PSI(expected, actual []float64, smoothing float64) (Drift, error) {
	if len(expected) != len(actual) || len(expected) < 2 || len(expected) > maxBins {
		return Drift{}, refuse(ReasonInvalid, "actual_shares", "must be as many as the expected ones, 2 to %d, got %d and %d", maxBins, len(actual), len(expected))
	}
	if !(smoothing >= 0 && smoothing <= maxSmoothing) {
		return Drift{}, refuse(ReasonInvalid, "smoothing", "must be a share of 0 to %v such as %v, got %v", maxSmoothing, DefaultSmoothing, smoothing)
	}
	if err := checkShares("expected_shares", expected); err != nil {
		return Drift{}, err
	}
	if err := checkShares("actual_shares", actual); err != nil {
		return Drift{}, err
	}
	d := Drift{Smoothing: smoothing, Bins: make([]DriftBin, len(expected))}
	whole := 1 + float64(len(expected))*smoothing
	for i := range expected {
		e, a := (expected[i]+smoothing)/whole, (actual[i]+smoothing)/whole
		d.Bins[i] = DriftBin{Expected: expected[i], Actual: actual[i]}
		if e == a {
			continue
		}
		moved := (a - e) * (math.Log(a) - math.Log(e))
		if math.IsInf(moved, 0) {
			return Drift{}, refuse(ReasonEmptyBin, "smoothing", "must be above 0, since bin %d is empty on one side only, which makes the index infinite", i+1)
		}
		d.Bins[i].Contribution = max(0, moved)
		d.PSI += d.Bins[i].Contribution
	}
	return d, nil
}

func checkShares(field string, shares []float64) error {
	sum := 0.0
	for i, s := range shares {
		if !finite(s) || s < 0 || s > 1 {
			return refuse(ReasonInvalid, field, "must be shares of 0 to 1, number %d is %v", i+1, s)
		}
		sum += s
	}
	if math.Abs(sum-1) > shareSum {
		return refuse(ReasonInvalid, field, "must add up to 1, add up to %.4g", sum)
	}
	return nil
}

// PSIOfCounts is PSI of how many of two samples lie in each bin. It also tells what
// chance brings: without drift the index of n and m is distributed about as
// (1/n+1/m)·χ² on B−1 degrees of freedom: Yurdakul & Naranjo (2020), "Statistical
// properties of the population stability index", Journal of Risk Model Validation 14.
func PSIOfCounts(expected, actual []int64, smoothing float64) (Drift, error) {
	before, n, err := sharesOf("expected", expected)
	if err != nil {
		return Drift{}, err
	}
	after, m, err := sharesOf("actual", actual)
	if err != nil {
		return Drift{}, err
	}
	d, err := PSI(before, after, smoothing)
	if err != nil {
		return Drift{}, err
	}
	d.NExpected, d.NActual = n, m
	chance := (1/float64(n) + 1/float64(m)) * distuv.ChiSquared{K: float64(len(expected) - 1)}.Quantile(0.95)
	d.Chance = &chance
	return d, nil
}

func sharesOf(field string, counts []int64) (shares []float64, n int64, err error) {
	if len(counts) > maxBins {
		return nil, 0, refuse(ReasonInvalid, field, "must have at most %d bins, got %d", maxBins, len(counts))
	}
	for i, c := range counts {
		if c < 0 || c > maxCount {
			return nil, 0, refuse(ReasonInvalid, field, "must be counts of 0 to %d, number %d is %d", int64(maxCount), i+1, c)
		}
		n += c
	}
	if n == 0 {
		return nil, 0, refuse(ReasonEmptyGroup, field, "must count something")
	}
	shares = make([]float64, len(counts))
	for i, c := range counts {
		shares[i] = float64(c) / float64(n)
	}
	return shares, n, nil
}
