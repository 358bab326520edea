package app

import (
	"context"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// score scores all customers of the spool and sums them up.
func (r *run) score(ctx context.Context, tally *domain.Tally) (*domain.Scoring, domain.Summary, error) {
	r.journal.Progress(0, 0, scoring)
	policy := r.policy
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
	counted, excluded, err := r.counted(ctx, policy.Currency)
	summary.Excluded = excluded
	if err != nil {
		return nil, domain.Summary{}, err
	}
	if counted != nil {
		if err := r.store.Retentions.Write(ctx, r.state.Generation, counted.Retention(r.asOf, policy, tally)); err != nil {
			return nil, domain.Summary{}, err
		}
	}
	return scored, summary, summary.Describe(r.asOf, counted, values)
}

// counted adds up the statistics of all chunks, and the customers left out. Of
// chunks that an older version has read it returns no statistics, for they would be
// those of some customers only.
func (r *run) counted(ctx context.Context, currency string) (all *domain.Statistics, excluded int64, err error) {
	all = domain.NewStatistics()
	for chunk, err := range r.store.Spool.Chunks(ctx, r.state.Generation, 0) {
		if err != nil {
			return nil, 0, err
		}
		excluded += chunk.Excluded
		if len(chunk.Statistics) == 0 {
			all = nil
		}
		if all == nil {
			continue
		}
		if err := chunk.AddStatistics(all, currency); err != nil {
			return nil, 0, err
		}
	}
	return all, excluded, nil
}

// tally adds up all accounts, and reports whether they all tell when the first
// order was; those of chunks that older versions wrote do not.
func (r *run) tally(ctx context.Context) (_ *domain.Tally, dated bool, _ error) {
	var tally domain.Tally
	dated = true
	for chunk, err := range r.store.Spool.Chunks(ctx, r.state.Generation, 0) {
		if err != nil {
			return nil, false, err
		}
		dated = dated && (chunk.Layout >= store.Dated || chunk.Count == 0)
		for account, err := range chunk.Each() {
			if err != nil {
				return nil, false, err
			}
			if err := tally.Add(account); err != nil {
				return nil, false, err
			}
		}
	}
	return &tally, dated, nil
}
