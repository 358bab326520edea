package store

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Records yields the records of a span, merged ones too and each by itself, in
// the order of their escaped ids.
func (s *Customers) Records(ctx context.Context, span Span) iter.Seq2[domain.Customer, error] {
	return func(yield func(domain.Customer, error) bool) {
		r, err := span.bounds()
		if err != nil {
			yield(domain.Customer{}, err)
			return
		}
		walk := s.vault.Walk(span.From)
		for doc, err := range s.docs.Scan(ctx, r) {
			var c domain.Customer
			if err == nil {
				err = openNext(ctx, walk, doc.seals(false)[0])
			}
			if err == nil {
				c, err = readCustomer(doc)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}
