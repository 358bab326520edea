package loyalty

import (
	"math"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// Values are what is known of a customer, by Factor − 1.
type Values [Factors]facts.Figure

// Contribution is what one component brought.
type Contribution struct {
	Factor Factor
	facts.Figure
	Weight float64 // the policy's
	Share  float64 // of the weights of all that is known; 0 where it is not
	Score  float64 // 0 to 1
	Points float64 // 100 · Share · Score
}

// Standing is how loyal a customer is.
type Standing struct {
	Customer      string
	Scored        bool
	Score         float64 // 0 to 100
	Tier          string  // empty for none
	Contributions []Contribution
}

// Judge makes a customer's score and tier:
//
//	score = 100 · Σ wᵢ·sᵢ / Σ wᵢ    sᵢ = (xᵢ − floorᵢ)/(saturationᵢ − floorᵢ), within 0 and 1
//
// over the components i whose xᵢ is known. The policy must have passed Normalize:
// components are added up by their factors, so that their order in the policy
// changes nothing.
func (p *Policy) Judge(customer string, values Values) Standing {
	s := Standing{Customer: customer, Contributions: make([]Contribution, len(p.Components))}
	known, weights := 0, 0.0
	for _, c := range p.Components {
		if values[c.Factor-1].Known {
			known++
			weights += c.Weight
		}
	}
	for i, c := range p.Components {
		part := Contribution{Factor: c.Factor, Figure: values[c.Factor-1], Weight: c.Weight}
		if part.Known {
			part.Share = c.Weight / weights
			part.Score = c.score(part.Value)
			part.Points = 100 * part.Share * part.Score
			s.Score += part.Points
		}
		s.Contributions[i] = part
	}
	if known < p.MinKnown {
		s.Score = 0
		return s
	}
	s.Scored = true
	s.Score = round(math.Min(100, s.Score))
	s.Tier = p.tierOf(s.Score)
	return s
}

// score is s of the formula.
func (c Component) score(x float64) float64 {
	return math.Max(0, math.Min(1, (x-c.Floor)/(c.Saturation-c.Floor)))
}
