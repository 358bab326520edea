package store

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// All yields the orders recorded under the customers of a span, whether they
// count or not, by customer and id, under the customer under whom they were
// recorded; the anonymous ones among them.
func (s *Orders) All(ctx context.Context, span Span) iter.Seq2[domain.Order, error] {
	return func(yield func(domain.Order, error) bool) {
		r, err := span.bounds()
		if err != nil {
			yield(domain.Order{}, err)
			return
		}
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				yield(domain.Order{}, err)
				return
			}
			if !yield(doc.domain(), nil) {
				return
			}
		}
	}
}
