package btyd

import (
	"cmp"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// frequencyClasses are the classes of the calibration by frequency: 0 to 6 repeat
// purchases, and 7 or more.
const frequencyClasses = 8

// Expecter says what is expected of customers: a Predictor, or a rule that it is
// compared with.
type Expecter interface {
	// Expected is the purchases of a customer with a history within the horizon.
	Expected(h History, horizon float64) (float64, error)
}

// Holdout compares what a model expects of customers in a hold-out period with what
// they did. It is filled one customer at a time and keeps one entry for each distinct
// pair of expectation and purchases.
type Holdout struct {
	model    Expecter
	horizon  float64
	expected map[History]float64
	pairs    map[outcome]float64
	classes  [frequencyClasses]FrequencyClass
}

type outcome struct {
	expected float64
	actual   int
}

// FrequencyClass are the customers with that many repeat purchases before the hold-out.
type FrequencyClass struct {
	X         int // repeat purchases; the last class holds those with more as well
	Customers float64
	Actual    float64 // purchases in the hold-out, sum over customers
	Expected  float64 // what the model expected, sum over customers
}

// Calibration is the comparison.
type Calibration struct {
	Horizon          float64 // of the hold-out, in the model's unit of time
	Customers        float64
	Actual, Expected float64 // purchases in the hold-out, sums over customers
	MAE, RMSE        float64 // of the purchases per customer
	// Spearman is the rank correlation of expected and actual purchases, equal values
	// having their mean rank. Ranked is false where either is the same for all.
	Spearman float64
	Ranked   bool
	// TopDecileShare is the share of the hold-out's purchases made by the tenth of
	// customers, rounded up, with the highest expectation; those that tie at its edge count in
	// proportion. It is 0 where nobody bought.
	TopDecileShare float64
	ByFrequency    []FrequencyClass // classes without customers are left out
}

// NewHoldout starts a comparison over a hold-out of that length.
func NewHoldout(model Expecter, horizon float64) (*Holdout, error) {
	if err := checkHorizon(horizon); err != nil {
		return nil, err
	}
	return &Holdout{model: model, horizon: horizon, expected: map[History]float64{}, pairs: map[outcome]float64{}}, nil
}

// Add counts a customer with a history up to the hold-out and actual purchases in it,
// weight times.
func (h *Holdout) Add(history History, actual int, weight float64) error {
	if actual < 0 || actual > maxPurchases {
		return fault.Invalid("actual", "must be a whole number of purchases from 0 to %d, got %d", maxPurchases, actual)
	}
	if !(weight > 0 && weight <= 1e12) {
		return fault.Invalid("weight", "must lie above 0 and up to 1e12, got %v", weight)
	}
	expected, known := h.expected[history]
	if !known {
		var err error
		if expected, err = h.model.Expected(history, h.horizon); err != nil {
			return err
		}
		h.expected[history] = expected
	}
	h.pairs[outcome{expected, actual}] += weight
	class := &h.classes[min(history.X, frequencyClasses-1)]
	class.Customers += weight
	class.Actual += weight * float64(actual)
	class.Expected += weight * expected
	return nil
}

// Calibration is the comparison of those added so far. It refuses where there are none.
func (h *Holdout) Calibration() (Calibration, error) {
	if len(h.pairs) == 0 {
		return Calibration{}, refuse(ReasonTooFewCustomers, "there are no customers in the hold-out")
	}
	rows := make([]ranked, 0, len(h.pairs))
	for pair, weight := range h.pairs {
		rows = append(rows, ranked{outcome: pair, weight: weight})
	}
	slices.SortFunc(rows, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.expected, b.expected), cmp.Compare(a.actual, b.actual))
	})
	var customers, actual, expected, absolute, squared sum
	for _, r := range rows {
		gap := r.expected - float64(r.actual)
		customers.add(r.weight)
		actual.add(r.weight * float64(r.actual))
		expected.add(r.weight * r.expected)
		absolute.add(r.weight * math.Abs(gap))
		squared.add(r.weight * gap * gap)
	}
	n := customers.value()
	c := Calibration{
		Horizon: h.horizon, Customers: n, Actual: actual.value(), Expected: expected.value(),
		MAE: absolute.value() / n, RMSE: math.Sqrt(squared.value() / n),
	}
	if c.Actual > 0 {
		c.TopDecileShare = topDecile(rows, n) / c.Actual
	}
	c.Spearman, c.Ranked = spearman(rows, n)
	for x, class := range h.classes {
		if class.Customers > 0 {
			class.X = x
			c.ByFrequency = append(c.ByFrequency, class)
		}
	}
	return c, nil
}

// ranked is a pair with the customers who share it and their ranks.
type ranked struct {
	outcome
	weight               float64
	byExpected, byActual float64
}

// topDecile is the purchases of the tenth with the highest expectation. rows are in
// order of expectation.
func topDecile(rows []ranked, n float64) float64 {
	room, bought := math.Ceil(n/10), 0.0
	for end := len(rows); end > 0 && room > 0; {
		start, weight, actual := end, 0.0, 0.0
		for start > 0 && rows[start-1].expected == rows[end-1].expected {
			start--
			weight += rows[start].weight
			actual += rows[start].weight * float64(rows[start].actual)
		}
		share := math.Min(1, room/weight)
		bought += share * actual
		room -= weight
		end = start
	}
	return bought
}

// spearman is the correlation of mean ranks. It reorders rows.
func spearman(rows []ranked, n float64) (float64, bool) {
	rank(rows, func(r *ranked) float64 { return r.expected }, func(r *ranked, v float64) { r.byExpected = v })
	rank(rows, func(r *ranked) float64 { return float64(r.actual) }, func(r *ranked, v float64) { r.byActual = v })
	mean := (n + 1) / 2
	var both, first, second sum
	for _, r := range rows {
		a, b := r.byExpected-mean, r.byActual-mean
		both.add(r.weight * a * b)
		first.add(r.weight * a * a)
		second.add(r.weight * b * b)
	}
	if !(first.value() > 0 && second.value() > 0) {
		return 0, false
	}
	v := both.value() / math.Sqrt(first.value()) / math.Sqrt(second.value())
	return math.Max(-1, math.Min(1, v)), true
}

// rank gives each row the mean rank, from 1, of those with its value.
func rank(rows []ranked, value func(*ranked) float64, set func(*ranked, float64)) {
	slices.SortStableFunc(rows, func(a, b ranked) int { return cmp.Compare(value(&a), value(&b)) })
	before := 0.0
	for start := 0; start < len(rows); {
		end, weight := start, 0.0
		for end < len(rows) && value(&rows[end]) == value(&rows[start]) {
			weight += rows[end].weight
			end++
		}
		for i := start; i < end; i++ {
			set(&rows[i], before+(weight+1)/2)
		}
		before += weight
		start = end
	}
}
