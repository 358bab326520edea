// Package kpis keeps the key figures of segments, day by day: how many customers they
// have, who came and went, and what these customers do.
package kpis

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// WindowDays is how many whole days of orders before AsOf are looked at.
const WindowDays = 30

// Kpi is what a segment came to on a day.
type Kpi struct {
	Segment    string
	Born       int64  // of the segment: tells it from another that had its id before
	Date       string // of AsOf in Zone, e.g. "2026-11-22"
	AsOf       time.Time
	Zone       string
	Generation int64 // of the members that were measured
	Members    int64
	// Previous is the AsOf of the day measured before, zero in the first, and Entered
	// and Left are the moves since.
	Previous      time.Time
	Entered, Left int64
	Figures
}

// Figures is what the members of a segment do, added up.
type Figures struct {
	Buyers       int64         `bson:"buyers"` // with an order in the window
	Orders       int64         `bson:"orders"` // in the window
	Revenue      []facts.Money `bson:"revenue,omitempty"`
	RepeatBuyers int64         `bson:"repeat_buyers"` // with two orders or more, ever
	Answered     int64         `bson:"answered"`
	Satisfaction float64       `bson:"satisfaction"` // the sum over Answered, of shares of the scale
	Predicted    int64         `bson:"predicted"`
	ChurnRisk    float64       `bson:"churn_risk"` // the sum over Predicted
	Valued       int64         `bson:"valued"`     // whose value to come is known
	Residual     []facts.Money `bson:"residual,omitempty"`
	Advocates    int64         `bson:"advocates"` // who brought somebody who qualified
	Qualified    int64         `bson:"qualified"` // whom they brought
}

// add counts a member, with the orders from one instant on and before another.
func (k *Figures) add(f *facts.Facts, from, to time.Time) {
	orders := k.Orders
	for _, o := range slices.Backward(f.Orders.Recent) {
		if o.Time.Before(from) {
			break // the oldest come first
		}
		if o.Time.Before(to) {
			k.Orders++
			k.Revenue = plus(k.Revenue, o.Net)
		}
	}
	if k.Orders > orders {
		k.Buyers++
	}
	if f.Orders.Count >= 2 {
		k.RepeatBuyers++
	}
	if f.Feedback.Responses > 0 {
		k.Answered++
		k.Satisfaction += f.Feedback.Satisfaction
	}
	if risk := f.Prediction.ChurnRisk; risk != nil {
		k.Predicted++
		k.ChurnRisk += *risk
	}
	if residual := f.Prediction.Residual; residual != nil {
		k.Valued++
		k.Residual = plus(k.Residual, *residual)
	}
	if f.Referral.Qualified > 0 {
		k.Advocates++
		k.Qualified += f.Referral.Qualified
	}
}

// plus adds an amount to those of its currency, in the order of the codes.
func plus(amounts []facts.Money, m facts.Money) []facts.Money {
	at, found := slices.BinarySearchFunc(amounts, m.Currency, func(a facts.Money, code string) int { return cmp.Compare(a.Currency, code) })
	if !found {
		m.Currency = strings.Clone(m.Currency) // facts are valid only until the next
		return slices.Insert(amounts, at, m)
	}
	amounts[at].Minor = facts.Plus(amounts[at].Minor, m.Minor)
	return amounts
}
