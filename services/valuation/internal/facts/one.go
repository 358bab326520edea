package facts

import (
	"context"
	"iter"
)

// Of is what is known of one customer, by a root's id.
func (s *Store) Of(ctx context.Context, view View, family Family, customer string) (Known, error) {
	all := append([]string{customer}, family.members[customer]...)
	var k Known
	var err error
	if k.Satisfaction, err = s.figure(ctx, view, Satisfaction, all, NoAnswer); err != nil {
		return k, err
	}
	if k.FullPrice, err = s.figure(ctx, view, Prices, all, NoListPrice); err != nil {
		return k, err
	}
	if !view.Has(Referrals) {
		k.Referrals = view.missing(Referrals)
		return k, nil
	}
	qualified := make(map[string]bool)
	for e, err := range s.Brought(ctx, view, family, customer) {
		if err != nil {
			return k, err
		}
		if e.Qualified() {
			qualified[e.Referee] = true
		}
	}
	k.Referrals = view.known(Referrals, float64(len(qualified)))
	return k, nil
}

func (s *Store) figure(ctx context.Context, view View, kind Kind, customers []string, none string) (Figure, error) {
	if !view.Has(kind) {
		return view.missing(kind), nil
	}
	found, err := s.factsOf(ctx, kind, view.copies[kind], customers)
	if err != nil {
		return Figure{}, err
	}
	latest := latestOf(found)
	if latest == nil {
		return Figure{Reason: none}, nil
	}
	return view.known(kind, latest.Value), nil
}

// Brought yields whom a customer brought, over all records that were merged, each
// by the id of a root. The same may come twice; the customer itself does not.
func (s *Store) Brought(ctx context.Context, view View, family Family, customer string) iter.Seq2[Edge, error] {
	return func(yield func(Edge, error) bool) {
		for _, record := range append([]string{customer}, family.members[customer]...) {
			for e, err := range s.brought(ctx, view, record) {
				e.Advocate, e.Referee = customer, family.Root(e.Referee)
				if err == nil && e.Referee == customer {
					continue
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}
