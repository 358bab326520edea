package app

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// Satisfaction yields what each customer answered before an instant (zero: ever),
// in the order of the bytes of their ids, of customers behind one and in front of
// another; empty is open. It holds one customer, and the kind of each survey.
func (a *App) Satisfaction(ctx context.Context, after, to string, before time.Time) iter.Seq2[*domain.Opinions, error] {
	return func(yield func(*domain.Opinions, error) bool) {
		if after != "" && to != "" && after >= to {
			yield(nil, fault.Invalid("to_customer_id", "must be behind after_customer_id in the order of the ids' bytes"))
			return
		}
		kinds, err := a.kinds(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		var one *domain.Opinions
		for answer, err := range a.store.Responses.ByPerson(ctx, after, to, before) {
			if err != nil {
				yield(nil, err)
				return
			}
			if one != nil && one.Customer != answer.Customer {
				if !yield(one, nil) {
					return
				}
				one = nil
			}
			if one == nil {
				one = &domain.Opinions{Customer: answer.Customer}
			}
			one.Take(kinds[answer.Survey], answer.Answer)
		}
		if one != nil {
			yield(one, nil)
		}
	}
}

// SatisfactionOf is what each of some customers answered; those who have not
// answered are left out.
func (a *App) SatisfactionOf(ctx context.Context, customers []string) ([]*domain.Opinions, error) {
	kinds, err := a.kinds(ctx)
	if err != nil {
		return nil, err
	}
	var all []*domain.Opinions
	for _, customer := range customers {
		one := &domain.Opinions{Customer: customer}
		for answer, err := range a.store.Responses.AnswersOf(ctx, customer) {
			if err != nil {
				return nil, err
			}
			one.Take(kinds[answer.Survey], answer.Answer)
		}
		if len(one.All()) > 0 {
			all = append(all, one)
		}
	}
	return all, nil
}

// surveyPage is how many surveys are read at a time.
const surveyPage = 1000

// kinds is what each survey measures.
func (a *App) kinds(ctx context.Context) (map[string]domain.Kind, error) {
	kinds := make(map[string]domain.Kind)
	for after := (*docstore.Position)(nil); ; {
		surveys, next, err := a.store.Surveys.Page(ctx, after, surveyPage)
		if err != nil {
			return nil, err
		}
		for _, s := range surveys {
			kinds[s.ID] = s.Kind
		}
		if after = next; next == nil {
			return kinds, nil
		}
	}
}
