package stat

import "slices"

// TopShare is what those with the most of something have of it.
type TopShare struct {
	Percent int     // how many of all, in percent
	Count   int64   // that is so many, rounded up
	Share   float64 // of the whole, 0 to 1; 0 where the whole is 0
}

// TopShares returns what the top so many percent, 0 to 100, have of the sum of
// all values: points of the Lorenz curve, from above (Lorenz, "Methods of
// Measuring the Concentration of Wealth", 1905). It sorts the values where they
// are. Values must not be negative and their sum must fit 64 bits, or it fails.
func TopShares(values []int64, percents ...int) ([]TopShare, error) {
	slices.Sort(values)
	var sum int64
	for _, v := range values {
		if sum += v; v < 0 || sum < 0 {
			return nil, outside("values", "must not be negative and must have a sum that fits 64 bits, got %d", v)
		}
	}
	n := int64(len(values))
	all := make([]TopShare, 0, len(percents))
	for _, percent := range percents {
		if percent < 0 || percent > 100 {
			return nil, outside("percents", "must lie between 0 and 100, got %d", percent)
		}
		// Whole numbers: 0.07 × 100, rounded up, would be 8.
		top := TopShare{Percent: percent, Count: (n*int64(percent) + 99) / 100}
		var part int64
		for _, v := range values[n-top.Count:] {
			part += v
		}
		if sum > 0 {
			top.Share = float64(part) / float64(sum)
		}
		all = append(all, top)
	}
	return all, nil
}
