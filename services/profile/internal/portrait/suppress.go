package portrait

// Suppress marks the bins that may not be told where a group of fewer than least
// customers is not to be seen. 0 is nobody, and is told.
//
// A bin is suppressed where the customers of the base in it, or those of the group,
// or those of the rest of the base, are fewer than least but not none: the rest is
// what a reader gets by subtracting. A reader also knows the sums over all bins.
// So further bins, the smallest first, are suppressed with them until at least two
// are, and until in each of the three the suppressed bins together hold nobody or
// at least as many as least: then what is hidden cannot be computed from what is
// shown.
//
// A single portrait is protected, not the difference of two that were asked for
// with slightly different groups.
func Suppress(bins []Bin, least int64) {
	hidden := 0
	var sums [3]int64
	hide := func(b *Bin) {
		b.Suppressed = true
		hidden++
		for i, n := range b.parts() {
			sums[i] += n
		}
	}
	for i := range bins {
		if bins[i].small(least) {
			hide(&bins[i])
		}
	}
	for hidden > 0 && (hidden < 2 || short(sums[0], least) || short(sums[1], least) || short(sums[2], least)) {
		smallest := -1
		for i := range bins {
			if !bins[i].Suppressed && bins[i].Base > 0 && (smallest < 0 || bins[i].Base < bins[smallest].Base) {
				smallest = i
			}
		}
		if smallest < 0 {
			return // all that hold anybody are suppressed
		}
		hide(&bins[smallest])
	}
}

// parts are the base, the group and the rest.
func (b *Bin) parts() [3]int64 { return [3]int64{b.Base, b.Group, b.Base - b.Group} }

func (b *Bin) small(least int64) bool {
	for _, n := range b.parts() {
		if short(n, least) {
			return true
		}
	}
	return false
}

func short(n, least int64) bool { return n > 0 && n < least }
