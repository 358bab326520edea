// Package merging joins records of one customer and takes them apart again. A
// merge is a link between records and nothing else: see docs/merging.md.
package merging

import (
	"context"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Family tells which records are one customer, to rooms that keep records of
// their own by customer.
type Family interface {
	// Members returns the record by whose name the customer goes to whom a record
	// belongs, and the ids of all records of that customer, the root first and the
	// others in the order in which they were merged. A record that is not merged,
	// or does not exist, is its own root and alone.
	Members(ctx context.Context, id string) (root string, members []string, err error)
	// Forest reads which records are merged, of all customers, for who walks over
	// them: some hundred bytes for each that is.
	Forest(ctx context.Context) (*domain.Forest, error)
}

// Families reads families from the customers' records.
type Families struct{ customers *store.Customers }

var _ Family = Families{}

// NewFamilies reads families from a store.
func NewFamilies(customers *store.Customers) Families { return Families{customers} }

// Members is as Family says.
func (f Families) Members(ctx context.Context, id string) (root string, members []string, err error) {
	members, err = f.customers.Members(ctx, id)
	if err != nil {
		return "", nil, err
	}
	return members[0], members, nil
}

// Forest is as Family says.
func (f Families) Forest(ctx context.Context) (*domain.Forest, error) { return f.customers.Forest(ctx) }
