package merging

import (
	"context"
	"errors"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Of yields the notes of the journal about a customer's own record.
func (m *Merger) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.MergeRecord, error] {
	return func(yield func(*profilev1.MergeRecord, error) bool) {
		for party, err := range m.journal.parties.Scan(ctx, docstore.Within(docstore.ID(customer))) {
			if err != nil {
				yield(nil, err)
				return
			}
			r, err := m.journal.get(ctx, docstore.ParseID(party.ID)[2])
			if fault.ReasonOf(err) == "MERGE_RECORD_NOT_FOUND" {
				continue
			}
			var p *profilev1.MergeRecord
			if err == nil {
				p, err = m.proto(ctx, r)
			}
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}

// Erase removes the notes about a customer's own record, without a trace, and
// cuts whatever links it still has. It is for whole families: notes about several
// records go with the first of them.
func (m *Merger) Erase(ctx context.Context, customer string) error {
	if err := m.unlink(ctx, customer); err != nil {
		return err
	}
	var notes []string
	for party, err := range m.journal.parties.Scan(ctx, docstore.Within(docstore.ID(customer))) {
		if err != nil {
			return err
		}
		notes = append(notes, party.ID)
	}
	for _, note := range notes {
		merge := docstore.ID(docstore.ParseID(note)[2])
		err := errors.Join(m.journal.merges.Purge(ctx, docstore.Only(merge)), m.journal.parties.Purge(ctx, docstore.Only(note)))
		if err != nil {
			return err
		}
	}
	return nil
}

// unlink takes all links off a record, whose family is erased with it.
func (m *Merger) unlink(ctx context.Context, customer string) error {
	err := m.customers.Relink(ctx, customer, func(l *domain.Links) error {
		if l.Into == nil && len(l.Merged) == 0 {
			return docstore.ErrUnchanged
		}
		*l = domain.Links{}
		return nil
	})
	if fault.ReasonOf(err) == "CUSTOMER_NOT_FOUND" {
		return nil
	}
	return err
}
