package facts

import "context"

// Erase removes what is kept of customers, the lists of those who were merged, and
// their names from the work, without tombstones, destroys their data keys, and returns
// of how many there were facts. Nobody is touched: who erases sees to the segments.
// Documents that were replaced earlier, and the noted comings and goings among them, lie
// in the engine's files until its Scrub.
func (s *Store) Erase(ctx context.Context, customers []string) (n int, err error) {
	ids := idsOf(customers)
	exist, err := s.docs.Exist(ctx, ids)
	if err != nil {
		return 0, err
	}
	var going []string
	for i, yes := range exist {
		if yes {
			going = append(going, ids[i])
		}
	}
	if err := s.counter.begin(ctx, nil, going); err != nil {
		return 0, err
	}
	if err := s.docs.Erase(ctx, ids...); err != nil {
		return 0, err
	}
	if err := s.merged.forget(ctx, ids); err != nil {
		return 0, err
	}
	if err := s.counter.end(ctx); err != nil {
		return 0, err
	}
	if err := s.forgetDepartures(ctx, ids); err != nil {
		return 0, err
	}
	if err := s.vault.Destroy(ctx, customers...); err != nil {
		return 0, err
	}
	return len(going), s.Touched.forget(ctx, customers)
}
