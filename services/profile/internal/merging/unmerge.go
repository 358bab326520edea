package merging

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// An unmerge is decided with one write of the journal, and from then on only goes
// forward: the survivor strikes the record from its list, which is the unmerge;
// the record loses its mark; the journal notes that it is done.

// Cut is what an unmerge takes out: all of a merge, or one record.
type Cut struct{ Merge, Customer string }

// Unmerge takes records out of the customer they were merged into, and returns
// the merge and who was taken out. Its faults are those of the RPC.
func (m *Merger) Unmerge(ctx context.Context, c Cut, actor string) (Record, []string, error) {
	ctx, cancel := context.WithTimeout(ctx, grace/2)
	defer cancel()
	for tries := 0; ; tries++ {
		r, customers, err := m.unmerge(ctx, c, actor)
		if fault.ReasonOf(err) != "MERGE_BUSY" || tries == patience {
			return r, customers, err
		}
		if err := pause(ctx, tries); err != nil {
			return r, nil, err
		}
	}
}

func (m *Merger) unmerge(ctx context.Context, c Cut, actor string) (Record, []string, error) {
	r, customers, err := m.planCut(ctx, c)
	if err != nil {
		return r, nil, err
	}
	if r.State == Pending || r.State == GivenUp { // and yet its links hold: only the last step is missing
		if r, err = m.finish(ctx, r); err != nil {
			return r, nil, err
		}
	}
	r, err = m.journal.update(ctx, r.ID, r.Token, func(r *Record) error {
		return r.decide(customers, actor, m.instant())
	})
	if err != nil {
		return r, nil, err
	}
	r, err = m.sever(ctx, r)
	return r, customers, err
}

// planCut finds the merge that is to be undone, and the records to be taken out.
func (m *Merger) planCut(ctx context.Context, c Cut) (Record, []string, error) {
	if c.Customer != "" {
		return m.planOne(ctx, c.Customer)
	}
	r, err := m.journal.get(ctx, c.Merge)
	if err != nil {
		return r, nil, err
	}
	if r.State == Pending || r.State == GivenUp {
		return r, nil, busy(r.ID)
	}
	var customers []string
	for _, p := range r.Parts {
		if !p.Cut {
			customers = append(customers, p.Customer)
		}
	}
	if len(customers) == 0 {
		return r, nil, notMerged(r.ID)
	}
	return r, customers, nil
}

func (m *Merger) planOne(ctx context.Context, customer string) (Record, []string, error) {
	forest, links, err := m.customers.Kin(ctx, []string{customer})
	if err != nil {
		return Record{}, nil, err
	}
	own, exists := links[customer]
	switch {
	case !exists:
		return Record{}, nil, store.CustomerNotFound(customer)
	case forest.Root(customer) != customer:
		r, err := m.journal.get(ctx, own.Into.Merge)
		return r, []string{customer}, err
	case own.Into != nil:
		return Record{}, nil, recordBusy(customer)
	case len(own.Merged) > 0:
		return Record{}, nil, fault.New(fault.FailedPrecondition, "CUSTOMER_NOT_MERGED",
			"customer %q is the one that others were merged into: name one of those, or the merge record", customer)
	}
	return Record{}, nil, fault.New(fault.FailedPrecondition, "CUSTOMER_NOT_MERGED", "customer %q is not merged", customer)
}

// sever cuts the parts of a merge for which that is decided.
func (m *Merger) sever(ctx context.Context, r Record) (Record, error) {
	customers := r.cutting()
	err := m.customers.Relink(ctx, r.Survivor, func(l *domain.Links) error {
		var left []domain.Branch
		for _, b := range l.Merged {
			if n := r.part(b.Customer); b.Token != r.Token || n < 0 || !r.Parts[n].Cutting {
				left = append(left, b)
			}
		}
		if len(left) == len(l.Merged) {
			return docstore.ErrUnchanged
		}
		l.Merged = left
		return nil
	})
	if err != nil && fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
		return r, err
	}
	for _, customer := range customers {
		if err := m.unmark(ctx, customer, r.Token, false); err != nil {
			return r, err
		}
	}
	return m.journal.update(ctx, r.ID, r.Token, func(r *Record) error {
		r.cut(customers)
		return nil
	})
}

// unmark takes a mark from a record. With fence it writes the record even where
// there is no mark, so that nobody can set one who has read it before.
func (m *Merger) unmark(ctx context.Context, id, token string, fence bool) error {
	err := m.customers.Relink(ctx, id, func(l *domain.Links) error {
		if l.Into != nil && l.Into.Token == token {
			l.Into = nil
			return nil
		}
		if fence {
			return nil
		}
		return docstore.ErrUnchanged
	})
	if fault.ReasonOf(err) == "CUSTOMER_NOT_FOUND" {
		return nil
	}
	return err
}
