package events

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Some is Walk of given customers, in the order given: each by the ids of all its
// records, first that by which it goes. It yields those without events too.
func (s *Store) Some(ctx context.Context, families [][]string, contents bool) iter.Seq2[*CustomerEvents, error] {
	return func(yield func(*CustomerEvents, error) bool) {
		w := &walk{store: s, how: reading{content: contents, text: interned()}}
		for _, members := range families {
			one, err := w.family(ctx, members)
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
}

func (w *walk) family(ctx context.Context, members []string) (*CustomerEvents, error) {
	g := &gathering{walk: w, CustomerEvents: &CustomerEvents{Customer: members[0]}, counted: true}
	for _, member := range members {
		if err := g.member(ctx, member); err != nil {
			return nil, err
		}
	}
	for _, v := range g.visitors {
		if err := g.all(w.store.scan(ctx, docstore.Within(v.key()), w.how)); err != nil {
			return nil, err
		}
	}
	return g.CustomerEvents, g.sort(ctx)
}
