package analysis

import (
	"context"
	"fmt"
	"math"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/calendar"
	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/funnel"
)

const (
	defaultWindow = 30 * 24 * time.Hour
	longestWindow = 3653 * 24 * time.Hour
	mostGroups    = 20 // told where no number is asked for
	convertedList = "converted"
)

func droppedList(step int) string { return fmt.Sprintf("dropped-%d", step+1) }

// funnelRun is a funnel on its way over the customers.
type funnelRun struct {
	asked      *profilev1.Funnel
	steps      []*activity.Selector
	exclusions []*activity.Selector
	breakdown  breakdown
	read       activity.Needs
	finder     *funnel.Finder
	tally      *funnel.Tally
	marks      []funnel.Mark
	places     []int // of the marks among the customer's steps
}

// breakdown is by what customers are told apart; the zero one by nothing.
type breakdown struct {
	field    *activity.Field
	facet    *facet.Facet
	calendar *calendar.Calendar
}

func (b *breakdown) any() bool { return b.field != nil || b.facet != nil || b.calendar != nil }

func newFunnel(f *profilev1.Funnel, frame facet.Frame) (*funnelRun, error) {
	const at = "analysis.funnel"
	run := &funnelRun{asked: f}
	def := funnel.Definition{Order: funnel.Order(f.GetOrder()), Steps: len(f.GetSteps())}
	for i, step := range f.GetSteps() {
		selector, err := activity.NewSelector(fmt.Sprintf("%s.steps[%d].event", at, i), step.GetEvent(), frame.Zone)
		if err != nil {
			return nil, err
		}
		run.steps = append(run.steps, selector)
		run.read = run.read.Join(selector.Needs())
		if step.GetOptional() {
			def.Optional |= 1 << i
		}
	}
	if err := checkOptional(&def); err != nil {
		return nil, err
	}
	if err := run.exclude(&def, frame); err != nil {
		return nil, err
	}
	window, err := lengthOr(at+".window", f.GetWindow(), defaultWindow, longestWindow)
	if err != nil {
		return nil, err
	}
	from, err := instantOr(at+".start_time", f.GetStartTime(), time.UnixMilli(math.MinInt64/4))
	if err != nil {
		return nil, err
	}
	to, err := instantOr(at+".end_time", f.GetEndTime(), frame.AsOf)
	if err != nil {
		return nil, err
	}
	if !to.After(from) {
		return nil, fault.Invalid(at+".end_time", "must be after start_time")
	}
	def.WindowMS, def.FromMS, def.ToMS = window.Milliseconds(), from.UnixMilli(), to.UnixMilli()
	if err := run.breakDown(frame); err != nil {
		return nil, err
	}
	run.finder = funnel.NewFinder(def)
	run.tally = funnel.NewTally(run.finder, frame.AsOf.UnixMilli())
	return run, nil
}

func checkOptional(def *funnel.Definition) error {
	last := def.Steps - 1
	switch {
	case def.Optional == 1<<def.Steps-1:
		return fault.Invalid("analysis.funnel.steps", "must hold a step that is not optional")
	case def.Order != funnel.AnyOrder && def.Optional&1 != 0:
		return fault.Invalid("analysis.funnel.steps[0].optional", "must be false: the first step begins an attempt")
	case def.Order != funnel.AnyOrder && def.Optional&(1<<last) != 0:
		return fault.Invalid(fmt.Sprintf("analysis.funnel.steps[%d].optional", last), "must be false: the last step is the conversion")
	}
	return nil
}

// exclude reads the exclusions into the definition.
func (r *funnelRun) exclude(def *funnel.Definition, frame facet.Frame) error {
	var required []int
	for i := range def.Steps {
		if def.Optional&(1<<i) == 0 {
			required = append(required, i)
		}
	}
	for i, x := range r.asked.GetExclusions() {
		at := fmt.Sprintf("analysis.funnel.exclusions[%d]", i)
		if def.Order == funnel.Strict {
			return fault.Invalid(at, "must not be: in a STRICT funnel every other event ends an attempt")
		}
		selector, err := activity.NewSelector(at+".event", x.GetEvent(), frame.Zone)
		if err != nil {
			return err
		}
		e := funnel.Exclusion{After: required[0], Before: required[len(required)-1]}
		if x.GetAfterStep() > 0 {
			e.After = int(x.GetAfterStep()) - 1
		}
		if x.GetBeforeStep() > 0 {
			e.Before = int(x.GetBeforeStep()) - 1
		}
		switch {
		case def.Order == funnel.AnyOrder && (x.GetAfterStep() > 0 || x.GetBeforeStep() > 0):
			return fault.Invalid(at, "must leave after_step and before_step at 0 in a funnel of ANY_ORDER")
		case e.After >= def.Steps || def.Optional&(1<<e.After) != 0:
			return fault.Invalid(at+".after_step", "must be the number of a required step")
		case e.Before >= def.Steps || def.Optional&(1<<e.Before) != 0:
			return fault.Invalid(at+".before_step", "must be the number of a required step")
		case def.Order != funnel.AnyOrder && e.After >= e.Before:
			return fault.Invalid(at+".before_step", "must be behind after_step")
		}
		def.Exclusions = append(def.Exclusions, e)
		r.exclusions = append(r.exclusions, selector)
		r.read = r.read.Join(selector.Needs())
	}
	return nil
}

