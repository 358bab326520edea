package merging

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Sweep finishes or takes back what broke off more than a minute ago.
func (m *Merger) Sweep(ctx context.Context) error {
	before := docstore.Key(docstore.Time(m.instant().Add(-grace)))
	var broken []Record
	for doc, err := range m.journal.merges.Scan(ctx, docstore.Range{Index: openIndex, To: before, Limit: sweepBatch}) {
		if err != nil {
			return err
		}
		broken = append(broken, doc.record())
	}
	var errs []error
	for _, r := range broken {
		if err := m.resume(ctx, r); err != nil && fault.ReasonOf(err) != "MERGE_RECORD_NOT_FOUND" {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// SweepTombstones removes those that nobody can still need.
func (m *Merger) SweepTombstones(ctx context.Context) error {
	before := m.now().Add(-docstore.TombstoneLife)
	_, merges := m.journal.merges.Sweep(ctx, before)
	_, parties := m.journal.parties.Sweep(ctx, before)
	return errors.Join(merges, parties)
}

// resume goes on with what is under way of a merge.
func (m *Merger) resume(ctx context.Context, r Record) error {
	if r.State == Merged || r.State == Unmerged {
		_, err := m.sever(ctx, r)
		return err
	}
	_, links, err := m.customers.Kin(ctx, []string{r.Survivor})
	if err != nil {
		return err
	}
	if links[r.Survivor].Lists(r.Token) {
		_, err := m.finish(ctx, r)
		return err
	}
	return m.takeBack(ctx, r, true)
}

// takeBack gives a merge up and removes what is there of it. With fence whoever
// may still be at it is kept from going on: where the merge turns out to have
// come about at the last moment, it is finished after all.
func (m *Merger) takeBack(ctx context.Context, r Record, fence bool) error {
	r, err := m.journal.update(ctx, r.ID, r.Token, func(r *Record) error {
		switch r.State {
		case Pending:
			r.State = GivenUp
			return nil
		case GivenUp:
			return docstore.ErrUnchanged
		}
		return busy(r.ID)
	})
	if err != nil {
		return err
	}
	if fence {
		made := false
		err := m.customers.Relink(ctx, r.Survivor, func(l *domain.Links) error {
			if made = l.Lists(r.Token); made {
				return docstore.ErrUnchanged
			}
			return nil
		})
		if err != nil && fault.ReasonOf(err) != "CUSTOMER_NOT_FOUND" {
			return err
		}
		if made {
			_, err := m.finish(ctx, r)
			return err
		}
	}
	for _, p := range r.Parts {
		if err := m.unmark(ctx, p.Customer, r.Token, fence); err != nil {
			return err
		}
	}
	return m.journal.forget(ctx, r)
}
