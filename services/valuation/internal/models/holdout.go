package models

import (
	"maps"
	"slices"

	"github.com/kehuhq/kehu/pkg/btyd"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// scores is how a model predicted the hold-out.
type scores struct {
	Actual    float64 `bson:"actual"`
	Predicted float64 `bson:"predicted"`
	MAE       float64 `bson:"mae"`
	RMSE      float64 `bson:"rmse"`
	Spearman  float64 `bson:"spearman"`
	TopDecile float64 `bson:"top_decile"`
	Days      int64   `bson:"days"`
}

// class is customers with the same number of orders in the calibration.
type class struct {
	Repeats   int64   `bson:"repeats"`
	OrMore    bool    `bson:"or_more,omitempty"`
	Customers int64   `bson:"customers"`
	Actual    float64 `bson:"actual"`    // mean
	Predicted float64 `bson:"predicted"` // mean
}

// period is orders up to the end of a week.
type period struct {
	End       string  `bson:"end"`
	Holdout   bool    `bson:"holdout,omitempty"`
	Actual    float64 `bson:"actual"`
	Predicted float64 `bson:"predicted"`
}

// lastClass is the open class of frequency.
const lastClass = 7

// heldAgainst compares what is expected of each customer with what the hold-out brought.
func (s *sample) heldAgainst(model btyd.Expecter) (*holdout, error) {
	w := s.window
	days := w.holdout.Day - w.calibration.Day
	comparison, err := btyd.NewHoldout(model, float64(days)/w.unitDays)
	if err != nil {
		return nil, err
	}
	for a, n := range s.calibrated.sorted() {
		if err := comparison.Add(a.facts().History(w.unitDays), int(a.then), float64(n)); err != nil {
			return nil, err
		}
	}
	c, err := comparison.Calibration()
	if err != nil {
		return nil, err
	}
	h := &holdout{Scores: scores{
		Actual: c.Actual, Predicted: c.Expected, MAE: c.MAE, RMSE: c.RMSE, Spearman: c.Spearman, TopDecile: c.TopDecileShare, Days: days,
	}}
	for _, f := range c.ByFrequency {
		h.Classes = append(h.Classes, class{
			Repeats: int64(f.X), OrMore: f.X == lastClass, Customers: int64(f.Customers),
			Actual: f.Actual / f.Customers, Predicted: f.Expected / f.Customers,
		})
	}
	return h, nil
}

// mostPeriods are kept of the tracking; longer ones are told every second week, or fourth, ….
const mostPeriods = 260

// tracking cumulates the orders behind the first, week by week, and what a model
// expects of new customers in the time since their first order.
func (s *sample) tracking(expectNew func(days int64) (float64, error)) ([]period, error) {
	start, end := s.start(), s.window.holdout.Day
	step := int64(7)
	for (end-start)/step > mostPeriods {
		step *= 2
	}
	known := map[int64]float64{}
	at := func(days int64) (float64, error) {
		if v, met := known[days]; met {
			return v, nil
		}
		v, err := expectNew(days)
		known[days] = v
		return v, err
	}
	firsts, days := slices.Sorted(maps.Keys(s.firsts)), slices.Sorted(maps.Keys(s.repeated))
	var periods []period
	var actual float64
	next := 0
	for last := start + step - 1; last <= end; last += step {
		for ; next < len(days) && days[next] <= last; next++ {
			actual += float64(s.repeated[days[next]])
		}
		p := period{End: domain.Date(last), Holdout: last > s.window.calibration.Day, Actual: actual}
		for _, first := range firsts {
			if first >= last {
				break
			}
			expected, err := at(last - first)
			if err != nil {
				return nil, err
			}
			p.Predicted += float64(s.firsts[first]) * expected
		}
		periods = append(periods, p)
	}
	return periods, nil
}
