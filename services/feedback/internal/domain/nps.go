package domain

import (
	"time"

	"github.com/kehuhq/kehu/pkg/stat"
)

// Method and Level of intervals where the caller names none.
const (
	DefaultMethod = stat.MethodAdjustedWald
	DefaultLevel  = 0.95
)

// Answer is what counts of a customer's last response.
type Answer struct {
	Customer string
	Score    int
	// Time is when it was given, Recorded when it was recorded: of two answers the
	// one that has the later of these, in this order, is the last.
	Time, Recorded time.Time
}

// Behind reports whether an answer was given after another.
func (a Answer) Behind(other Answer) bool {
	if c := a.Time.Compare(other.Time); c != 0 {
		return c > 0
	}
	return a.Recorded.After(other.Recorded)
}

// Estimate is the net promoter score of a group of customers.
type Estimate struct {
	Group  string // "all", or a segment's id
	Counts stat.NPSCounts
	// NPS and its interval are fractions, -1 to 1, and nil without answers.
	NPS, Lower, Upper *float64
}

// NewEstimate computes a group's score from its counts, with the interval of
// stat.EstimateNPS.
func NewEstimate(group string, counts stat.NPSCounts, level float64, method stat.Method) (Estimate, error) {
	e := Estimate{Group: group, Counts: counts}
	if counts.N() == 0 {
		return e, nil
	}
	points, err := stat.EstimateNPS(counts, level, method)
	if err != nil {
		return e, err
	}
	nps, lower, upper := points.Value/100, points.Low/100, points.High/100
	e.NPS, e.Lower, e.Upper = &nps, &lower, &upper
	return e, nil
}

// Report is the net promoter score of a survey, over all and by segment.
type Report struct {
	Overall  Estimate
	Segments []Estimate // in the order of the segments' ids; nil where not asked for
	Method   stat.Method
	Level    float64
	AsOf     time.Time // answers recorded later do not count
}
