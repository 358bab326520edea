package analysis

import "github.com/kehuhq/kehu/services/kehu/internal/analysis/words"

// Definition says of whom a figure of the report is, and what it means. Every
// figure holds as of the report's date, in its zone.
type Definition struct {
	Figure     string     `json:"figure"`
	Population int64      `json:"population"`
	Of         words.Text `json:"of"` // what the population is of, e.g. customers
	Means      words.Text `json:"means"`
}

func (r *Report) definitions() []Definition {
	var intervals, values, predicted int64
	if r.Outlook != nil {
		predicted = r.Outlook.Customers
	}
	if r.PurchaseIntervals != nil {
		intervals = r.PurchaseIntervals.Count
	}
	if r.OrderValues != nil {
		values = r.OrderValues.Count
	}
	var all []Definition
	for _, figure := range []struct {
		name       string
		population int64
	}{
		{"reconciliation", r.Reconciliation.Rows},
		{"revenue", r.Orders},
		{"repeat_rate", r.Customers},
		{"rfm", r.Customers},
		{"cohorts", r.Cohorts.Population()},
		{"order_values", values},
		{"purchase_intervals", intervals},
		{"concentration", r.Customers},
		{"outlook", predicted},
		{"top_customers", r.Customers},
		{"quality", r.Reconciliation.Rows},
	} {
		key := "figure." + figure.name
		all = append(all, Definition{figure.name, figure.population, words.Of(key + ".of"), words.Of(key + ".means")})
	}
	return all
}

// Definition is that of one figure.
func (r *Report) Definition(figure string) (Definition, bool) {
	for _, d := range r.Definitions {
		if d.Figure == figure {
			return d, true
		}
	}
	return Definition{}, false
}
