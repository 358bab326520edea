package domain

import "github.com/kehuhq/kehu/pkg/stat"

// Distribution says how whole numbers are distributed.
type Distribution struct {
	Count     int64
	Min, Max  int64
	Mean      float64
	Quantiles []stat.Quantile // at quantilePercents; none of no numbers
	Bins      []stat.Bin      // that meet and hold all
}

// quantilePercents are the shares whose quantiles are told.
var quantilePercents = []int{10, 25, 50, 75, 90, 99}

// topPercents are the shares of customers whose revenue is told.
var topPercents = []int{1, 5, 20}

// intervalEdges are the least days of each bin of intervals: 1, 2–3, 4–7, 8–14,
// 15–30, 31–60, 61–90, 91–180, 181–365, more.
var intervalEdges = []int64{1, 2, 4, 8, 15, 31, 61, 91, 181, 366}

func distribution(h *stat.Histogram, bins []stat.Bin) *Distribution {
	return &Distribution{
		Count: h.Count, Min: h.Min, Max: h.Max, Mean: h.Mean(),
		Quantiles: h.Quantiles(quantilePercents...), Bins: bins,
	}
}

// orderValues distributes the net values of the orders in a currency, minor units.
func (s *Statistics) orderValues(currency string) *Distribution {
	h := &s.In(currency).Values
	return distribution(h, h.DecimalBins())
}

// intervals distributes the days between successive days with an order.
func (s *Statistics) intervals() (*Distribution, error) {
	all := &s.Gaps.All
	if all.Count == 0 {
		return &Distribution{}, nil
	}
	bins, err := all.Bins(intervalEdges)
	return distribution(all, bins), err
}

// Describe adds to a summary what was counted over all orders; where that is nil
// it only says so. monetary is the values of the Monetary dimension, which it sorts.
func (s *Summary) Describe(asOf AsOf, counted *Statistics, monetary []int64) (err error) {
	if s.TopShares, err = stat.TopShares(monetary, topPercents...); err != nil {
		return err
	}
	if counted == nil {
		s.Warnings = append(s.Warnings, notCounted)
		return nil
	}
	s.Cohorts = counted.cohorts(asOf.Day, s.Policy.Currency)
	s.OrderValues = counted.orderValues(s.Policy.Currency)
	s.Intervals, err = counted.intervals()
	return err
}
