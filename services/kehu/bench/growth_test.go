package bench

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/suite"
)

// stages are the seconds that each part of the work on a file takes.
type stages struct{ load, refresh, segment, all float64 }

// BenchmarkGrowth compares the work on ten times the data with that on a file of
// the usual length: import, valuation of all customers, and forming segments. The
// small file takes its turn before and after the large one.
func BenchmarkGrowth(b *testing.B) {
	for _, by := range []order{byCustomer, byTime} {
		b.Run("by="+string(by), func(b *testing.B) {
			var growth, load, refresh, segment []float64
			var large stages
			for b.Loop() {
				before := analyse(b, fileRows, by)
				large = analyse(b, largeRows, by)
				after := analyse(b, fileRows, by)
				growth = append(growth, 2*large.all/(before.all+after.all))
				load = append(load, 2*large.load/(before.load+after.load))
				refresh = append(refresh, 2*large.refresh/(before.refresh+after.refresh))
				segment = append(segment, 2*large.segment/(before.segment+after.segment))
			}
			b.ReportMetric(median(growth), "ratio")
			b.ReportMetric(11, "aim")
			b.ReportMetric(median(load), "import-ratio")
			b.ReportMetric(median(refresh), "refresh-ratio")
			b.ReportMetric(median(segment), "segments-ratio")
			b.ReportMetric(large.load, "import-s")
			b.ReportMetric(large.refresh, "refresh-s")
			b.ReportMetric(large.segment, "segments-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// analyse does the work on a file of so many rows, in a new store.
func analyse(b *testing.B, rows int, by order) stages {
	b.Helper()
	path := file(b, rows, by)
	runtime.GC()
	var s stages
	must(b, suite.Temporarily(b.Context(), engines.Config{Data: b.TempDir(), Temporary: true}, func(ctx context.Context, conn grpc.ClientConnInterface) error {
		s.load = timed(func() { send(ctx, b, conn, path, int64(rows)) }).Seconds()
		s.refresh = timed(func() { value(ctx, b, conn, int64(rows)) }).Seconds()
		s.segment = timed(func() { formSegments(ctx, b, conn) }).Seconds()
		return nil
	}))
	s.all = s.load + s.refresh + s.segment
	return s
}

// value values all customers on the day after the file's last.
func value(ctx context.Context, b *testing.B, conn grpc.ClientConnInterface, orders int64) {
	b.Helper()
	summary, err := analysis.Refresh(ctx, conn, &valuationv1.ValuationPolicy{AsOfDate: "2025-07-01"}, progress.Reporter{})
	must(b, err)
	if summary.GetOrders() != orders {
		b.Fatalf("%d orders were valued, want %d", summary.GetOrders(), orders)
	}
}

// formSegments makes one segment of each sort and publishes it, which forms it.
func formSegments(ctx context.Context, b *testing.B, conn grpc.ClientConnInterface) {
	b.Helper()
	client := segmentationv1.NewSegmentServiceClient(conn)
	for id, segment := range map[string]*segmentationv1.Segment{
		"important": {Definition: &segmentationv1.Segment_Rfm{Rfm: &segmentationv1.RfmDefinition{
			Groups: []valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE},
		}}},
		"regulars": {Definition: &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{
			Expression: `orders.count >= 3 && rfm.recency >= 4`,
		}}},
	} {
		made, err := client.CreateSegment(ctx, &segmentationv1.CreateSegmentRequest{SegmentId: id, Segment: segment})
		must(b, err)
		operation, err := client.PublishSegment(ctx, &segmentationv1.PublishSegmentRequest{Name: made.GetName()})
		must(b, err)
		watch := func(ctx context.Context) (analysis.Watcher, error) {
			return segmentationv1.NewOperationServiceClient(conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
		}
		must(b, analysis.Await(ctx, watch, id, progress.Reporter{}, func(op *longrunningpb.Operation) error {
			formed := new(segmentationv1.Segment)
			if err := op.GetResponse().UnmarshalTo(formed); err != nil {
				return err
			}
			if formed.GetMemberCount() == 0 {
				return fmt.Errorf("segment %s has no members", id)
			}
			return nil
		}))
	}
}
