package btyd

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// maxSimulated ends the life of a simulated customer, which for parameters of any
// shop is never reached.
const maxSimulated = 1_000_000

// Simulate draws a customer of the model: the history at the age T, and the number of
// purchases in the horizon after it. Both times are from 0 up.
func (p *Predictor) Simulate(rng *rand.Rand, age, horizon float64) (h History, later int, err error) {
	if err := (History{T: age}).Validate(); err != nil {
		return History{}, 0, err
	}
	if err := checkHorizon(horizon); err != nil {
		return History{}, 0, err
	}
	h.T = age
	next := p.model.life(rng)
	for t, n := 0.0, 0; n < maxSimulated; n++ {
		var alive bool
		if t, alive = next(t); !alive || t > age+horizon {
			break
		}
		if t > age {
			later++
			continue
		}
		if t > 0 {
			h.X, h.Tx = h.X+1, t
		}
	}
	return h, later, nil
}

// gamma draws from a gamma distribution with that shape and rate.
func gamma(rng *rand.Rand, shape, rate float64) float64 {
	return distuv.Gamma{Alpha: shape, Beta: rate, Src: rng}.Rand()
}

// geometricLife draws a customer of a beta-geometric model and returns the time of the
// purchase after that at t, false after the last.
func geometricLife(rng *rand.Rand, r, alpha, a, b float64, immediate bool) func(t float64) (float64, bool) {
	rate := gamma(rng, r, alpha)
	first, second := gamma(rng, a, 1), gamma(rng, b, 1)
	stop := first / (first + second)
	stopped := immediate && rng.Float64() < stop
	return func(t float64) (float64, bool) {
		if stopped || !(rate > 0) {
			return 0, false
		}
		stopped = rng.Float64() < stop
		return t + rng.ExpFloat64()/rate, true
	}
}

func (m BGNBD) life(rng *rand.Rand) func(t float64) (float64, bool) {
	return geometricLife(rng, m.R, m.Alpha, m.A, m.B, false)
}

func (m MBGNBD) life(rng *rand.Rand) func(t float64) (float64, bool) {
	return geometricLife(rng, m.R, m.Alpha, m.A, m.B, true)
}

func (m ParetoNBD) life(rng *rand.Rand) func(t float64) (float64, bool) {
	rate, stopping := gamma(rng, m.R, m.Alpha), gamma(rng, m.S, m.Beta)
	end := rng.ExpFloat64() / stopping
	return func(t float64) (float64, bool) {
		if !(rate > 0) {
			return 0, false
		}
		t += rng.ExpFloat64() / rate
		return t, t <= end
	}
}
