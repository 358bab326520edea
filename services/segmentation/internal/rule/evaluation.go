package rule

import (
	"errors"
	"time"

	"cel.dev/cel-go/common/functions"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// evaluation is one asking of a rule about a case. To CEL it is what names and
// functions stand for. It is used for one case after another, by one goroutine.
type evaluation struct {
	slots map[string]*facts.Field
	facts *facts.Facts
	at    time.Time
	in    func(string) (bool, error)
	// until is the next instant at which something that was asked is another, zero never.
	until time.Time
	// watch is what the one function of time in the present condition is compared
	// with; nil where every change of its value counts.
	watch *comparison
	// broken is an error that is none of the expression: it could not be asked.
	broken   error
	bindings map[string]functions.LateBoundOp
}

var _ interpreter.FunctionActivation = (*evaluation)(nil)

func newEvaluation(slots map[string]*facts.Field) *evaluation {
	e := &evaluation{slots: slots}
	e.bindings = map[string]functions.LateBoundOp{
		revenueFunction:       func(_ string, args ...ref.Val) ref.Val { return types.Double(e.revenue(text(args[0])).Major()) },
		revenueMinorFunction:  func(_ string, args ...ref.Val) ref.Val { return types.Int(e.revenue(text(args[0])).Minor) },
		daysSinceFunction:     e.daysSince,
		withinFunction:        e.withinCall,
		ageFunction:           func(_ string, args ...ref.Val) ref.Val { return e.dated(ageOf, args) },
		daysUntilFunction:     func(_ string, args ...ref.Val) ref.Val { return e.dated(untilReturn, args) },
		ordersWithinFunction:  e.ordersWithin,
		revenueWithinFunction: e.revenueWithin,
		inSegmentFunction:     e.inSegmentCall,
		knownFunction:         func(_ string, args ...ref.Val) ref.Val { return types.Bool(e.slots[text(args[0])].Known(e.facts)) },
	}
	return e
}

func (e *evaluation) set(c *criterion.Case) {
	e.facts, e.at, e.in = c.Facts, c.At, c.In
	e.until, e.watch, e.broken = time.Time{}, nil, nil
}

// lastSecond is the end of the year 9999, behind which no timestamp lies: what
// changes then never does.
const lastSecond = 253_402_300_799

// note remembers when something changes, zero being never.
func (e *evaluation) note(when time.Time) {
	if !when.IsZero() && when.Unix() < lastSecond {
		e.until = earlier(e.until, when)
	}
}

// changes is until as a Verdict has it: in whole milliseconds, as cases are.
func (e *evaluation) changes() time.Time {
	if e.until.IsZero() {
		return e.until
	}
	whole := e.until.UTC().Truncate(time.Millisecond)
	if whole.Before(e.until) {
		whole = whole.Add(time.Millisecond)
	}
	return whole
}

// ResolveName returns the value of a fact.
func (e *evaluation) ResolveName(name string) (any, bool) {
	if field, ok := e.slots[name]; ok {
		return valueOf(field, e.facts), true
	}
	if name == nowName {
		return types.Timestamp{Time: e.at}, true
	}
	return nil, false
}

// valueOf is a fact as CEL has it.
func valueOf(field *facts.Field, f *facts.Facts) ref.Val {
	switch field.Type {
	case facts.Bool:
		return types.Bool(field.Bool(f))
	case facts.Int:
		return types.Int(field.Int(f))
	case facts.Double:
		return types.Double(field.Double(f))
	case facts.Timestamp:
		return types.Timestamp{Time: field.Time(f).UTC()}
	case facts.Calendar:
		return date(field.Date(f))
	case facts.Texts:
		return types.NewStringList(types.DefaultTypeAdapter, field.Texts(f))
	}
	return types.String(field.Text(f))
}

// ResolveFunction returns the functions that depend on the customer or the time.
func (e *evaluation) ResolveFunction(name string) (functions.LateBoundOp, bool) {
	op, ok := e.bindings[name]
	return op, ok
}

// Parent is nil: there are no other names.
func (e *evaluation) Parent() interpreter.Activation { return nil }

// revenue is that in a currency, zero where there is none.
func (e *evaluation) revenue(currency string) facts.Money {
	for _, m := range e.facts.Revenue {
		if m.Currency == currency {
			return m
		}
	}
	return facts.Money{Currency: currency}
}

// number gives the value of a gauge and notes when that, or what it is compared
// with, changes.
func (e *evaluation) number(g gauge) ref.Val {
	value := g.value(e.at)
	watched := comparison{equal, value}
	if e.watch != nil {
		watched = *e.watch
	}
	e.note(g.flips(e.at, watched))
	return types.Int(value)
}

// zoneArgument is the zone that a call has as its second argument, otherwise the
// one given. It has been checked when the rule was written.
func zoneArgument(args []ref.Val, otherwise *time.Location) *time.Location {
	if len(args) < 2 {
		return otherwise
	}
	zone, ok := zoneOf(text(args[1]))
	if !ok {
		return otherwise
	}
	return zone
}

func (e *evaluation) daysSince(_ string, args ...ref.Val) ref.Val {
	if d, ok := args[0].(date); ok {
		return e.number(sinceDate(facts.Date(d), zoneArgument(args, time.UTC)))
	}
	t, _ := args[0].(types.Timestamp)
	return e.number(sinceInstant(t.Time, zoneArgument(args, nil)))
}

func (e *evaluation) dated(of func(facts.Date, *time.Location) gauge, args []ref.Val) ref.Val {
	d, _ := args[0].(date)
	return e.number(of(facts.Date(d), zoneArgument(args, time.UTC)))
}

func (e *evaluation) withinCall(_ string, args ...ref.Val) ref.Val {
	t, _ := args[0].(types.Timestamp)
	span, _ := args[1].(types.Duration)
	return types.Bool(e.within(t.Time, span.Duration))
}

// within tells whether an instant is less than span ago, and notes when that changes.
func (e *evaluation) within(t time.Time, span time.Duration) bool {
	if span <= 0 || t.Equal(facts.Never) {
		return false
	}
	if t.After(e.at) {
		e.note(t)
		return false
	}
	end := t.Add(span)
	if !end.After(e.at) {
		return false
	}
	e.note(end)
	return true
}

func (e *evaluation) ordersWithin(_ string, args ...ref.Val) ref.Val {
	span, _ := args[0].(types.Duration)
	w := window{orders: e.facts.Orders.Recent, span: span.Duration}
	w.open(e.at)
	count := w.count
	watched := comparison{equal, count}
	if e.watch != nil {
		watched = *e.watch
	}
	e.note(w.lasts(func(w *window) bool { return watched.holds(w.count) }))
	return types.Int(count)
}

func (e *evaluation) revenueWithin(_ string, args ...ref.Val) ref.Val {
	span, _ := args[1].(types.Duration)
	w := window{orders: e.facts.Orders.Recent, span: span.Duration, currency: text(args[0])}
	w.open(e.at)
	revenue, minor := w.revenue(), w.minor
	e.note(w.lasts(func(w *window) bool { return w.minor == minor }))
	return types.Double(revenue)
}

func (e *evaluation) inSegmentCall(_ string, args ...ref.Val) ref.Val {
	in, err := e.inSegment(text(args[0]))
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(in)
}

var errNoSegments = errors.New("this case does not tell of other segments")

// inSegment asks whether the customer is in another segment. That it cannot be told
// of this customer is a failure of the condition; any other error one of the whole.
func (e *evaluation) inSegment(segment string) (bool, error) {
	if e.in == nil {
		e.broken = errNoSegments
		return false, e.broken
	}
	in, err := e.in(segment)
	if err != nil && fault.KindOf(err) != fault.FailedPrecondition {
		e.broken = err
	}
	return in, err
}

func text(v ref.Val) string {
	s, _ := v.(types.String)
	return string(s)
}
