// Package activity reads what each customer did: events and orders as one
// sequence of steps, in the order of time.
package activity

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Customers are read in the order of their escaped ids, merged ones as one.
type Customers interface {
	All(ctx context.Context, span store.Span) iter.Seq2[domain.Customer, error]
}

// Purchases are the counting orders, customer by customer in the same order.
type Purchases interface {
	Purchases(ctx context.Context, span store.Span, beforeMS int64) iter.Seq2[*store.Purchase, error]
	// PurchasesOf is Purchases of some customers, in their order.
	PurchasesOf(ctx context.Context, forest *domain.Forest, roots []string) iter.Seq2[*store.Purchase, error]
}

// Events are the events, customer by customer in the same order.
type Events interface {
	Walk(ctx context.Context, span events.Span, contents bool) iter.Seq2[*events.CustomerEvents, error]
	// Some is Walk of some customers, each by its records, in their order.
	Some(ctx context.Context, families [][]string, contents bool) iter.Seq2[*events.CustomerEvents, error]
}

// Reader reads what customers did.
type Reader struct {
	customers Customers
	purchases Purchases
	events    Events
}

// NewReader makes a reader.
func NewReader(c Customers, p Purchases, e Events) *Reader { return &Reader{c, p, e} }

// Needs say what is to be read besides the customers.
type Needs struct {
	Events   bool
	Contents bool // of events
	Orders   bool
}

// Join is what both need.
func (n Needs) Join(other Needs) Needs {
	return Needs{n.Events || other.Events, n.Contents || other.Contents, n.Orders || other.Orders}
}

// Order is a counting order.
type Order struct {
	TimeMS           int64
	Currency         string
	Amount, Refunded int64 // minor units
}

// Person is one customer and what the customer did.
type Person struct {
	Customer domain.Customer
	Key      string // the escaped id, in whose order persons come
	Steps    []Step // by time; of equal times events before orders
	Orders   []Order
	// Cut reports that there were more events than are handed out, of which the
	// oldest are missing.
	Cut bool
}

// Step is an event or an order.
type Step struct {
	TimeMS int64
	Type   string // of the event, or Ordered
	Name   string
	event  *events.Event
	order  *Order
	opened *events.Content
}

// Ordered is the type of a step that is an order.
const Ordered = "order"

// Walk yields every customer of a span with what was done before an instant. A
// Person is valid until the iteration moves on.
func (r *Reader) Walk(ctx context.Context, span store.Span, needs Needs, before time.Time) iter.Seq2[*Person, error] {
	return func(yield func(*Person, error) bool) {
		w := newWalk(before)
		defer w.stop()
		if needs.Events || needs.Contents {
			w.events = cursor.Over(r.events.Walk(ctx, events.Span(span), needs.Contents))
		}
		if needs.Orders {
			w.purchases = cursor.Over(r.purchases.Purchases(ctx, span, w.beforeMS))
		}
		for c, err := range r.customers.All(ctx, span) {
			var p *Person
			if err == nil {
				p, err = w.person(c)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

// Of reads one customer, nil where there is none of that id, or where it is
// merged into another.
func (r *Reader) Of(ctx context.Context, id string, needs Needs, before time.Time) (*Person, error) {
	for p, err := range r.Walk(ctx, store.Span{From: id, To: id + `"`}, needs, before) {
		return p, err
	}
	return nil, nil
}

// Some yields given customers, each the root of its tree in the forest, with what was
// done before an instant: in their order, which has to be that of escaped ids. Of the
// customers' records it tells the ids only. A Person is valid as with Walk.
func (r *Reader) Some(ctx context.Context, forest *domain.Forest, roots []string, needs Needs, before time.Time) iter.Seq2[*Person, error] {
	return func(yield func(*Person, error) bool) {
		w := newWalk(before)
		defer w.stop()
		families := make([][]string, len(roots))
		for i, root := range roots {
			families[i] = forest.Members(root)
		}
		if needs.Events || needs.Contents {
			w.events = cursor.Over(r.events.Some(ctx, families, needs.Contents))
		}
		if needs.Orders {
			w.purchases = cursor.Over(r.purchases.PurchasesOf(ctx, forest, roots))
		}
		for _, members := range families {
			p, err := w.person(domain.Customer{ID: members[0], Merged: members[1:]})
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

func newWalk(before time.Time) *walk {
	w := &walk{beforeMS: before.UnixMilli()}
	if before.Nanosecond()%int(time.Millisecond) != 0 {
		w.beforeMS++ // what is stored is in whole milliseconds
	}
	return w
}

// walk joins the streams of events and orders to that of the customers. What is of
// nobody in the latter belongs to a customer who is gone, and is passed over.
type walk struct {
	beforeMS  int64
	events    *cursor.Cursor[*events.CustomerEvents]
	purchases *cursor.Cursor[*store.Purchase]
	p         Person
}

func (w *walk) stop() {
	w.events.Stop()
	w.purchases.Stop()
}

func (w *walk) person(c domain.Customer) (*Person, error) {
	w.p = Person{Customer: c, Key: docstore.ID(c.ID), Steps: w.p.Steps[:0], Orders: w.p.Orders[:0]}
	for {
		all, ok, err := w.events.Head()
		if err != nil {
			return nil, err
		}
		if !ok || docstore.ID(all.Customer) > w.p.Key {
			break
		}
		if all.Customer == c.ID {
			w.addEvents(all)
		}
		w.events.Advance()
	}
	for {
		order, ok, err := w.purchases.Head()
		if err != nil {
			return nil, err
		}
		if !ok || order.CustomerKey > w.p.Key {
			break
		}
		if order.CustomerKey == w.p.Key && order.TimeMS < w.beforeMS {
			w.p.Orders = append(w.p.Orders, Order{
				TimeMS: order.TimeMS, Currency: currency(order.Currency), Amount: order.Amount, Refunded: order.Refunded,
			})
		}
		w.purchases.Advance()
	}
	w.addOrders()
	return &w.p, nil
}

func (w *walk) addEvents(all *events.CustomerEvents) {
	w.p.Cut = all.Cut
	for _, e := range all.Events {
		at := e.Time.UnixMilli()
		if at >= w.beforeMS || !e.Type.Deed() {
			continue
		}
		w.p.Steps = append(w.p.Steps, Step{TimeMS: at, Type: string(e.Type), Name: e.Name, event: e})
	}
}

func (w *walk) addOrders() {
	if len(w.p.Orders) == 0 {
		return
	}
	slices.SortStableFunc(w.p.Orders, func(a, b Order) int { return int(min(max(a.TimeMS-b.TimeMS, -1), 1)) })
	for i := range w.p.Orders {
		w.p.Steps = append(w.p.Steps, Step{TimeMS: w.p.Orders[i].TimeMS, Type: Ordered, order: &w.p.Orders[i]})
	}
	slices.SortStableFunc(w.p.Steps, func(a, b Step) int { return int(min(max(a.TimeMS-b.TimeMS, -1), 1)) })
}

// currency keeps one copy of the codes that come again and again.
func currency(code []byte) string {
	switch string(code) {
	case "CNY":
		return "CNY"
	case "USD":
		return "USD"
	case "EUR":
		return "EUR"
	}
	return string(code)
}
