package facts

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Change is what was learned of one customer.
type Change struct {
	Customer string
	// Facts is what is known now, of which only Parts count: the others stay as they
	// are stored. nil says that there is nobody any more.
	Facts *Facts
	Parts Part
	// Cause says why; without a kind it follows from what is another than before.
	Cause Cause
}

// Put writes what was learned where it differs from what is stored, and returns
// the customers of whom it did. They are noted in Touched before their facts are
// written, so that none is forgotten, whatever fails: an error means that the same
// changes, or later ones, have to be put again. What another writes meanwhile, such as
// the lists of a customer, stays; whether what is put is newer the Fence tells.
//
// Only a change with OfCustomer makes somebody known; another of a customer that
// is not is passed over. Who was merged into another leaves that one the lists, and is
// on them again on coming back.
func (s *Store) Put(ctx context.Context, changes []Change) (changed []string, err error) {
	for part := range slices.Chunk(changes, workSize) {
		for len(part) > 0 {
			written, again, err := s.put(ctx, part)
			changed = append(changed, written...)
			if err != nil {
				return changed, err
			}
			part = again
		}
	}
	return changed, nil
}

// batch is what one round of writes is to do.
type batch struct {
	ops           []docstore.Op[record]
	changes       []Change // of each op
	coming, going []string
	departing     []string // of those going, whose key is to be destroyed
	touched       map[Cause][]string
	back          map[string][]string // the lists of those who come back
}

// put returns whose facts were written, and the changes that somebody else's
// write forestalled.
func (s *Store) put(ctx context.Context, changes []Change) (written []string, again []Change, err error) {
	b := &batch{touched: make(map[Cause][]string)}
	changes, again = once(changes)
	customers := make([]string, len(changes))
	for i, c := range changes {
		customers[i] = c.Customer
	}
	stored, err := s.docs.GetMany(ctx, idsOf(customers))
	if err != nil {
		return nil, nil, err
	}
	if err := s.open(ctx, changes, stored); err != nil {
		return nil, nil, err
	}
	if s.held != nil {
		if err := s.held(ctx); err != nil {
			return nil, nil, err
		}
	}
	if b.back, err = s.returning(ctx, changes, stored); err != nil {
		return nil, nil, err
	}
	for i, c := range changes {
		if err := s.inherit(ctx, c, stored[i]); err != nil {
			return nil, nil, err
		}
		b.plan(c, stored[i])
	}
	if len(b.ops) == 0 {
		return nil, again, nil
	}
	errs, err := s.write(ctx, b)
	if err != nil {
		return nil, nil, err
	}
	var back []string
	for i, err := range errs {
		if err != nil {
			again = append(again, b.changes[i])
			continue
		}
		written = append(written, b.changes[i].Customer)
		if id := b.ops[i].Doc.ID; b.back[id] != nil && !b.ops[i].Delete {
			back = append(back, id)
		}
	}
	return written, again, s.merged.forget(ctx, back)
}

// once separates the first change of each customer from those that follow.
func once(changes []Change) (first, rest []Change) {
	seen := make(map[string]bool, len(changes))
	for _, c := range changes {
		if seen[c.Customer] {
			rest = append(rest, c)
			continue
		}
		seen[c.Customer] = true
		first = append(first, c)
	}
	return first, rest
}

// plan adds what a change comes to.
func (b *batch) plan(c Change, stored *record) {
	op := docstore.Op[record]{Doc: stored, Expect: docstore.Absent}
	cause, id := c.Cause, docstore.ID(c.Customer)
	switch {
	case stored == nil && (c.Facts == nil || c.Parts&OfCustomer == 0):
		return
	case c.Facts == nil:
		op.Expect, op.Delete = stored.Version, true
		b.going = append(b.going, id)
		if cause.Kind == "" {
			cause.Kind = Deleted
		}
		if cause.Kind != Merged { // whose moves are still told of
			b.departing = append(b.departing, id)
		}
	default:
		if stored == nil {
			op.Doc = &record{Meta: docstore.Meta{ID: id}}
			op.Doc.fields[listSection] = appendTexts(nil, "segments", b.back[id])
		} else {
			op.Expect = stored.Version
		}
		section := op.Doc.take(c.Facts, c.Parts)
		if stored != nil && section < 0 {
			return
		}
		if stored == nil {
			b.coming = append(b.coming, id)
			section = 0
		}
		if cause.Kind == "" {
			cause = causeOf(section, c.Facts)
		}
	}
	b.ops, b.changes = append(b.ops, op), append(b.changes, c)
	b.touched[cause] = append(b.touched[cause], c.Customer)
}

// causeOf is what the change of a section is called.
func causeOf(section int, f *Facts) Cause {
	cause := Cause{Kind: sections[section].kind}
	if cause.Kind == Valuation && !f.AsOf.IsZero() {
		cause.Detail = f.AsOf.UTC().Format(time.RFC3339)
	}
	return cause
}

// write does the writes of a batch in the order that forgets nobody. The errors of
// single ones are of those that somebody else forestalled.
func (s *Store) write(ctx context.Context, b *batch) ([]error, error) {
	if err := s.seal(ctx, b); err != nil {
		return nil, err
	}
	if err := s.depart(ctx, b.departing); err != nil {
		return nil, err
	}
	if err := s.counter.begin(ctx, b.coming, b.going); err != nil {
		return nil, err
	}
	works, err := s.Touched.add(ctx, b.touched, true)
	if err != nil {
		return nil, err
	}
	errs, err := s.docs.Write(ctx, b.ops)
	for _, each := range errs {
		if !errors.Is(each, docstore.ErrConflict) && !errors.Is(each, docstore.ErrNotFound) {
			err = cmp.Or(err, each)
		}
	}
	if err != nil {
		return nil, err
	}
	if len(b.coming)+len(b.going) > 0 {
		if err := s.counter.end(ctx); err != nil {
			return nil, err
		}
	}
	return errs, s.Touched.ready(ctx, works)
}

// inherit puts the customer into whom another was merged on the lists of that one, and
// notes them for when it comes back.
func (s *Store) inherit(ctx context.Context, c Change, gone *record) error {
	if c.Facts != nil || gone == nil || c.Cause.Kind != Merged || c.Cause.Detail == "" {
		return nil
	}
	lists, err := gone.lists()
	switch {
	case err != nil:
	case len(lists) > 0:
		err = s.merged.note(ctx, gone.ID, lists)
	default:
		err = s.merged.forget(ctx, []string{gone.ID})
	}
	for _, list := range lists {
		if err == nil {
			_, err = s.AddToList(ctx, list, []string{c.Cause.Detail})
		}
	}
	return err
}
