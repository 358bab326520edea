package campaigns

import (
	"time"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// outcome is what a customer did within a window.
type outcome struct {
	converted bool
	revenue   int64 // net, minor units of the currency
	cut       bool  // orders of the window may not be kept any more
}

// ofOutcome is what of the facts an outcome is read from.
const ofOutcome = facts.OfOrders

// outcomeOf reads an outcome from the orders that are kept.
func outcomeOf(f *facts.Facts, start, end time.Time, currency string) (o outcome) {
	recent := f.Orders.Recent
	o.cut = len(recent) >= facts.MaxRecent && recent[0].Time.After(start)
	for i := len(recent) - 1; i >= 0; i-- {
		order := &recent[i]
		if order.Time.Before(start) {
			break // the oldest come first
		}
		if !order.Time.Before(end) {
			continue
		}
		o.converted = true
		if order.Net.Currency == currency {
			o.revenue = facts.Plus(o.revenue, order.Net.Minor)
		}
	}
	return o
}

// Sums are what an arm's customers did, added up.
type Sums struct {
	Converted int64       `bson:"converted"`
	Revenue   stat.Spread `bson:"revenue"` // N is the customers
	Gone      int64       `bson:"gone"`    // customers of whom nothing is known any more
	Cut       int64       `bson:"cut"`
}

func (s *Sums) add(o outcome) {
	if o.converted {
		s.Converted++
	}
	if o.cut {
		s.Cut++
	}
	s.Revenue.Add(float64(o.revenue))
}

func (s *Sums) trials() stat.Trials { return stat.Trials{Successes: s.Converted, N: s.Revenue.N} }

// Arms are the sums of those treated and those held out.
type Arms struct {
	Treated Sums `bson:"treated"`
	HeldOut Sums `bson:"held_out"`
}

func (a *Arms) of(arm Arm) *Sums {
	if arm == HeldOut {
		return &a.HeldOut
	}
	return &a.Treated
}

// Result is what a campaign has come to so far.
type Result struct {
	AsOf   time.Time `bson:"as_of"`
	End    time.Time `bson:"end"` // of the window
	All    Arms      `bson:"all"`
	Strata []Arms    `bson:"strata"` // as the campaign's
}
