package demo

import (
	"context"
	"fmt"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
)

const (
	oneTime = "one-time"
	big     = "big-in-guangdong"
	best    = "important-value"
	// atLeast is the revenue in yuan from which on buyers of the province are big.
	province, atLeast = "广东", 1000
)

var bigRule = fmt.Sprintf(`customer.region == %q && revenue("CNY") >= %d.0`, province, atLeast)

// demoSegments are formed as of a quarter ago, and followed from there.
var demoSegments = []struct {
	id      string
	segment *segmentationv1.Segment
}{
	{best, rfm("重要价值 Important value", valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE)},
	{"important-keep", rfm("重要保持 Important keep", valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_KEEP)},
	{"regulars", rule("Regulars 常客", `orders.count >= 3 && rfm.recency >= 4`)},
	{big, rule("Big spenders in Guangdong 广东大客户", bigRule)},
	{oneTime, rule("Bought once 只买过一次", `orders.count == 1`)},
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

// segment publishes the segments as of a quarter ago, and shows how they follow the
// last quarter's valuations and a new order without being told to.
func (d *demo) segment(ctx context.Context) error {
	if _, err := d.refresh(ctx, 3); err != nil {
		return err
	}
	before, err := d.publish(ctx)
	if err != nil {
		return err
	}
	buyer, err := d.onceInProvince(ctx)
	if err != nil {
		return err
	}
	if _, err = d.refresh(ctx, 0); err != nil {
		return err
	}
	if buyer != "" {
		if err = d.orderNow(ctx, buyer); err != nil {
			return err
		}
	}
	waited, err := d.followed(ctx, time.Now())
	if err != nil {
		return err
	}
	if err = d.showSegments(ctx, before, waited); err != nil {
		return err
	}
	return d.why(ctx, buyer)
}

// publish defines all segments and publishes them at once, and returns them by their ids.
func (d *demo) publish(ctx context.Context) (map[string]*segmentationv1.Segment, error) {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	var operations []*longrunningpb.Operation
	for _, s := range demoSegments {
		made, err := client.CreateSegment(ctx, &segmentationv1.CreateSegmentRequest{SegmentId: s.id, Segment: s.segment})
		if err != nil {
			return nil, fmt.Errorf("segment %s: %w", s.id, err)
		}
		operation, err := client.PublishSegment(ctx, &segmentationv1.PublishSegmentRequest{Name: made.GetName()})
		if err != nil {
			return nil, fmt.Errorf("segment %s: %w", s.id, err)
		}
		operations = append(operations, operation)
	}
	published := map[string]*segmentationv1.Segment{}
	for i, s := range demoSegments {
		segment := new(segmentationv1.Segment)
		if err := d.await(ctx, operations[i], "publishing "+s.id, func(op *longrunningpb.Operation) error {
			return op.GetResponse().UnmarshalTo(segment)
		}); err != nil {
			return nil, fmt.Errorf("segment %s: %w", s.id, err)
		}
		published[s.id] = segment
	}
	return published, nil
}

func (d *demo) showSegments(ctx context.Context, before map[string]*segmentationv1.Segment, waited time.Duration) error {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	d.page.Heading(fmt.Sprintf("Segments 细分: valued as of %s, and then as of %s", d.lastDay(3), d.lastDay(0)))
	rows := [][]string{{"segment", "before", "entered", "left", "now", "name"}}
	for _, s := range demoSegments {
		now, err := client.GetSegment(ctx, &segmentationv1.GetSegmentRequest{Name: "segments/" + s.id})
		if err != nil {
			return err
		}
		entered, left, err := d.moved(ctx, before[s.id])
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			s.id, count(before[s.id].GetMemberCount()), count(entered), count(left), count(now.GetMemberCount()), now.GetDisplayName(),
		})
	}
	d.page.Table(rows)
	if waited > 0 {
		d.page.Item(fmt.Sprintf("Nobody recomputed them: they follow orders and valuations by themselves, here within %s.", waited.Round(time.Second)))
	}
	d.yourself("kehu segments list", "kehu segments get "+big)
	return nil
}

// moved counts who has entered and left a segment since it was as given.
func (d *demo) moved(ctx context.Context, since *segmentationv1.Segment) (entered, left int64, err error) {
	client := segmentationv1.NewSegmentServiceClient(d.conn)
	r := &segmentationv1.ListTransitionsRequest{Parent: since.GetName(), PageSize: 1000}
	for {
		page, err := client.ListTransitions(ctx, r)
		if err != nil {
			return 0, 0, err
		}
		for _, t := range page.GetTransitions() {
			switch {
			case t.GetGeneration() <= since.GetGeneration(): // the newest come first
				return entered, left, nil
			case t.GetKind() == segmentationv1.TransitionKind_TRANSITION_KIND_LEFT:
				left++
			default:
				entered++
			}
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return entered, left, nil
		}
	}
}

func (d *demo) await(ctx context.Context, operation *longrunningpb.Operation, name string, done func(*longrunningpb.Operation) error) error {
	watch := func(ctx context.Context) (analysis.Watcher, error) {
		return segmentationv1.NewOperationServiceClient(d.conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}
	return analysis.Await(ctx, watch, name, d.settings.Progress, done)
}
