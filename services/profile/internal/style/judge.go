package style

import (
	"cmp"
	"math"
	"slices"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

const (
	// threshold is what the probability of a style must reach.
	threshold = 0.7
	// fewestSigns is how many different signs a judgement needs.
	fewestSigns = 2
	// mostRepeats is how often a sign seen again adds anything.
	mostRepeats = 4
	// conflictShare is the share of the evidence from which on a second style
	// contradicts the first.
	conflictShare = 1.0 / 3
	method        = "naive_bayes_tempered"
)

// seen is how often a sign was seen, and in which words.
type seen struct {
	times int32
	words []string
}

// tally counts the signs of observations: each once per observation, whether it
// was ticked or read from the note.
func tally(observations []*profilev1.StyleObservation) map[*sign]*seen {
	all := make(map[*sign]*seen)
	for _, o := range observations {
		met := make(map[*sign]bool)
		meet := func(name, word string) {
			s := signOf(name)
			if s == nil {
				return // of a checklist before this one
			}
			if all[s] == nil {
				all[s] = &seen{}
			}
			if !met[s] {
				met[s] = true
				all[s].times++
			}
			if word != "" && !slices.Contains(all[s].words, word) {
				all[s].words = append(all[s].words, word)
			}
		}
		for _, name := range o.GetSigns() {
			meet(name, "")
		}
		for _, m := range o.GetMatches() {
			meet(m.GetSign(), m.GetWord())
		}
	}
	return all
}

// signOf is the sign of a resource name, nil if there is none.
func signOf(name string) *sign {
	var id string
	if aip.ParseName("signs", name, signPattern, &id) != nil {
		return nil
	}
	return byID[id]
}

// repeated is how much a sign counts that was seen n times: √min(n, 4). Signs seen
// again are no independent evidence, so that they count less each time.
func repeated(n int32) float64 { return math.Sqrt(float64(min(n, mostRepeats))) }

// posterior is the probability of each style, from an even prior:
//
//	P(style | signs) ∝ Π P(sign | style)^√min(n, 4)
func posterior(signs map[*sign]*seen) [3]float64 {
	var score [3]float64
	for _, s := range ordered(signs) { // sums of floats depend on their order
		for i, p := range s.likelihood {
			score[i] += repeated(signs[s].times) * math.Log(p)
		}
	}
	top := max(score[0], score[1], score[2])
	sum := 0.0
	for i := range score {
		score[i] = math.Exp(score[i] - top)
		sum += score[i]
	}
	for i := range score {
		score[i] /= sum
	}
	return score
}

func ordered(signs map[*sign]*seen) []*sign {
	list := make([]*sign, 0, len(signs))
	for s := range signs {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sign) int { return cmp.Compare(a.id, b.id) })
	return list
}

// judge is the style that observations speak for.
func judge(observations []*profilev1.StyleObservation) *profilev1.BehaviorStyle {
	signs := tally(observations)
	b := &profilev1.BehaviorStyle{Threshold: threshold, Observations: int32(len(observations)), TimeZone: "UTC", Method: method}
	for i, p := range posterior(signs) {
		b.Probabilities = append(b.Probabilities, &profilev1.StyleProbability{Style: styles[i], Probability: p})
	}
	slices.SortStableFunc(b.Probabilities, func(x, y *profilev1.StyleProbability) int {
		return cmp.Compare(y.GetProbability(), x.GetProbability())
	})
	b.Confidence = b.Probabilities[0].GetProbability()
	b.Evidence, b.Conflicting = evidence(signs)
	if len(signs) >= fewestSigns && b.GetConfidence() >= threshold {
		b.Style = b.Probabilities[0].GetStyle()
		b.Advice, b.TypicalMistakes = advice[b.Style], mistakes[b.Style]
	}
	return b
}

// evidence is what each sign adds, and whether two styles both have much of it.
func evidence(signs map[*sign]*seen) (list []*profilev1.StyleEvidence, conflicting bool) {
	var by [3]float64
	total := 0.0
	for _, s := range ordered(signs) {
		best, others := s.best(), 0.0
		for i, p := range s.likelihood {
			if i != best {
				others += p / 2
			}
		}
		weight := repeated(signs[s].times) * math.Log(s.likelihood[best]/others)
		by[best] += weight
		total += weight
		list = append(list, &profilev1.StyleEvidence{
			Sign: aip.Name(signPattern, s.id), Text: s.text(), Seen: signs[s].times, Words: signs[s].words,
			SpeaksFor: styles[best], Weight: weight,
		})
	}
	slices.SortStableFunc(list, func(a, b *profilev1.StyleEvidence) int { return cmp.Compare(b.GetWeight(), a.GetWeight()) })
	strong := 0
	for _, w := range by {
		if w > 0 && w >= conflictShare*total {
			strong++
		}
	}
	return list, strong > 1
}
