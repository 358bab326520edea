package sample

import (
	"slices"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func (b book) cohorts() *valuationv1.CohortTable {
	ended := b.month(int(b.end.Sub(b.start).Hours()/24)) - 1 // the last month that has
	table := &valuationv1.CohortTable{}
	for n := 0; n <= ended+1; n++ {
		months := max(ended-n+1, 0)
		table.Cohorts = append(table.Cohorts, &valuationv1.Cohort{
			Month: b.monthName(n), ActiveCustomers: make([]int64, months), RevenueMinorUnits: make([]int64, months),
		})
	}
	for _, c := range b.customers {
		first := b.month(c.orders[0].day)
		cohort := table.Cohorts[first]
		cohort.Customers++
		seen := map[int]bool{}
		for _, o := range c.orders {
			n := b.month(o.day) - first
			if n >= len(cohort.ActiveCustomers) {
				continue
			}
			cohort.RevenueMinorUnits[n] += o.amount - o.refund
			if !seen[n] {
				seen[n] = true
				cohort.ActiveCustomers[n]++
			}
		}
	}
	return table
}

func (b book) distributions() (values, intervals *valuationv1.Distribution) {
	var net, gaps []int64
	for _, c := range b.customers {
		for _, o := range c.orders {
			net = append(net, o.amount-o.refund)
		}
		days := c.days()
		for i := 1; i < len(days); i++ {
			gaps = append(gaps, int64(days[i]-days[i-1]))
		}
	}
	return distribution(net, []int64{0, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000}),
		distribution(gaps, []int64{1, 2, 4, 8, 15, 31, 61, 91, 181, 366})
}

// distribution counts values between edges; the last bin is open.
func distribution(values, edges []int64) *valuationv1.Distribution {
	slices.Sort(values)
	d := &valuationv1.Distribution{Count: int64(len(values))}
	if len(values) == 0 {
		return d
	}
	d.Minimum, d.Maximum = values[0], values[len(values)-1]
	var sum float64
	for _, v := range values {
		sum += float64(v)
	}
	d.Mean = sum / float64(len(values))
	for _, p := range []float64{0.1, 0.25, 0.5, 0.75, 0.9, 0.99} {
		d.Quantiles = append(d.Quantiles, &valuationv1.Quantile{Probability: p, Value: values[int(p*float64(len(values)-1))]})
	}
	for i, lower := range edges {
		bin := &valuationv1.Bin{Lower: lower}
		if i+1 < len(edges) {
			bin.Upper = edges[i+1]
		}
		for _, v := range values {
			if v >= lower && (bin.Upper == 0 || v < bin.Upper) {
				bin.Count++
			}
		}
		d.Bins = append(d.Bins, bin)
	}
	return d
}
