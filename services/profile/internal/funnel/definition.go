// Package funnel finds how far customers come along the steps of a funnel: pure
// computation on what each customer did, in the order of time.
//
// The result of a customer is that of the best attempt. An attempt begins with
// one event and lasts for the conversion window. The best attempt is the one that
// passes most required steps, and of those the one that began first. So every
// customer counts once, at the step reached, and a customer who gave up and later
// came back and bought has bought.
package funnel

import "math/bits"

// Order says how the steps must follow each other.
type Order uint8

// The orders.
const (
	// Ordered steps follow each other; other events may come in between.
	Ordered Order = iota + 1
	// Strict steps follow each other and no other event comes in between.
	Strict
	// AnyOrder steps come in whatever order. An event counts for every step that
	// it matches.
	AnyOrder
)

// MaxSteps is the most steps, and the most exclusions, a funnel may have.
const MaxSteps = 32

// Definition is a funnel, in terms of which events match is decided elsewhere:
// see Mark. With Ordered and Strict its first and its last step are required.
type Definition struct {
	Order    Order
	Steps    int
	Optional uint32 // a bit per step: it may be left out
	// Exclusions end an attempt. Strict funnels have none.
	Exclusions []Exclusion
	WindowMS   int64 // longest time from the first event of an attempt to the last
	// Attempts begin from FromMS on and before ToMS.
	FromMS, ToMS int64
}

// Exclusion is a kind of event that may not come after one required step and
// before another, both named by their place among all steps. With AnyOrder it may
// come nowhere between the first and the last event of an attempt.
type Exclusion struct{ After, Before int }

// Mark is one event: when it was, and a bit for each step and for each exclusion
// that it matches.
type Mark struct {
	TimeMS     int64
	Steps      uint32
	Exclusions uint32
}

// NotPassed is the time of a step that an attempt did not pass.
const NotPassed = -1

// Attempt is the best attempt of one customer.
type Attempt struct {
	// Depth is how many required steps were passed; 0 is no attempt at all.
	Depth int
	// Begin is the place among the marks of the event it begins with.
	Begin int
	// TimesMS is when each step was passed, NotPassed where it was not.
	TimesMS []int64
}

// Finder finds best attempts. It is for one goroutine.
type Finder struct {
	def      Definition
	required []int    // the steps, in their order
	stay     []uint32 // by required step passed last: the exclusions that end the attempt
	land     []uint32 // by required step: the exclusions that an event passing it must not be
	starts   []int64
	ahead    []int64
	path     []int
	times    []int64
}

// NewFinder makes a finder for a definition that has been checked.
func NewFinder(def Definition) *Finder {
	f := &Finder{def: def, times: make([]int64, def.Steps)}
	ordinal := make([]int, def.Steps)
	for step := range def.Steps {
		if def.Optional&(1<<step) == 0 {
			ordinal[step] = len(f.required)
			f.required = append(f.required, step)
		}
	}
	n := len(f.required)
	f.stay, f.land = make([]uint32, n), make([]uint32, n)
	f.starts, f.path = make([]int64, n), make([]int, n)
	for x, e := range def.Exclusions {
		after, before := ordinal[e.After], ordinal[e.Before]
		for k := after; k < before; k++ {
			f.stay[k] |= 1 << x
			if k > after {
				f.land[k] |= 1 << x
			}
		}
	}
	return f
}

// Required is how many of the steps are required: the depth of a conversion.
func (f *Finder) Required() int { return len(f.required) }

// RequiredSteps are the places of the required steps among all.
func (f *Finder) RequiredSteps() []int { return f.required }

// Best finds the best attempt among marks in the order of time. The attempt is
// valid until the next call.
//
// It takes time in proportion to the marks and the steps, however many attempts
// there are.
func (f *Finder) Best(marks []Mark) Attempt {
	for i := range f.times {
		f.times[i] = NotPassed
	}
	var a Attempt
	switch f.def.Order {
	case Strict:
		a = f.strict(marks)
	case AnyOrder:
		a = f.anyOrder(marks)
	default:
		a = f.ordered(marks)
	}
	a.TimesMS = f.times
	return a
}

// begins reports whether an attempt may begin at the time of a mark.
func (f *Finder) begins(m *Mark) bool { return m.TimeMS >= f.def.FromMS && m.TimeMS < f.def.ToMS }

// passes reports whether the mark passes the required step of an ordinal number.
func (f *Finder) passes(m *Mark, ordinal int) bool { return m.Steps&(1<<f.required[ordinal]) != 0 }

func (f *Finder) requiredMask() uint32 {
	return (1<<f.def.Steps - 1) &^ f.def.Optional
}

func count(mask uint32) int { return bits.OnesCount32(mask) }
