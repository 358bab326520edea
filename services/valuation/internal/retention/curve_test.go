package retention

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// gapsOfShop are the days between purchases, of all customers, and those still
// open; first leaves the first of each customer alone.
func gapsOfShop(s *shop, first bool) (closed, open []int) {
	days := func(d time.Duration) int { return int(d / (24 * time.Hour)) }
	for _, orders := range s.orders {
		var dates []time.Time
		for _, o := range orders {
			dates = append(dates, o.date)
		}
		slices.SortFunc(dates, time.Time.Compare)
		dates = slices.CompactFunc(dates, time.Time.Equal)
		for i := 1; i < len(dates) && (i == 1 || !first); i++ {
			closed = append(closed, days(dates[i].Sub(dates[i-1])))
		}
		if len(dates) == 1 || !first {
			open = append(open, days(s.asOf.Sub(dates[len(dates)-1])))
		}
	}
	return closed, open
}

// TestCurveIsTheProductLimit computes the curve by its definition, from the gaps
// one by one.
func TestCurveIsTheProductLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShop(t)
		for which, first := range map[Gaps]bool{AllGaps: false, FirstGaps: true} {
			closed, open := gapsOfShop(s, first)
			curve, err := NewCurve(&s.counted.Gaps, which, 0.95)
			if err != nil {
				t.Fatal(err)
			}
			if curve.Events != int64(len(closed)) || curve.Observations != int64(len(closed)+len(open)) {
				t.Fatalf("%d of %d, want %d and %d open", curve.Events, curve.Observations, len(closed), len(open))
			}
			survival, points := 1.0, curve.Points
			for _, day := range slices.Compact(slices.Sorted(slices.Values(closed))) {
				atRisk, events := 0, 0
				for _, g := range closed {
					if g >= day {
						atRisk++
					}
					if g == day {
						events++
					}
				}
				for _, g := range open {
					if g >= day {
						atRisk++
					}
				}
				survival *= 1 - float64(events)/float64(atRisk)
				p := points[0]
				points = points[1:]
				if int(p.Days) != day || p.AtRisk != int64(atRisk) || p.Events != int64(events) || math.Abs(p.Survival-survival) > 1e-12 {
					t.Fatalf("%+v, want day %d, %d of %d, %g", p, day, events, atRisk, survival)
				}
				if !(p.Low <= p.Survival && p.Survival <= p.High) || p.Low < 0 || p.High > 1 {
					t.Fatalf("interval of %+v", p)
				}
			}
			if len(points) > 0 {
				t.Fatalf("points too many: %+v", points)
			}
			if len(closed) == 0 && len(curve.Warnings) == 0 {
				t.Fatal("a curve without an event has no warning")
			}
		}
	})
}

// TestGapsOfDecades: gaps that are not counted to the day are at risk all along,
// and no step is made up for them.
func TestGapsOfDecades(t *testing.T) {
	asOf, err := (&domain.Policy{AsOfDate: "2025-06-30", Zone: "UTC"}).AsOf()
	if err != nil {
		t.Fatal(err)
	}
	keeper := domain.NewBookkeeper(asOf)
	begin := asOf.EndMS - 12_345*86_400_000
	for _, times := range [][]int64{{begin, begin + 12_000*86_400_000}, {begin, begin + 10*86_400_000}} {
		h := &domain.History{Customer: "c", TimeMS: times, Net: []int64{1, 1}, Cost: []int64{-1, -1}, Codes: []string{"CNY"}}
		if _, err := keeper.Account(h, new(domain.Account)); err != nil {
			t.Fatal(err)
		}
	}
	curve, err := NewCurve(&keeper.Counted.Gaps, AllGaps, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	// Open for 345 and 12,335 days, closed after 12,000 and 10.
	if want := (Point{Days: 10, AtRisk: 4, Events: 1, Survival: 0.75}); len(curve.Points) != 1 || curve.Points[0].Days != want.Days ||
		curve.Points[0].AtRisk != want.AtRisk || curve.Points[0].Events != 1 || curve.Points[0].Survival != want.Survival {
		t.Errorf("points %+v, want %+v", curve.Points, want)
	}
	if curve.Observations != 4 || curve.Events != 2 {
		t.Errorf("%d gaps, %d closed", curve.Observations, curve.Events)
	}
}
