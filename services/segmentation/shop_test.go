package segmentation_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// shop stands in for profile and valuation: it tells of the customers and the
// valuations it was given, as their contracts say.
type shop struct {
	profilev1.UnimplementedCustomerServiceServer
	profilev1.UnimplementedCustomerUpdateServiceServer
	profilev1.UnimplementedOrderServiceServer
	profilev1.UnimplementedAttributeDefinitionServiceServer
	profilev1.UnimplementedConsentServiceServer
	profilev1.UnimplementedJourneyServiceServer
	valuationv1.UnimplementedValuationServiceServer

	now     func() time.Time
	changed []string // customers, in the order of their changes

	mu         sync.Mutex
	customers  map[string]*profilev1.Customer
	behaviors  map[string]*profilev1.CustomerBehavior
	valuations map[string]*valuationv1.Valuation
	refreshes  []refresh
	kept       int             // of the refreshes, the last ones
	batch      int             // records in a message
	objectors  map[string]bool // who does not want to be in segments, by name
	// before is asked before each message of a stream is sent; its error ends the stream.
	before func(stream string, message int) error
}

// refresh is the valuations as they were published.
type refresh struct {
	asOf       time.Time
	valuations []*valuationv1.Valuation // in the order of customers
}

func newShop() *shop {
	s := &shop{kept: 2, batch: 3}
	s.reset()
	return s
}

// reset forgets all customers and refreshes.
func (s *shop) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.customers, s.valuations, s.refreshes = map[string]*profilev1.Customer{}, map[string]*valuationv1.Valuation{}, nil
	s.objectors, s.behaviors = map[string]bool{}, map[string]*profilev1.CustomerBehavior{}
}

func (s *shop) setBefore(before func(stream string, message int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// object records that a customer objects to segmentation.
func (s *shop) object(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.objectors["customers/"+id] = true
	s.changed = append(s.changed, id)
}

// customer records a customer.
func (s *shop) customer(id string, c *profilev1.Customer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Name = "customers/" + id
	s.customers[id] = c
	s.changed = append(s.changed, id)
}

// did records what a customer did.
func (s *shop) did(id string, b *profilev1.CustomerBehavior) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.CustomerId = id
	s.behaviors[id] = b
	s.changed = append(s.changed, id)
}

// bought records what a customer's valuation will be with the next refresh.
func (s *shop) bought(id string, v *valuationv1.Valuation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v.CustomerId = id
	s.valuations[id] = v
	s.changed = append(s.changed, id)
}

// fill makes customers c00, c01, … with as many orders as their numbers say, and
// refreshes.
func (s *shop) fill(n int) {
	for i := range n {
		id := fmt.Sprintf("c%02d", i)
		s.customer(id, &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
		if i > 0 {
			s.bought(id, &valuationv1.Valuation{Orders: int64(i)})
		}
	}
	s.refresh()
}

// refresh publishes the valuations as they are.
func (s *shop) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := refresh{asOf: time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, len(s.refreshes))}
	for _, v := range s.valuations {
		r.valuations = append(r.valuations, proto.CloneOf(v))
	}
	slices.SortFunc(r.valuations, func(a, b *valuationv1.Valuation) int {
		return cmp.Compare(docstore.ID(a.GetCustomerId()), docstore.ID(b.GetCustomerId()))
	})
	s.refreshes = append(s.refreshes, r)
}

// unvalue takes all valuations away, as a valuation service that begins anew does.
func (s *shop) unvalue() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refreshes = nil
}

func (s *shop) GetValuationSummary(context.Context, *valuationv1.GetValuationSummaryRequest) (*valuationv1.ValuationSummary, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refreshes) == 0 {
		return nil, fault.New(fault.NotFound, "VALUATIONS_NOT_REFRESHED", "nothing has been valued yet")
	}
	last := s.refreshes[len(s.refreshes)-1]
	return &valuationv1.ValuationSummary{
		Generation: int64(len(s.refreshes)), AsOf: timestamppb.New(last.asOf), Customers: int64(len(last.valuations)),
	}, nil
}

func (s *shop) StreamCustomers(r *profilev1.StreamCustomersRequest, stream grpc.ServerStreamingServer[profilev1.StreamCustomersResponse]) error {
	s.mu.Lock()
	var all []*profilev1.Customer
	for name, c := range s.customers {
		if r.GetPurpose() != "purposes/segmentation" || !s.objectors["customers/"+name] {
			all = append(all, c)
		}
	}
	s.mu.Unlock()
	id := func(c *profilev1.Customer) string { return c.GetName()[len("customers/"):] }
	slices.SortFunc(all, func(a, b *profilev1.Customer) int { return cmp.Compare(docstore.ID(id(a)), docstore.ID(id(b))) })
	return send(s, "customers", all, id, r.GetRange(), func(batch []*profilev1.Customer) error {
		return stream.Send(&profilev1.StreamCustomersResponse{Customers: batch})
	})
}

// send sends the part of all that lies in a range, in batches.
func send[T any](s *shop, name string, all []T, id func(T) string, r *apiv1.CustomerRange, one func([]T) error) error {
	from, to := docstore.ID(r.GetFrom()), docstore.ID(r.GetTo())
	all = slices.DeleteFunc(slices.Clone(all), func(item T) bool {
		key := docstore.ID(id(item))
		return key < from || to != "" && key >= to
	})
	s.mu.Lock()
	before, size := s.before, s.batch
	s.mu.Unlock()
	for message := 0; ; message++ {
		if before != nil {
			if err := before(name, message); err != nil {
				return err
			}
		}
		if len(all) == 0 {
			return nil
		}
		batch := all[:min(len(all), size)]
		if err := one(batch); err != nil {
			return err
		}
		all = all[len(batch):]
	}
}
