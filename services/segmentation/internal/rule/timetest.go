package rule

import (
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// gaugeTest compares the days since or to a fact, or an age.
type gaugeTest struct {
	subject
	function string
	field    *facts.Field
	zone     *time.Location // nil for days of 24 hours
	than     comparison
}

func (t *gaugeTest) gauge(f *facts.Facts) gauge {
	switch {
	case t.function == ageFunction:
		return ageOf(t.field.Date(f), t.zone)
	case t.function == daysUntilFunction:
		return untilReturn(t.field.Date(f), t.zone)
	case t.field.Type == facts.Calendar:
		return sinceDate(t.field.Date(f), t.zone)
	}
	return sinceInstant(t.field.Time(f), t.zone)
}

func (t *gaugeTest) holds(e *evaluation) (bool, error) {
	g := t.gauge(e.facts)
	e.note(g.flips(e.at, t.than))
	return t.than.holds(g.value(e.at)), nil
}

func (t *gaugeTest) change(e *evaluation, holds bool) (string, string) {
	if !t.field.Known(e.facts) {
		return t.field.Name + " is not known", t.field.LabelZh + "未知"
	}
	g := t.gauge(e.facts)
	return t.subject.change(formatInt(g.value(e.at)), t.than.operator, formatInt(t.than.than), holds)
}

// withinTest asks whether an instant is less than a span ago.
type withinTest struct {
	subject
	field *facts.Field
	span  time.Duration
}

func (t *withinTest) holds(e *evaluation) (bool, error) {
	return e.within(t.field.Time(e.facts), t.span), nil
}

func (t *withinTest) change(e *evaluation, holds bool) (string, string) {
	if !t.field.Known(e.facts) {
		return t.field.Name + " is not known", t.field.LabelZh + "未知"
	}
	when := t.field.Format(e.facts)
	if holds {
		return t.en + " was " + when + " and would have to be " + spanEn(t.span) + " ago or more",
			t.zh + "在 " + when + "，需要在 " + spanZh(t.span) + "之前"
	}
	return t.en + " was " + when + " and would have to be less than " + spanEn(t.span) + " ago",
		t.zh + "在 " + when + "，需要在最近 " + spanZh(t.span) + "内"
}

// ordersTest compares the number of orders of the time just past.
type ordersTest struct {
	subject
	span time.Duration
	than comparison
}

func (t *ordersTest) holds(e *evaluation) (bool, error) {
	w := window{orders: e.facts.Orders.Recent, span: t.span}
	w.open(e.at)
	holds := t.than.holds(w.count)
	e.note(w.lasts(func(w *window) bool { return t.than.holds(w.count) }))
	return holds, nil
}

func (t *ordersTest) change(e *evaluation, holds bool) (string, string) {
	w := window{orders: e.facts.Orders.Recent, span: t.span}
	w.open(e.at)
	return t.subject.change(formatInt(w.count), t.than.operator, formatInt(t.than.than), holds)
}

// revenueTest compares the revenue of the time just past in a currency.
type revenueTest struct {
	subject
	span     time.Duration
	currency string
	operator operator
	than     float64
}

func (t *revenueTest) holds(e *evaluation) (bool, error) {
	w := window{orders: e.facts.Orders.Recent, span: t.span, currency: t.currency}
	w.open(e.at)
	holds := orderedDoubles(t.operator, w.revenue(), t.than)
	e.note(w.lasts(func(w *window) bool { return orderedDoubles(t.operator, w.revenue(), t.than) }))
	return holds, nil
}

func (t *revenueTest) change(e *evaluation, holds bool) (string, string) {
	w := window{orders: e.facts.Orders.Recent, span: t.span, currency: t.currency}
	w.open(e.at)
	return t.subject.change(formatAmount(w.revenue(), t.currency), t.operator, formatAmount(t.than, t.currency), holds)
}
