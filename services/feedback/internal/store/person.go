package store

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

func ofPerson(customer string) docstore.Range {
	r := docstore.Within(docstore.Key(docstore.String(customer)))
	r.Index = byPerson
	return r
}

// personPage is how many responses of a customer are read at a time.
const personPage = 200

// Of yields all responses of a customer, by the time of the answer.
func (s *Responses) Of(ctx context.Context, customer string) iter.Seq2[*domain.Response, error] {
	return func(yield func(*domain.Response, error) bool) {
		r := ofPerson(customer)
		r.Limit = personPage
		for {
			docs, next, err := s.docs.Page(ctx, r)
			var opened []*domain.Response
			if err == nil {
				opened, err = s.open(ctx, docs)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, response := range opened {
				if !yield(response, nil) {
					return
				}
			}
			if next == nil {
				return
			}
			r.After = next
		}
	}
}

// IDsOf are the ids of all documents that hold responses of some customers.
func (s *Responses) IDsOf(ctx context.Context, customers []string) ([]string, error) {
	var ids []string
	for _, customer := range customers {
		for entry, err := range s.docs.ScanRaw(ctx, ofPerson(customer)) {
			if err != nil {
				return nil, err
			}
			ids = append(ids, entry.ID)
		}
	}
	return ids, nil
}

// Erase removes documents without a trace.
func (s *Responses) Erase(ctx context.Context, ids []string) error { return s.docs.Erase(ctx, ids...) }

// DestroyKeys destroys the keys of some customers, so that no copy of what they
// said can be read.
func (s *Responses) DestroyKeys(ctx context.Context, customers []string) error {
	return s.vault.Destroy(ctx, customers...)
}
