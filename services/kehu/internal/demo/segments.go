package demo

import (
	"context"
	"fmt"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

// demoSegments are formed twice, a quarter apart, so that their movement shows.
var demoSegments = []struct {
	id      string
	segment *segmentationv1.Segment
}{
	{"important-value", rfm("重要价值 Important value", valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE)},
	{"important-keep", rfm("重要保持 Important keep", valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_KEEP)},
	{"regulars", rule("Regulars 常客", `orders.count >= 3 && rfm.recency >= 4`)},
	{"big-in-guangdong", rule("Big spenders in Guangdong 广东大客户", `customer.region == "广东" && revenue("CNY") >= 1000.0`)},
	{"one-time", rule("Bought once 只买过一次", `orders.count == 1`)},
}

func rfm(name string, group valuationv1.RfmGroup) *segmentationv1.Segment {
	return &segmentationv1.Segment{DisplayName: name, Definition: &segmentationv1.Segment_Rfm{
		Rfm: &segmentationv1.RfmDefinition{Groups: []valuationv1.RfmGroup{group}},
	}}
}

func rule(name, expression string) *segmentationv1.Segment {
	return &segmentationv1.Segment{DisplayName: name, Definition: &segmentationv1.Segment_Rule{
		Rule: &segmentationv1.RuleDefinition{Expression: expression},
	}}
}

// segment publishes the segments as of a quarter ago, forms them anew as of the
// last day, and shows who came and went.
func (d *demo) segment(ctx context.Context) error {
	if _, err := d.refresh(ctx, 3); err != nil {
		return err
	}
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	before := map[string]int64{}
	for _, s := range demoSegments {
		made, err := client.CreateSegment(ctx, &segmentationv1.CreateSegmentRequest{SegmentId: s.id, Segment: s.segment})
		if err != nil {
			return fmt.Errorf("segment %s: %w", s.id, err)
		}
		operation, err := client.PublishSegment(ctx, &segmentationv1.PublishSegmentRequest{Name: made.GetName()})
		if err != nil {
			return fmt.Errorf("segment %s: %w", s.id, err)
		}
		published := new(segmentationv1.Segment)
		if err := d.await(ctx, operation, "publishing "+s.id, func(op *longrunningpb.Operation) error {
			return op.GetResponse().UnmarshalTo(published)
		}); err != nil {
			return fmt.Errorf("segment %s: %w", s.id, err)
		}
		before[s.id] = published.GetMemberCount()
	}
	if _, err := d.refresh(ctx, 0); err != nil {
		return err
	}
	operation, err := client.RecomputeSegments(ctx, &segmentationv1.RecomputeSegmentsRequest{})
	if err != nil {
		return err
	}
	result := new(segmentationv1.RecomputeSegmentsResponse)
	if err := d.await(ctx, operation, "recomputing segments", func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(result)
	}); err != nil {
		return err
	}
	return d.showSegments(ctx, before, result)
}

func (d *demo) showSegments(ctx context.Context, before map[string]int64, result *segmentationv1.RecomputeSegmentsResponse) error {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	d.page.Heading(fmt.Sprintf("Segments 细分: members as of %s and %s", d.lastDay(3), d.lastDay(0)))
	rows := [][]string{{"segment", "before", "now", "name"}}
	for _, s := range demoSegments {
		now, err := client.GetSegment(ctx, &segmentationv1.GetSegmentRequest{Name: "segments/" + s.id})
		if err != nil {
			return err
		}
		rows = append(rows, []string{s.id, count(before[s.id]), count(now.GetMemberCount()), now.GetDisplayName()})
	}
	d.page.Table(rows)
	d.page.Item(fmt.Sprintf("%d customers looked at, %d entered a segment, %d left one.",
		result.GetCustomers(), result.GetEntered(), result.GetLeft()))
	return nil
}

func (d *demo) await(ctx context.Context, operation *longrunningpb.Operation, name string, done func(*longrunningpb.Operation) error) error {
	watch := func(ctx context.Context) (analysis.Watcher, error) {
		return segmentationv1.NewOperationServiceClient(d.conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}
	return analysis.Await(ctx, watch, name, d.settings.Progress, done)
}
