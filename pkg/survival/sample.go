package survival

import (
	"math"
	"slices"
)

// Limits of what is taken. They keep every sum finite.
const (
	MaxRows       = math.MaxInt32
	MinWeight     = 1e-9
	MaxWeight     = 1e9
	MaxCovariates = 256
	MaxCovariate  = 1e100 // of the absolute value of a covariate
	// MinSpread is the least difference between a covariate's largest and smallest
	// value; below it the covariate counts as constant.
	MinSpread = 1e-100
)

// Sample is what is known of each subject: row i of each slice.
type Sample struct {
	// Durations are the times from the start to the event or to the last time that
	// the subject was seen, 0 or more, all in one unit.
	Durations []float64
	// Events tells whether the event was seen; otherwise the subject is censored.
	Events []bool
	// Weights are how many equal subjects a row stands for, MinWeight to MaxWeight.
	// Nil is 1 each.
	Weights []float64
}

// Rows is the number of rows.
func (s Sample) Rows() int { return len(s.Durations) }

// check finds the first row outside the domain.
func (s Sample) check() error {
	n := s.Rows()
	switch {
	case n == 0:
		return invalid("durations", "must not be empty")
	case n > MaxRows:
		return invalid("durations", "must have at most %d rows, got %d", MaxRows, n)
	case len(s.Events) != n:
		return invalid("events", "must have as many rows as durations, %d, got %d", n, len(s.Events))
	case s.Weights != nil && len(s.Weights) != n:
		return invalid("weights", "must have as many rows as durations, %d, got %d", n, len(s.Weights))
	}
	for i, d := range s.Durations {
		if !(d >= 0) || math.IsInf(d, 1) {
			return invalidRow("durations", i, "must be 0 or more and finite, got %v", d)
		}
	}
	for i, w := range s.Weights {
		if !(w >= MinWeight && w <= MaxWeight) {
			return invalidRow("weights", i, "must be %g to %g, got %v; leave a row out that stands for nobody", MinWeight, float64(MaxWeight), w)
		}
	}
	return nil
}

func (s Sample) weight(i int) float64 {
	if s.Weights == nil {
		return 1
	}
	return s.Weights[i]
}

// totals are the weights of all, and of those with the event.
func (s Sample) totals() (subjects, events float64) {
	for i, event := range s.Events {
		w := s.weight(i)
		subjects += w
		if event {
			events += w
		}
	}
	return subjects, events
}

// eventRows is the number of rows with the event.
func (s Sample) eventRows() (rows int) {
	for _, event := range s.Events {
		if event {
			rows++
		}
	}
	return rows
}

// pick is the sample of some rows.
func (s Sample) pick(rows []int32) Sample {
	p := Sample{Durations: make([]float64, len(rows)), Events: make([]bool, len(rows))}
	if s.Weights != nil {
		p.Weights = make([]float64, len(rows))
	}
	for to, from := range rows {
		p.Durations[to], p.Events[to] = s.Durations[from], s.Events[from]
		if s.Weights != nil {
			p.Weights[to] = s.Weights[from]
		}
	}
	return p
}

// warnings are those about the sample itself.
func (s Sample) warnings() []Warning {
	for _, w := range s.Weights {
		if w != math.Trunc(w) {
			return []Warning{warn(ReasonFractionalWeights, nil, "weights are not all whole numbers; standard errors take them as numbers of subjects")}
		}
	}
	return nil
}

// checkCodes refuses codes of groups or strata that are not 0 to len−1 of their
// rows, and returns how many there are: the largest plus one.
func checkCodes(argument string, codes []int, rows int) (int, error) {
	if len(codes) != rows {
		return 0, invalid(argument, "must have as many rows as durations, %d, got %d", rows, len(codes))
	}
	for i, c := range codes {
		if c < 0 || c >= rows {
			return 0, invalidRow(argument, i, "must be 0 to %d, got %d: number them from 0", rows-1, c)
		}
	}
	return slices.Max(codes) + 1, nil
}

// partition puts rows together by their codes, in the order in which they come.
func partition(rows []int32, codes []int, k int) [][]int32 {
	counts := make([]int, k)
	for _, r := range rows {
		counts[codes[r]]++
	}
	all, parts := make([]int32, len(rows)), make([][]int32, k)
	at := 0
	for c, n := range counts {
		parts[c] = all[at : at : at+n]
		at += n
	}
	for _, r := range rows {
		parts[codes[r]] = append(parts[codes[r]], r)
	}
	return parts
}

func allRows(n int) []int32 {
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

// quantileOf returns z with P(|Z| ≤ z) = level for a standard normal Z. Zero is
// the level 0.95.
func quantileOf(level float64) (z, used float64, err error) {
	if level == 0 {
		level = 0.95
	}
	z = math.Sqrt2 * math.Erfinv(level)
	if !(level > 0 && level < 1) || math.IsInf(z, 0) {
		return 0, 0, invalid("level", "must lie between 0 and 1 such as 0.95, got %v", level)
	}
	return z, level, nil
}
