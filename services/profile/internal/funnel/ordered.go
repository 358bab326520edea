package funnel

import "math"

// never is a time that does not come, and none one that did not.
const (
	never = math.MaxInt64
	none  = math.MinInt64
)

// ordered finds the best attempt of an ordered funnel in three steps: how deep
// any attempt comes; which is the first that comes so deep; and with which events,
// each the earliest with which the rest can still follow.
func (f *Finder) ordered(marks []Mark) Attempt {
	a := Attempt{Depth: f.depth(marks)}
	if a.Depth == 0 {
		return a
	}
	a.Begin = f.firstOfDepth(marks, a.Depth)
	f.follow(marks, a.Begin, a.Depth)
	f.passOptional(marks, a.Depth)
	return a
}

// depth is how many required steps the best attempt passes. Of all attempts that
// have passed a step, the one that began last has most time left and can do
// whatever the others can: it is the only one to remember.
func (f *Finder) depth(marks []Mark) int {
	for k := range f.starts {
		f.starts[k] = none
	}
	depth := 0
	for i := range marks {
		m := &marks[i]
		for k := len(f.starts) - 1; k >= 0; k-- { // downwards: an event passes one step of an attempt
			start := f.starts[k]
			if m.Exclusions&f.stay[k] != 0 {
				start = none
			}
			if landed := f.landing(m, k); landed != none {
				start = max(start, landed)
				depth = max(depth, k+1)
			}
			f.starts[k] = start
		}
		if depth == len(f.starts) {
			break
		}
	}
	return depth
}

// landing is the start of the latest attempt that passes its step k with the mark.
func (f *Finder) landing(m *Mark, k int) int64 {
	if !f.passes(m, k) {
		return none
	}
	if k == 0 {
		if f.begins(m) {
			return m.TimeMS
		}
		return none
	}
	start := f.starts[k-1]
	if start == none || m.TimeMS-start > f.def.WindowMS || m.Exclusions&f.land[k] != 0 {
		return none
	}
	return start
}

// firstOfDepth is the mark at which the first attempt of a depth begins. It goes
// backwards, keeping for each step the earliest time by which an attempt that has
// just passed it can come to the depth.
func (f *Finder) firstOfDepth(marks []Mark, depth int) int {
	ahead := f.noneAhead(depth)
	first := 0
	for i := len(marks) - 1; i >= 0; i-- {
		m := &marks[i]
		if f.passes(m, 0) && f.begins(m) && (depth == 1 || inTime(m.TimeMS, ahead[0], f.def.WindowMS)) {
			first = i
		}
		f.stepBack(m, ahead, ahead, depth)
	}
	return first
}

func inTime(start, end, window int64) bool { return end != never && end-start <= window }

// noneAhead is a row of depth−1 times that do not come.
func (f *Finder) noneAhead(depth int) []int64 {
	f.ahead = append(f.ahead[:0], make([]int64, depth-1)...)
	for k := range f.ahead {
		f.ahead[k] = never
	}
	return f.ahead
}

// stepBack makes of the times by which the depth is reached behind a mark those
// by which it is reached from the mark on. Row k is of attempts that have passed
// step k. before and behind may be the same row.
func (f *Finder) stepBack(m *Mark, before, behind []int64, depth int) {
	for k := range depth - 1 {
		end := behind[k]
		if m.Exclusions&f.stay[k] != 0 {
			end = never
		}
		if f.passes(m, k+1) && m.Exclusions&f.land[k+1] == 0 {
			if k+1 == depth-1 {
				end = min(end, m.TimeMS)
			} else {
				end = min(end, behind[k+1])
			}
		}
		before[k] = end
	}
}

// follow finds the events of the attempt that begins with a mark and comes to a
// depth: path and times.
func (f *Finder) follow(marks []Mark, begin, depth int) {
	deadline := marks[begin].TimeMS + f.def.WindowMS
	end := begin + 1
	for end < len(marks) && marks[end].TimeMS <= deadline {
		end++
	}
	f.path[0] = begin
	if depth == 1 {
		f.times[f.required[0]] = marks[begin].TimeMS
		return
	}
	row := depth - 1
	all := f.noneAheadOf(end-begin, row)
	for i := end - 1; i > begin; i-- {
		at := i - begin - 1
		f.stepBack(&marks[i], all[at*row:at*row+row], all[at*row+row:at*row+2*row], depth)
	}
	passed := 0
	for i := begin + 1; i < end && passed < depth-1; i++ {
		m := &marks[i]
		if !f.passes(m, passed+1) || m.Exclusions&f.land[passed+1] != 0 {
			continue
		}
		at := i - begin // the row behind this mark
		if passed+1 < depth-1 && all[at*row+passed+1] == never {
			continue // the step is passed by a later event, or the rest could not follow
		}
		passed++
		f.path[passed] = i
	}
	for k := range depth {
		f.times[f.required[k]] = marks[f.path[k]].TimeMS
	}
}

// noneAheadOf is rows of times that do not come, one below the other.
func (f *Finder) noneAheadOf(rows, width int) []int64 {
	if n := rows * width; cap(f.ahead) < n {
		f.ahead = make([]int64, n)
	} else {
		f.ahead = f.ahead[:n]
	}
	for i := range f.ahead {
		f.ahead[i] = never
	}
	return f.ahead
}

// passOptional finds which optional steps were passed on the way: each takes the
// first event behind the step passed before it and in front of the next required
// one.
func (f *Finder) passOptional(marks []Mark, depth int) {
	if f.def.Optional == 0 {
		return
	}
	for k := range depth {
		if k+1 == len(f.required) {
			return
		}
		last, end := f.path[k], len(marks)
		if k+1 < depth {
			end = f.path[k+1]
		}
		deadline := marks[f.path[0]].TimeMS + f.def.WindowMS
		for step := f.required[k] + 1; step < f.required[k+1]; step++ {
			for i := last + 1; i < end && marks[i].TimeMS <= deadline && marks[i].Exclusions&f.stay[k] == 0; i++ {
				if marks[i].Steps&(1<<step) != 0 {
					f.times[step], last = marks[i].TimeMS, i
					break
				}
			}
		}
	}
}
