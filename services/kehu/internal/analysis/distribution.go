package analysis

import (
	"math"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Value is what a distribution is of: days, or money as decimal text.
type Value interface{ float64 | string }

// Distribution is how values are distributed. Bins are from their lower edge up
// to, but not including, the upper one.
type Distribution[V Value] struct {
	Count     int64         `json:"count"`
	Minimum   V             `json:"minimum"`
	Maximum   V             `json:"maximum"`
	Mean      V             `json:"mean"` // rounded to the hundredth of a day, or to the currency's decimals
	Quantiles []Quantile[V] `json:"quantiles"`
	Bins      []Bin[V]      `json:"bins"`
}

// Quantile is the value that a share of all values do not exceed.
type Quantile[V Value] struct {
	Probability   float64 `json:"probability"`
	Value         V       `json:"value"`
	RelativeError float64 `json:"relative_error"` // how far value may be off; 0 is exact
}

// Bin counts the values between two edges.
type Bin[V Value] struct {
	Lower V       `json:"lower"`
	Upper *V      `json:"upper"` // null in a last bin without one
	Count int64   `json:"count"`
	Share float64 `json:"share"` // of all values
}

// Quantile is the value at a probability, and whether it is known.
func (d *Distribution[V]) Quantile(probability float64) (V, bool) {
	var none V
	if d == nil || d.Count == 0 {
		return none, false
	}
	for _, q := range d.Quantiles {
		if q.Probability == probability {
			return q.Value, true
		}
	}
	return none, false
}

func moneyDistribution(d *valuationv1.Distribution, currency string) *Distribution[string] {
	return distributionOf(d, func(minor float64) string {
		return money.Format(&apiv1.Money{MinorUnits: int64(math.Round(minor)), CurrencyCode: currency})
	})
}

func dayDistribution(d *valuationv1.Distribution) *Distribution[float64] {
	return distributionOf(d, func(days float64) float64 { return math.Round(100*days) / 100 })
}

// distributionOf converts a distribution; nil, of a base valued before there
// were any, stays nil.
func distributionOf[V Value](d *valuationv1.Distribution, value func(float64) V) *Distribution[V] {
	if d == nil {
		return nil
	}
	out := &Distribution[V]{
		Count: d.GetCount(), Minimum: value(float64(d.GetMinimum())), Maximum: value(float64(d.GetMaximum())), Mean: value(d.GetMean()),
		Quantiles: []Quantile[V]{}, Bins: []Bin[V]{},
	}
	for _, q := range d.GetQuantiles() {
		out.Quantiles = append(out.Quantiles, Quantile[V]{q.GetProbability(), value(float64(q.GetValue())), q.GetRelativeError()})
	}
	for _, b := range d.GetBins() {
		bin := Bin[V]{Lower: value(float64(b.GetLower())), Count: b.GetCount(), Share: share(b.GetCount(), d.GetCount())}
		if b.GetUpper() != 0 {
			upper := value(float64(b.GetUpper()))
			bin.Upper = &upper
		}
		out.Bins = append(out.Bins, bin)
	}
	return out
}

// Concentration is what the customers with the most revenue bring.
type Concentration struct {
	CustomerShare float64 `json:"customer_share"` // e.g. 0.05 for the top 5 %
	Customers     int64   `json:"customers"`
	RevenueShare  float64 `json:"revenue_share"`
}

func concentrationOf(summary *valuationv1.ValuationSummary) []Concentration {
	all := []Concentration{}
	for _, c := range summary.GetConcentration() {
		all = append(all, Concentration{c.GetCustomerShare(), c.GetCustomers(), c.GetRevenueShare()})
	}
	return all
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
