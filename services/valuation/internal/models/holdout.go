package models

import (
	"cmp"
	"maps"
	"math"
	"slices"

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

// foretold is customers who are alike, and what was expected of each.
type foretold struct {
	alike
	customers float64
	expected  float64
}

// foretell asks a model for each distinct history.
func (s *sample) foretell(expect func(alike) (float64, error)) ([]foretold, error) {
	var all []foretold
	for k, n := range s.calibrated.sorted() {
		var expected float64
		var err error
		if last := len(all) - 1; last >= 0 && all[last].repeats == k.repeats && all[last].age == k.age && all[last].last == k.last {
			expected = all[last].expected
		} else if expected, err = expect(k); err != nil {
			return nil, err
		}
		all = append(all, foretold{k, float64(n), expected})
	}
	return all, nil
}

// score holds what was expected against what happened.
func score(all []foretold, days int64) scores {
	s := scores{Days: days}
	var n float64
	for _, f := range all {
		n += f.customers
		then := float64(f.then)
		s.Actual += f.customers * then
		s.Predicted += f.customers * f.expected
		s.MAE += f.customers * math.Abs(f.expected-then)
		s.RMSE += f.customers * (f.expected - then) * (f.expected - then)
	}
	if n == 0 {
		return s
	}
	s.MAE, s.RMSE = s.MAE/n, math.Sqrt(s.RMSE/n)
	s.Spearman = spearman(all)
	s.TopDecile = topDecile(all, n, s.Actual)
	return s
}

// spearman is Pearson's correlation of the ranks, ties at the middle of theirs.
func spearman(all []foretold) float64 {
	expected := ranks(all, func(f foretold) float64 { return f.expected })
	actual := ranks(all, func(f foretold) float64 { return float64(f.then) })
	var n, mean float64
	for _, f := range all {
		n += f.customers
	}
	mean = (n + 1) / 2
	var xx, yy, xy float64
	for i, f := range all {
		dx, dy := expected[i]-mean, actual[i]-mean
		xx += f.customers * dx * dx
		yy += f.customers * dy * dy
		xy += f.customers * dx * dy
	}
	if xx == 0 || yy == 0 {
		return 0 // nothing to rank
	}
	return xy / math.Sqrt(xx) / math.Sqrt(yy)
}

// ranks are the middle ranks by a value, from 1.
func ranks(all []foretold, value func(foretold) float64) []float64 {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(value(all[a]), value(all[b])) })
	ranks := make([]float64, len(all))
	var below float64
	for from := 0; from < len(order); {
		to, tied := from, 0.0
		for ; to < len(order) && value(all[order[to]]) == value(all[order[from]]); to++ {
			tied += all[order[to]].customers
		}
		for _, i := range order[from:to] {
			ranks[i] = below + (tied+1)/2
		}
		below += tied
		from = to
	}
	return ranks
}

// topDecile is the share of the orders that the tenth of customers with the
// highest expectation made. Of customers expected alike of whom only some are in
// the tenth, so many are taken as they are on average.
func topDecile(all []foretold, customers, orders float64) float64 {
	if orders == 0 {
		return 0
	}
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b foretold) int { return cmp.Compare(b.expected, a.expected) })
	left := math.Ceil(customers / 10)
	var made float64
	for from := 0; from < len(order) && left > 0; {
		to := from
		var n, then float64
		for ; to < len(order) && order[to].expected == order[from].expected; to++ {
			n += order[to].customers
			then += order[to].customers * float64(order[to].then)
		}
		taken := min(n, left)
		made += then * taken / n
		left -= taken
		from = to
	}
	return made / orders
}

// classes are the means by orders in the calibration.
func classes(all []foretold) []class {
	list := make([]class, lastClass+1)
	for i := range list {
		list[i].Repeats, list[i].OrMore = int64(i), i == lastClass
	}
	for _, f := range all {
		c := &list[min(f.repeats, lastClass)]
		c.Customers += int64(f.customers)
		c.Actual += f.customers * float64(f.then)
		c.Predicted += f.customers * f.expected
	}
	for i := range list {
		if n := float64(list[i].Customers); n > 0 {
			list[i].Actual /= n
			list[i].Predicted /= n
		}
	}
	return list
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
