package segmentation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// From definition to members and, after the next refresh, to who came and went.
func TestSegmentsOfAShop(t *testing.T) {
	onBothEngines(t, func(w *world) {
		scored := func(orders int64, minor int64, group valuationv1.RfmGroup, cell string) *valuationv1.Valuation {
			return &valuationv1.Valuation{
				Orders: orders, Revenue: []*apiv1.Money{{MinorUnits: minor, CurrencyCode: "CNY"}},
				Rfm: &valuationv1.RfmScores{
					Recency: int32(cell[0] - '0'), Frequency: int32(cell[1] - '0'), Monetary: int32(cell[2] - '0'), Cell: cell, Group: group,
				},
			}
		}
		w.shop.customer("王芳", &profilev1.Customer{Region: "广东"})
		w.shop.customer("李雷", &profilev1.Customer{Region: "广东"})
		w.shop.customer("ada", &profilev1.Customer{Region: "CA"})
		w.shop.customer("new", &profilev1.Customer{Region: "广东"})
		w.shop.bought("王芳", scored(5, 250_000, valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE, "555"))
		w.shop.bought("李雷", scored(1, 99_900, valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_KEEP, "145"))
		w.shop.bought("ada", scored(2, 500, valuationv1.RfmGroup_RFM_GROUP_GENERAL_VALUE, "521"))
		w.shop.refresh()
		w.create("rich", `customer.region == "广东" && revenue("CNY") > 1000`)
		w.create("waiting", `orders.count == 0`)
		if _, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{
			SegmentId: "vip", Segment: rfm([]valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE}, "1*5"),
		}); err != nil {
			w.Fatal(err)
		}
		began := w.clock.Now()
		for id, want := range map[string][]string{"rich": {"王芳"}, "waiting": {"new"}, "vip": {"李雷", "王芳"}} {
			published := w.publish(id)
			if published.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED || published.GetMemberCount() != int64(len(want)) ||
				published.GetComputeTime().AsTime().Before(began) || published.GetComputeTime().AsTime().After(w.clock.Now()) || (id == "vip") != published.GetAsOf().AsTime().Equal(w.shop.refreshes[0].asOf) ||
				published.GetLastError() != nil || !proto.Equal(still(published), still(w.get(id))) {
				w.Errorf("published %v", published)
			}
			if got := w.memberIDs(id); !slices.Equal(got, sorted(want)) {
				w.Errorf("%s has %q, want %q", id, got, want)
			}
		}

		first := w.get("vip").GetComputeTime()
		w.clock.advance(time.Hour)
		w.shop.bought("new", scored(1, 200_000, valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE, "515"))
		w.shop.bought("李雷", scored(1, 99_900, valuationv1.RfmGroup_RFM_GROUP_GENERAL_WIN_BACK, "111"))
		w.shop.refresh()
		answer := w.recompute()
		// The round under way may have moved some before the call was answered.
		if answer.GetCustomers() != 4 || answer.GetEntered() > 2 || answer.GetLeft() > 2 || len(answer.GetSegments()) != 3 {
			w.Errorf("got %v", answer)
		}
		if got := w.memberIDs("vip"); !slices.Equal(got, sorted([]string{"王芳", "new"})) {
			w.Errorf("vip has %q", got)
		}
		checkMovesOfVIP(w, first)
		of, err := w.BatchGetMemberships(w.Context(), &segmentationv1.BatchGetMembershipsRequest{CustomerIds: []string{"new", "李雷", "nobody", "王芳", "new"}})
		if err != nil {
			w.Fatal(err)
		}
		for i, want := range [][]string{{"rich", "vip"}, nil, nil, {"rich", "vip"}, {"rich", "vip"}} {
			if got := of.GetCustomers()[i]; !slices.Equal(got.GetSegmentIds(), want) {
				w.Errorf("%s is in %q, want %q", got.GetCustomerId(), got.GetSegmentIds(), want)
			}
		}
	})
}

