package standing

import (
	"context"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Small makes parts of so few customers, and blocks of so few entries, that a small
// base has many.
func (w *Worker) Small(part int64, block int) { w.partCustomers, w.rosters.size = part, block }

// Kept is how many stays, doubts and failing segments are stored of a customer,
// whether the segments exist or not.
func (s *Standings) Kept(ctx context.Context, customer string) (int, error) {
	persons, err := s.persons.get(ctx, []string{docstore.ID(customer)})
	if err != nil {
		return 0, err
	}
	p := &persons[0]
	return len(p.stays) + len(p.doubts) + len(p.failing), nil
}
