package analysis

import (
	"context"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// ListsWith yields the analyses on whose lists a customer is.
func (s *Server) ListsWith(ctx context.Context, customer string) iter.Seq2[*profilev1.Analysis, error] {
	return func(yield func(*profilev1.Analysis, error) bool) {
		for id, err := range s.store.entries(ctx, customer) {
			if err != nil {
				yield(nil, err)
				return
			}
			analysis := docstore.ParseID(id)[0]
			if !yield(&profilev1.Analysis{Name: analysisName(analysis)}, nil) {
				return
			}
		}
	}
}

// Erase takes a customer off all lists, without a trace. The figures stay.
func (s *Server) Erase(ctx context.Context, customer string) error {
	for id, err := range s.store.entries(ctx, customer) {
		if err == nil {
			err = s.store.members.Purge(ctx, docstore.Only(id))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// entries yields the ids of a customer's entries on lists, run by run, those of
// runs under way included.
func (s *store) entries(ctx context.Context, customer string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for run, err := range s.runs(ctx) {
			if err != nil {
				yield("", err)
				return
			}
			id := run + "!" + docstore.ID(customer)
			there, err := s.members.Exist(ctx, []string{id})
			if err != nil || there[0] {
				if !yield(id, err) || err != nil {
					return
				}
			}
		}
	}
}
