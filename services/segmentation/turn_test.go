package segmentation_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// breaking is an engine that writes nothing any more after some writes. It can be read.
type breaking struct {
	docstore.Engine
	left atomic.Int64 // writes that still succeed
}

func (b *breaking) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := b.Engine.Table(ctx, layout)
	return &breakingTable{table, b}, err
}

func (b *breaking) broken() bool { return b.left.Load() < 0 }

type breakingTable struct {
	docstore.Table
	engine *breaking
}

func (t *breakingTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if t.engine.left.Add(-1) < 0 {
		return nil, fault.New(fault.Unavailable, "STORE_DOWN", "the store is down")
	}
	return t.Table.Write(ctx, writes)
}

const always = 1 << 40

// divides checks that everybody is in exactly one segment of the scheme, by lists and by
// memberships, and that the lists are those of one run: it returns how many are in "few".
func (w *world) divides() int {
	w.Helper()
	list, err := w.ListSegments(w.Context(), &segmentationv1.ListSegmentsRequest{})
	if err != nil {
		w.Fatal(err)
	}
	count := int64(0)
	for _, s := range list.GetSegments() {
		if s.GetState() == segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED {
			count += s.GetMemberCount()
		}
	}
	request := &segmentationv1.BatchGetMembershipsRequest{}
	for i := range 12 {
		request.CustomerIds = append(request.CustomerIds, fmt.Sprintf("c%02d", i))
	}
	of, err := w.BatchGetMemberships(w.Context(), request)
	if err != nil {
		w.Fatal(err)
	}
	few := 0
	for _, c := range of.GetCustomers() {
		if len(c.GetSegmentIds()) != 1 {
			w.Fatalf("%s is in %q", c.GetCustomerId(), c.GetSegmentIds())
		}
		if slices.Contains(c.GetSegmentIds(), "orders-few") {
			few++
		}
	}
	if count != 12 {
		w.Fatalf("%d are counted: %v", count, list.GetSegments())
	}
	return few
}

// Wherever the store breaks while another run of a scheme is published, and whatever is
// carried on of it: at each moment the segments of the scheme divide the customers, by
// one of the two runs.
func TestLabelsDivideTheCustomersAtEachMoment(t *testing.T) {
	engine := &breaking{Engine: openPebble(t)}
	engine.left.Store(always)
	w := newWorld(t, engine)
	w.shop.fill(12) // c00 … c11 with as many orders
	few := func(n int) *segmentationv1.LabelRule {
		return &segmentationv1.LabelRule{Label: "few", Expression: fmt.Sprintf("orders.count < %d", n)}
	}
	some := &segmentationv1.LabelRule{Label: "some", Expression: "orders.count < 8"}
	var runs []string
	for i, rules := range [][]*segmentationv1.LabelRule{{few(3), some}, {few(6)}} {
		if i == 0 {
			if _, err := w.schemes.CreateScheme(w.Context(), &segmentationv1.CreateSchemeRequest{SchemeId: "orders", Scheme: ruledScheme(rules...)}); err != nil {
				t.Fatal(err)
			}
		} else {
			w.revise(rules...)
		}
		m := w.serve(w.ended(w.schemes.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/orders"})), "rest")
		runs = append(runs, m.GetName())
	}
	of := []int{3, 6}
	serving := 1
	for writes, survived := int64(0), false; !survived; writes += 3 {
		to := 1 - serving
		engine.left.Store(writes)
		op, err := w.schemes.PublishSchemeRun(w.Context(), &segmentationv1.PublishSchemeRunRequest{Name: runs[to]})
		for err == nil && !op.GetDone() && !engine.broken() {
			w.divides()
			op, err = w.operations.GetOperation(w.Context(), &longrunningpb.GetOperationRequest{Name: op.GetName()})
		}
		survived = !engine.broken()
		for range 3 {
			if got := w.divides(); got != of[to] && got != of[serving] {
				t.Fatalf("after %d writes %d are in few", writes, got)
			}
		}
		engine.left.Store(always)
		// The operation that broke may still be at it: then this one is refused.
		for end := time.Now().Add(within); w.divides() != of[to]; w.clock.advance(time.Minute) {
			w.await(w.schemes.PublishSchemeRun(w.Context(), &segmentationv1.PublishSchemeRunRequest{Name: runs[to]}))
			if time.Now().After(end) {
				t.Fatalf("after %d writes: %d are in few, want %d", writes, w.divides(), of[to])
			}
		}
		serving = to
	}
}
