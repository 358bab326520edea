package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Order is an order in which valuations are listed.
type Order string

// The orders: by the revenue in the valuation's currency from the highest, by
// the days since the last order from the fewest, by customer id. Equals are in
// the order of customer ids.
const (
	ByRevenue  Order = "by_revenue"
	ByRecency  Order = "by_recency"
	ByCustomer Order = ""
	// Of predictions, from the highest; those that cannot be told come last.
	ByResidual Order = "by_residual"
	ByChurn    Order = "by_churn"
	ByAtRisk   Order = "by_at_risk"
)

// Valuations keeps the valuations of all generations. They never change.
type Valuations struct {
	docs *docstore.Collection[valuation]
}

func openValuations(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Valuations, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[valuation]{
		Name: "valuations",
		Indexes: []docstore.Index[valuation]{
			{Name: string(ByRevenue), Key: func(v *valuation) string {
				var revenue int64
				if len(v.Revenue) > 0 {
					revenue = v.Revenue[0].Minor
				}
				return v.key(docstore.Desc(docstore.Int(revenue)))
			}},
			{Name: string(ByRecency), Key: func(v *valuation) string { return v.key(docstore.Int(v.RecencyDays)) }},
			{Name: string(ByResidual), Key: func(v *valuation) string { return v.amountKey(v.Prediction.Residual) }},
			{Name: string(ByChurn), Key: func(v *valuation) string {
				risk := -1.0
				if v.Prediction.Made && v.Prediction.Churn.Known() {
					risk = v.Prediction.Churn.Value
				}
				return v.key(docstore.Desc(docstore.Float(risk)))
			}},
			{Name: string(ByAtRisk), Key: func(v *valuation) string { return v.amountKey(v.Prediction.AtRisk) }},
		},
	}, docstore.WithClock(clock))
	return &Valuations{docs}, err
}

// key is a key below the document's generation, with which its id begins.
func (v *valuation) key(part docstore.KeyPart) string {
	if len(v.ID) < len(generationKey(0)) {
		return ""
	}
	return docstore.Key(docstore.String(v.ID[:len(generationKey(0))]), part)
}

// amountKey is below all amounts where there is none.
func (v *valuation) amountKey(a domain.Amount) string {
	minor := int64(-1)
	if v.Prediction.Made && a.Known() {
		minor = a.Minor
	}
	return v.key(docstore.Desc(docstore.Int(minor)))
}

// Write stores valuations of a generation, each customer's once: one that is
// there already stays, for a refresh that is resumed makes the same again.
func (s *Valuations) Write(ctx context.Context, generation int64, valuations []domain.Valuation) error {
	key := generationKey(generation)
	docs := make([]valuation, len(valuations))
	ops := make([]docstore.Op[valuation], len(valuations))
	for i := range valuations {
		docs[i] = valuation{docstore.Meta{ID: docstore.ID(key, valuations[i].Customer)}, valuations[i]}
		ops[i] = docstore.Op[valuation]{Doc: &docs[i], Expect: docstore.Absent}
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
	return nil
}

// Get returns a customer's valuation, or docstore.ErrNotFound.
func (s *Valuations) Get(ctx context.Context, generation int64, customer string) (*domain.Valuation, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(generationKey(generation), customer))
	if err != nil {
		return nil, err
	}
	return &doc.Valuation, nil
}

// GetMany returns one entry per customer, nil where there is none.
func (s *Valuations) GetMany(ctx context.Context, generation int64, customers []string) ([]*domain.Valuation, error) {
	key := generationKey(generation)
	ids := make([]string, len(customers))
	for i, customer := range customers {
		ids[i] = docstore.ID(key, customer)
	}
	docs, err := s.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	valuations := make([]*domain.Valuation, len(docs))
	for i, doc := range docs {
		if doc != nil {
			valuations[i] = &doc.Valuation
		}
	}
	return valuations, nil
}

// Page lists valuations of a generation from behind a position, and returns the
// position to go on from, nil at the end.
func (s *Valuations) Page(ctx context.Context, generation int64, order Order, after *docstore.Position, size int) ([]*domain.Valuation, *docstore.Position, error) {
	r := docstore.Within(generationKey(generation))
	r.Index, r.After, r.Limit = string(order), after, size
	docs, next, err := s.docs.Page(ctx, r)
	valuations := make([]*domain.Valuation, len(docs))
	for i, doc := range docs {
		valuations[i] = &doc.Valuation
	}
	return valuations, next, err
}

// Span is a part of the customers in the order of their escaped ids. From is
// inside, To behind it; empty is open.
type Span struct{ From, To string }

// All yields the valuations of a generation and span by customer id. The
// valuation is valid until the iteration moves on.
func (s *Valuations) All(ctx context.Context, generation int64, span Span) iter.Seq2[*domain.Valuation, error] {
	key := generationKey(generation)
	r := docstore.Within(key)
	if span.From != "" {
		r.From = docstore.ID(key, span.From)
	}
	if span.To != "" {
		r.To = docstore.ID(key, span.To)
	}
	return func(yield func(*domain.Valuation, error) bool) {
		if r.From > r.To {
			yield(nil, fault.Invalid("range.to", "must not be before range.from in the order of escaped ids"))
			return
		}
		var v domain.Valuation
		for entry, err := range s.docs.ScanRaw(ctx, r) {
			if err == nil {
				if err = readValuation(entry.Doc, &v); err != nil {
					err = fmt.Errorf("valuation %s: %w", entry.ID, err)
				}
			}
			if !yield(&v, err) || err != nil {
				return
			}
		}
	}
}

// Purge removes the valuations of a generation.
func (s *Valuations) Purge(ctx context.Context, generation int64) error {
	return s.docs.Purge(ctx, docstore.Within(generationKey(generation)))
}
