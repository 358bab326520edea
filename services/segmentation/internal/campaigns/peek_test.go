package campaigns

import (
	"crypto/sha256"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/kehuhq/kehu/pkg/stat"
)

// shop simulates a campaign day by day: customers who order with a rate of their own.
type shop struct {
	random  *rand.Rand
	revenue []float64
	ordered []bool
	arm     []Arm
	byDay   [][]order
	totals  [HeldOut + 1]struct {
		n, converted int64
		sum, squares float64
	}
	baseline *Baseline
}

type order struct {
	customer int
	amount   float64
}

const days = 28

// run draws a campaign of n customers of whom about share of those held out order
// within the days, and lift more of those treated.
func run(seed uint64, n int, conversion, lift float64) *shop {
	s := &shop{random: rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, "shop ", seed)))), revenue: make([]float64, n), ordered: make([]bool, n), arm: make([]Arm, n), byDay: make([][]order, days)}
	s.baseline = &Baseline{}
	campaign := fmt.Sprint("sim-", seed)
	for i := range n {
		s.arm[i] = ArmOf(campaign, strconv.Itoa(i), 0.3)
		s.totals[s.arm[i]].n++
		p := conversion
		if s.arm[i] == Treated {
			p += lift
		}
		// Buyers differ: the heavier order again and again, and larger.
		heavy := math.Exp(s.random.NormFloat64() * 0.5)
		amounts := func(p float64, keep func(day int, amount float64)) {
			if s.random.Float64() >= p {
				return
			}
			for day := s.random.IntN(days); day < days; day += 1 + s.random.IntN(20) {
				keep(day, 100*heavy*math.Exp(s.random.NormFloat64()*0.3))
			}
		}
		before := 0.0
		amounts(conversion, func(_ int, amount float64) { before += amount })
		if before > 0 {
			s.baseline.Converted++
		}
		s.baseline.Revenue.Add(before)
		amounts(p, func(day int, amount float64) { s.byDay[day] = append(s.byDay[day], order{i, amount}) })
	}
	return s
}

// look is the state after a day.
func (s *shop) look(day int) *Arms {
	for _, o := range s.byDay[day] {
		t := &s.totals[s.arm[o.customer]]
		if !s.ordered[o.customer] {
			s.ordered[o.customer] = true
			t.converted++
		}
		before := s.revenue[o.customer]
		s.revenue[o.customer] += o.amount
		t.sum += o.amount
		t.squares += s.revenue[o.customer]*s.revenue[o.customer] - before*before
	}
	a := &Arms{}
	for _, arm := range []Arm{Treated, HeldOut} {
		t := s.totals[arm]
		mean := t.sum / float64(t.n)
		*a.of(arm) = Sums{Converted: t.converted, Revenue: stat.Spread{N: t.n, Mean: mean, M2: max(0, t.squares-t.sum*mean), Max: mean}}
	}
	return a
}

func excludes(t *testing.T, c Comparison, err error, truth float64) bool {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return c.Lift != nil && (c.Lift.Absolute.Low > truth || c.Lift.Absolute.High < truth)
}

// TestPeekingKeepsTheError looks at 500 campaigns without an effect every day: few may
// ever seem to have one. Looking at the intervals of a fixed horizon in the same way
// finds effects in many.
func TestPeekingKeepsTheError(t *testing.T) {
	const campaigns = 500
	for _, first := range []uint64{1, 100_001} {
		wrong, wrongRevenue, naive := 0, 0, 0
		for k := range uint64(campaigns) {
			s := run(first+k, 600, 0.25, 0)
			erred, erredRevenue, fooled := false, false, false
			for day := range days {
				a := s.look(day)
				c, err := Inference{Level: 0.95, Baseline: s.baseline}.Conversion(a)
				erred = erred || excludes(t, c, err, 0)
				c, err = Inference{Level: 0.95, Baseline: s.baseline}.Revenue(a)
				erredRevenue = erredRevenue || excludes(t, c, err, 0)
				c, err = Inference{Level: 0.95, Final: true}.Conversion(a)
				fooled = fooled || excludes(t, c, err, 0)
			}
			for _, is := range []struct {
				yes bool
				n   *int
			}{{erred, &wrong}, {erredRevenue, &wrongRevenue}, {fooled, &naive}} {
				if is.yes {
					*is.n++
				}
			}
		}
		t.Logf("seed %d: of %d campaigns without an effect, %d seemed to have one in conversion, %d in revenue; by fixed-horizon intervals %d", first, campaigns, wrong, wrongRevenue, naive)
		if wrong > campaigns/20 || wrongRevenue > campaigns/20 {
			t.Errorf("seed %d: %d and %d of %d erred, want %d at most", first, wrong, wrongRevenue, campaigns, campaigns/20)
		}
		if naive < campaigns/10 {
			t.Errorf("seed %d: looking at fixed horizons erred only %d times: the simulation shows nothing", first, naive)
		}
	}
}

// TestKnownEffectIsCovered has the interval at the planned end, and all those before
// it, cover an effect that is there.
func TestKnownEffectIsCovered(t *testing.T) {
	const campaigns, effect = 500, 0.08
	for _, first := range []uint64{7, 200_007} {
		covered, always, found := 0, 0, 0
		for k := range uint64(campaigns) {
			s := run(first+k, 1500, 0.2, effect)
			out := false
			var a *Arms
			for day := range days {
				a = s.look(day)
				c, err := Inference{Level: 0.95, Baseline: s.baseline}.Conversion(a)
				// The effect so far: that of the end, by the share of orders that has come in.
				out = out || excludes(t, c, err, effect*began(day))
			}
			if !out {
				always++
			}
			c, err := Inference{Level: 0.95, Final: true}.Conversion(a)
			if !excludes(t, c, err, effect) {
				covered++
			}
			if excludes(t, c, err, 0) {
				found++
			}
		}
		t.Logf("seed %d: of %d campaigns the interval covered the effect in %d at the end and in %d at every look; it was found in %d", first, campaigns, covered, always, found)
		if covered < 93*campaigns/100 || always < 95*campaigns/100 {
			t.Errorf("seed %d: covered in %d at the end, in %d at every look, of %d", first, covered, always, campaigns)
		}
		if found < campaigns/2 {
			t.Errorf("seed %d: an effect of 8 points was found in %d of %d", first, found, campaigns)
		}
	}
}

// began is the share of those who order that have by the end of a day.
func began(day int) float64 { return float64(day+1) / days }

func TestTooFewAreNotCompared(t *testing.T) {
	c, err := Inference{Level: 0.95, Final: true}.Conversion(&Arms{Treated: Sums{Revenue: stat.Spread{N: 5}}})
	if err != nil || c.Lift != nil || c.Reason != "TOO_FEW_CUSTOMERS" {
		t.Errorf("%+v, %v", c, err)
	}
	all := Sums{Converted: 3, Revenue: stat.SpreadOf([]float64{1, 2, 3, 4, 5})}
	c, err = Inference{Level: 0.95}.Conversion(&Arms{Treated: all, HeldOut: all})
	if err != nil || c.Lift != nil || c.Reason != "TOO_EARLY" {
		t.Errorf("%+v, %v", c, err)
	}
	none := Sums{Revenue: stat.SpreadOf([]float64{0, 0, 0})}
	c, err = Inference{Level: 0.95, Final: true}.Revenue(&Arms{Treated: none, HeldOut: none})
	if err != nil || c.Lift != nil || c.Reason == "" {
		t.Errorf("%+v, %v", c, err)
	}
}
