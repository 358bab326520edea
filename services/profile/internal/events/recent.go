package events

import (
	"context"
	"iter"
)

// Recent yields the newest events of a customer of some types, of all records and
// visitors that are the customer's, with their contents; the newest first and at
// most so many.
func (s *Store) Recent(ctx context.Context, customer string, most int, types ...Type) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		_, senders, err := s.senders(ctx, customer)
		if err != nil {
			yield(nil, err)
			return
		}
		for e, err := range s.Timeline(ctx, senders, Query{Types: types, Newest: true, Content: true, Limit: most}) {
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
