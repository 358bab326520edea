package segmentation_test

import (
	"slices"
	"testing"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// ended waits for an operation that ends with a run.
func (w *world) ended(o *longrunningpb.Operation, err error) *segmentationv1.SchemeRun {
	w.Helper()
	for err == nil && !o.GetDone() {
		o, err = w.operations.WaitOperation(w.Context(), &longrunningpb.WaitOperationRequest{Name: o.GetName(), Timeout: durationpb.New(within)})
	}
	m := new(segmentationv1.SchemeRun)
	if err != nil || o.GetError() != nil {
		w.Fatalf("%v %v", err, o.GetError())
	}
	if err := o.GetResponse().UnmarshalTo(m); err != nil {
		w.Fatal(err)
	}
	return m
}

func ruledScheme(rules ...*segmentationv1.LabelRule) *segmentationv1.Scheme {
	return &segmentationv1.Scheme{
		DisplayName: "By orders",
		Objective:   &segmentationv1.SchemeObjective{Objective: "a", TargetMarket: "b", Constraints: []string{"c"}, Resources: []string{"d"}},
		Method:      &segmentationv1.SchemeMethod{Reason: "simple", Kind: &segmentationv1.SchemeMethod_Rules{Rules: &segmentationv1.RulesMethod{Rules: rules}}},
		Data:        &segmentationv1.SchemeData{Sources: []string{"orders"}},
		Variables: &segmentationv1.SchemeVariables{
			Forming: []*segmentationv1.SchemeVariable{{Fact: "orders.count", Reason: "how often"}},
			Outside: []*segmentationv1.SchemeVariable{{Fact: "customer.kind"}},
		},
	}
}

// choose chooses a target, publishes the run whatever thresholds it misses, and returns
// it.
func (w *world) serve(m *segmentationv1.SchemeRun, target string) *segmentationv1.SchemeRun {
	w.Helper()
	m, err := w.schemes.ChooseTargets(w.Context(), &segmentationv1.ChooseTargetsRequest{
		Name: m.GetName(), Positioning: "p", Competitors: []string{"q"}, Choices: []*segmentationv1.TargetChoice{{Label: target, Target: true, Reason: "r"}},
	})
	if err != nil {
		w.Fatal(err)
	}
	var overrides []*segmentationv1.GateOverride
	for _, f := range m.GetGate().GetFindings() {
		if !f.GetOverridable() {
			w.Fatalf("finding %v", f)
		}
		overrides = append(overrides, &segmentationv1.GateOverride{Reason: f.GetReason(), Subject: f.GetSubject(), Justification: "a few customers", DecidedBy: "Li"})
	}
	return w.ended(w.schemes.PublishSchemeRun(w.Context(), &segmentationv1.PublishSchemeRunRequest{Name: m.GetName(), Overrides: overrides}))
}

// A scheme's labels become segments whose members are kept, and change with the next
// version.
func TestSchemesServeSegments(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(12) // c00 … c11 with as many orders
		few := &segmentationv1.LabelRule{Label: "few", Expression: "orders.count < 3"}
		some := &segmentationv1.LabelRule{Label: "some", Expression: "orders.count < 8"}
		if _, err := w.schemes.CreateScheme(w.Context(), &segmentationv1.CreateSchemeRequest{SchemeId: "orders", Scheme: ruledScheme(few, some)}); err != nil {
			w.Fatal(err)
		}
		run := func() *segmentationv1.SchemeRun {
			return w.ended(w.schemes.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/orders"}))
		}
		m := w.serve(run(), "rest")
		if len(m.GetPublishedLabels()) != 3 || m.GetPopulation() != 12 {
			w.Errorf("published %v of %d", m.GetPublishedLabels(), m.GetPopulation())
		}
		if got := w.memberIDs("orders-some"); !slices.Equal(got, []string{"c03", "c04", "c05", "c06", "c07"}) {
			w.Errorf("some: %q", got)
		}
		if got := w.memberIDs("orders-rest"); !slices.Equal(got, []string{"c08", "c09", "c10", "c11"}) {
			w.Errorf("rest: %q", got)
		}
		s := w.get("orders-rest")
		if s.GetPartition().GetRun() != m.GetName() || s.GetPartition().GetLabel() != "rest" {
			w.Errorf("segment %v", s)
		}
		w.next(run, few)
	})
}

// revise makes the next version of the scheme "orders".
func (w *world) revise(rules ...*segmentationv1.LabelRule) {
	w.Helper()
	if _, err := w.schemes.NewSchemeVersion(w.Context(), &segmentationv1.NewSchemeVersionRequest{Name: "schemes/orders", Note: "two"}); err != nil {
		w.Fatal(err)
	}
	changed := ruledScheme(rules...)
	changed.Name = "schemes/orders"
	if _, err := w.schemes.UpdateScheme(w.Context(), &segmentationv1.UpdateSchemeRequest{Scheme: changed, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"method"}}}); err != nil {
		w.Fatal(err)
	}
}

