package survival

import (
	"cmp"
	"math"
	"slices"
)

// lifeTable counts, at each distinct time in ascending order.
type lifeTable struct {
	times    []float64
	atRisk   []float64 // those seen up to the time or longer
	events   []float64
	censored []float64
}

// tally is the weight at one time. The time is the bits of a float64 of 0 or
// more, which ascend as the number does and sort faster.
type tally struct {
	bits   uint64
	weight float64
}

func bitsOf(duration float64) uint64 { return math.Float64bits(duration + 0) } // +0 makes of −0 a 0

func newLifeTable(s Sample) lifeTable {
	var events, censored []tally
	if s.Weights == nil {
		events, censored = tallies(s)
	} else {
		events, censored = weightedTallies(s)
	}
	return mergeTallies(events, censored)
}

// tallies sorts bare times, those of events and of censored apart, which needs no
// permutation of the rows.
func tallies(s Sample) (events, censored []tally) {
	d := s.eventRows()
	at, until := make([]uint64, 0, d), make([]uint64, 0, s.Rows()-d)
	for i, event := range s.Events {
		if event {
			at = append(at, bitsOf(s.Durations[i]))
		} else {
			until = append(until, bitsOf(s.Durations[i]))
		}
	}
	return runs(at), runs(until)
}

func runs(bits []uint64) []tally {
	slices.Sort(bits)
	distinct := 0
	for i := range bits {
		if i == 0 || bits[i] != bits[i-1] {
			distinct++
		}
	}
	out := make([]tally, 0, distinct)
	for lo := 0; lo < len(bits); {
		hi := lo + 1
		for hi < len(bits) && bits[hi] == bits[lo] {
			hi++
		}
		out = append(out, tally{bits[lo], float64(hi - lo)})
		lo = hi
	}
	return out
}

func weightedTallies(s Sample) (events, censored []tally) {
	for i, event := range s.Events {
		t := tally{bitsOf(s.Durations[i]), s.Weights[i]}
		if event {
			events = append(events, t)
		} else {
			censored = append(censored, t)
		}
	}
	return weightedRuns(events), weightedRuns(censored)
}

func weightedRuns(all []tally) []tally {
	slices.SortFunc(all, func(a, b tally) int { return cmp.Compare(a.bits, b.bits) })
	out := all[:0]
	for _, t := range all {
		if last := len(out) - 1; last >= 0 && out[last].bits == t.bits {
			out[last].weight += t.weight
		} else {
			out = append(out, t)
		}
	}
	return out
}

func mergeTallies(events, censored []tally) lifeTable {
	n := len(events) + len(censored)
	all := make([]float64, 4*n)
	t := lifeTable{times: all[:0:n], events: all[n : n : 2*n], censored: all[2*n : 2*n : 3*n]}
	for len(events)+len(censored) > 0 {
		bits, d, c := uint64(math.MaxUint64), 0.0, 0.0
		if len(events) > 0 {
			bits = events[0].bits
		}
		if len(censored) > 0 {
			bits = min(bits, censored[0].bits)
		}
		if len(events) > 0 && events[0].bits == bits {
			d, events = events[0].weight, events[1:]
		}
		if len(censored) > 0 && censored[0].bits == bits {
			c, censored = censored[0].weight, censored[1:]
		}
		t.times = append(t.times, math.Float64frombits(bits))
		t.events, t.censored = append(t.events, d), append(t.censored, c)
	}
	// From the end, so that no number at risk is a difference of large ones.
	t.atRisk = all[3*n : 3*n+len(t.times)]
	left := 0.0
	for i := len(t.times) - 1; i >= 0; i-- {
		left += t.events[i] + t.censored[i]
		t.atRisk[i] = left
	}
	return t
}
