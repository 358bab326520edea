package survival_test

import (
	"math"
	"math/rand/v2"
	"strconv"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/survival"
)

// drawSample draws a sample with ties, at least one event and whole weights or none.
func drawSample(t *rapid.T) survival.Sample {
	n := rapid.IntRange(2, 60).Draw(t, "n")
	most := rapid.SampledFrom([]int{3, 12, 1000}).Draw(t, "times")
	s := survival.Sample{Durations: make([]float64, n), Events: make([]bool, n)}
	for i := range n {
		s.Durations[i] = float64(rapid.IntRange(0, most).Draw(t, "duration")) / 4
		s.Events[i] = i == 0 || rapid.Bool().Draw(t, "event")
	}
	if rapid.Bool().Draw(t, "weighted") {
		s.Weights = make([]float64, n)
		for i := range n {
			s.Weights[i] = float64(rapid.IntRange(1, 4).Draw(t, "weight"))
		}
	}
	return s
}

// repeated is the sample with each row as often as its weight says, and codes and
// columns with it.
func repeated(s survival.Sample, codes []int, c survival.Covariates) (survival.Sample, []int, survival.Covariates) {
	var out survival.Sample
	var outCodes []int
	covariates := survival.Covariates{Names: c.Names, Columns: make([][]float64, len(c.Columns))}
	for i, w := range s.Weights {
		for range int(w) {
			out.Durations, out.Events = append(out.Durations, s.Durations[i]), append(out.Events, s.Events[i])
			if codes != nil {
				outCodes = append(outCodes, codes[i])
			}
			for j, column := range c.Columns {
				covariates.Columns[j] = append(covariates.Columns[j], column[i])
			}
		}
	}
	return out, outCodes, covariates
}

// simulate draws n times of a Weibull model with the coefficients given, the
// covariates alternately normal and 0 or 1, some of them censored.
func simulate(rng *rand.Rand, n int, shape, intercept float64, beta []float64) (survival.Sample, survival.Covariates) {
	s := survival.Sample{Durations: make([]float64, n), Events: make([]bool, n)}
	c := survival.Covariates{Columns: make([][]float64, len(beta))}
	for j := range beta {
		c.Names, c.Columns[j] = append(c.Names, "x"+strconv.Itoa(j)), make([]float64, n)
	}
	for i := range n {
		eta := intercept
		for j, b := range beta {
			v := rng.NormFloat64()
			if j%2 == 1 {
				v = float64(rng.IntN(2))
			}
			c.Columns[j][i] = v
			eta += b * v
		}
		event := math.Exp(eta + math.Log(rng.ExpFloat64())/shape)
		end := rng.Float64() * 3 * math.Exp(intercept)
		s.Durations[i], s.Events[i] = min(event, end), event <= end
	}
	return s, c
}
