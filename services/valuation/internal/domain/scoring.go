package domain

import "github.com/kehuhq/kehu/pkg/stat"

// Dimension is one of the three that customers are scored on.
type Dimension uint8

// The dimensions.
const (
	Recency   Dimension = iota // days since the last order; fewer are better
	Frequency                  // days with an order
	Monetary                   // revenue in the valuation's currency
)

// Dimensions lists them. The last one's values serve for the summary too.
var Dimensions = [...]Dimension{Recency, Frequency, Monetary}

var dimensionNames = [...]string{Recency: "recency", Frequency: "frequency", Monetary: "monetary"}

// String is the dimension's name.
func (d Dimension) String() string { return dimensionNames[d] }

func (d Dimension) better() stat.Better {
	if d == Recency {
		return stat.LowerIsBetter
	}
	return stat.HigherIsBetter
}

// scale is the number of scores of a dimension.
const scale = 5

// Measure is the value by which a customer is scored: days, days, minor units.
func (a *Account) Measure(d Dimension, currency string) int64 {
	switch d {
	case Recency:
		return a.RecencyDays
	case Frequency:
		return a.Days
	default:
		return a.Purse(currency).Revenue
	}
}

// Scoring is the scores of all customers, numbered in the order of their ids:
// three bytes for each.
type Scoring struct {
	Policy         Policy
	scores         [len(Dimensions)][]uint8
	thresholds     [len(Dimensions)]stat.Threshold
	concentrations []concentration
}

type concentration struct {
	Dimension
	stat.Concentration
}

// Score scores one dimension by the values of all customers. It copies the
// values while it runs, and keeps none.
func (s *Scoring) Score(d Dimension, values []int64) error {
	ties := stat.SharedTies
	if s.Policy.Ties == OrdinalTies {
		ties = stat.OrdinalTies
	}
	scores, err := stat.Score(values, scale, ties, d.better())
	if err != nil || len(values) == 0 {
		return err
	}
	if c, found := stat.Concentrated(values); found {
		s.concentrations = append(s.concentrations, concentration{d, c})
	}
	threshold := stat.MeanThreshold[uint8]
	if s.Policy.Threshold == MedianThreshold {
		threshold = stat.MedianThreshold[uint8]
	}
	s.scores[d] = scores
	s.thresholds[d], err = threshold(scores, stat.HigherIsBetter)
	return err
}

// At returns the scores of one customer.
func (s *Scoring) At(customer int) Scores {
	high := func(d Dimension) bool { return s.thresholds[d].High(int64(s.scores[d][customer])) }
	return Scores{
		R: s.scores[Recency][customer], F: s.scores[Frequency][customer], M: s.scores[Monetary][customer],
		Group: stat.GroupOf(high(Recency), high(Frequency), high(Monetary)),
	}
}