// What templates say by behaviour has members: who looks without buying, and compares.
func TestTemplatesByBehaviour(t *testing.T) {
	onBothEngines(t, func(w *world) {
		ago := func(days int) *timestamppb.Timestamp { return timestamppb.New(w.clock.Now().AddDate(0, 0, -days)) }
		for _, id := range []string{"buyer", "comparing", "passing", "asleep", "unknown"} {
			w.shop.customer(id, &profilev1.Customer{CreateTime: ago(500)})
		}
		w.shop.bought("buyer", &valuationv1.Valuation{Orders: 1})
		w.shop.did("buyer", &profilev1.CustomerBehavior{LastSeenTime: ago(1), LastViewTime: ago(1)})
		w.shop.did("comparing", &profilev1.CustomerBehavior{
			LastSeenTime: ago(1), LastCartTime: ago(2), Stage: profilev1.JourneyStage_JOURNEY_STAGE_DECISION, StageTime: ago(2),
		})
		w.shop.did("passing", &profilev1.CustomerBehavior{LastSeenTime: ago(3)})
		w.shop.did("asleep", &profilev1.CustomerBehavior{LastSeenTime: ago(400), LastViewTime: ago(400)})
		w.shop.refresh()
		want := map[string][]string{"visitors": {"comparing", "passing"}, "hesitant": {"comparing"}, "active": {"comparing", "passing"}}
		met := 0
		for _, name := range []string{"behavioural", "loyalty", "lifecycle"} {
			built, err := w.templates.GetSegmentTemplate(w.Context(), &segmentationv1.GetSegmentTemplateRequest{Name: "segmentTemplates/" + name})
			if err != nil {
				w.Fatal(err)
			}
			for _, s := range built.GetSegments() {
				if members, asked := want[s.GetLabel()]; asked {
					met++
					w.create(s.GetLabel(), s.GetExpression())
					w.publish(s.GetLabel())
					if got := w.memberIDs(s.GetLabel()); !slices.Equal(got, members) {
						w.Errorf("%s has %q, want %q", s.GetLabel(), got, members)
					}
				}
			}
		}
		if met != len(want) {
			w.Errorf("met %d of %d", met, len(want))
		}
		w.create("deciding", `customer.stage == "DECISION" && within(customer.stage_time, days(7)) && has(behavior.last_cart_time)`)
		w.publish("deciding")
		if got := w.memberIDs("deciding"); !slices.Equal(got, []string{"comparing"}) {
			w.Errorf("deciding: %q", got)
		}
	})
}

// still is a segment without what goes on though nothing changes.
func still(s *segmentationv1.Segment) *segmentationv1.Segment {
	s = proto.CloneOf(s)
	s.FreshAsOf, s.Sources = nil, nil
	return s
}

func sorted(customers []string) []string {
	slices.SortFunc(customers, cmpID)
	return customers
}

// checkMovesOfVIP: since is that of the pass with which each came in.
func checkMovesOfVIP(w *world, first *timestamppb.Timestamp) {
	w.Helper()
	later := w.get("vip").GetComputeTime()
	for _, m := range w.members("vip") {
		want := first.AsTime()
		if m.GetCustomerId() == "new" {
			want = later.AsTime()
		}
		if m.GetSince().AsTime().After(want) || m.GetCustomerId() == "new" && !m.GetSince().AsTime().After(first.AsTime()) || m.GetName() != "segments/vip/memberships/"+m.GetCustomerId() {
			w.Errorf("got %v, want since %s", m, want)
		}
		one, err := w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: m.GetName()})
		if err != nil || !proto.Equal(one, m) {
			w.Errorf("alone %v, %v, in the list %v", one, err, m)
		}
	}
	_, err := w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: "segments/vip/memberships/李雷"})
	wantError(w, err, codes.NotFound, "MEMBERSHIP_NOT_FOUND", "")
	answer, err := w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: "segments/vip", PageSize: 2})
	if err != nil {
		w.Fatal(err)
	}
	newest := answer.GetTransitions()
	if len(newest) != 2 || newest[0].GetKind() != segmentationv1.TransitionKind_TRANSITION_KIND_ENTERED && newest[0].GetKind() != segmentationv1.TransitionKind_TRANSITION_KIND_LEFT ||
		newest[0].GetKind() == newest[1].GetKind() || answer.GetNextPageToken() == "" {
		w.Errorf("newest first: %v", answer)
	}
	for _, move := range newest {
		left := move.GetKind() == segmentationv1.TransitionKind_TRANSITION_KIND_LEFT
		if left != (move.GetCustomerId() == "李雷") || move.GetTransitionTime().AsTime().Before(first.AsTime()) ||
			!strings.HasPrefix(move.GetName(), "segments/vip/transitions/") || move.GetGeneration() > w.get("vip").GetGeneration() || move.GetRevision() != 1 || len(move.GetValues()) == 0 {
			w.Errorf("got %v", move)
		}
	}
}

