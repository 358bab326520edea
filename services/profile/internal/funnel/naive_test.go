package funnel_test

import (
	"math/bits"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/funnel"
)

// naive finds the best attempt by trying all of them.
type naive struct {
	def      funnel.Definition
	marks    []funnel.Mark
	required []int
	best     []int // the events of the best attempt, by required step
	begin    int
}

func bruteForce(def funnel.Definition, marks []funnel.Mark) (int, []int64) {
	n := &naive{def: def, marks: marks}
	for s := range def.Steps {
		if def.Optional>>s&1 == 0 {
			n.required = append(n.required, s)
		}
	}
	times := slices.Repeat([]int64{funnel.NotPassed}, def.Steps)
	switch def.Order {
	case funnel.AnyOrder:
		return n.anyOrder(times), times
	case funnel.Strict:
		return n.strict(times), times
	}
	for i := range marks {
		if n.has(i, n.required[0]) && n.mayBegin(i) {
			n.begin = i
			n.try([]int{i})
		}
	}
	for k, i := range n.best {
		times[n.required[k]] = marks[i].TimeMS
	}
	n.optional(times)
	return len(n.best), times
}

func (n *naive) has(i, step int) bool { return n.marks[i].Steps>>step&1 == 1 }

func (n *naive) mayBegin(i int) bool {
	return n.marks[i].TimeMS >= n.def.FromMS && n.marks[i].TimeMS < n.def.ToMS
}

// try goes on with every later event. Attempts come in the order of their events,
// so that of equally deep ones the first is kept.
func (n *naive) try(path []int) {
	if len(path) > len(n.best) {
		n.best = slices.Clone(path)
	}
	if len(path) == len(n.required) {
		return
	}
	for i := path[len(path)-1] + 1; i < len(n.marks); i++ {
		if n.marks[i].TimeMS-n.marks[path[0]].TimeMS > n.def.WindowMS {
			return
		}
		if next := append(slices.Clone(path), i); n.has(i, n.required[len(path)]) && !n.excluded(next) {
			n.try(next)
		}
	}
}

// excluded reports whether an event that is excluded lies strictly between the
// steps it may not lie between, as far as the attempt has come.
func (n *naive) excluded(path []int) bool {
	for x, e := range n.def.Exclusions {
		after, before := slices.Index(n.required, e.After), slices.Index(n.required, e.Before)
		if after >= len(path) {
			continue
		}
		end := path[min(before, len(path)-1)]
		for i := path[after] + 1; i < end; i++ {
			if n.marks[i].Exclusions>>x&1 == 1 {
				return true
			}
		}
		// The last event itself, when it is not the step that ends the exclusion.
		if len(path)-1 < before && len(path)-1 > after && n.marks[end].Exclusions>>x&1 == 1 {
			return true
		}
	}
	return false
}

func (n *naive) optional(times []int64) {
	for k, at := range n.best {
		if k+1 == len(n.required) {
			return
		}
		end := len(n.marks)
		if k+1 < len(n.best) {
			end = n.best[k+1]
		}
		for s := n.required[k] + 1; s < n.required[k+1]; s++ {
			for i := at + 1; i < end; i++ {
				if n.marks[i].TimeMS-n.marks[n.best[0]].TimeMS > n.def.WindowMS || n.ended(k, i) {
					break
				}
				if n.has(i, s) {
					times[s], at = n.marks[i].TimeMS, i
					break
				}
			}
		}
	}
}

// ended reports whether event i ends an attempt that has passed required step k.
func (n *naive) ended(k, i int) bool {
	for x, e := range n.def.Exclusions {
		if n.required[k] >= e.After && n.required[k] < e.Before && n.marks[i].Exclusions>>x&1 == 1 {
			return true
		}
	}
	return false
}

