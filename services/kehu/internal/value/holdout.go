package value

import (
	"strconv"

	"github.com/kehuhq/kehu/pkg/btyd"
)

// Holdout compares what a model expected of the time after the calibration with
// what came.
type Holdout struct {
	Periods        float64          `json:"periods"`
	Actual         float64          `json:"actual"`    // purchases: days with an order, per customer
	Predicted      float64          `json:"predicted"` // the sum of the customers' expectations
	MAE            float64          `json:"mean_absolute_error"`
	RMSE           float64          `json:"root_mean_square_error"`
	Spearman       *float64         `json:"spearman"`         // null where all expectations or all purchases are the same
	TopDecileShare float64          `json:"top_decile_share"` // of the purchases, made by the tenth with most expected
	ByFrequency    []FrequencyClass `json:"by_frequency"`
}

// FrequencyClass is the customers with one number of repeat purchases in the
// calibration; the last class is all with more too.
type FrequencyClass struct {
	Frequency string  `json:"frequency"` // "0" to "6", "7+"
	Customers float64 `json:"customers"`
	Actual    float64 `json:"actual"`
	Predicted float64 `json:"predicted"`
}

// lastClass is the class that has no upper end.
const lastClass = 7

// Tracked is the repeat purchases of all customers in one period, beside what the
// model expects of new customers as old as they are then.
type Tracked struct {
	Period             int     `json:"period"` // since the first purchase of the first customer, from 1
	Actual             float64 `json:"actual"`
	Predicted          float64 `json:"predicted"`
	CumulativeActual   float64 `json:"cumulative_actual"`
	CumulativeExpected float64 `json:"cumulative_predicted"`
}

func (s *Sample) holdout(p *btyd.Predictor) (*Holdout, error) {
	comparison, err := btyd.NewHoldout(p, s.HeldPeriods)
	if err != nil {
		return nil, err
	}
	for _, h := range sortedHeld(s.Held) {
		if err := comparison.Add(h.History, h.later, float64(s.Held[h])); err != nil {
			return nil, err
		}
	}
	c, err := comparison.Calibration()
	if err != nil {
		return nil, err
	}
	h := &Holdout{
		Periods: c.Horizon, Actual: c.Actual, Predicted: c.Expected, MAE: c.MAE, RMSE: c.RMSE, TopDecileShare: c.TopDecileShare,
	}
	if c.Ranked {
		h.Spearman = &c.Spearman
	}
	for _, class := range c.ByFrequency {
		name := strconv.Itoa(class.X)
		if class.X == lastClass {
			name += "+"
		}
		h.ByFrequency = append(h.ByFrequency, FrequencyClass{name, class.Customers, class.Actual, class.Expected})
	}
	return h, nil
}

// track follows the purchases of the sample through all whole periods, those of the
// hold-out too. It is nil where the sample does not say when they were.
func (s *Sample) track(p *btyd.Predictor) ([]Tracked, error) {
	if len(s.Repeats) == 0 {
		return nil, nil
	}
	periods, err := btyd.Track(p, s.Cells, 1, s.Repeats)
	if err != nil {
		return nil, err
	}
	tracked := make([]Tracked, len(periods))
	for i, at := range periods {
		tracked[i] = Tracked{i + 1, at.Actual, at.Expected, at.CumulativeActual, at.CumulativeExpected}
	}
	return tracked, nil
}
