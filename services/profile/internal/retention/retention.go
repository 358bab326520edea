// Package retention counts how many customers of each cohort came back: pure
// computation on the times at which each customer did what counts.
//
// A cohort is the customers whose first such time lies in one period. Offset n is
// the n-th period after it. Three things are called retention, and all three are
// counted:
//
//   - classic: active in the period at the offset itself;
//   - rolling: active in that period or in any later one, so not lost by then
//     (some tools call it unbounded);
//   - cumulative: active in at least one period from offset 1 to the offset.
//
// A period that has not ended yet has no counts: it would look like a loss.
package retention

import (
	"slices"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/calendar"
)

// Definition says what is counted.
type Definition struct {
	Calendar calendar.Calendar
	// Cohorts are those of the periods from First to Last.
	First, Last int
	// Offsets is the greatest offset.
	Offsets int
	// AsOf is the instant up to which activity is known: all times are before it.
	AsOf time.Time
}

// Cohort is the counts of one cohort.
type Cohort struct {
	Period int
	// Ended reports whether the cohort's own period has ended, so that nobody can
	// join it any more.
	Ended bool
	Size  int64
	// Classic, Rolling and Cumulative are by offset, from offset 1 on, as far as the
	// periods have ended.
	Classic, Rolling, Cumulative []int64
}

// Tally adds up customers. It is for one goroutine.
type Tally struct {
	def     Definition
	cohorts []Cohort
	seen    []int // offsets of the customer at hand
}

// NewTally makes a tally without customers.
func NewTally(def Definition) *Tally {
	t := &Tally{def: def}
	for period := def.First; period <= def.Last; period++ {
		ended := 0
		for offset := 1; offset <= def.Offsets && t.ended(period+offset); offset++ {
			ended = offset
		}
		t.cohorts = append(t.cohorts, Cohort{
			Period: period, Ended: t.ended(period),
			Classic: make([]int64, ended), Rolling: make([]int64, ended), Cumulative: make([]int64, ended),
		})
	}
	return t
}

func (t *Tally) ended(period int) bool { return !t.def.Calendar.Start(period + 1).After(t.def.AsOf) }

// Add counts a customer who joined at one instant and was active at others, in
// any order. It reports whether the customer belongs to one of the cohorts.
func (t *Tally) Add(joinedMS int64, activeMS []int64) bool {
	period := t.def.Calendar.Period(time.UnixMilli(joinedMS))
	if period < t.def.First || period > t.def.Last {
		return false
	}
	c := &t.cohorts[period-t.def.First]
	c.Size++
	t.seen = t.seen[:0]
	for _, at := range activeMS {
		if offset := t.def.Calendar.Period(time.UnixMilli(at)) - period; offset > 0 {
			t.seen = append(t.seen, offset)
		}
	}
	if len(t.seen) == 0 {
		return true
	}
	slices.Sort(t.seen)
	first, last := t.seen[0], t.seen[len(t.seen)-1]
	for _, offset := range slices.Compact(t.seen) {
		if offset <= len(c.Classic) {
			c.Classic[offset-1]++
		}
	}
	for offset := range c.Rolling {
		if offset+1 <= last {
			c.Rolling[offset]++
		}
		if offset+1 >= first {
			c.Cumulative[offset]++
		}
	}
	return true
}

// Cohorts returns the cohorts in the order of time, empty ones too.
func (t *Tally) Cohorts() []Cohort { return t.cohorts }

// Overall is a cohort made of all whose period at an offset has ended: how many
// there are, and how many of them came back, by offset from 1 on.
type Overall struct{ Size, Classic, Rolling, Cumulative int64 }

// Overall adds the cohorts up, offset by offset.
func (t *Tally) Overall() []Overall {
	all := make([]Overall, t.def.Offsets)
	most := 0
	for i := range t.cohorts {
		c := &t.cohorts[i]
		most = max(most, len(c.Classic))
		for offset := range c.Classic {
			all[offset].Size += c.Size
			all[offset].Classic += c.Classic[offset]
			all[offset].Rolling += c.Rolling[offset]
			all[offset].Cumulative += c.Cumulative[offset]
		}
	}
	return all[:most]
}
