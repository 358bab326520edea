package store

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Customers keeps the customers.
type Customers struct {
	docs  *docstore.Collection[customer]
	vault *vault.Vault
}

func openCustomers(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Customers, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[customer]{
		Name: "customers", Changes: true,
		Indexes: []docstore.Index[customer]{{Name: linksIndex, Key: linksKey}, {Name: mergedIndex, Key: mergedKey}},
	}, docstore.WithClock(clock))
	return &Customers{docs, v}, err
}

// Get returns a customer, or a NotFound fault CUSTOMER_NOT_FOUND.
func (s *Customers) Get(ctx context.Context, id string) (domain.Customer, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return domain.Customer{}, CustomerNotFound(id)
	}
	if err != nil {
		return domain.Customer{}, err
	}
	if err := s.open(ctx, true, doc); err != nil {
		return domain.Customer{}, err
	}
	return readRecord(doc)
}

// open opens what is sealed in documents, of which some may be nil; with their
// newest changes, in these too.
func (s *Customers) open(ctx context.Context, withChange bool, docs ...*customer) error {
	var seals []seal
	for _, doc := range docs {
		if doc != nil {
			seals = append(seals, doc.seals(withChange)...)
		}
	}
	return openAll(ctx, s.vault, seals)
}

// CustomerNotFound is the fault for a customer that does not exist.
func CustomerNotFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no customer %q", id)
}

// GetMany returns one entry per id, nil where there is no such customer.
func (s *Customers) GetMany(ctx context.Context, ids []string) ([]*domain.Customer, error) {
	escaped := make([]string, len(ids))
	for i, id := range ids {
		escaped[i] = docstore.ID(id)
	}
	docs, err := s.docs.GetMany(ctx, escaped)
	if err != nil {
		return nil, err
	}
	if err := s.open(ctx, true, docs...); err != nil {
		return nil, err
	}
	customers := make([]*domain.Customer, len(docs))
	for i, doc := range docs {
		if doc == nil {
			continue
		}
		c, err := readRecord(doc)
		if err != nil {
			return nil, err
		}
		customers[i] = &c
	}
	return customers, nil
}

// Exist tells of each id whether there is such a customer.
func (s *Customers) Exist(ctx context.Context, ids []string) ([]bool, error) {
	escaped := make([]string, len(ids))
	for i, id := range ids {
		escaped[i] = docstore.ID(id)
	}
	return s.docs.Exist(ctx, escaped)
}

// Write stores each customer if the stored version is still its Version (0: if
// there is none), and returns one error per customer: docstore.ErrConflict or
// ErrNotFound where it is not. What was written holds its new version.
func (s *Customers) Write(ctx context.Context, customers []*domain.Customer) ([]error, error) {
	ops := make([]docstore.Op[customer], len(customers))
	var seals []seal
	for i, c := range customers {
		doc, err := customerDoc(c)
		if err != nil {
			return nil, err
		}
		ops[i] = docstore.Op[customer]{Doc: doc, Expect: c.Version}
		seals = append(seals, doc.seals(true)...)
	}
	if err := closeAll(ctx, s.vault, seals); err != nil {
		return nil, err
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i, c := range customers {
		if errs[i] == nil {
			c.Version, c.UpdatedAt = ops[i].Doc.Version, ops[i].Doc.UpdatedAt
		}
	}
	return errs, nil
}

// Delete removes a customer at a version. It returns docstore.ErrConflict where
// it has another, ErrNotFound where there is none.
func (s *Customers) Delete(ctx context.Context, id string, version int64) error {
	return s.docs.Delete(ctx, docstore.ID(id), version)
}

// Shred destroys the key of a customer: what was sealed for it, here and in every
// other collection, nobody can read any more.
func (s *Customers) Shred(ctx context.Context, id string) error { return s.vault.Destroy(ctx, id) }

// Page lists the customers that go by their own name, in the order of their
// escaped ids, from behind a position.
func (s *Customers) Page(ctx context.Context, after *docstore.Position, size int) (Page[domain.Customer], error) {
	page := Page[domain.Customer]{Next: after}
	for {
		docs, next, err := s.docs.Page(ctx, docstore.Range{After: page.Next, Limit: size - len(page.Items)})
		if err != nil {
			return page, err
		}
		roots, err := s.only(ctx, docs)
		if err != nil {
			return page, err
		}
		page.Items, page.Next = append(page.Items, roots...), next
		if next == nil || len(page.Items) == size {
			return page, nil
		}
	}
}

// All yields the customers of a span that go by their own name, in the order of
// their escaped ids, as merged as they are when it begins.
func (s *Customers) All(ctx context.Context, span Span) iter.Seq2[domain.Customer, error] {
	return func(yield func(domain.Customer, error) bool) {
		r, err := span.bounds()
		if err != nil {
			yield(domain.Customer{}, err)
			return
		}
		forest, err := s.Forest(ctx)
		if err != nil {
			yield(domain.Customer{}, err)
			return
		}
		walk := s.vault.Walk(span.From)
		for doc, err := range s.docs.Scan(ctx, r) {
			var c domain.Customer
			if err == nil {
				err = openNext(ctx, walk, doc.seals(false)[0])
			}
			if err == nil {
				c, err = readCustomer(doc)
			}
			if err == nil && !forest.Empty() {
				if forest.Root(c.ID) != c.ID {
					continue
				}
				c, err = s.grown(ctx, forest, c)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// grown is a root with the records that a forest has below it.
func (s *Customers) grown(ctx context.Context, forest *domain.Forest, root domain.Customer) (domain.Customer, error) {
	members := forest.Members(root.ID)[1:]
	if len(members) == 0 {
		return root, nil
	}
	found, err := s.GetMany(ctx, members)
	if err != nil {
		return root, err
	}
	records := []domain.Customer{root}
	for _, record := range found {
		if record != nil {
			records = append(records, *record)
		}
	}
	return domain.View(records), nil
}

// readCustomer reads a stored customer that is opened, without its last change.
func readCustomer(doc *customer) (domain.Customer, error) {
	c, err := doc.domain()
	if err != nil {
		return c, damaged("customer", doc.ID, err)
	}
	return c, nil
}

// readRecord is readCustomer with the last change.
func readRecord(doc *customer) (domain.Customer, error) {
	c, err := readCustomer(doc)
	if err == nil && doc.LastChange != nil {
		if c.LastChange, err = doc.LastChange.domain(); err != nil {
			return c, damaged("change of customer", doc.ID, err)
		}
	}
	return c, err
}

// damaged is the fault for what cannot be read: it was checked before it was
// stored, and so it is a defect of ours, not of the caller.
func damaged(what, id string, err error) *fault.Fault {
	return fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "%s %q cannot be read", what, id).Because(err)
}