// A rule that fails fails the operation that publishes it, and not the one that
// recomputes others with it.
func TestFailingRule(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(5)
	w.create("bad", "10 / orders.count > 2")
	op := w.await(w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/bad"}))
	st := wantError(t, status.FromProto(op.GetError()).Err(), codes.FailedPrecondition, "RULE_EVALUATION_FAILED", "rule.expression")
	if !strings.Contains(st.Message(), "division by zero") || !strings.Contains(st.Message(), "c00") {
		t.Errorf("the error says %q", st.Message())
	}
	s := w.get("bad")
	if s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_DRAFT || s.GetLastError().GetReason() != "RULE_EVALUATION_FAILED" {
		t.Errorf("got %v", s)
	}
	w.shop.customer("c00", &profilev1.Customer{})
	w.shop.bought("c00", &valuationv1.Valuation{Orders: 1})
	w.shop.refresh()
	w.publish("bad")
	w.create("good", "orders.count > 1")
	w.publish("good")
	w.shop.bought("c00", &valuationv1.Valuation{Orders: 0})
	w.shop.refresh()
	answer := w.recompute()
	if len(answer.GetSegments()) != 2 || answer.GetSegments()[0].GetLastError().GetReason() != "RULE_EVALUATION_FAILED" || answer.GetSegments()[1].GetLastError() != nil {
		t.Errorf("got %v", answer)
	}
}

func TestWrongRecomputations(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(3)
	w.create("s", "true")
	w.create("t", "true")
	w.publish("s")
	recompute := func(names ...string) error {
		_, err := w.RecomputeSegments(w.Context(), &segmentationv1.RecomputeSegmentsRequest{Names: names})
		return err
	}
	wantError(t, recompute("segments/s", "segments/none"), codes.NotFound, "SEGMENT_NOT_FOUND", "")
	wantError(t, recompute("segments/s", "segments/t"), codes.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "")
	wantError(t, recompute("segments/s", "s"), codes.InvalidArgument, "INVALID_FIELD", "names[1]")
	wantError(t, recompute("segments/s", "segments/s"), codes.InvalidArgument, "INVALID_FIELD", "names")
	for _, name := range []string{"segments/none", "segments/x/y", "s"} {
		_, err := w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: name})
		if code := status.Code(err); code != codes.NotFound && code != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}
	if answer := w.recompute("s"); len(answer.GetSegments()) != 1 || answer.GetEntered() != 0 || answer.GetCustomers() != 3 {
		t.Errorf("got %v", answer)
	}
}

// The same request_id is the same operation.
func TestOperations(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(3)
		w.create("s", "true")
		request := &segmentationv1.PublishSegmentRequest{Name: "segments/s", RequestId: "r1"}
		first := w.await(w.PublishSegment(w.Context(), request))
		again, err := w.PublishSegment(w.Context(), request)
		if err != nil || !proto.Equal(first, again) {
			w.Errorf("again: %v, %v", again, err)
		}
		progress := new(apiv1.Progress)
		if err := first.GetMetadata().UnmarshalTo(progress); err != nil || !strings.HasPrefix(first.GetName(), "operations/segmentation/") {
			w.Errorf("got %v, %v", first, err)
		}
		listed, err := w.operations.ListOperations(w.Context(), &longrunningpb.ListOperationsRequest{Name: "operations/segmentation"})
		if err != nil || len(listed.GetOperations()) != 1 || !proto.Equal(listed.GetOperations()[0], first) {
			w.Errorf("listed %v, %v", listed, err)
		}
		_, err = w.operations.GetOperation(w.Context(), &longrunningpb.GetOperationRequest{Name: "operations/valuation/x"})
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "name")
	})
}

