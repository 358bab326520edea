package leads

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Of yields the leads of a customer's own record.
func (s *Server) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.Lead, error] {
	return func(yield func(*profilev1.Lead, error) bool) {
		for doc, err := range s.docs.Scan(ctx, ofCustomer(customer)) {
			var l *profilev1.Lead
			if err == nil {
				l, err = open(ctx, s.vault, doc)
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// Subjects are the names under which the vault has keys of a customer's leads
// besides the customer's own: those made when the customer was a prospect.
func (s *Server) Subjects(ctx context.Context, customer string) ([]string, error) {
	var subjects []string
	for doc, err := range s.docs.Scan(ctx, ofCustomer(customer)) {
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, prospect(doc.ID))
	}
	return subjects, nil
}

// Erase removes the leads of a customer, without a trace.
func (s *Server) Erase(ctx context.Context, customer string) error {
	var ids []string
	for doc, err := range s.docs.Scan(ctx, ofCustomer(customer)) {
		if err != nil {
			return err
		}
		ids = append(ids, doc.ID)
	}
	for _, id := range ids {
		if err := s.docs.Purge(ctx, docstore.Only(id)); err != nil {
			return err
		}
	}
	return nil
}

func ofCustomer(customer string) docstore.Range {
	r := docstore.Within(docstore.Key(docstore.String(customer)))
	r.Index = byCustomer
	return r
}
