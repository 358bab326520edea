package duplicates

import (
	"context"
	"errors"
	"iter"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Of yields the candidates that a customer's own record is part of, without the
// other one: that is somebody else's.
func (d *Duplicates) Of(ctx context.Context, customer string) iter.Seq2[*profilev1.DuplicateCandidate, error] {
	return func(yield func(*profilev1.DuplicateCandidate, error) bool) {
		for _, r := range candidatesOf(customer) {
			for c, err := range d.candidates.docs.Scan(ctx, r) {
				var p *profilev1.DuplicateCandidate
				if err == nil {
					p = c.message()
					p.Customers = []string{customerName(customer)}
				}
				if !yield(p, err) || err != nil {
					return
				}
			}
		}
	}
}

// Erase removes what is derived from a customer, without a trace: its candidates
// and its places in blocks.
func (d *Duplicates) Erase(ctx context.Context, customer string) error {
	return errors.Join(d.candidates.erase(ctx, customer), d.blocks.erase(ctx, customer))
}

// candidatesOf are the candidates in which a customer comes first, and second.
func candidatesOf(customer string) []docstore.Range {
	key := docstore.Key(docstore.String(customer))
	first, second := docstore.Only(key), docstore.Only(key)
	first.Index, second.Index = byFirst, bySecond
	return []docstore.Range{first, second}
}

func (s candidates) erase(ctx context.Context, customer string) error {
	var ids []string
	for _, r := range candidatesOf(customer) {
		for e, err := range s.docs.ScanRaw(ctx, r) {
			if err != nil {
				return err
			}
			ids = append(ids, e.ID)
		}
	}
	for _, id := range ids {
		if err := s.docs.Purge(ctx, docstore.Only(id)); err != nil {
			return err
		}
	}
	return nil
}

// erase takes a customer out of the generation in use.
func (b *blocks) erase(ctx context.Context, customer string) error {
	e, err := b.edition(ctx)
	if err != nil || e == nil {
		return err
	}
	id := docstore.ID(e.Generation, customer)
	m, err := b.members.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, block := range m.Blocks {
		if err := b.places.Purge(ctx, docstore.Only(placeID(block, customer))); err != nil {
			return err
		}
	}
	return b.members.Purge(ctx, docstore.Only(id))
}
