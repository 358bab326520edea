package loyalty

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
	"github.com/kehuhq/kehu/services/valuation/internal/ranks"
)

// hides reports whether a customer's standing is being removed.
func (e *Evaluation) hides(customer string) bool { return slices.Contains(e.Hidden, customer) }

// Standing returns how loyal a customer is by the evaluation that is read. Faults:
// LOYALTY_NOT_EVALUATED, LOYALTY_NOT_FOUND.
func (s *Store) Standing(ctx context.Context, policy, customer string) (*Standing, *editions.Edition[Evaluation], error) {
	e, err := s.readable(ctx, policy)
	if err != nil {
		return nil, nil, err
	}
	doc, err := s.standings.Get(ctx, docstore.ID(policy, editions.Key(e.Number), customer))
	if errors.Is(err, docstore.ErrNotFound) || err == nil && e.Info.hides(customer) {
		return nil, e, fault.New(fault.NotFound, "LOYALTY_NOT_FOUND", "customer %q had no order that counts when loyalty was last evaluated", customer)
	}
	if err != nil {
		return nil, e, err
	}
	return doc.standing(), e, nil
}

// Percentile is where a score stands among all of an evaluation, 0 to 100.
func (e *Evaluation) Percentile(score float64) (float64, bool, error) {
	scale, err := ranks.Parse(e.Scale)
	if err != nil {
		return 0, false, err
	}
	percentile, known := scale.Percentile(Rank(score))
	return percentile, known, nil
}

// listing is what a list is of.
type listing struct {
	policy string
	tier   string // of one tier only, None for those of none; empty for all
	byID   bool
}

// List is a page of standings of one evaluation, with all there are.
type List struct {
	Standings  []*Standing
	Evaluation *editions.Edition[Evaluation]
	Next       *docstore.Position
	Total      int64
}

// list reads a page. Where somebody is erased meanwhile it is read again, so that
// page and total agree. Faults: PAGE_TOKEN_EXPIRED, INVALID_FIELD for a tier that
// the evaluation does not have.
func (s *Store) list(ctx context.Context, what listing, token page.Token, size int, since time.Time) (List, error) {
	e, err := s.listed(ctx, what.policy, token, since)
	for {
		if err != nil || e == nil {
			return List{}, err
		}
		r, err := what.span(e)
		if err != nil {
			return List{}, err
		}
		if r.Limit = size; token != (page.Token{}) {
			r.After = &token.Position
		}
		docs, next, err := s.standings.Page(ctx, r)
		if err != nil {
			return List{}, err
		}
		now, err := s.kept(ctx, what.policy, e.Number)
		if err != nil {
			return List{}, err
		}
		if now == nil || now.Info.Erased == e.Info.Erased {
			list := List{Standings: each(docs, (*standingDoc).standing), Evaluation: e, Next: next, Total: e.Info.Customers}
			if what.tier != "" {
				list.Total = e.Info.tier(what.tier).Customers
			}
			list.Standings = slices.DeleteFunc(list.Standings, func(st *Standing) bool { return e.Info.hides(st.Customer) })
			return list, nil
		}
		e = now
	}
}

// kept is the evaluation of a number, nil where it is not kept any more.
func (s *Store) kept(ctx context.Context, policy string, number int64) (*edition, error) {
	r, err := s.book.Get(ctx, policy)
	if err != nil {
		return nil, err
	}
	e, _ := r.Edition(number, time.Time{})
	return e, nil
}

// listed is the evaluation to list, nil before the first.
func (s *Store) listed(ctx context.Context, policy string, token page.Token, since time.Time) (*edition, error) {
	r, err := s.book.Get(ctx, policy)
	if err != nil {
		return nil, err
	}
	if token == (page.Token{}) {
		return followed(r), nil
	}
	e, kept := r.Edition(int64(token.Generation), since)
	if !kept {
		f := fault.Invalid("page_token", "belongs to an evaluation that was superseded too long ago; start again without a token")
		f.Reason = "PAGE_TOKEN_EXPIRED"
		return nil, f
	}
	return e, nil
}

// span is the range of an index that a list asks for.
func (l listing) span(e *edition) (docstore.Range, error) {
	if l.byID {
		return docstore.Within(docstore.ID(l.policy, editions.Key(e.Number))), nil
	}
	parts := evaluationKey(l.policy, editions.Key(e.Number))
	index := byScore
	if l.tier != "" {
		if e.Info.tier(l.tier) == nil {
			return docstore.Range{}, fault.Invalid("tier", "must be one of the tiers of the policy when it was last evaluated, or %q, is %q", None, l.tier)
		}
		index = byTier
		stored := l.tier
		if stored == None {
			stored = ""
		}
		parts = append(parts, docstore.String(stored))
	}
	r := docstore.Within(docstore.Key(parts...))
	r.Index = index
	return r, nil
}

// Changes lists the changes of a customer's tier, newest first, up to the
// evaluation that is read.
func (s *Store) Changes(ctx context.Context, policy, customer string, after *docstore.Position, size int) ([]Change, *docstore.Position, error) {
	r, err := s.book.Get(ctx, policy)
	if err != nil {
		return nil, nil, err
	}
	span := docstore.Within(docstore.ID(policy, customer))
	span.To = docstore.ID(policy, customer, editions.Key(r.Followed+1))
	span.Reverse, span.After, span.Limit = true, after, size
	docs, next, err := s.changes.Page(ctx, span)
	if err != nil {
		return nil, nil, err
	}
	changes := make([]Change, len(docs))
	for i, doc := range docs {
		if changes[i], err = doc.change(); err != nil {
			return nil, nil, err
		}
	}
	return changes, next, nil
}
