package care

import (
	"context"
	"errors"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// PlanOf is the care plan of a customer's own record, or none.
func (s *Server) PlanOf(ctx context.Context, customer string) ([]*profilev1.CarePlan, error) {
	doc, err := s.plans.Get(ctx, docstore.ID(customer))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := s.readPlan(ctx, customer, doc)
	return []*profilev1.CarePlan{p}, err
}

// TasksOf yields the planned and the past contacts of a customer's own record.
func (s *Server) TasksOf(ctx context.Context, customer string) iter.Seq2[*profilev1.CareTask, error] {
	return func(yield func(*profilev1.CareTask, error) bool) {
		for doc, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var t *profilev1.CareTask
			if err == nil {
				t, err = s.read(ctx, doc)
			}
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

// ErasePlan removes the care plan of a customer, without a trace.
func (s *Server) ErasePlan(ctx context.Context, customer string) error {
	return s.plans.Purge(ctx, docstore.Only(docstore.ID(customer)))
}

// EraseTasks removes the contacts of a customer, without a trace.
func (s *Server) EraseTasks(ctx context.Context, customer string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(customer)))
}
