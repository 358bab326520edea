package loyalty

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// drawPolicy draws one that passes Normalize, its components in any order.
func drawPolicy(t *rapid.T) *Policy {
	p := &Policy{ID: "p"}
	factors := rapid.Permutation([]Factor{1, 2, 3, 4, 5}).Draw(t, "factors")
	for _, f := range factors[:rapid.IntRange(1, 5).Draw(t, "components")] {
		most := 100.0
		if f.isShare() {
			most = 1
		}
		floor := rapid.Float64Range(0, most/2).Draw(t, "floor")
		p.Components = append(p.Components, Component{
			Factor: f, Weight: rapid.Float64Range(0.01, 50).Draw(t, "weight"),
			Floor: floor, Saturation: rapid.Float64Range(floor+0.01, most).Draw(t, "saturation"),
		})
	}
	p.MinKnown = rapid.IntRange(0, len(p.Components)).Draw(t, "least")
	for i, threshold := range rapid.SliceOfNDistinct(rapid.IntRange(0, 100), 0, 5, rapid.ID[int]).Draw(t, "thresholds") {
		p.Tiers = append(p.Tiers, Tier{ID: string(rune('a' + i)), Threshold: float64(threshold)})
	}
	return p
}

func drawValues(t *rapid.T) (v Values) {
	for i := range v {
		if rapid.Bool().Draw(t, "known") {
			v[i] = facts.Figure{Known: true, Value: rapid.Float64Range(0, 120).Draw(t, "value")}
		}
	}
	return v
}

func normalized(t *rapid.T, p *Policy) *Policy {
	c := *p
	c.Components, c.Tiers = slices.Clone(p.Components), slices.Clone(p.Tiers)
	if err := c.Normalize(); err != nil {
		t.Fatal(err)
	}
	return &c
}

func TestAScoreIsBoundedAndAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, values := normalized(t, drawPolicy(t)), drawValues(t)
		s := p.Judge("c", values)
		known, shares, points := 0, 0.0, 0.0
		for _, c := range s.Contributions {
			shares += c.Share
			points += c.Points
			if c.Known {
				known++
			} else if c.Share != 0 || c.Points != 0 {
				t.Fatalf("%+v is not known and counts", c)
			}
			if c.Score < 0 || c.Score > 1 {
				t.Fatalf("%+v", c)
			}
		}
		if s.Scored != (known >= p.MinKnown) {
			t.Fatalf("scored %v with %d known of %d", s.Scored, known, p.MinKnown)
		}
		if !s.Scored {
			if s.Score != 0 || s.Tier != "" {
				t.Fatalf("%+v has no score", s)
			}
			return
		}
		if s.Score < 0 || s.Score > 100 || math.Abs(shares-1) > 1e-12 || math.Abs(points-s.Score) > 1e-8 {
			t.Fatalf("score %v, shares %v, points %v", s.Score, shares, points)
		}
	})
}

func TestAScoreGrowsWithEachComponent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, values := normalized(t, drawPolicy(t)), drawValues(t)
		i := rapid.IntRange(0, Factors-1).Draw(t, "factor")
		if !values[i].Known {
			return
		}
		more := values
		more[i].Value += rapid.Float64Range(0, 100).Draw(t, "more")
		before, after := p.Judge("c", values), p.Judge("c", more)
		if after.Score < before.Score || p.threshold(after.Tier) < p.threshold(before.Tier) {
			t.Fatalf("%v to %v took %+v to %+v", values[i].Value, more[i].Value, before, after)
		}
	})
}

// threshold is that of a tier, below all for none.
func (p *Policy) threshold(tier string) float64 {
	for _, t := range p.Tiers {
		if t.ID == tier {
			return t.Threshold
		}
	}
	return -1
}

func TestTheOrderOfComponentsChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, values := drawPolicy(t), drawValues(t)
		other := *p
		other.Components = rapid.Permutation(slices.Clone(p.Components)).Draw(t, "components")
		other.Tiers = rapid.Permutation(slices.Clone(p.Tiers)).Draw(t, "tiers")
		a, b := normalized(t, p).Judge("c", values), normalized(t, &other).Judge("c", values)
		if a.Score != b.Score || a.Tier != b.Tier || !slices.Equal(a.Contributions, b.Contributions) {
			t.Fatalf("%+v\n%+v", a, b)
		}
	})
}

