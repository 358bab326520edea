package valuation_test

import (
	"log/slog"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation"
)

// segments stands in for the segmentation service: one segment, two members a message.
type segments struct {
	segmentationv1.UnimplementedMembershipServiceServer
	members []string
}

func (s segments) StreamMemberships(_ *segmentationv1.StreamMembershipsRequest, stream grpc.ServerStreamingServer[segmentationv1.StreamMembershipsResponse]) error {
	for part := range slices.Chunk(s.members, 2) {
		answer := &segmentationv1.StreamMembershipsResponse{TotalSize: int64(len(s.members)), Generation: 9}
		for _, id := range part {
			answer.Memberships = append(answer.Memberships, &segmentationv1.Membership{CustomerId: id, Generation: 9})
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

// TestValueOfASegment: the members are asked of the segmentation service, message by
// message, and those without a valuation are counted.
func TestValueOfASegment(t *testing.T) {
	members := []string{"nobody", "t0001", "t0003", "t0007", "t0011"}
	peer, _ := run(t, func(r grpc.ServiceRegistrar) {
		segmentationv1.RegisterMembershipServiceServer(r, segments{members: members})
	})
	svc, err := valuation.New(t.Context(), valuation.DefaultConfig(), valuation.Deps{
		Engine: openPebble(t), Profile: serveShop(t, town(t, 3, 300)), Segmentation: peer, Clock: frozen, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, _ := run(t, svc.Register)
	background(t, svc.Serve)
	c := &client{
		ValuationServiceClient: valuationv1.NewValuationServiceClient(conn), operations: valuationv1.NewOperationServiceClient(conn),
		aggregates: valuationv1.NewAggregateServiceClient(conn), TB: t,
	}
	c.refresh(policy(townEnd))
	var residual int64
	for _, v := range c.list("customer_id", 1000) {
		if slices.Contains(members, v.GetCustomerId()) {
			residual += v.GetPrediction().GetResidualValue().GetMinorUnits()
		}
	}
	ask := func(segment string) (*valuationv1.ValuationAggregate, error) {
		return c.aggregates.AggregateValuation(t.Context(), &valuationv1.AggregateValuationRequest{
			Customers: &valuationv1.AggregateValuationRequest_Segment{Segment: segment},
		})
	}
	got, err := ask("segments/vip")
	if err != nil || got.GetCustomers() != 4 || got.GetCustomersWithoutValuation() != 1 || got.GetSegmentGeneration() != 9 ||
		got.GetResidual().GetValue().GetMinorUnits() != residual || residual == 0 {
		t.Errorf("got %v, %v; want a residual value of %d", got, err, residual)
	}
	_, err = ask("segments/VIP")
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "segment")
}