// next publishes a version without one of the labels.
func (w *world) next(run func() *segmentationv1.SchemeRun, rules ...*segmentationv1.LabelRule) {
	w.Helper()
	w.revise(rules...)
	m := w.serve(run(), "rest")
	if w.get("orders-some").GetState() != segmentationv1.SegmentState_SEGMENT_STATE_ARCHIVED || len(w.memberIDs("orders-some")) != 0 || len(w.memberIDs("orders-rest")) != 9 || len(w.memberIDs("orders-few")) != 3 {
		w.Errorf("after the next version: %v, %q", w.get("orders-some"), w.memberIDs("orders-rest"))
	}
	for _, l := range m.GetPublishedLabels() {
		if l.GetContinues() != l.GetLabel() || l.GetAgreement() != 1 {
			w.Errorf("label %v", l)
		}
	}
	h, err := w.schemes.MonitorScheme(w.Context(), &segmentationv1.MonitorSchemeRequest{Name: "schemes/orders"})
	if err != nil || h.GetPopulation() != 12 || h.GetRerunRecommended() {
		w.Errorf("health %v, %v", h, err)
	}
}

func TestSchemesAreNotTakenForOthers(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(4)
	w.create("orders-few", "true")
	if _, err := w.schemes.CreateScheme(w.Context(), &segmentationv1.CreateSchemeRequest{SchemeId: "orders", Scheme: ruledScheme(&segmentationv1.LabelRule{Label: "few", Expression: "orders.count < 3"})}); err != nil {
		t.Fatal(err)
	}
	m := w.ended(w.schemes.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/orders"}))
	_, err := w.schemes.PublishSchemeRun(w.Context(), &segmentationv1.PublishSchemeRunRequest{Name: m.GetName()})
	wantError(w, err, codes.FailedPrecondition, "GATE_CLOSED", "VARIABLES: orders.count")
	_, err = w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "x", Segment: &segmentationv1.Segment{
		Definition: &segmentationv1.Segment_Partition{Partition: &segmentationv1.PartitionDefinition{Run: "schemes/orders/runs/none", Label: "few"}},
	}})
	wantError(w, err, codes.NotFound, "SCHEME_RUN_NOT_FOUND", "")
	_, err = w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "x", Segment: &segmentationv1.Segment{
		Definition: &segmentationv1.Segment_Partition{Partition: &segmentationv1.PartitionDefinition{Run: m.GetName(), Label: "none"}},
	}})
	wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "segment.partition.label")
}

func TestBadSchemes(t *testing.T) {
	w := onPebble(t)
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'a'
	}
	for name, r := range map[string]*segmentationv1.CreateSchemeRequest{
		"no scheme": {SchemeId: "a"},
		"id":        {SchemeId: "A!", Scheme: ruledScheme()},
		"no rules":  {SchemeId: "a", Scheme: ruledScheme()},
		"long rule": {SchemeId: "a", Scheme: ruledScheme(&segmentationv1.LabelRule{Label: "x", Expression: string(long)})},
		"bomb":      {SchemeId: "a", Scheme: ruledScheme(&segmentationv1.LabelRule{Label: "x", Expression: "customer.interests.all(a, customer.interests.all(b, customer.interests.all(c, a + b == c)))"})},
		"label":     {SchemeId: "a", Scheme: ruledScheme(&segmentationv1.LabelRule{Label: "../x", Expression: "true"})},
		"threshold": {SchemeId: "a", Scheme: &segmentationv1.Scheme{Thresholds: &segmentationv1.SchemeThresholds{MaxPValue: proto.Float64(2)}}},
		"memory":    {SchemeId: "a", Scheme: &segmentationv1.Scheme{Data: &segmentationv1.SchemeData{MemoryLimitBytes: -1}}},
	} {
		if _, err := w.schemes.CreateScheme(w.Context(), r); err == nil || status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "schemes", "schemes/", "schemes/a/b", "//x/schemes/a", "schemes/ä"} {
		if _, err := w.schemes.GetScheme(w.Context(), &segmentationv1.GetSchemeRequest{Name: bad}); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := w.schemes.ListSchemes(w.Context(), &segmentationv1.ListSchemesRequest{PageToken: "forged"}); status.Code(err) != codes.InvalidArgument {
		t.Error(err)
	}
	list, err := w.templates.ListSegmentTemplates(w.Context(), &segmentationv1.ListSegmentTemplatesRequest{})
	if err != nil || len(list.GetSegmentTemplates()) != 12 {
		t.Errorf("%v %v", list, err)
	}
}
