package store

import (
	"context"
	"iter"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Of yields the orders recorded under a customer's own id.
func (s *Orders) Of(ctx context.Context, customer string) iter.Seq2[*domain.Order, error] {
	return func(yield func(*domain.Order, error) bool) {
		for doc, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var o domain.Order
			if err == nil {
				o, err = s.readOne(ctx, doc)
			}
			if !yield(&o, err) || err != nil {
				return
			}
		}
	}
}

// disownBatch is how many orders are handed over with one write.
const disownBatch = 500

// Disown makes the orders of a customer's own record orders without a buyer, whose
// ids begin with a pseudonym, without what somebody wrote about their returns.
// Of the others nothing is left. It may be repeated.
func (s *Orders) Disown(ctx context.Context, customer, pseudonym string) error {
	r := docstore.Within(docstore.ID(customer))
	r.Limit = disownBatch
	for {
		var ops []docstore.Op[order]
		var handed []string
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				return err
			}
			handed = append(handed, doc.ID)
			ops = append(ops, docstore.Op[order]{Doc: doc.disowned(pseudonym), Expect: docstore.Any})
		}
		if len(ops) == 0 {
			return nil
		}
		errs, err := s.docs.Write(ctx, ops)
		for _, one := range errs {
			if err == nil {
				err = one
			}
		}
		if err != nil {
			return err
		}
		for _, id := range handed {
			if err := s.docs.Purge(ctx, docstore.Only(id)); err != nil {
				return err
			}
		}
	}
}

func (d *order) disowned(pseudonym string) *order {
	anonymous := *d
	parts := docstore.ParseID(d.ID)
	anonymous.Meta = docstore.Meta{ID: orderID(domain.Anonymous, pseudonym+"."+parts[len(parts)-1])}
	anonymous.Returns = nil
	for _, r := range d.Returns {
		anonymous.Returns = append(anonymous.Returns, orderReturn{ID: r.ID, Refund: r.Refund, Time: r.Time})
	}
	return &anonymous
}

// Erase removes the orders of a customer's own record, without a trace.
func (s *Orders) Erase(ctx context.Context, customer string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(customer)))
}

// Erase removes what is left of customers that were deleted, tombstones included.
func (s *Customers) Erase(ctx context.Context, customer string) error {
	return s.docs.Purge(ctx, docstore.Only(docstore.ID(customer)))
}

// Of are the changes of a customer's own record but for the newest, which is part of
// the record.
func (s *Changes) Of(ctx context.Context, customer string) iter.Seq2[*domain.Change, error] {
	return func(yield func(*domain.Change, error) bool) {
		for doc, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			var c *domain.Change
			if err == nil {
				err = openAll(ctx, s.vault, []seal{doc.Change.seal(customer)})
			}
			if err == nil {
				c, err = doc.Change.domain()
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// Erase removes the changes of a customer's own record, without a trace.
func (s *Changes) Erase(ctx context.Context, customer string) error {
	return s.docs.Purge(ctx, docstore.Within(docstore.ID(customer)))
}
