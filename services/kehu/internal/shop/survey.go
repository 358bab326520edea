package shop

import (
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Answer is a customer's answer to "how likely are you to recommend us?".
type Answer struct {
	CustomerID string
	Score      int // 0 to 10
	Time       time.Time
	Channel    string // how he was asked
	Comment    string // "" without one
}

// An answer is scoreMean + scoreLiking·liking + scoreNoise·noise, noise standard
// normal, rounded and kept within 0 to 10. Who answers does not depend on liking.
const (
	scoreMean   = 7.9
	scoreLiking = 1.5
	scoreNoise  = 1.1
)

// Answers yields the answers to the shop's survey in the order of the customers.
func (s *Shop) Answers() iter.Seq[Answer] {
	return func(yield func(Answer) bool) {
		for c := range s.Customers() {
			rng := s.rng(streamSurvey, c.Index)
			if rng.Float64() < s.config.AnswerShare && !yield(s.answer(c, rng)) {
				return
			}
		}
	}
}

func (s *Shop) answer(c Customer, rng *rand.Rand) Answer {
	score := math.Round(scoreMean + scoreLiking*c.Traits.Liking + scoreNoise*rng.NormFloat64())
	a := Answer{
		CustomerID: c.ID,
		Score:      int(min(max(score, 0), 10)),
		Time:       c.FirstOrder.Add(time.Duration(rng.Float64() * float64(s.config.End.Sub(c.FirstOrder)))).Truncate(time.Second),
		Channel:    choose(rng, []string{"wechat", "sms", "email"}),
	}
	if rng.Float64() < 0.4 {
		language := "zh"
		if c.han == nil && !c.Enterprise {
			language = "en"
		}
		mood := 0
		if a.Score >= 7 {
			mood = 1 + (a.Score-7)/2
		}
		a.Comment = choose(rng, comments[language][mood])
	}
	return a
}