// What is not known of a customer counts as if the policy did not ask for it.
func TestWhatIsNotKnownIsLeftOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, values := normalized(t, drawPolicy(t)), drawValues(t)
		left := *p
		left.Components = slices.DeleteFunc(slices.Clone(p.Components), func(c Component) bool { return !values[c.Factor-1].Known })
		if len(left.Components) == 0 {
			return
		}
		left.MinKnown, p.MinKnown = 1, 1
		if a, b := p.Judge("c", values), left.Judge("c", values); a.Score != b.Score {
			t.Fatalf("%+v\n%+v", a, b)
		}
		// Weights that grow all alike change nothing either.
		for i := range left.Components {
			left.Components[i].Weight *= 4
		}
		if a, b := p.Judge("c", values), left.Judge("c", values); math.Abs(a.Score-b.Score) > 1e-8 {
			t.Fatalf("%+v\n%+v", a, b)
		}
	})
}

func TestAScoreByHand(t *testing.T) {
	p := &Policy{
		ID: "p",
		Components: []Component{
			{TenureDays, 1, 0, 1000}, {PurchaseDays, 3, 1, 11}, {Satisfaction, 2, 0, 1},
		},
		Tiers: []Tier{{ID: "gold", Threshold: 60}, {ID: "silver", Threshold: 30}},
	}
	if err := p.Normalize(); err != nil {
		t.Fatal(err)
	}
	known := func(x float64) facts.Figure { return facts.Figure{Known: true, Value: x} }
	for _, c := range []struct {
		days, satisfaction, tenure facts.Figure
		score                      float64
		tier                       string
	}{
		{known(6), known(0.9), known(500), 100 * (3*0.5 + 2*0.9 + 0.5) / 6, "gold"},
		{known(6), facts.Figure{Reason: facts.NoAnswer}, known(500), 100 * (3*0.5 + 0.5) / 4, "silver"},
		{known(1), known(0), known(0), 0, ""},
		{known(40), known(1), known(5000), 100, "gold"},
		{known(1), known(0.9), known(0), 30, "silver"}, // exactly the threshold
	} {
		s := p.Judge("c", Values{PurchaseDays - 1: c.days, Satisfaction - 1: c.satisfaction, TenureDays - 1: c.tenure})
		if math.Abs(s.Score-c.score) > 1e-9 || s.Tier != c.tier {
			t.Errorf("%+v: %v %q, want %v %q", c, s.Score, s.Tier, c.score, c.tier)
		}
	}
}

func TestPoliciesThatCannotBe(t *testing.T) {
	good := func() *Policy { return &Policy{Components: []Component{{PurchaseDays, 1, 0, 10}}} }
	for name, spoil := range map[string]func(*Policy){
		"components":                func(p *Policy) { p.Components = nil },
		"components[0].factor":      func(p *Policy) { p.Components[0].Factor = 6 },
		"components[0].weight":      func(p *Policy) { p.Components[0].Weight = math.NaN() },
		"components[0].floor":       func(p *Policy) { p.Components[0].Floor = -1 },
		"components[0].saturation":  func(p *Policy) { p.Components[0].Floor = 10 },
		"components[1].factor":      func(p *Policy) { p.Components = append(p.Components, p.Components[0]) },
		"components[1].saturation":  func(p *Policy) { p.Components = append(p.Components, Component{Satisfaction, 1, 0, 2}) },
		"tiers[0].tier":             func(p *Policy) { p.Tiers = []Tier{{ID: None}} },
		"tiers[0].threshold":        func(p *Policy) { p.Tiers = []Tier{{ID: "a", Threshold: math.NaN()}} },
		"tiers[1].tier":             func(p *Policy) { p.Tiers = []Tier{{ID: "a"}, {ID: "a", Threshold: 1}} },
		"tiers[1].threshold":        func(p *Policy) { p.Tiers = []Tier{{ID: "a"}, {ID: "b"}} },
		"min_known_components":      func(p *Policy) { p.MinKnown = 2 },
		"components[0].weight ":     func(p *Policy) { p.Components[0].Weight = 0 },
		"components[0].saturation ": func(p *Policy) { p.Components[0].Saturation = math.Inf(1) },
	} {
		p := good()
		spoil(p)
		if got := field(p.Normalize()); got != trimmed(name) {
			t.Errorf("%s: the error names %q", name, got)
		}
	}
	if err := good().Normalize(); err != nil {
		t.Error(err)
	}
}
