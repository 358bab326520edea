package domain

import (
	"fmt"
	"strings"

	"github.com/kehuhq/kehu/pkg/stat"
)

// Warning is a remark about a result that its reader should know of.
type Warning struct {
	Reason  string // stable, UPPER_SNAKE
	Message string
}

// Superseded warns that a refresh begun later was published before this one.
func Superseded(by int64) Warning {
	return Warning{"SUPERSEDED", fmt.Sprintf(
		"refresh %d, begun later, was published first and stays the one that is read; this one can be read by its generation for a while", by)}
}

// notCounted warns that a refresh went on from what an older version had read.
var notCounted = Warning{"NOT_COUNTED",
	"cohorts and distributions are left out: part of the orders was read by an older version of the service; another refresh has them"}

func warnings(tally *Tally, scoring *Scoring) []Warning {
	var all []Warning
	if tally.Customers == 0 {
		all = append(all, Warning{"NO_ORDERS", "no order counts as of " + scoring.Policy.AsOfDate + ": there is nothing to value"})
	}
	if w, mixed := mixedCurrencies(tally, scoring.Policy.Currency); mixed {
		all = append(all, w)
	}
	for _, c := range scoring.concentrations {
		all = append(all, c.warning(scoring.Policy.Currency))
	}
	return all
}

func mixedCurrencies(tally *Tally, currency string) (Warning, bool) {
	var others []string
	for _, code := range tally.byOrders() {
		if code != currency {
			others = append(others, fmt.Sprintf("%d in %s", tally.Currencies[code].Orders, code))
		}
	}
	if len(others) == 0 {
		return Warning{}, false
	}
	return Warning{"MIXED_CURRENCIES", fmt.Sprintf(
		"money is scored in %s, the currency of %d orders; that of others is left out of the scores, and of groups and segments: %s",
		currency, tally.Currencies[currency].Orders, strings.Join(others, ", "))}, true
}

func (c concentration) warning(currency string) Warning {
	unit := map[Dimension]string{Recency: "day", Frequency: "order day", Monetary: "minor unit"}[c.Dimension]
	if c.Value != 1 {
		unit += "s"
	}
	if c.Dimension == Monetary {
		unit += " of " + currency
	}
	message := fmt.Sprintf("%s: one value holds over %.0f %% of customers: %.1f %% have %d %s, so that quantile scores say little",
		c.Dimension, 100*stat.ConcentrationLimit, 100*c.Share, c.Value, unit)
	if c.Dimension == Frequency {
		message += "; cut points to consider for frequency: " + bands(stat.SuggestedFrequencyCuts().At)
	}
	return Warning{"CONCENTRATED", message}
}

// bands describes the whole numbers from 1 between cut points: "1, 2, 3, 4–5, 6 or more".
func bands(cuts []int64) string {
	var b strings.Builder
	low := int64(1)
	for _, cut := range cuts {
		if cut-1 > low {
			fmt.Fprintf(&b, "%d–%d, ", low, cut-1)
		} else {
			fmt.Fprintf(&b, "%d, ", low)
		}
		low = cut
	}
	fmt.Fprintf(&b, "%d or more", low)
	return b.String()
}