func (n *naive) strict(times []int64) int {
	var best []int // steps, one per event
	depth := func(path []int) (d int) {
		for _, s := range path {
			if slices.Contains(n.required, s) {
				d++
			}
		}
		return d
	}
	begin := 0
	var try func(i int, path []int)
	try = func(i int, path []int) {
		// Deeper, or a continuation of what is best: optional steps at the end count.
		if depth(path) > depth(best) || depth(path) == depth(best) && n.begin == begin && len(path) > len(best) && slices.Equal(best, path[:len(best)]) {
			best, n.begin = slices.Clone(path), begin
		}
		at := i + len(path)
		if at >= len(n.marks) || n.marks[at].TimeMS-n.marks[i].TimeMS > n.def.WindowMS {
			return
		}
		for s := path[len(path)-1] + 1; s < n.def.Steps; s++ {
			if n.has(at, s) {
				try(i, append(slices.Clone(path), s))
			}
			if slices.Contains(n.required, s) {
				break
			}
		}
	}
	for i := range n.marks {
		if n.has(i, 0) && n.mayBegin(i) {
			begin = i
			try(i, []int{0})
		}
	}
	for k, s := range best {
		times[s] = n.marks[n.begin+k].TimeMS
	}
	return depth(best)
}

func (n *naive) anyOrder(times []int64) int {
	var required uint32
	for _, s := range n.required {
		required |= 1 << s
	}
	best := 0
	for i := range n.marks {
		if n.marks[i].Steps&required == 0 || !n.mayBegin(i) {
			continue
		}
		found := slices.Repeat([]int64{funnel.NotPassed}, n.def.Steps)
		var all uint32
		for j := i; j < len(n.marks) && n.marks[j].TimeMS-n.marks[i].TimeMS <= n.def.WindowMS; j++ {
			all |= n.marks[j].Steps
			for s := range n.def.Steps {
				if n.has(j, s) && found[s] == funnel.NotPassed {
					found[s] = n.marks[j].TimeMS
				}
			}
			if j > i && n.marks[j].Exclusions != 0 {
				break
			}
		}
		if depth := bits.OnesCount32(all & required); depth > best {
			best = depth
			copy(times, found)
		}
	}
	return best
}

func anyDefinition(t *rapid.T) funnel.Definition {
	d := funnel.Definition{
		Order:    rapid.SampledFrom([]funnel.Order{funnel.Ordered, funnel.Strict, funnel.AnyOrder}).Draw(t, "order"),
		Steps:    rapid.IntRange(1, 5).Draw(t, "steps"),
		WindowMS: rapid.Int64Range(0, 25).Draw(t, "window"),
		FromMS:   rapid.Int64Range(0, 5).Draw(t, "from"),
	}
	d.ToMS = d.FromMS + rapid.Int64Range(1, 30).Draw(t, "to")
	if d.Steps > 2 {
		inner := uint32(1)<<(d.Steps-1) - 2 // neither the first nor the last
		d.Optional = rapid.Uint32().Draw(t, "optional") & inner
	}
	var required []int
	for s := range d.Steps {
		if d.Optional>>s&1 == 0 {
			required = append(required, s)
		}
	}
	if len(required) > 1 && d.Order != funnel.Strict {
		for range rapid.IntRange(0, 2).Draw(t, "exclusions") {
			after := rapid.IntRange(0, len(required)-2).Draw(t, "after")
			before := rapid.IntRange(after+1, len(required)-1).Draw(t, "before")
			d.Exclusions = append(d.Exclusions, funnel.Exclusion{After: required[after], Before: required[before]})
		}
	}
	return d
}

func anyMarks(t *rapid.T, d funnel.Definition) []funnel.Mark {
	at := int64(0)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) funnel.Mark {
		at += rapid.Int64Range(0, 6).Draw(t, "later")
		m := funnel.Mark{TimeMS: at}
		// Few bits, so that sequences are neither all matches nor none.
		for range rapid.IntRange(0, 2).Draw(t, "matches") {
			m.Steps |= 1 << rapid.IntRange(0, d.Steps-1).Draw(t, "step")
		}
		if len(d.Exclusions) > 0 && rapid.IntRange(0, 5).Draw(t, "excluded") == 0 {
			m.Exclusions = 1 << rapid.IntRange(0, len(d.Exclusions)-1).Draw(t, "exclusion")
		}
		return m
	}), 0, 14).Draw(t, "marks")
}

// The fast way finds what trying all attempts finds, for every order of steps.
func TestBestAttemptIsThatOfAllAttempts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := anyDefinition(t)
		finder := funnel.NewFinder(d)
		for range 100 {
			marks := anyMarks(t, d)
			depth, times := bruteForce(d, marks)
			got := finder.Best(marks)
			if got.Depth != depth || !slices.Equal(got.TimesMS, times) {
				t.Fatalf("order %d, marks %v: depth %d at %v, all attempts give %d at %v", d.Order, marks, got.Depth, got.TimesMS, depth, times)
			}
		}
	})
}
