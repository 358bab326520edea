package funnel

// anyOrder finds the best attempt of a funnel whose steps come in whatever order,
// with a window that slides over the marks and counts how often each step is in it.
func (f *Finder) anyOrder(marks []Mark) Attempt {
	var best Attempt
	required := f.requiredMask()
	counts := make([]int, f.def.Steps)
	var inside uint32
	end := 0       // the first mark behind the window
	excluded := -1 // the first exclusion behind the beginning, once looked for
	bestEnd := 0   // end of the best attempt
	for begin := range marks {
		if end <= begin {
			end = begin
		}
		if excluded <= begin {
			excluded = begin + 1
			for excluded < len(marks) && marks[excluded].Exclusions == 0 {
				excluded++
			}
		}
		for end < len(marks) && end <= excluded && marks[end].TimeMS-marks[begin].TimeMS <= f.def.WindowMS {
			inside = add(counts, inside, marks[end].Steps, 1)
			end++
		}
		m := &marks[begin]
		if m.Steps&required != 0 && f.begins(m) {
			if depth := count(inside & required); depth > best.Depth {
				best, bestEnd = Attempt{Depth: depth, Begin: begin}, end
			}
		}
		inside = add(counts, inside, m.Steps, -1)
	}
	for i := best.Begin; i < bestEnd; i++ {
		for step := range f.def.Steps {
			if f.times[step] == NotPassed && marks[i].Steps&(1<<step) != 0 {
				f.times[step] = marks[i].TimeMS
			}
		}
	}
	return best
}

// add counts the steps of a mark that came into the window (1) or left it (−1),
// and returns which steps are then inside.
func add(counts []int, inside, steps uint32, by int) uint32 {
	for step := range counts {
		if steps&(1<<step) == 0 {
			continue
		}
		if counts[step] += by; counts[step] > 0 {
			inside |= 1 << step
		} else {
			inside &^= 1 << step
		}
	}
	return inside
}
