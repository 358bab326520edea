package leads

import (
	"cmp"
	"math"
	"slices"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// standing compares us with each competitor: means of the scores (0 to 10)
// weighted by the factors' weights, over the factors on which the competitor has
// a score. nil without factors.
func standing(factors []*profilev1.BuyingFactor) *profilev1.FactorStanding {
	if len(factors) == 0 {
		return nil
	}
	ours, weights := 0.0, 0.0
	rivals := make(map[string]*rival)
	for _, f := range factors {
		ours += f.GetWeight() * f.GetOurScore()
		weights += f.GetWeight()
		for name, score := range f.GetCompetitorScores() {
			key := fold(name)
			if rivals[key] == nil {
				rivals[key] = &rival{name: name}
			}
			rivals[key].meet(f, name, score)
		}
	}
	s := &profilev1.FactorStanding{OurScore: ours / weights}
	for _, r := range rivals {
		s.Competitors = append(s.Competitors, r.standing())
	}
	slices.SortFunc(s.Competitors, func(a, b *profilev1.CompetitorStanding) int {
		return cmp.Or(cmp.Compare(b.GetScore(), a.GetScore()), cmp.Compare(a.GetCompetitor(), b.GetCompetitor()))
	})
	return s
}

// rival gathers a competitor's scores.
type rival struct {
	name               string
	weights, its, ours float64
	behind             []weakness
}

// weakness is a factor on which the competitor is ahead, by weight × difference.
type weakness struct {
	factor string
	by     float64
}

func (r *rival) meet(f *profilev1.BuyingFactor, name string, score float64) {
	r.name = min(r.name, name) // the same whichever spelling comes first
	r.weights += f.GetWeight()
	r.its += f.GetWeight() * score
	r.ours += f.GetWeight() * f.GetOurScore()
	if score > f.GetOurScore() {
		r.behind = append(r.behind, weakness{f.GetFactor(), f.GetWeight() * (score - f.GetOurScore())})
	}
}

func (r *rival) standing() *profilev1.CompetitorStanding {
	slices.SortFunc(r.behind, func(a, b weakness) int {
		return cmp.Or(cmp.Compare(b.by, a.by), cmp.Compare(a.factor, b.factor))
	})
	s := &profilev1.CompetitorStanding{
		Competitor: r.name, Score: r.its / r.weights, OurLead: (r.ours - r.its) / r.weights,
	}
	for _, w := range r.behind {
		s.WeakFactors = append(s.WeakFactors, w.factor)
	}
	return s
}

// assess scores an opportunity: √(market·part), each brought from 1…5 to 0…1, so
// that neither makes up for the other. Nothing unless both are judged.
func assess(a *profilev1.OpportunityAssessment) {
	if a.GetMarketSpace() == 0 || a.GetChanceOfTakingPart() == 0 {
		return
	}
	market, part := float64(a.GetMarketSpace()-1)/4, float64(a.GetChanceOfTakingPart()-1)/4
	score := math.Sqrt(market * part)
	a.Score = &score
	switch {
	case score >= 0.6:
		a.Advice = pursue
	case part < market:
		a.Advice = gainAccess
	case market < part && score >= 0.3:
		a.Advice = widen
	default:
		a.Advice = leave
	}
}
