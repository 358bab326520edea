package facts

import (
	"context"
	"iter"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

type recordOfCopies = editions.Record[Copy]

// Known is what is known of one customer.
type Known struct {
	Satisfaction Figure // 0 to 1
	FullPrice    Figure // share of orders, 0 to 1
	Referrals    Figure // customers brought who qualified
}

// Family tells which ids are one customer since records were merged.
type Family struct {
	roots   map[string]string   // of merged ids
	members map[string][]string // of roots, the root itself left out
}

// NewFamily makes one of the root of each merged id.
func NewFamily(roots map[string]string) Family {
	f := Family{roots, make(map[string][]string)}
	for id, root := range roots {
		if id != root {
			f.members[root] = append(f.members[root], id)
		}
	}
	return f
}

// Root is the id by which a customer goes.
func (f Family) Root(id string) string {
	if root, merged := f.roots[id]; merged {
		return root
	}
	return id
}

// Walk reads the facts of many customers, who are asked for in the order of their
// escaped ids. It serves one goroutine.
type Walk struct {
	ctx    context.Context
	store  *Store
	view   View
	family Family
	facts  map[Kind]*cursor[factDoc]
	edges  *cursor[edgeDoc]
}

// Walk begins at the first customer. Close ends it.
func (s *Store) Walk(ctx context.Context, view View, family Family) *Walk {
	w := &Walk{ctx: ctx, store: s, view: view, family: family, facts: make(map[Kind]*cursor[factDoc])}
	for _, kind := range []Kind{Satisfaction, Prices} {
		if view.Has(kind) {
			prefix := factKey(kind, view.copies[kind])
			w.facts[kind] = newCursor(s.facts.Scan(ctx, docstore.Within(prefix)), len(prefix)+1, func(d *factDoc) string { return d.ID })
		}
	}
	if view.Has(Referrals) {
		prefix := editions.Key(view.copies[Referrals])
		w.edges = newCursor(s.edges.Scan(ctx, docstore.Within(prefix)), len(prefix)+1, func(d *edgeDoc) string { return d.ID })
	}
	return w
}

// Close ends the walk.
func (w *Walk) Close() {
	for _, c := range w.facts {
		c.stop()
	}
	if w.edges != nil {
		w.edges.stop()
	}
}

// Of is what is known of a customer, by the id of a root: of all records that
// were merged into it.
func (w *Walk) Of(customer string) (Known, error) {
	key := docstore.ID(customer)
	members := w.family.members[customer]
	var k Known
	var err error
	if k.Satisfaction, err = w.figure(Satisfaction, key, members, NoAnswer); err != nil {
		return k, err
	}
	if k.FullPrice, err = w.figure(Prices, key, members, NoListPrice); err != nil {
		return k, err
	}
	k.Referrals, err = w.referrals(customer, key, members)
	return k, err
}

// figure is a fact of a kind: of several records the latest.
func (w *Walk) figure(kind Kind, key string, members []string, none string) (Figure, error) {
	c := w.facts[kind]
	if c == nil {
		return w.view.missing(kind), nil
	}
	found, err := c.at(key)
	if err != nil {
		return Figure{}, err
	}
	if len(members) > 0 {
		more, err := w.store.factsOf(w.ctx, kind, w.view.copies[kind], members)
		if err != nil {
			return Figure{}, err
		}
		found = append(found, more...)
	}
	latest := latestOf(found)
	if latest == nil {
		return Figure{Reason: none}, nil
	}
	return w.view.known(kind, latest.Value), nil
}

func latestOf(found []*factDoc) (latest *factDoc) {
	for _, d := range found {
		if latest == nil || d.AtMS > latest.AtMS {
			latest = d
		}
	}
	return latest
}

func (s *Store) factsOf(ctx context.Context, kind Kind, copied int64, customers []string) ([]*factDoc, error) {
	ids := make([]string, len(customers))
	for i, c := range customers {
		ids[i] = docstore.ID(string(kind), editions.Key(copied), c)
	}
	docs, err := s.facts.GetMany(ctx, ids)
	found := docs[:0]
	for _, d := range docs {
		if d != nil {
			found = append(found, d)
		}
	}
	return found, err
}

// referrals counts the customers brought who qualified.
func (w *Walk) referrals(customer, key string, members []string) (Figure, error) {
	if w.edges == nil {
		return w.view.missing(Referrals), nil
	}
	found, err := w.edges.at(key)
	if err != nil {
		return Figure{}, err
	}
	qualified := make(map[string]bool)
	count := func(e Edge) {
		if root := w.family.Root(e.Referee); e.Qualified() && root != customer {
			qualified[root] = true
		}
	}
	for _, d := range found {
		count(d.edge())
	}
	for _, member := range members {
		for e, err := range w.store.brought(w.ctx, w.view, member) {
			if err != nil {
				return Figure{}, err
			}
			count(e)
		}
	}
	return w.view.known(Referrals, float64(len(qualified))), nil
}

func (d *edgeDoc) edge() Edge {
	id := docstore.ParseID(d.ID)
	return Edge{Advocate: id[1], Referee: id[2], SignUpMS: d.SignUpMS, QualifyMS: d.QualifyMS}
}

// brought yields whom one record brought.
func (s *Store) brought(ctx context.Context, view View, advocate string) iter.Seq2[Edge, error] {
	return func(yield func(Edge, error) bool) {
		if !view.Has(Referrals) {
			return
		}
		for d, err := range s.edges.Scan(ctx, docstore.Within(docstore.ID(editions.Key(view.copies[Referrals]), advocate))) {
			var e Edge
			if err == nil {
				e = d.edge()
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// cursor walks over documents in the order of their ids, of which a part of one
// length in front is left out.
type cursor[T any] struct {
	next func() (*T, error, bool)
	stop func()
	id   func(*T) string
	skip int
	head *T // read, not yet passed
}

func newCursor[T any](docs iter.Seq2[*T, error], skip int, id func(*T) string) *cursor[T] {
	next, stop := iter.Pull2(docs)
	return &cursor[T]{next: next, stop: stop, id: id, skip: skip}
}

// at returns the documents whose ids begin with the key as a part.
func (c *cursor[T]) at(key string) ([]*T, error) {
	var found []*T
	for {
		if c.head == nil {
			doc, err, more := c.next()
			if err != nil || !more {
				return found, err
			}
			c.head = doc
		}
		part, _, _ := strings.Cut(c.id(c.head)[c.skip:], "!")
		switch {
		case part > key:
			return found, nil
		case part == key:
			found = append(found, c.head)
		}
		c.head = nil
	}
}
