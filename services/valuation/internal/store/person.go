package store

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Generations are those of which there are valuations, and those of which there
// is a spool, published or not. They are found by leaping from one to the next.
func (s *Store) Generations(ctx context.Context) (valuations, spools []int64, err error) {
	if valuations, err = leap(ctx, s.Valuations.docs); err != nil {
		return nil, nil, err
	}
	spools, err = leap(ctx, s.Spool.docs)
	return valuations, spools, err
}

func leap[T any](ctx context.Context, docs *docstore.Collection[T]) (generations []int64, err error) {
	for r := (docstore.Range{Limit: 1}); ; {
		met := ""
		for entry, err := range docs.ScanRaw(ctx, r) {
			if err != nil {
				return nil, err
			}
			met = entry.ID
		}
		if met == "" {
			return generations, nil
		}
		generation, err := generationOf(met)
		if err != nil {
			return nil, err
		}
		generations = append(generations, generation)
		r.From = generationKey(generation + 1)
	}
}

// Row names a customer's valuation in a generation.
type Row struct {
	Generation int64
	Customer   string
}

// Erase removes valuations without a trace.
func (s *Valuations) Erase(ctx context.Context, rows []Row) error {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = docstore.ID(generationKey(r.Generation), r.Customer)
	}
	return s.docs.Erase(ctx, ids...)
}

// Find returns the accounts of some customers in the spool of a generation.
func (s *Spool) Find(ctx context.Context, generation int64, customers []string) ([]domain.Account, error) {
	var found []domain.Account
	for _, customer := range customers {
		// The first chunk that reaches so far.
		r := docstore.Within(docstore.Key(docstore.String(generationKey(generation))))
		r.Index, r.From, r.Limit = byUpto, uptoKey(generation, customer), 1
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return nil, err
			}
			for account, err := range doc.chunk().Each() {
				if err != nil {
					return nil, err
				}
				if account.Customer == customer {
					kept := *account
					kept.Purses = slices.Clone(account.Purses)
					found = append(found, kept)
				}
			}
		}
	}
	return found, nil
}

// Last is the generation given out last, 0 before the first.
func (s *Publication) Last(ctx context.Context) (int64, error) {
	p, err := s.docs.Get(ctx, currentID)
	if errors.Is(err, docstore.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return p.Last, nil
}

// Hide takes the customers of rows off the lists of their editions, and out of
// their counts, by one write. Those who are hidden already stay so; rows of
// generations that are not published are passed over.
func (s *Publication) Hide(ctx context.Context, rows []Row) error {
	if len(rows) == 0 {
		return nil
	}
	return s.editions(ctx, func(e *Edition) (changed bool) {
		for _, r := range rows {
			if r.Generation != e.Generation || e.Hides(r.Customer) {
				continue
			}
			e.Hidden = append(e.Hidden, r.Customer)
			e.Customers--
			e.Erased++
			changed = true
		}
		return changed
	})
}

// Unhide ends the hiding of customers whose valuations are gone.
func (s *Publication) Unhide(ctx context.Context, customers []string) error {
	return s.editions(ctx, func(e *Edition) bool {
		before := len(e.Hidden)
		e.Hidden = slices.DeleteFunc(e.Hidden, func(c string) bool { return slices.Contains(customers, c) })
		return len(e.Hidden) != before
	})
}

// editions changes the editions that are kept; change reports whether it has.
func (s *Publication) editions(ctx context.Context, change func(*Edition) bool) error {
	_, err := s.docs.Update(ctx, currentID, func(p *publication) error {
		changed := p.Current != nil && change(p.Current)
		for i := range p.Previous {
			changed = change(&p.Previous[i]) || changed
		}
		if !changed {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}

// Hides reports whether a customer's valuation is being removed.
func (e *Edition) Hides(customer string) bool { return slices.Contains(e.Hidden, customer) }

// Scrub rewrites the files, so that nothing is left in them of what was removed.
func (s *Store) Scrub(ctx context.Context) error { return s.engine.Scrub(ctx) }
