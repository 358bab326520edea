package attributes

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// deletion is the kind of operation that deletes a definition and its values.
const deletion = "attribute-deletion"

// Customers is what the room needs of customers.
type Customers interface {
	// Records yields the records behind one, all when it is empty, in the order of
	// their escaped ids, the merged ones by themselves.
	Records(ctx context.Context, behind string) iter.Seq2[domain.Customer, error]
	// Alter changes a record. One that does not exist any more is a fault
	// CUSTOMER_NOT_FOUND.
	Alter(ctx context.Context, id string, change func(*domain.Customer) error) error
}

// checkpointEvery is after how many customers the operation notes where it is.
const checkpointEvery = 1000

// delete is the operation. Its state is the last customer that was looked at.
func (s *Server) delete(ctx context.Context, run *operation.Run[*profilev1.DeleteAttributeDefinitionRequest, string]) (proto.Message, error) {
	id, err := idIn("name", run.Request.GetName())
	if err != nil {
		return nil, err
	}
	if err := s.deprecate(ctx, id); err != nil {
		return nil, err
	}
	var seen int64
	for c, err := range s.customers.Records(ctx, run.State) {
		if err != nil {
			return nil, err
		}
		if _, has := c.Attributes[id]; has {
			if err := s.strip(ctx, c.ID, id); err != nil {
				return nil, err
			}
		}
		if seen++; seen%checkpointEvery == 0 {
			run.Progress(seen, 0, "removing values")
			if err := run.Checkpoint(ctx, c.ID); err != nil {
				return nil, err
			}
		}
	}
	if err := s.store.docs.Delete(ctx, docstore.ID(id), docstore.Any); err != nil && !errors.Is(err, docstore.ErrNotFound) {
		return nil, err
	}
	s.store.forget()
	return &emptypb.Empty{}, nil
}

// deprecate stops new values. Another process may take some for holdFor yet:
// these are found, for the operation looks at no customer before that is over.
func (s *Server) deprecate(ctx context.Context, id string) error {
	stored, err := s.store.docs.Update(ctx, docstore.ID(id), func(r *record) error {
		d, err := r.proto()
		if err != nil {
			return err
		}
		if d.GetDeprecated() {
			return docstore.ErrUnchanged
		}
		d.Deprecated = true
		return r.set(d)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil // deleted by the run before, which broke off
	}
	if err != nil {
		return err
	}
	s.store.forget()
	return s.store.wait(ctx, stored.UpdatedAt.Add(holdFor))
}

// strip takes the attribute away from a customer. The history keeps what it was.
func (s *Server) strip(ctx context.Context, customer, id string) error {
	err := s.customers.Alter(ctx, customer, func(c *domain.Customer) error {
		attributes := make(map[string]domain.Value, len(c.Attributes))
		for name, value := range c.Attributes {
			if name != id {
				attributes[name] = value
			}
		}
		c.Attributes = attributes
		return nil
	})
	if fault.ReasonOf(err) == "CUSTOMER_NOT_FOUND" {
		return nil // deleted meanwhile
	}
	return err
}

// wait waits until a time of the service's clock.
func (s *Store) wait(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(until.Sub(s.now()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
