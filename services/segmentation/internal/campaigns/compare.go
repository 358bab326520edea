package campaigns

import (
	"math"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
)

// Comparison is those treated against those held out by one figure.
type Comparison struct {
	Treated, HeldOut         int64
	TreatedMean, HeldOutMean float64
	Lift                     *stat.Lift // nil where it cannot be told
	Reason                   string     // why Lift is nil
}

// Inference says how differences are judged.
type Inference struct {
	Level float64
	// Final tells that the planned end is past: what has been planned to be looked at
	// once is looked at now. Before, only intervals are given that hold at every look.
	Final bool
	// Baseline is what was known of the population before the start.
	Baseline *Baseline
}

// Without a baseline, the share of customers that is expected to order.
const presumedConversion = 0.05

// planned is the N for which stat.Peeking makes its intervals narrowest.
//
// It makes them for customers who come in one after the other, so that information
// grows with their number. In a campaign all are there from the start and what grows
// is how many have ordered: looked at over time, the standardised difference of two
// shares u is, for large samples, W(s)/√s of a Brownian motion W with the clock
// s = u/(1−u) (Doob's transform of the bridge that an empirical distribution tends
// to). The normal mixture (Robbins 1970, Annals of Mathematical Statistics
// 41:1397–1409) holds on that clock, tuned to where it is expected to stand at the
// end, s*, by what the population did in as much time before. So the N that makes
// N/planned = s/s* is given. For means the clock is the variance of the sum so far
// against that of the time before.
func planned(n int64, clock, expected float64) int64 {
	if !(clock > 0) || !(expected > 0) {
		return n
	}
	return int64(math.Round(min(max(float64(n)*expected/clock, 1), 1<<53)))
}

func odds(u float64) float64 { return u / (1 - u) }

// conversionClock is where the clock stands, and is expected to stand at the end.
func (i Inference) conversionClock(a *Arms) (now, end float64) {
	expected := presumedConversion
	if b := i.Baseline; b != nil && b.Converted > 0 {
		expected = min(max(b.conversion(), 0.001), 0.9)
	}
	n := float64(a.Treated.Revenue.N + a.HeldOut.Revenue.N)
	return odds(min(float64(a.Treated.Converted+a.HeldOut.Converted)/n, 0.999)), odds(expected)
}

// Conversion compares the shares that ordered.
func (i Inference) Conversion(a *Arms) (Comparison, error) {
	t, h := a.Treated.trials(), a.HeldOut.trials()
	c := Comparison{Treated: t.N, HeldOut: h.N, TreatedMean: share(t), HeldOutMean: share(h)}
	if t.N == 0 || h.N == 0 {
		c.Reason = "TOO_FEW_CUSTOMERS"
		return c, nil
	}
	if i.Final {
		return c.judged(stat.LiftOfShares(t, h, i.Level))
	}
	now, end := i.conversionClock(a)
	return c.judged(stat.Peeking{Level: i.Level, PlannedN: planned(t.N+h.N, now, end)}.LiftOfShares(t, h))
}

// Revenue compares the mean revenue per customer.
func (i Inference) Revenue(a *Arms) (Comparison, error) {
	t, h := a.Treated.Revenue, a.HeldOut.Revenue
	c := Comparison{Treated: t.N, HeldOut: h.N, TreatedMean: t.Mean, HeldOutMean: h.Mean}
	if t.N < 2 || h.N < 2 {
		c.Reason = "TOO_FEW_CUSTOMERS"
		return c, nil
	}
	if i.Final {
		return c.judged(stat.LiftOfMeans(t, h, i.Level))
	}
	now, end := i.conversionClock(a)
	if b := i.Baseline; b != nil && b.Revenue.Variance() > 0 {
		now, end = (t.M2+h.M2)/float64(t.N+h.N), b.Revenue.Variance()
	}
	return c.judged(stat.Peeking{Level: i.Level, PlannedN: planned(t.N+h.N, now, end)}.LiftOfMeans(t, h))
}

func share(t stat.Trials) float64 {
	if t.N == 0 {
		return 0
	}
	return float64(t.Successes) / float64(t.N)
}

// judged takes over a lift. That there is none yet is part of the answer.
func (c Comparison) judged(l stat.Lift, err error) (Comparison, error) {
	if err != nil {
		f, ok := fault.As(err)
		if !ok || f.Kind == fault.Internal {
			return c, err
		}
		c.Reason = f.Reason
		return c, nil
	}
	c.Lift = &l
	return c, nil
}

// SampleRatio is a test of whether customers were split as declared.
type SampleRatio struct {
	Declared, Found float64
	ChiSquared, P   float64
}

// mismatchLevel is below which p-value something is wrong with a split: far below
// usual levels, for every campaign is tested (Fabijan et al. 2019, KDD, "Diagnosing
// sample ratio mismatch in online controlled experiments").
const mismatchLevel = 0.001

// ratioOf tests a split by χ² = (h − n·share)²/(n·share·(1−share)), one degree of
// freedom: P = erfc(√(χ²/2)).
func ratioOf(treated, heldOut int64, declared float64) *SampleRatio {
	n := float64(treated + heldOut)
	if n == 0 {
		return nil
	}
	apart := float64(heldOut) - n*declared
	chi := apart * apart / (n * declared * (1 - declared))
	return &SampleRatio{Declared: declared, Found: float64(heldOut) / n, ChiSquared: chi, P: math.Erfc(math.Sqrt(chi / 2))}
}

// Measured is the lift of the share that orders as an ended campaign has measured it;
// nil where it could not be told.
func Measured(c *Campaign) (*stat.Lift, error) {
	if c.Result == nil {
		return nil, nil
	}
	found, err := Inference{Level: c.Level, Final: c.final(c.Result.AsOf), Baseline: c.Baseline}.Conversion(&c.Result.All)
	return found.Lift, err
}
