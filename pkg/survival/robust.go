package survival

import "gonum.org/v1/gonum/mat"

// hazards are what one time with events adds to the hazard of the reference
// subject, and to Σ hazard·mean covariates: of all at risk, and, for Efron's ties,
// of the dead themselves, who are partly gone.
type hazards struct {
	all, dead   float64
	allX, deadX []float64
	mean        []float64 // of the covariates of those at risk, averaged over ties
}

// hazards computes what the walk leaves at a time.
func (t *deaths) hazards() hazards {
	p := len(t.sumX)
	h := hazards{all: t.mean * t.a, dead: t.mean * (t.a - t.b), allX: make([]float64, p), deadX: make([]float64, p), mean: make([]float64, p)}
	for j := range p {
		s, d := t.atRisk.s1[j], t.dead.s1[j]
		h.allX[j] = t.mean * (t.c*s - t.e*d)
		h.deadX[j] = t.mean * ((t.c-t.e)*s - (t.e-t.f)*d)
		h.mean[j] = t.expected(j) / float64(t.hi-t.mid)
	}
	return h
}

// scores are each row's part of the gradient at the estimate, in the order of the
// sets at risk: for a subject with the event at its time the covariates less their
// expectation, and less what it was expected to have while it was at risk,
//
//	δᵢ(xᵢ − x̄(tᵢ)) − ∫₀^tᵢ exp(βᵀxᵢ)(xᵢ − x̄(t)) dH₀(t)
func (r *riskSets) scores(beta []float64) []float64 {
	risk := make([]float64, len(r.weight))
	var left []hazards // of the times with events not yet met, the earliest last
	r.walk(beta, risk, func(t *deaths) { left = append(left, t.hazards()) })
	out := make([]float64, len(r.x))
	cumulative, cumulativeX := 0.0, make([]float64, r.p)
	for k := len(r.times) - 1; k >= 0; k-- { // the earliest of a stratum first
		at := r.times[k]
		if k == len(r.times)-1 || r.times[k+1].first {
			cumulative = 0
			clear(cumulativeX)
		}
		h := hazards{}
		if at.mid < at.hi {
			h, left = left[len(left)-1], left[:len(left)-1]
		}
		for i := int(at.mid); i < int(at.hi); i++ {
			for j := range r.p {
				x := r.x[i*r.p+j]
				out[i*r.p+j] = x - h.mean[j] - risk[i]*(x*(cumulative+h.dead)-cumulativeX[j]-h.deadX[j])
			}
		}
		if at.mid < at.hi {
			cumulative += h.all
			for j := range cumulativeX {
				cumulativeX[j] += h.allX[j]
			}
		}
		for i := int(at.lo); i < int(at.mid); i++ {
			for j := range r.p {
				out[i*r.p+j] = -risk[i] * (r.x[i*r.p+j]*cumulative - cumulativeX[j])
			}
		}
	}
	return out
}

// sandwich is the robust covariance DᵀD, where a row of D is what leaving out a
// cluster would do to the coefficients, to the first order: Lin & Wei (1989), "The
// robust inference for the Cox proportional hazards model", JASA 84:1074–1078.
func (f *CoxFit) sandwich(clusters []int) *mat.SymDense {
	p := f.design.p
	scores := f.sets.scores(f.beta)
	sums := make([]float64, len(f.sets.row)*p)
	for i, row := range f.sets.row {
		c := clusters[row]
		for j := range p {
			sums[c*p+j] += f.sets.weight[i] * scores[i*p+j]
		}
	}
	packed := make([]float64, p*(p+1)/2)
	for c := range f.sets.row {
		i := 0
		for j := range p {
			for k := range j + 1 {
				packed[i] += sums[c*p+j] * sums[c*p+k]
				i++
			}
		}
	}
	meat := mat.NewSymDense(p, nil)
	unpack(packed, meat)
	var half, whole mat.Dense
	half.Mul(f.covariance, meat)
	whole.Mul(&half, f.covariance)
	return symmetric(&whole)
}

// symmetric takes the mean of the two triangles, which differ by rounding.
func symmetric(m *mat.Dense) *mat.SymDense {
	p, _ := m.Dims()
	s := mat.NewSymDense(p, nil)
	for j := range p {
		for k := range j + 1 {
			s.SetSym(j, k, (m.At(j, k)+m.At(k, j))/2)
		}
	}
	return s
}