// A service that stops in the midst of a pass goes on when it is started again,
// and one that is cancelled leaves the last good pass.
func TestStopAndCancel(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(9)
		w.create("s", "orders.count > 3")
		reached, release := make(chan struct{}, 100), make(chan struct{})
		w.shop.setBefore(func(stream string, message int) error {
			if stream == "customers" && message == 2 {
				reached <- struct{}{}
				<-release
				return fault.New(fault.Unavailable, "STOPPING", "the other end is stopping")
			}
			return nil
		})
		op, err := w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/s"})
		if err != nil {
			w.Fatal(err)
		}
		<-reached
		w.shop.setBefore(nil)
		close(release)
		w.stop()
		w.start()
		s := new(segmentationv1.Segment)
		w.result(w.await(op, nil), s)
		if s.GetMemberCount() != 5 || len(w.members("s")) != 5 {
			w.Errorf("got %v", s)
		}

		again := make(chan struct{})
		defer close(again)
		w.shop.setBefore(func(stream string, _ int) error {
			if stream == "customers" {
				reached <- struct{}{}
				<-again
			}
			return nil
		})
		op, err = w.RecomputeSegments(w.Context(), &segmentationv1.RecomputeSegmentsRequest{})
		if err != nil {
			w.Fatal(err)
		}
		<-reached
		if _, err := w.operations.CancelOperation(w.Context(), &longrunningpb.CancelOperationRequest{Name: op.GetName()}); err != nil {
			w.Fatal(err)
		}
		if done := w.await(op, nil); done.GetError().GetCode() != int32(codes.Canceled) {
			w.Errorf("got %v", done)
		}
		if now := w.get("s"); now.GetGeneration() != s.GetGeneration() || now.GetLastError() != nil || len(w.members("s")) != 5 {
			w.Errorf("got %v", now)
		}
	})
}

// What reads valuations cannot be published before anything was valued, and what was
// published keeps its members where the valuations vanish.
func TestNothingValuedYet(t *testing.T) {
	w := onPebble(t)
	for _, id := range []string{"a", "b"} {
		w.shop.customer(id, &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	}
	w.create("valued", "has_valuation || customer.region == \"\"")
	w.create("all", "true")
	_, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{
		SegmentId: "scored", Segment: rfm([]valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"valued", "scored"} {
		op := w.await(w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/" + id}))
		wantError(t, status.ErrorProto(op.GetError()), codes.FailedPrecondition, "VALUATIONS_NOT_REFRESHED", "")
		if s := w.get(id); s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_DRAFT || s.GetMemberCount() != 0 {
			t.Errorf("it shows %v", s)
		}
	}
	if s := w.publish("all"); s.GetMemberCount() != 2 {
		t.Errorf("what reads no valuations shows %v", s)
	}
	w.shop.bought("a", &valuationv1.Valuation{Orders: 1, Rfm: &valuationv1.RfmScores{
		Recency: 5, Frequency: 5, Monetary: 5, Cell: "555", Group: valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE,
	}})
	w.shop.refresh()
	if s := w.publish("scored"); s.GetMemberCount() != 1 || s.GetLastError() != nil {
		t.Errorf("once valued it shows %v", s)
	}
	w.shop.unvalue()
	w.shop.customer("c", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL})
	w.recompute()
	if s := w.get("scored"); s.GetMemberCount() != 1 || s.GetLastError().GetReason() != "VALUATIONS_NOT_REFRESHED" || !slices.Equal(w.memberIDs("scored"), []string{"a"}) {
		t.Errorf("once they have vanished it shows %v", s)
	}
	if s := w.get("all"); s.GetMemberCount() != 3 {
		t.Errorf("what reads no valuations shows %v", s)
	}
	w.shop.bought("c", &valuationv1.Valuation{Orders: 1, Rfm: &valuationv1.RfmScores{
		Recency: 5, Frequency: 5, Monetary: 5, Cell: "555", Group: valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE,
	}})
	w.shop.refresh()
	w.recompute()
	if s := w.get("scored"); s.GetMemberCount() != 2 || s.GetLastError() != nil {
		t.Errorf("once they are back it shows %v", s)
	}
}