func (r *funnelRun) breakDown(frame facet.Frame) error {
	const at = "analysis.funnel.breakdown"
	switch by := r.asked.GetBreakdown().GetBy().(type) {
	case *profilev1.FunnelBreakdown_EventField:
		field, err := activity.NewField(at+".event_field", by.EventField, frame.Zone)
		if err != nil {
			return err
		}
		r.breakdown.field = &field
		r.read.Contents = r.read.Contents || field.Contents() && r.read.Events
	case *profilev1.FunnelBreakdown_CustomerField:
		var err error
		r.breakdown.facet, err = facet.New(at+".customer_field", by.CustomerField, frame)
		return err
	case *profilev1.FunnelBreakdown_Period:
		r.breakdown.calendar = &calendar.Calendar{Unit: calendar.Unit(by.Period), Zone: frame.Zone}
	}
	return nil
}

func (r *funnelRun) needs() activity.Needs {
	if r.breakdown.facet != nil {
		return r.read.Join(r.breakdown.facet.Needs)
	}
	return r.read
}

func (r *funnelRun) add(ctx context.Context, s *facet.Subject, list lister) error {
	if err := r.mark(ctx, s); err != nil {
		return err
	}
	attempt := r.finder.Best(r.marks)
	if attempt.Depth == 0 {
		return nil
	}
	value, err := r.valueOf(ctx, s, r.places[attempt.Begin])
	if err != nil {
		return err
	}
	r.tally.Add(attempt, r.marks[attempt.Begin].TimeMS, r.breakdown.any(), value)
	if r.tally.Overflow > 0 {
		return fault.New(fault.FailedPrecondition, "BREAKDOWN_TOO_FINE",
			"analysis.funnel.breakdown: has more than %d values; take a field with fewer", funnel.MaxGroups)
	}
	last := int64(funnel.NotPassed)
	for _, at := range attempt.TimesMS {
		last = max(last, at)
	}
	name := convertedList
	if required := r.finder.RequiredSteps(); attempt.Depth < len(required) {
		name = droppedList(required[attempt.Depth-1])
	}
	list(name, value, last)
	return nil
}

// mark finds which steps and exclusions each of the customer's steps matches. Only
// what the funnel itself is about counts: where no step of it is an order, orders
// do not come between those of a strict one.
func (r *funnelRun) mark(ctx context.Context, s *facet.Subject) error {
	r.marks, r.places = r.marks[:0], r.places[:0]
	for i := range s.Steps {
		step := &s.Steps[i]
		if step.Type == activity.Ordered && !r.read.Orders || step.Type != activity.Ordered && !r.read.Events {
			continue
		}
		m := funnel.Mark{TimeMS: step.TimeMS}
		var err error
		if m.Steps, err = matches(ctx, r.steps, step); err != nil {
			return err
		}
		if m.Exclusions, err = matches(ctx, r.exclusions, step); err != nil {
			return err
		}
		if m.Steps == 0 && m.Exclusions == 0 && r.asked.GetOrder() != profilev1.FunnelOrder_FUNNEL_ORDER_STRICT {
			continue
		}
		r.marks, r.places = append(r.marks, m), append(r.places, i)
	}
	return nil
}

// matches has a bit for each of the selectors that select a step.
func matches(ctx context.Context, selectors []*activity.Selector, step *activity.Step) (bits uint32, err error) {
	for i, selector := range selectors {
		selected, err := selector.Selects(ctx, step)
		if err != nil {
			return 0, err
		}
		if selected {
			bits |= 1 << i
		}
	}
	return bits, nil
}

// longestValue is how much of a value of the break-down is kept, in bytes.
const longestValue = 256

func (r *funnelRun) valueOf(ctx context.Context, s *facet.Subject, begin int) (string, error) {
	switch b := &r.breakdown; {
	case b.calendar != nil:
		return b.calendar.Label(b.calendar.Period(time.UnixMilli(s.Steps[begin].TimeMS))), nil
	case b.facet != nil:
		return label(b.facet.Of(s)), nil
	case b.field != nil:
		v, err := b.field.Of(ctx, &s.Steps[begin])
		return label(v), err
	}
	return "", nil
}

// label is a value as a text; of a list its first element, so that every customer
// has one value.
func label(v condition.Value) string {
	text := v.String()
	if v.Kind == condition.List {
		text = v.List[0]
	}
	if len(text) <= longestValue {
		return text
	}
	end := longestValue
	for end > 0 && text[end]&0xc0 == 0x80 { // not within a character
		end--
	}
	return text[:end]
}
