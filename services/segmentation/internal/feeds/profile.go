package feeds

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// profile follows who there is: those who changed and, while everything is read
// anew, some more in the order of ids. The cursor is taken before that begins, so
// that what changes meanwhile is told afterwards.
func (f *Feeds) profile(ctx context.Context, s *state) (more bool, err error) {
	attributes, err := f.reader.Attributes(ctx)
	if err != nil {
		return false, asked(err)
	}
	terms, err := f.reader.Terms(ctx, attributes)
	if err != nil {
		return false, asked(err)
	}
	told, err := f.updated(ctx, s)
	if err != nil {
		return false, err
	}
	if terms != s.Terms || !s.Walking && (s.Due || f.now().Sub(s.WalkBegan) >= f.cfg.Anew) {
		if terms != s.Terms && s.Whole { // by which nobody has been read yet
			s.Owing, s.OwedFrom = true, s.syncedTo()
		}
		f.anew(s)
		s.Terms = terms
	}
	if err := f.renew(ctx, told.Customers, attributes); err != nil {
		return false, err
	}
	s.Cursor, s.SyncedTo = told.Next, told.SyncedTo
	if s.Walking {
		if err := f.walk(ctx, s, attributes); err != nil {
			return false, err
		}
	}
	return told.More || s.Walking, f.save(ctx, s)
}

// anew begins to read everything anew.
func (f *Feeds) anew(s *state) {
	s.Walking, s.After, s.WalkBegan, s.Due = true, "", f.now().UTC(), false
}

// updated asks who changed. Where there is no cursor, or one that has expired, it
// begins anew, and is saved first: what changes from then on is told.
func (f *Feeds) updated(ctx context.Context, s *state) (peers.Updates, error) {
	told, err := f.reader.Updated(ctx, s.ID, s.Cursor)
	if errors.Is(err, peers.ErrExpired) {
		s.Cursor = ""
		told, err = f.reader.Updated(ctx, s.ID, "")
	}
	if err != nil {
		return told, asked(err)
	}
	if s.Cursor == "" {
		s.Cursor, s.SyncedTo, s.Whole = told.Next, told.SyncedTo, false
		f.anew(s)
		return told, f.save(ctx, s)
	}
	return told, nil
}

// walk reads the next customers in the order of ids, and looks what became of those
// among them who are stored and were not met.
func (f *Feeds) walk(ctx context.Context, s *state, attributes []facts.Attribute) error {
	known, err := f.reader.After(ctx, s.After, f.cfg.Walk, attributes)
	if err != nil {
		return asked(err)
	}
	if err := f.put(ctx, known, nil, inOrder); err != nil {
		return err
	}
	last := ""
	if len(known) == f.cfg.Walk {
		last = known[len(known)-1].Facts.Customer.ID
	}
	if err := f.missed(ctx, s.After, last, known, attributes); err != nil {
		return err
	}
	if s.After = last; last == "" {
		s.ended()
	}
	return nil
}

// missed looks after those who are stored between two customers, the last of them
// included, and were not met.
func (f *Feeds) missed(ctx context.Context, after, last string, known []peers.Known, attributes []facts.Attribute) error {
	met := make(map[string]bool, len(known))
	for _, k := range known {
		met[k.Facts.Customer.ID] = true
	}
	var gone []string
	for stored, err := range f.facts.Scan(ctx, behind(after), behind(last), 0) {
		if err != nil {
			return err
		}
		if id := stored.Customer.ID; !met[id] {
			gone = append(gone, id)
		}
	}
	return f.renew(ctx, gone, attributes)
}

// behind is the escaped id from which on the customers behind one are; empty of
// the empty one.
func behind(customer string) string {
	if customer == "" {
		return ""
	}
	return docstore.ID(customer) + "!"
}

// renew reads customers anew: those that go by their own name, those they were
// merged into, and removes who is gone.
func (f *Feeds) renew(ctx context.Context, ids []string, attributes []facts.Attribute) error {
	for len(ids) > 0 {
		part := ids[:min(len(ids), peers.BatchSize)]
		ids = ids[len(part):]
		known, fates, err := f.reader.Customers(ctx, part, attributes)
		if err != nil {
			return asked(err)
		}
		var gone []facts.Change
		for i, fate := range fates {
			switch {
			case fate.Kind == "":
				continue
			case fate.Kind != facts.Merged:
				// Of a record that is part of a customer it is the customer who objects.
				if root := f.merges.Root(ctx, part[i]); root != part[i] {
					ids = append(ids, root)
				}
			}
			gone = append(gone, facts.Change{Customer: part[i], Cause: facts.Cause{Kind: fate.Kind, Detail: fate.Into}})
		}
		if err := f.put(ctx, known, gone, scattered); err != nil {
			return err
		}
	}
	return nil
}

// put stores customers with everything that the services tell of them, and then
// removes who is gone: who was merged leaves lists to the one that survives.
func (f *Feeds) put(ctx context.Context, known []peers.Known, gone []facts.Change, how arrangement) error {
	var changes []facts.Change
	for from := 0; from < len(known); from += peers.BatchSize {
		batch := known[from:min(len(known), from+peers.BatchSize)]
		all := make([]*facts.Facts, len(batch))
		merged := make(map[string][]string)
		for i, k := range batch {
			all[i], merged[k.Facts.Customer.ID] = k.Facts, k.Merged
		}
		read, err := f.beside(ctx, all, how, func(customer string) []string { return merged[customer] })
		if err != nil {
			return err
		}
		for _, one := range all {
			changes = append(changes, facts.Change{Customer: one.Customer.ID, Facts: one, Parts: parts[peers.Profile] | read})
		}
	}
	if _, err := f.facts.Put(ctx, changes); err != nil {
		return err
	}
	_, err := f.facts.Put(ctx, gone)
	return err
}

// beside adds to what profile tells of customers what the other services do, and
// returns which parts. What a service that is down would have told is owed.
func (f *Feeds) beside(ctx context.Context, all []*facts.Facts, how arrangement, of peers.Of) (read facts.Part, err error) {
	for _, service := range Services[1:] {
		if !f.reader.Has(service) {
			continue
		}
		failed := f.add(ctx, service, all, how, of)
		switch {
		case failed == nil:
			read |= parts[service]
		case ctx.Err() != nil:
			return 0, failed
		default:
			if err := f.owe(ctx, service); err != nil {
				return 0, err
			}
		}
	}
	return read, nil
}

// arrangement is how customers lie who are read together.
type arrangement int

const (
	scattered arrangement = iota
	inOrder               // all from the first to the last in the order of ids
)

// add adds what one service tells.
func (f *Feeds) add(ctx context.Context, service string, all []*facts.Facts, how arrangement, of peers.Of) error {
	switch service {
	case peers.Valuation:
		s, err := f.state(ctx, service)
		if err != nil {
			return err
		}
		if how == inOrder {
			return f.reader.ValuationsWithin(ctx, all, s.edition())
		}
		return f.reader.Valuations(ctx, all, s.edition())
	case peers.Feedback:
		return f.reader.Feedback(ctx, all, of)
	}
	return f.reader.Referrals(ctx, all, of)
}
