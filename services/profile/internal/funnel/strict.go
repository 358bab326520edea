package funnel

// strict finds the best attempt of a strict funnel: from each event that may
// begin one, as far as every next event passes a next step.
func (f *Finder) strict(marks []Mark) Attempt {
	var best Attempt
	for i := range marks {
		if !f.passes(&marks[i], 0) || !f.begins(&marks[i]) {
			continue
		}
		run := newStrictRun(f, marks, i)
		if depth := run.reach(f.required[0], i+1); depth > best.Depth {
			best = Attempt{Depth: depth, Begin: i}
			if depth == len(f.required) {
				break
			}
		}
	}
	if best.Depth > 0 {
		newStrictRun(f, marks, best.Begin).follow(best.Depth)
	}
	return best
}

// strictRun is one attempt. Its memory makes what would be a search of all ways
// through the optional steps one of steps × events.
type strictRun struct {
	*Finder
	marks []Mark
	begin int
	known [MaxSteps][MaxSteps]int8 // by step and events since the beginning: depth, 0 not known
}

func newStrictRun(f *Finder, marks []Mark, begin int) *strictRun {
	return &strictRun{Finder: f, marks: marks, begin: begin}
}

// reach is the depth to which the attempt comes once it has passed a step and
// faces the mark at next.
func (r *strictRun) reach(step, next int) int {
	if d := r.known[step][next-r.begin-1]; d > 0 {
		return int(d)
	}
	depth := count(r.requiredMask() & (1<<(step+1) - 1))
	for _, to := range r.ways(step, next) {
		depth = max(depth, r.reach(to, next+1))
	}
	r.known[step][next-r.begin-1] = int8(depth)
	return depth
}

// ways are the steps that the mark at next passes behind a step: optional ones,
// and the next required one.
func (r *strictRun) ways(step, next int) []int {
	if next >= len(r.marks) || r.marks[next].TimeMS-r.marks[r.begin].TimeMS > r.def.WindowMS {
		return nil
	}
	var ways []int
	for to := step + 1; to < r.def.Steps; to++ {
		if r.marks[next].Steps&(1<<to) != 0 {
			ways = append(ways, to)
		}
		if r.def.Optional&(1<<to) == 0 {
			break
		}
	}
	return ways
}

// follow notes the times of the attempt, at each event the first step of the list
// from which the depth is still reached. Optional steps behind the last required
// one that was passed count too.
func (r *strictRun) follow(depth int) {
	step := r.required[0]
	r.times[step] = r.marks[r.begin].TimeMS
	for next := r.begin + 1; ; next++ {
		found := false
		for _, to := range r.ways(step, next) {
			if r.reach(to, next+1) == depth {
				r.times[to], step, found = r.marks[next].TimeMS, to, true
				break
			}
		}
		if !found {
			return
		}
	}
}
