package loyalty

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Change is a change of a customer's tier.
type Change struct {
	Customer   string
	Evaluation int64 // that changed it
	AsOf       time.Time
	Time       time.Time
	From, To   string // tiers; empty for none
	FromScore  *float64
	ToScore    *float64
	Causes     []Cause // the largest change first
	Reasons    []string
}

// Cause is how what a component brings has changed.
type Cause struct {
	Factor     Factor
	FromValue  *float64 // nil where it was not known
	ToValue    *float64
	FromPoints float64
	ToPoints   float64
}

// Reasons for a change that are no component's.
const (
	FirstEvaluation = "FIRST_EVALUATION"
	PolicyChanged   = "POLICY_CHANGED"
	Left            = "LEFT"
)

// changeOf is how a customer's tier has changed from one evaluation to the next,
// false where it has not. A customer who is not in one of them is nil there.
func changeOf(before, after *Standing) (Change, bool) {
	none := &Standing{}
	c := Change{}
	switch {
	case before == nil && after == nil:
		return c, false
	case before == nil:
		before = none
	case after == nil:
		after = none
		c.Reasons = append(c.Reasons, Left)
	}
	if before.Tier == after.Tier {
		return c, false
	}
	c.Customer = cmp.Or(after.Customer, before.Customer)
	c.From, c.To = before.Tier, after.Tier
	c.FromScore, c.ToScore = before.score(), after.score()
	for f := Factor(1); f <= Factors; f++ {
		was, is := before.of(f), after.of(f)
		if was.Points == is.Points && was.Known == is.Known {
			continue
		}
		c.Causes = append(c.Causes, Cause{f, was.value(), is.value(), was.Points, is.Points})
	}
	slices.SortStableFunc(c.Causes, func(a, b Cause) int {
		return cmp.Compare(math.Abs(b.ToPoints-b.FromPoints), math.Abs(a.ToPoints-a.FromPoints))
	})
	return c, true
}

func (s *Standing) score() *float64 {
	if !s.Scored {
		return nil
	}
	score := s.Score
	return &score
}

// of is what a factor brought, the zero Contribution where it does not count.
func (s *Standing) of(f Factor) Contribution {
	for _, c := range s.Contributions {
		if c.Factor == f {
			return c
		}
	}
	return Contribution{}
}

func (c Contribution) value() *float64 {
	if !c.Known {
		return nil
	}
	v := c.Value
	return &v
}
