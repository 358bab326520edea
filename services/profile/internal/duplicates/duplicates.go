// Package duplicates finds customers that are recorded twice. It implements
// profile's DuplicateService.
//
// A search goes in three steps, each of which can be resumed. Every customer is
// entered into blocks by what it may have in common with another record of
// itself (comparison.Key); the blocks are walked, and the customers in each are
// compared with each other; what was proposed before and is no longer found is
// taken back. Memory holds one batch of blocks, whatever the number of customers.
//
// What is stored names customers and says which fields agree. Blocks are named
// by blind indexes. Neither repeats what a record holds.
package duplicates

import (
	"context"
	"errors"
	"iter"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// DefaultMinScore is the lowest score that is proposed where a request names none.
const DefaultMinScore = 0.65

// Customers are the customers as they are read: of merged records one.
type Customers interface {
	All(ctx context.Context, span store.Span) iter.Seq2[domain.Customer, error]
	// Views returns one entry per id: the customer that the record with that id
	// belongs to, nil where there is none.
	Views(ctx context.Context, ids []string) ([]*domain.Customer, error)
}

// Blinder names a value without telling it; pkg/vault is one.
type Blinder interface {
	BlindIndex(kind, value string) (string, error)
}

// Merger makes two customers one; profile's MergingService is one.
type Merger interface {
	MergeCustomers(context.Context, *profilev1.MergeCustomersRequest) (*profilev1.MergeCustomersResponse, error)
}

// Deps is what the room is given.
type Deps struct {
	Engine     docstore.Engine
	Customers  Customers
	Blinder    Blinder
	Merger     Merger
	Operations *operation.Manager // not serving yet: New registers its kind of operation
	Clock      func() time.Time
}

// Duplicates is profile's DuplicateService. It is safe for concurrent use.
type Duplicates struct {
	profilev1.UnimplementedDuplicateServiceServer

	customers  Customers
	merger     Merger
	operations *operation.Manager
	candidates candidates
	blocks     blocks
	now        func() time.Time
}

// New opens the room's collections and registers its operation.
func New(ctx context.Context, deps Deps) (*Duplicates, error) {
	d := &Duplicates{
		customers: deps.Customers, merger: deps.Merger, operations: deps.Operations, now: deps.Clock,
	}
	var errs [3]error
	d.candidates, errs[0] = openCandidates(ctx, deps.Engine, deps.Clock)
	d.blocks, errs[1] = openBlocks(ctx, deps.Engine, deps.Blinder, deps.Clock)
	errs[2] = operation.Register(deps.Operations, findKind, operation.Kind[*profilev1.FindDuplicateCandidatesRequest, search]{Run: d.find})
	return d, errors.Join(errs[:]...)
}

// instant is now in the precision of the store.
func (d *Duplicates) instant() time.Time { return d.now().UTC().Truncate(time.Millisecond) }
