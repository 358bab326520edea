package app

import (
	"context"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// score scores all customers of the spool and sums them up.
func (r *run) score(ctx context.Context) (*domain.Scoring, domain.Summary, error) {
	r.journal.Progress(0, 0, scoring)
	tally, err := r.tally(ctx)
	if err != nil {
		return nil, domain.Summary{}, err
	}
	policy := r.policy
	if policy.Currency == "" {
		policy.Currency = tally.Commonest()
	}
	scored := &domain.Scoring{Policy: policy}
	// One dimension at a time: its values are the larger part of the memory.
	values := make([]int64, 0, tally.Customers)
	for i, dimension := range domain.Dimensions {
		r.journal.Progress(int64(i)*tally.Customers, int64(len(domain.Dimensions))*tally.Customers, scoring)
		values = values[:0]
		for account, err := range r.store.Spool.Accounts(ctx, r.state.Generation) {
			if err != nil {
				return nil, domain.Summary{}, err
			}
			values = append(values, account.Measure(dimension, policy.Currency))
		}
		if err := scored.Score(dimension, values); err != nil {
			return nil, domain.Summary{}, err
		}
	}
	// What is left are the values of the last dimension, the monetary one.
	summary := domain.Summarize(r.asOf, tally, scored, values)
	summary.Generation = r.state.Generation
	return scored, summary, nil
}

func (r *run) tally(ctx context.Context) (*domain.Tally, error) {
	var tally domain.Tally
	for account, err := range r.store.Spool.Accounts(ctx, r.state.Generation) {
		if err != nil {
			return nil, err
		}
		if err := tally.Add(account); err != nil {
			return nil, err
		}
	}
	return &tally, nil
}
