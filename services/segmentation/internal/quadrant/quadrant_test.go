package quadrant_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

var policy = quadrant.Policy{
	ValueAbove: 100, MinOrders: 3, PotentialAbove: 50, NeedSignals: 1,
	Need: []quadrant.Signal{{Fact: "visit", Threshold: 30, AtMost: true}, {Fact: "satisfaction", Threshold: 0.8}},
}

func TestWhatDecides(t *testing.T) {
	unknown := math.NaN()
	for name, c := range map[string]struct {
		in    quadrant.Input
		want  quadrant.Group
		known bool
	}{
		"value so far":               {quadrant.Input{OrderDays: 3, Value: 101, Potential: 0, Need: []float64{10, unknown}}, quadrant.HighHigh, true},
		"at the threshold is low":    {quadrant.Input{OrderDays: 3, Value: 100, Potential: 999, Need: []float64{31, unknown}}, quadrant.LowLow, true},
		"prediction before":          {quadrant.Input{OrderDays: 2, Value: 999, Potential: 51, Need: []float64{unknown, 0.9}}, quadrant.PotentialHighHigh, true},
		"prediction low":             {quadrant.Input{OrderDays: 0, Value: 999, Potential: 50, Need: []float64{99, 0.1}}, quadrant.PotentialLowLow, true},
		"no prediction":              {quadrant.Input{OrderDays: 0, Value: 999, Potential: unknown, Need: []float64{1, 1}}, 0, false},
		"no need":                    {quadrant.Input{OrderDays: 5, Value: 999, Potential: 1, Need: []float64{unknown, unknown}}, 0, false},
		"prediction does not matter": {quadrant.Input{OrderDays: 5, Value: 999, Potential: unknown, Need: []float64{1, unknown}}, quadrant.HighHigh, true},
	} {
		got, known := policy.Group(c.in)
		if known != c.known || known && got != c.want {
			t.Errorf("%s: %v %v", name, got, known)
		}
	}
}

// Everybody of whom value and need are known is in exactly one group, and the group
// says what it was made of.
func TestGroupsAreWhatTheyAreMadeOf(t *testing.T) {
	number := rapid.OneOf(rapid.Float64Range(-10, 200), rapid.Just(math.NaN()))
	rapid.Check(t, func(t *rapid.T) {
		in := quadrant.Input{OrderDays: float64(rapid.IntRange(0, 6).Draw(t, "orders")), Value: number.Draw(t, "value"), Potential: number.Draw(t, "potential"), Need: []float64{number.Draw(t, "visit"), number.Draw(t, "satisfaction")}}
		value, valueKnown := policy.HighValue(in)
		need, needKnown := policy.HighNeed(in)
		g, known := policy.Group(in)
		if known != (valueKnown && needKnown) {
			t.Fatalf("known %v", known)
		}
		if known && (g.HighValue() != value || g.HighNeed() != need || g.Established() != policy.Established(in)) {
			t.Fatalf("%s of %v", g.Words().En, in)
		}
	})
}

func TestEightGroupsHaveWords(t *testing.T) {
	ids := make(map[string]bool)
	for _, g := range quadrant.Groups() {
		ids[g.ID] = true
		for _, text := range []string{g.En, g.Zh, g.Do, g.DoZh, g.Mind, g.MindZh} {
			if text == "" {
				t.Errorf("%s lacks a text", g.ID)
			}
		}
	}
	if len(ids) != 8 {
		t.Errorf("%d groups", len(ids))
	}
}
