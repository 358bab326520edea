package segmentation_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// ListUpdatedCustomers tells who changed, a thousand at a time.
func (s *shop) ListUpdatedCustomers(_ context.Context, r *profilev1.ListUpdatedCustomersRequest) (*profilev1.ListUpdatedCustomersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := len(s.changed)
	if r.GetCursor() != "" {
		var err error
		if from, err = strconv.Atoi(r.GetCursor()); err != nil || from > len(s.changed) {
			return nil, fault.New(fault.FailedPrecondition, "CURSOR_EXPIRED", "cursor: is none of this shop")
		}
	}
	ids := slices.Clone(s.changed[from:])
	slices.Sort(ids)
	return &profilev1.ListUpdatedCustomersResponse{
		CustomerIds: slices.Compact(ids), NextCursor: strconv.Itoa(len(s.changed)), SyncedTo: timestamppb.New(s.now()),
	}, nil
}

func (s *shop) BatchGetCustomers(_ context.Context, r *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := &profilev1.BatchGetCustomersResponse{}
	for _, name := range r.GetNames() {
		switch c := s.customers[name[len("customers/"):]]; {
		case c == nil:
			answer.Missing = append(answer.Missing, name)
		case s.objectors[name]:
			answer.Withheld = append(answer.Withheld, name)
		default:
			answer.Customers = append(answer.Customers, c)
		}
	}
	return answer, nil
}

func (s *shop) BatchGetPurchaseHistories(_ context.Context, r *profilev1.BatchGetPurchaseHistoriesRequest) (*profilev1.BatchGetPurchaseHistoriesResponse, error) {
	return &profilev1.BatchGetPurchaseHistoriesResponse{Histories: s.histories(r.GetCustomerIds())}, nil
}

func (s *shop) StreamPurchaseHistories(r *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	s.mu.Lock()
	ids := slices.SortedFunc(maps.Keys(s.customers), cmpID)
	s.mu.Unlock()
	return send(s, "histories", s.histories(ids), (*profilev1.PurchaseHistory).GetCustomerId, r.GetRange(), func(batch []*profilev1.PurchaseHistory) error {
		return stream.Send(&profilev1.StreamPurchaseHistoriesResponse{Histories: batch})
	})
}

// histories makes as many orders as a customer's valuation has, a minute apart, the
// first for all the revenue in each currency.
func (s *shop) histories(ids []string) (all []*profilev1.PurchaseHistory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range ids {
		v := s.valuations[id]
		if v == nil || v.GetOrders() == 0 {
			continue
		}
		h := &profilev1.PurchaseHistory{CustomerId: id, CurrencyCodes: []string{"CNY"}}
		for i, m := range v.GetRevenue() {
			if h.CurrencyCodes = append(h.CurrencyCodes[:i], m.GetCurrencyCode()); i > 0 {
				panic("a shop sells in one currency")
			}
		}
		for i := range v.GetOrders() {
			net := int64(0)
			if i == 0 && len(v.GetRevenue()) > 0 {
				net = v.GetRevenue()[0].GetMinorUnits()
			}
			h.OrderTimeMs = append(h.OrderTimeMs, time.Date(2026, 1, 1, 0, int(i), 0, 0, time.UTC).UnixMilli())
			h.NetMinor = append(h.NetMinor, net)
		}
		all = append(all, h)
	}
	return all
}

// StreamValuations tells the valuations of a refresh that is kept.
func (s *shop) StreamValuations(r *valuationv1.StreamValuationsRequest, stream grpc.ServerStreamingServer[valuationv1.StreamValuationsResponse]) error {
	s.mu.Lock()
	at := int(r.GetGeneration()) - 1
	var all []*valuationv1.Valuation
	if at >= 0 && at < len(s.refreshes) && at >= len(s.refreshes)-s.kept {
		all = s.refreshes[at].valuations
	}
	s.mu.Unlock()
	if all == nil {
		return fault.New(fault.NotFound, "GENERATION_NOT_FOUND", "there is no such refresh any more")
	}
	return send(s, "valuations", all, (*valuationv1.Valuation).GetCustomerId, r.GetRange(), func(batch []*valuationv1.Valuation) error {
		return stream.Send(&valuationv1.StreamValuationsResponse{Valuations: batch})
	})
}

func (s *shop) ListAttributeDefinitions(context.Context, *profilev1.ListAttributeDefinitionsRequest) (*profilev1.ListAttributeDefinitionsResponse, error) {
	return &profilev1.ListAttributeDefinitionsResponse{AttributeDefinitions: []*profilev1.AttributeDefinition{
		{Name: "attributeDefinitions/tier", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING},
	}}, nil
}

func (s *shop) GetPurpose(_ context.Context, r *profilev1.GetPurposeRequest) (*profilev1.Purpose, error) {
	return &profilev1.Purpose{Name: r.GetName()}, nil
}

// BatchGetValuations tells the valuations of the last refresh.
func (s *shop) BatchGetValuations(_ context.Context, r *valuationv1.BatchGetValuationsRequest) (*valuationv1.BatchGetValuationsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := &valuationv1.BatchGetValuationsResponse{}
	if len(s.refreshes) == 0 {
		return answer, nil
	}
	for _, v := range s.refreshes[len(s.refreshes)-1].valuations {
		if slices.Contains(r.GetCustomerIds(), v.GetCustomerId()) {
			v.Generation = int64(len(s.refreshes))
			answer.Valuations = append(answer.Valuations, v)
		}
	}
	return answer, nil
}

func cmpID(a, b string) int { return strings.Compare(docstore.ID(a), docstore.ID(b)) }

func (s *shop) GetJourneyPolicy(_ context.Context, r *profilev1.GetJourneyPolicyRequest) (*profilev1.JourneyPolicy, error) {
	return &profilev1.JourneyPolicy{Name: r.GetName()}, nil
}

// BatchGetBehaviors tells of one at a time.
func (s *shop) BatchGetBehaviors(_ context.Context, r *profilev1.BatchGetBehaviorsRequest) (*profilev1.BatchGetBehaviorsResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := slices.SortedFunc(slices.Values(r.GetCustomerIds()), cmpID)
	answer := &profilev1.BatchGetBehaviorsResponse{RemainingCustomerIds: ids[1:]}
	if b := s.behaviors[ids[0]]; b != nil {
		answer.Behaviors = append(answer.Behaviors, b)
	}
	return answer, nil
}

func (s *shop) StreamBehaviors(r *profilev1.StreamBehaviorsRequest, stream grpc.ServerStreamingServer[profilev1.StreamBehaviorsResponse]) error {
	s.mu.Lock()
	var all []*profilev1.CustomerBehavior
	for _, id := range slices.SortedFunc(maps.Keys(s.behaviors), cmpID) {
		all = append(all, s.behaviors[id])
	}
	s.mu.Unlock()
	return send(s, "behaviors", all, (*profilev1.CustomerBehavior).GetCustomerId, r.GetRange(), func(batch []*profilev1.CustomerBehavior) error {
		return stream.Send(&profilev1.StreamBehaviorsResponse{Behaviors: batch})
	})
}
