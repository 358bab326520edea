package events

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/cursor"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Span is a part of the customers in the order of their escaped ids (docstore.ID).
// From is inside, To behind it; empty is open.
type Span struct{ From, To string }

// CustomerEvents is what one customer did.
type CustomerEvents struct {
	Customer string   // the id by which the customer goes; of merged records the survivor's
	Events   []*Event // by time, those of merged records and linked visitors among them
	// Cut reports that there are more than MaxWalked events, of which these are
	// the newest.
	Cut bool
}

// MaxWalked is the most events of one customer that Walk hands out, so that one
// robot with millions of them does not decide how much memory an analysis takes.
const MaxWalked = 100_000

// Walk yields the customers of a span that have events, in the order of their
// escaped ids, each with all events. It holds the events of one customer at a
// time, and of the whole base the links between merged records. With contents
// Event.Content can be asked for; without, it is empty.
func (s *Store) Walk(ctx context.Context, span Span, contents bool) iter.Seq2[*CustomerEvents, error] {
	return func(yield func(*CustomerEvents, error) bool) {
		w, err := s.newWalk(ctx, span, contents)
		if err != nil {
			yield(nil, err)
			return
		}
		defer w.stop()
		for {
			one, err := w.next(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			if one == nil || len(one.Events) > 0 && !yield(one, nil) {
				return
			}
		}
	}
}

// walk joins three streams in the order of the customers' escaped ids: their own
// events, the links of visitors to them, and the survivors of merges.
type walk struct {
	store  *Store
	how    reading
	forest *domain.Forest
	roots  []string // escaped ids of the survivors of the span, ascending

	events *cursor.Cursor[*Event]
	links  *cursor.Cursor[Link]
}

func (s *Store) newWalk(ctx context.Context, span Span, contents bool) (*walk, error) {
	var from, to string
	if span.From != "" {
		from = docstore.ID(span.From)
	}
	if span.To != "" {
		if to = docstore.ID(span.To); from > to {
			return nil, fault.Invalid("range.to", "must not be before range.from in the order of escaped ids")
		}
	}
	w := &walk{store: s, how: reading{content: contents, text: interned()}}
	var err error
	if w.forest, err = s.families.Forest(ctx); err != nil {
		return nil, err
	}
	for _, root := range w.forest.Roots() {
		if key := docstore.ID(root); key >= from && (to == "" || key < to) {
			w.roots = append(w.roots, key)
		}
	}
	slices.Sort(w.roots)
	own := docstore.Within("c")
	own.From += from
	if to != "" {
		own.To = "c!" + to
	}
	w.events, w.links = cursor.Over(s.scan(ctx, own, w.how)), cursor.Over(s.links(ctx, from, to))
	return w, nil
}

func (w *walk) stop() {
	w.events.Stop()
	w.links.Stop()
}

// next is the next customer, perhaps one without events; nil at the end.
func (w *walk) next(ctx context.Context) (*CustomerEvents, error) {
	key, found, err := w.first()
	if err != nil || !found {
		return nil, err
	}
	id := docstore.ParseID(key)[0]
	one := &gathering{walk: w, CustomerEvents: &CustomerEvents{Customer: id}, counted: w.forest.Root(id) == id}
	if err := one.own(key); err != nil {
		return nil, err
	}
	if !one.counted {
		return one.CustomerEvents, nil
	}
	for _, m := range w.forest.Members(id)[1:] {
		if err := one.member(ctx, m); err != nil {
			return nil, err
		}
	}
	for _, v := range one.visitors {
		if err := one.all(w.store.scan(ctx, docstore.Within(v.key()), w.how)); err != nil {
			return nil, err
		}
	}
	return one.CustomerEvents, one.sort(ctx)
}

// first is the lowest key at the head of a stream; it is taken from the roots.
func (w *walk) first() (key string, found bool, err error) {
	consider := func(k string) {
		if !found || k < key {
			key, found = k, true
		}
	}
	e, ok, err := w.events.Head()
	if err != nil {
		return "", false, err
	}
	if ok {
		consider(docstore.ID(e.Sender.ID))
	}
	l, ok, err := w.links.Head()
	if err != nil {
		return "", false, err
	}
	if ok {
		consider(docstore.ID(l.Customer))
	}
	if len(w.roots) > 0 {
		consider(w.roots[0])
	}
	if found && len(w.roots) > 0 && w.roots[0] == key {
		w.roots = w.roots[1:]
	}
	return key, found, nil
}

// gathering is one customer being put together.
type gathering struct {
	*CustomerEvents
	walk     *walk
	counted  bool // not a record that has given way, whose turn is the survivor's
	members  []Identity
	visitors []Identity
}

// own takes the customer's own events and links from the streams.
func (g *gathering) own(key string) error {
	err := each(g.walk.events, func(e *Event) bool {
		if docstore.ID(e.Sender.ID) != key {
			return false
		}
		g.add(e)
		return true
	})
	if err != nil {
		return err
	}
	g.members = append(g.members, Customer(g.Customer))
	return each(g.walk.links, func(l Link) bool {
		if docstore.ID(l.Customer) != key {
			return false
		}
		g.visitors = append(g.visitors, Visitor(l.Visitor))
		return true
	})
}

// each takes values from a stream as long as they are wanted.
func each[T any](c *cursor.Cursor[T], take func(T) bool) error {
	for {
		value, ok, err := c.Head()
		if err != nil || !ok || !take(value) {
			return err
		}
		c.Advance()
	}
}

// member reads a record that has given way, which may stand anywhere.
func (g *gathering) member(ctx context.Context, id string) error {
	links, _, err := g.walk.store.VisitorsOf(ctx, id, nil, 0)
	if err != nil {
		return err
	}
	for _, l := range links {
		g.visitors = append(g.visitors, Visitor(l.Visitor))
	}
	g.members = append(g.members, Customer(id))
	return g.all(g.walk.store.scan(ctx, docstore.Within(Customer(id).key()), g.walk.how))
}

func (g *gathering) all(events iter.Seq2[*Event, error]) error {
	for e, err := range events {
		if err != nil {
			return err
		}
		if g.add(e); g.Cut {
			return nil
		}
	}
	return nil
}

func (g *gathering) add(e *Event) {
	switch {
	case !g.counted:
	case len(g.Events) < MaxWalked:
		g.Events = append(g.Events, e)
	default:
		g.Cut = true
	}
}

// sort brings the events into the order of time, and reads the newest by their
// index where there are too many.
func (g *gathering) sort(ctx context.Context) error {
	if !g.Cut {
		slices.SortFunc(g.Events, func(a, b *Event) int {
			if c := a.Time.Compare(b.Time); c != 0 {
				return c
			}
			return strings.Compare(documentID(a.Sender, a.ID), documentID(b.Sender, b.ID))
		})
		return nil
	}
	g.Events = g.Events[:0]
	q := Query{Newest: true, Content: g.walk.how.content, Limit: MaxWalked}
	for e, err := range g.walk.store.Timeline(ctx, slices.Concat(g.members, g.visitors), q) {
		if err != nil {
			return err
		}
		g.Events = append(g.Events, e)
	}
	slices.Reverse(g.Events)
	return nil
}

// interned keeps one copy of texts that come again and again: names, sources.
func interned() func([]byte) string {
	const most = 4096
	known := make(map[string]string)
	return func(b []byte) string {
		if text, ok := known[string(b)]; ok {
			return text
		}
		text := string(b)
		if len(known) < most {
			known[text] = text
		}
		return text
	}
}
