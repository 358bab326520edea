package report

import (
	"fmt"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

// figure is what is said below every chart: as of when, of whom, and what it
// means. One of the whole file names that in place of a date.
type figure struct {
	analysis.Definition
	AsOf, TimeZone string
	File           string
}

func figureOf(r *analysis.Report, name string) (figure, error) {
	definition, known := r.Definition(name)
	if !known {
		return figure{}, fmt.Errorf("figure %q is not defined", name)
	}
	f := figure{Definition: definition, AsOf: r.AsOf, TimeZone: r.TimeZone}
	if name == "reconciliation" || name == "quality" {
		f.File = r.File
	}
	return f, nil
}

// lapsed are the customers who spent much and have not come back: the first to
// be called.
type lapsed struct {
	Customers    int64
	RevenueShare float64
}

func lapsedOf(r *analysis.Report) lapsed {
	var sum lapsed
	for _, g := range r.RFM.Groups {
		if g.Code == "important_keep" || g.Code == "important_win_back" {
			sum.Customers += g.Customers
			sum.RevenueShare += g.RevenueShare
		}
	}
	return sum
}

// lost is what of the file is not in the customer analysis.
type lost struct{ Rows, Orders int64 }

func lostOf(r *analysis.Report) lost {
	sum := lost{Rows: r.Reconciliation.Refused}
	for _, total := range r.Reconciliation.Totals {
		sum.Orders += total.AnonymousOrders
	}
	return sum
}
