package btyd

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/kehuhq/kehu/pkg/fault"
)

// maxDraws is the most parameter sets that are drawn at once.
const maxDraws = 100_000

// DrawValues draws n sets of parameters as likely as the data leave them: normal on
// the scale of the search, with the estimate's covariance. A figure computed with
// each has the spread that the parameters' uncertainty gives it. It refuses where
// there is no covariance: INFORMATION_SINGULAR.
func (e *Estimate) DrawValues(n int, seed uint64) ([][]float64, error) {
	if n < 1 || n > maxDraws {
		return nil, fault.Invalid("draws", "must lie between 1 and %d, got %d", maxDraws, n)
	}
	if e.Covariance == nil {
		return nil, refuse(ReasonInformationSingular, "the estimate has no covariance to draw from")
	}
	k := len(e.Parameters)
	covariance := mat.NewSymDense(k, nil)
	for i := range k {
		for j := i; j < k; j++ {
			covariance.SetSym(i, j, e.Covariance[i][j])
		}
	}
	var factor mat.Cholesky
	if !factor.Factorize(covariance) {
		return nil, refuse(ReasonInformationSingular, "the estimate's covariance is not positive definite")
	}
	var root mat.TriDense
	factor.LTo(&root)
	rng := rand.New(rand.NewPCG(seed, 0x6b656875))
	draws := make([][]float64, n)
	normal := make([]float64, k)
	for d := range draws {
		for i := range normal {
			normal[i] = rng.NormFloat64()
		}
		values := e.Values()
		for i := range values {
			shift := 0.0
			for j := range i + 1 {
				shift += root.At(i, j) * normal[j]
			}
			if e.Parameters[i].Coefficient {
				values[i] += shift
			} else {
				values[i] *= math.Exp(shift)
			}
		}
		draws[d] = values
	}
	return draws, nil
}

// DrawModels draws n models of m's kind from the estimate of its fit; see DrawValues.
func DrawModels(m Model, e *Estimate, n int, seed uint64) ([]Model, error) {
	if m == nil || len(e.Parameters) != len(m.Names()) {
		return nil, fault.Invalid("model", "must be the one that was estimated, without covariates")
	}
	draws, err := e.DrawValues(n, seed)
	if err != nil {
		return nil, err
	}
	models := make([]Model, n)
	for i, values := range draws {
		models[i] = m.with(values)
		if err := models[i].check(); err != nil {
			return nil, err
		}
	}
	return models, nil
}
