package consents

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Of yields what a customer's own record says about each purpose.
func (s *Server) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.Consent, error] {
	return func(yield func(*profilev1.Consent, error) bool) {
		declared, err := s.store.purposes(ctx, false)
		if err != nil {
			yield(nil, err)
			return
		}
		for doc, err := range s.store.docs.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var c *profilev1.Consent
			if err == nil {
				_, purpose := doc.ids()
				p := declared[purpose]
				if p == nil {
					p = &profilev1.Purpose{} // it was deleted
				}
				c, err = s.consent(ctx, p, purpose, []string{customer}, []*record{doc})
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Erase removes what a customer has decided, without a trace.
func (s *Server) Erase(ctx context.Context, customer string) error {
	return s.store.docs.Purge(ctx, docstore.Within(docstore.ID(customer)))
}
