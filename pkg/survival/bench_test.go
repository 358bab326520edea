package survival_test

import (
	"math/rand/v2"
	"testing"

	"github.com/kehuhq/kehu/pkg/survival"
)

// What R's survival 3.5 takes on the same machine: a million rows of Kaplan–Meier
// 1.09 s, Cox on 100,000 rows of five covariates 0.39 s, Weibull 0.32 s.
const (
	rKaplanMeier = 1.09
	rCox         = 0.39
	rWeibull     = 0.32
)

func report(b *testing.B, r float64) {
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(seconds, "s")
	b.ReportMetric(r/seconds, "×R")
}

func BenchmarkKaplanMeier(b *testing.B) {
	s, _ := simulate(rand.New(rand.NewPCG(1, 2)), 1_000_000, 1.2, 3, nil)
	weighted := s
	weighted.Weights = make([]float64, s.Rows())
	whole := survival.Sample{Durations: make([]float64, s.Rows()), Events: s.Events}
	for i, d := range s.Durations {
		weighted.Weights[i], whole.Durations[i] = 1, float64(int(d))
	}
	for name, sample := range map[string]survival.Sample{"distinct": s, "days": whole, "weighted": weighted} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := survival.KaplanMeier(sample, survival.CurveOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			report(b, rKaplanMeier)
		})
	}
}

func BenchmarkCox(b *testing.B) {
	s, c := simulate(rand.New(rand.NewPCG(1, 2)), 100_000, 1.2, 3, []float64{0.3, -0.2, 0.1, 0.4, -0.5})
	for b.Loop() {
		if _, err := survival.FitCox(s, c, survival.CoxOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	report(b, rCox)
}

func BenchmarkWeibull(b *testing.B) {
	s, c := simulate(rand.New(rand.NewPCG(1, 2)), 100_000, 1.2, 3, []float64{0.3, -0.2, 0.1, 0.4, -0.5})
	for b.Loop() {
		if _, err := survival.FitWeibull(s, c, survival.WeibullOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	report(b, rWeibull)
}

func BenchmarkConcordance(b *testing.B) {
	s, c := simulate(rand.New(rand.NewPCG(1, 2)), 100_000, 1.2, 3, []float64{0.3})
	for b.Loop() {
		if _, _, err := survival.ConcordanceOf(s, c.Columns[0], nil); err != nil {
			b.Fatal(err)
		}
	}
}
