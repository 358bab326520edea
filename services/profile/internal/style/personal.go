package style

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Of yields the observations of a customer's own record.
func (s *Server) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.StyleObservation, error] {
	return func(yield func(*profilev1.StyleObservation, error) bool) {
		for doc, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var o *profilev1.StyleObservation
			if err == nil {
				o, err = s.read(ctx, doc)
			}
			if !yield(o, err) || err != nil {
				return
			}
		}
	}
}

// Erase removes the observations of a customer, without a trace.
func (s *Server) Erase(ctx context.Context, customer string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(customer)))
}
