package demo

import (
	"context"
	"fmt"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// How long the demo waits for the segments to have followed, and how often it looks.
const (
	patience  = 30 * time.Second
	lookEvery = 250 * time.Millisecond
)

// onceInProvince is a customer of the province who has bought once, for less than makes
// a big spender; empty where there is none among the first.
func (d *demo) onceInProvince(ctx context.Context) (string, error) {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	in := map[string]bool{}
	for c := range d.shop.Customers() {
		if in[c.ID] = c.Region == province; c.Index == 2000 {
			break
		}
	}
	page, err := client.ListMemberships(ctx, &segmentationv1.ListMembershipsRequest{Parent: "segments/" + oneTime, PageSize: 1000})
	if err != nil {
		return "", err
	}
	var asked []string
	for _, m := range page.GetMemberships() {
		if in[m.GetCustomerId()] && len(asked) < 100 {
			asked = append(asked, m.GetCustomerId())
		}
	}
	if len(asked) == 0 {
		return "", nil
	}
	answer, err := client.BatchGetMemberships(ctx, &segmentationv1.BatchGetMembershipsRequest{CustomerIds: asked})
	if err != nil {
		return "", err
	}
	for _, c := range answer.GetCustomers() {
		if len(c.GetSegmentIds()) == 1 {
			return c.GetCustomerId(), nil
		}
	}
	return asked[0], nil
}

// orderNow records an order of a customer that makes it a big spender.
func (d *demo) orderNow(ctx context.Context, customer string) error {
	recorded, err := profilev1.NewOrderServiceClient(d.conn).BatchRecordOrders(ctx, &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{{
		Name: "customers/" + customer + "/orders/today", OrderTime: timestamppb.Now(), Status: profilev1.OrderStatus_ORDER_STATUS_PAID,
		Amount: &apiv1.Money{MinorUnits: 100 * atLeast, CurrencyCode: "CNY"},
	}}})
	if err != nil {
		return err
	}
	if s := recorded.GetStatuses()[0]; s.GetCode() != 0 {
		return fmt.Errorf("order of %s: %s", customer, s.GetMessage())
	}
	return nil
}

// followed waits until the segments hold everything that was acknowledged before an
// instant, and tells how long that took. Where it takes too long they are recomputed,
// which reads a small base at once, and 0 is told.
func (d *demo) followed(ctx context.Context, at time.Time) (time.Duration, error) {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	stage := d.settings.Progress.Start("segments follow", int64(len(demoSegments)), progress.Count)
	defer stage.End()
	for waited := time.Duration(0); waited < patience; waited = time.Since(at) {
		all, err := client.ListSegments(ctx, &segmentationv1.ListSegmentsRequest{})
		if err != nil {
			return 0, err
		}
		fresh := int64(0)
		for _, s := range all.GetSegments() {
			if t := s.GetFreshAsOf(); t != nil && !t.AsTime().Before(at) {
				fresh++
			}
		}
		if stage.Set(fresh, 0); fresh >= int64(len(demoSegments)) {
			return time.Since(at), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(lookEvery):
		}
	}
	operation, err := client.RecomputeSegments(ctx, &segmentationv1.RecomputeSegmentsRequest{})
	if err != nil {
		return 0, err
	}
	return 0, d.await(ctx, operation, "recomputing segments", func(*longrunningpb.Operation) error { return nil })
}
