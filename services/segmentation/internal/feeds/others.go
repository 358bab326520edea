package feeds

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// other follows feedback or referral. They tell of records; what is said of those
// that are one customer is the customer's.
func (f *Feeds) other(ctx context.Context, s *state) (more bool, err error) {
	told, err := f.updated(ctx, s)
	if err != nil {
		return false, err
	}
	if s.Due && !s.Walking {
		f.anew(s)
	}
	if err := f.reread(ctx, s.ID, f.roots(ctx, told.Customers), scattered); err != nil {
		return false, err
	}
	s.Cursor, s.SyncedTo = told.Next, told.SyncedTo
	if s.Walking {
		if err := f.pass(ctx, s); err != nil {
			return false, err
		}
	}
	if err := f.meet(ctx, s); err != nil {
		return false, err
	}
	return told.More || s.Walking, f.save(ctx, s)
}

// valuation follows the refreshes of the valuations: a new one is read of everybody.
func (f *Feeds) valuation(ctx context.Context, s *state) (more bool, err error) {
	asOf := f.now().UTC()
	edition, err := f.reader.Edition(ctx)
	if err != nil {
		return false, asked(err)
	}
	if edition.Generation != s.Edition || s.WalkBegan.IsZero() || s.Due && !s.Walking {
		f.turn(s, edition)
		if err := f.save(ctx, s); err != nil { // who comes new meanwhile is read as of it
			return false, err
		}
	}
	if s.Walking {
		if err := f.pass(ctx, s); err != nil {
			if errors.Is(err, peers.ErrSuperseded) {
				return true, nil // the next step begins with the later one
			}
			return false, err
		}
	}
	if !s.Walking {
		s.SyncedTo = asOf
	}
	if err := f.meet(ctx, s); err != nil {
		return false, err
	}
	return s.Walking, f.save(ctx, s)
}

// roots are the customers to whom records belong, each once.
func (f *Feeds) roots(ctx context.Context, records []string) []string {
	roots := make([]string, len(records))
	for i, record := range records {
		roots[i] = f.merges.Root(ctx, record)
	}
	slices.Sort(roots)
	return slices.Compact(roots)
}

// pass reads a service's facts of the next stored customers in the order of ids.
func (f *Feeds) pass(ctx context.Context, s *state) error {
	var ids []string
	for stored, err := range f.facts.Scan(ctx, behind(s.After), "", 0) {
		if err != nil {
			return err
		}
		if ids = append(ids, stored.Customer.ID); len(ids) == f.cfg.Walk {
			break
		}
	}
	if err := f.reread(ctx, s.ID, ids, inOrder); err != nil {
		return err
	}
	if len(ids) < f.cfg.Walk {
		s.Valued = s.Edition
		s.ended()
		return nil
	}
	s.After = ids[len(ids)-1]
	return nil
}

// reread reads a service's facts of customers.
func (f *Feeds) reread(ctx context.Context, service string, ids []string, how arrangement) error {
	of := func(customer string) []string { return f.merges.Members(ctx, customer) }
	for part := range slices.Chunk(ids, peers.BatchSize) {
		all := make([]*facts.Facts, len(part))
		changes := make([]facts.Change, len(part))
		for i, id := range part {
			all[i] = &facts.Facts{Customer: facts.Customer{ID: id}}
			changes[i] = facts.Change{Customer: id, Facts: all[i], Parts: parts[service]}
		}
		if err := f.add(ctx, service, all, how, of); err != nil {
			return asked(err)
		}
		if _, err := f.facts.Put(ctx, changes); err != nil {
			return err
		}
	}
	return nil
}
