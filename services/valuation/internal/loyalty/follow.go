package loyalty

import (
	"context"
	"errors"
	"iter"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

// follow brings the histories of tiers from the evaluation they have come to up to
// the current one: it compares the two, customer by customer. From then on the
// current one is read, so that nobody sees a tier that the history does not lead to.
// It may be broken off and done twice at a time: it writes the same again.
func (e *Evaluator) follow(ctx context.Context, policy string, journal Journal) error {
	r, err := e.Store.book.Get(ctx, policy)
	if err != nil || r.Current == nil || r.Followed == r.Current.Number {
		return err
	}
	to := r.Current
	from := followed(r)
	var reasons []string
	switch {
	case from == nil:
		reasons = []string{FirstEvaluation}
	case from.Info.Policy != to.Info.Policy:
		reasons = []string{PolicyChanged}
	}
	var ops []docstore.Op[changeDoc]
	flush := func() error {
		errs, err := e.Store.changes.Write(ctx, ops)
		ops = ops[:0]
		return errors.Join(append(errs, err)...)
	}
	done := int64(0)
	for before, after := range pairs(e.Store.scan(ctx, policy, from), e.Store.scan(ctx, policy, to), &err) {
		if done++; done%(batch*aliveEvery) == 0 {
			journal.Progress(done, to.Info.Customers, "following tiers")
			if err := journal.Alive(ctx); err != nil {
				return err
			}
		}
		c, changed := changeOf(before, after)
		if !changed {
			continue
		}
		c.Evaluation, c.AsOf, c.Time = to.Number, to.Info.AsOf, to.PublishedAt
		c.Reasons = append(c.Reasons, reasons...)
		ops = append(ops, docstore.Op[changeDoc]{Doc: newChangeDoc(policy, c), Expect: docstore.Any})
		if len(ops) == batch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err = errors.Join(err, flush()); err != nil {
		return err
	}
	return e.Store.book.Change(ctx, policy, func(now *record) error {
		if now.Current == nil || now.Current.Number != to.Number || now.Followed == to.Number {
			return docstore.ErrUnchanged
		}
		now.Followed = to.Number
		return nil
	})
}

// scan yields the standings of an edition by customer, none of no edition.
func (s *Store) scan(ctx context.Context, policy string, e *edition) iter.Seq2[*standingDoc, error] {
	if e == nil {
		return func(func(*standingDoc, error) bool) {}
	}
	return s.standings.Scan(ctx, docstore.Within(docstore.ID(policy, editions.Key(e.Number))))
}

// pairs joins the standings of two evaluations, both in the order of customers.
// What goes wrong ends it and is left in failed.
func pairs(before, after iter.Seq2[*standingDoc, error], failed *error) iter.Seq2[*Standing, *Standing] {
	return func(yield func(*Standing, *Standing) bool) {
		nextBefore, stopBefore := iter.Pull2(before)
		defer stopBefore()
		nextAfter, stopAfter := iter.Pull2(after)
		defer stopAfter()
		b, err, hasB := nextBefore()
		a, errA, hasA := nextAfter()
		for err = errors.Join(err, errA); err == nil && (hasB || hasA); {
			var order int
			switch {
			case !hasA:
				order = -1
			case !hasB:
				order = 1
			default:
				order = strings.Compare(customerKey(b), customerKey(a))
			}
			var was, is *Standing
			if order <= 0 {
				was = b.standing()
				b, err, hasB = nextBefore()
			}
			if order >= 0 {
				is = a.standing()
				a, errA, hasA = nextAfter()
			}
			if err = errors.Join(err, errA); err == nil && !yield(was, is) {
				return
			}
		}
		*failed = err
	}
}

// customerKey is the customer's part of a standing's id.
func customerKey(d *standingDoc) string { return d.ID[strings.LastIndexByte(d.ID, '!')+1:] }

// readable is the evaluation that is read, or the fault LOYALTY_NOT_EVALUATED.
func (s *Store) readable(ctx context.Context, policy string) (*edition, error) {
	r, err := s.book.Get(ctx, policy)
	if err != nil {
		return nil, err
	}
	if e := followed(r); e != nil {
		return e, nil
	}
	return nil, fault.New(fault.NotFound, "LOYALTY_NOT_EVALUATED", "loyalty policy %q has not been evaluated yet; call EvaluateLoyaltyPolicy first", policy)
}

// followed is the edition that the histories have come to, nil before the first.
func followed(r *record) *edition {
	if r.Current != nil && r.Current.Number == r.Followed {
		return r.Current
	}
	for i := range r.Previous {
		if r.Previous[i].Number == r.Followed {
			return &r.Previous[i]
		}
	}
	return nil
}
