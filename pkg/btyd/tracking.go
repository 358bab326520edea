package btyd

import (
	"cmp"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// maxTracked is the largest number of periods of a tracking.
const maxTracked = 10_000

// TrackedPeriod are the repeat purchases of a period.
type TrackedPeriod struct {
	End                float64 // of the period, since the first purchase of the first customer
	Expected           float64 // in the period, sum over customers
	CumulativeExpected float64 // up to its end
	Actual             float64
	CumulativeActual   float64
}

// Track is what a model expects of all repeat purchases, period by period from the
// first purchase of the first customer on, besides what happened. Customers come in
// as their T says: the oldest at time 0. actual are the repeat purchases per period;
// periods have the given length, and may go beyond the end of the observation, since
// nothing is expected on the ground of a customer's history. No covariates.
//
// P. Fader, B. Hardie, K. Lee, "Counting Your Customers" the Easy Way (2005), section 4.
func Track(p *Predictor, cells *Cells, length float64, actual []float64) ([]TrackedPeriod, error) {
	if !(length >= minAge && length <= maxAge) {
		return nil, fault.Invalid("length", "must lie between %.0e and %.0e, got %v", minAge, maxAge, length)
	}
	if len(actual) == 0 || len(actual) > maxTracked {
		return nil, fault.Invalid("actual", "must be the purchases of 1 to %d periods, got %d", maxTracked, len(actual))
	}
	ages := ageGroups(cells.ordered())
	if len(ages) == 0 {
		return nil, refuse(ReasonTooFewCustomers, "there are no customers to track")
	}
	oldest := ages[len(ages)-1].age
	periods := make([]TrackedPeriod, len(actual))
	var bought, previous float64
	for i, n := range actual {
		if !(n >= 0 && n <= 1e15) {
			return nil, fault.Invalid("actual", "must be finite numbers from 0, got %v for period %d", n, i+1)
		}
		end := float64(i+1) * length
		var total sum
		for _, g := range ages {
			if since := end - (oldest - g.age); since > 0 {
				v, err := p.ExpectedNew(math.Min(since, maxAge))
				if err != nil {
					return nil, err
				}
				total.add(g.customers * v)
			}
		}
		bought += n
		periods[i] = TrackedPeriod{
			End: end, Expected: total.value() - previous, CumulativeExpected: total.value(), Actual: n, CumulativeActual: bought,
		}
		previous = total.value()
	}
	return periods, nil
}

// ageGroup are the customers who have been observed for the same time.
type ageGroup struct{ age, customers float64 }

// ageGroups are in order of age.
func ageGroups(cells []cell) []ageGroup {
	byAge := map[float64]float64{}
	for i := range cells {
		byAge[cells[i].t] += cells[i].weight
	}
	groups := make([]ageGroup, 0, len(byAge))
	for age, customers := range byAge {
		groups = append(groups, ageGroup{age, customers})
	}
	slices.SortFunc(groups, func(a, b ageGroup) int { return cmp.Compare(a.age, b.age) })
	return groups
}
