// Package indicators keeps the indicator system: value, frequency, satisfaction,
// retention and referral of all customers and of groups of them, over time.
//
//	indicators        _id date!group  the indicators of a group as of a date
//	indicator_scales  _id "current"   how figures are distributed over all customers
package indicators

import (
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

// RetentionDays is the period over which retention is looked at.
const RetentionDays = 365

// yearDays is a year where something is told per year.
const yearDays = 365

// Level is that of all intervals.
const Level = 0.95

// Sums is what the customers of a group come to.
type Sums struct {
	Customers    int64   `bson:"customers"`
	OrderDays    int64   `bson:"order_days"`
	TenureDays   int64   `bson:"tenure_days"` // since the first order
	Repeaters    int64   `bson:"repeaters"`   // with two order days or more
	Revenue      int64   `bson:"revenue"`     // minor units of the valuation's currency
	Valued       int64   `bson:"valued"`      // with a historic value
	Historic     int64   `bson:"historic"`    // minor units
	Foretold     int64   `bson:"foretold"`    // with a residual value
	Residual     int64   `bson:"residual"`    // minor units
	Old          int64   `bson:"old"`         // for longer than RetentionDays
	Retained     int64   `bson:"retained"`    // those of them who ordered within
	Answers      int64   `bson:"answers"`
	Satisfaction float64 `bson:"satisfaction"`
	Squares      float64 `bson:"squares"` // of satisfaction
	Qualified    int64   `bson:"qualified"`
	Advocates    int64   `bson:"advocates"`
}

// subject is one customer with all that counts.
type subject struct {
	*domain.Valuation
	tenure int64
	known  facts.Known
}

// retained tells whether a customer for longer than the period ordered within it;
// known is false for those who are not customers for so long.
func retained(p base.Population, v *domain.Valuation) (is, known bool) {
	return v.RecencyDays < RetentionDays, p.TenureDays(v) >= RetentionDays
}

// add counts a customer. Fault: MONEY_OVERFLOW.
func (s *Sums) add(p base.Population, c subject) error {
	s.Customers++
	s.OrderDays += c.Days
	s.TenureDays += c.tenure
	if c.Days >= 2 {
		s.Repeaters++
	}
	fits := true
	if len(c.Revenue) > 0 {
		s.Revenue, fits = Plus(s.Revenue, c.Revenue[0].Minor)
	}
	if c.Historic.Known {
		s.Valued++
		var sum bool
		s.Historic, sum = Plus(s.Historic, c.Historic.Minor)
		fits = fits && sum
	}
	if c.Prediction.Made && c.Prediction.Residual.Known() {
		s.Foretold++
		var sum bool
		s.Residual, sum = Plus(s.Residual, c.Prediction.Residual.Minor)
		fits = fits && sum
	}
	if !fits {
		return domain.Overflow(c.Customer)
	}
	if stayed, old := retained(p, c.Valuation); old {
		s.Old++
		if stayed {
			s.Retained++
		}
	}
	if x := c.known.Satisfaction; x.Known {
		s.Answers++
		s.Satisfaction += x.Value
		s.Squares += x.Value * x.Value
	}
	if n := int64(c.known.Referrals.Value); n > 0 {
		s.Qualified += n
		s.Advocates++
	}
	return nil
}

// Plus is a sum, and whether it fits.
func Plus(a, b int64) (int64, bool) {
	sum := a + b
	return sum, (sum >= a) == (b >= 0)
}

// Interval is an estimate's interval at Level.
type Interval struct{ Value, Lower, Upper float64 }

// Satisfied is the mean satisfaction, nil without answers. With one answer there is
// a mean and no interval: spread is false.
func (s *Sums) Satisfied() (mean *Interval, spread bool, err error) {
	switch s.Answers {
	case 0:
		return nil, false, nil
	case 1:
		return &Interval{Value: s.Satisfaction}, false, nil
	}
	e, err := stat.Moments{N: s.Answers, Sum: s.Satisfaction, Squares: s.Squares}.Mean(0, 1, Level)
	if err != nil {
		return nil, false, fault.New(fault.Internal, "NOT_COMPUTABLE", "mean satisfaction").Because(err)
	}
	return &Interval{e.Value, e.Low, e.High}, true, nil
}

// Retention is the retention rate, nil where nobody is a customer for so long.
func (s *Sums) Retention() (*Interval, error) {
	if s.Old == 0 {
		return nil, nil
	}
	e, err := stat.Wilson(s.Retained, s.Old, Level)
	if err != nil {
		return nil, fault.New(fault.Internal, "NOT_COMPUTABLE", "retention rate").Because(err)
	}
	return &Interval{e.Value, e.Low, e.High}, nil
}

// PerYear is order days per customer and year, nil where nobody has been a customer
// for a day.
func PerYear(days, tenure int64) *float64 {
	if tenure == 0 {
		return nil
	}
	rate := float64(days) * yearDays / float64(tenure)
	return &rate
}

// Index is referrals per customer against those of all, who have 100; nil where
// nobody has brought anybody.
func Index(qualified, customers, allQualified, allCustomers int64) *float64 {
	if allQualified == 0 || customers == 0 {
		return nil
	}
	index := 100 * (float64(qualified) / float64(customers)) / (float64(allQualified) / float64(allCustomers))
	return &index
}
