package stat

import "slices"

// Group is one of the eight groups that Chinese practice forms from R, F and M,
// each high or low.
type Group uint8

// The eight groups: high monetary value first, then by recency and frequency.
const (
	ImportantValue   Group = iota + 1 // 重要价值: M high, R high, F high
	ImportantDevelop                  // 重要发展: M high, R high, F low
	ImportantKeep                     // 重要保持: M high, R low, F high
	ImportantWinBack                  // 重要挽留: M high, R low, F low
	GeneralValue                      // 一般价值: M low, R high, F high
	GeneralDevelop                    // 一般发展: M low, R high, F low
	GeneralKeep                       // 一般保持: M low, R low, F high
	GeneralWinBack                    // 一般挽留: M low, R low, F low
)

var groupNames = [...]struct{ english, chinese string }{
	ImportantValue:   {"Important value", "重要价值"},
	ImportantDevelop: {"Important develop", "重要发展"},
	ImportantKeep:    {"Important keep", "重要保持"},
	ImportantWinBack: {"Important win back", "重要挽留"},
	GeneralValue:     {"General value", "一般价值"},
	GeneralDevelop:   {"General develop", "一般发展"},
	GeneralKeep:      {"General keep", "一般保持"},
	GeneralWinBack:   {"General win back", "一般挽留"},
}

// String is the group's English name, empty for a value that is none.
func (g Group) String() string {
	if int(g) >= len(groupNames) {
		return ""
	}
	return groupNames[g].english
}

// Chinese is the group's Chinese name, empty for a value that is none.
func (g Group) Chinese() string {
	if int(g) >= len(groupNames) {
		return ""
	}
	return groupNames[g].chinese
}

// Groups lists the eight groups in the order above.
func Groups() []Group {
	all := make([]Group, 0, GeneralWinBack)
	for g := ImportantValue; g <= GeneralWinBack; g++ {
		all = append(all, g)
	}
	return all
}

// GroupOf returns the group of a customer whose recency, frequency and monetary
// value are high or low. A high recency means that the last order is recent.
func GroupOf(rHigh, fHigh, mHigh bool) Group {
	g := ImportantValue
	if !mHigh {
		g += 4
	}
	if !rHigh {
		g += 2
	}
	if !fHigh {
		g++
	}
	return g
}

// Threshold parts high from low. A value is high when it is strictly better than
// At: above it, or below it with LowerIsBetter. Strictly, because the median
// number of orders is often the least there is, one, and one order is not high.
type Threshold struct {
	At     float64 // in the unit of the values, or a score
	Better Better
}

// High tells whether v lies on the better side of the threshold.
func (t Threshold) High(v int64) bool {
	if t.Better == LowerIsBetter {
		return float64(v) < t.At
	}
	return float64(v) > t.At
}

// Scorable is a score or a raw value such as days, orders or minor units.
type Scorable interface{ ~uint8 | ~int64 }

// MeanThreshold puts the threshold at the arithmetic mean, whatever the order of
// the values. It fails on no values.
func MeanThreshold[T Scorable](values []T, better Better) (Threshold, error) {
	if len(values) == 0 {
		return Threshold{}, outside("values", "must not be empty")
	}
	// Two integer halves: exact and free of overflow for up to 2³¹ values.
	var high, low int64
	for _, v := range values {
		high += int64(v) / (1 << 32)
		low += int64(v) % (1 << 32)
	}
	n := float64(len(values))
	return Threshold{At: float64(high)/n*(1<<32) + float64(low)/n, Better: better}, nil
}

// MedianThreshold puts the threshold at the median, with an even number of values
// midway between the middle two. It copies the values to sort them and fails on none.
func MedianThreshold[T Scorable](values []T, better Better) (Threshold, error) {
	n := len(values)
	if n == 0 {
		return Threshold{}, outside("values", "must not be empty")
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	at := float64(sorted[(n-1)/2])/2 + float64(sorted[n/2])/2
	return Threshold{At: at, Better: better}, nil
}
