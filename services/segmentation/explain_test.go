package segmentation_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func (w *world) explain(segment, customer string, at *timestamppb.Timestamp) (*segmentationv1.MembershipExplanation, error) {
	return w.who.ExplainMembership(w.Context(), &segmentationv1.ExplainMembershipRequest{
		Name: "segments/" + segment + "/memberships/" + customer, AsOf: at,
	})
}

// leaf finds the part of a condition that has a text.
func leaf(c *segmentationv1.ExplainedCondition, text string) *segmentationv1.ExplainedCondition {
	if c.GetText() == text {
		return c
	}
	for _, part := range c.GetParts() {
		if found := leaf(part, text); found != nil {
			return found
		}
	}
	return nil
}

func TestExplain(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(6)
		w.shop.customer("c04", &profilev1.Customer{Region: "广东"})
		w.create("s", `orders.count >= 4 && customer.region == "广东"`)
		w.publish("s")
		entered := w.clock.Now()
		in, err := w.explain("s", "c04", nil)
		if err != nil {
			w.Fatal(err)
		}
		orders := leaf(in.GetCondition(), "orders.count >= 4")
		if !in.GetMember() || !in.GetBelongs() || in.GetSince() == nil || orders == nil || !orders.GetHolds() || !orders.GetDecided() ||
			orders.GetValues()[0].GetFact() != "orders.count" || orders.GetValues()[0].GetValue() != "4" || orders.GetChangeZh() == "" {
			w.Errorf("c04: %v", in)
		}
		if d := in.GetDecidedBy(); d.GetKind() != segmentationv1.TransitionKind_TRANSITION_KIND_ENTERED || d.GetRevision() != 1 || len(in.GetTransitions()) != 1 || len(in.GetSources()) == 0 {
			w.Errorf("c04: %v", in)
		}
		out, err := w.explain("s", "c05", nil)
		if err != nil {
			w.Fatal(err)
		}
		region := leaf(out.GetCondition(), `customer.region == "广东"`)
		if out.GetMember() || out.GetBelongs() || out.GetDecidedBy() != nil || region.GetHolds() || !region.GetDecided() || !strings.Contains(region.GetChange(), "广东") {
			w.Errorf("c05: %v", out)
		}

		// It leaves, and the rule is another later: the past is told by what was recorded.
		w.clock.advance(24 * time.Hour)
		w.shop.bought("c04", &valuationv1.Valuation{Orders: 2})
		w.shop.refresh()
		w.recompute()
		w.clock.advance(24 * time.Hour)
		if err := w.define("s", "orders.count >= 1"); err != nil {
			w.Fatal(err)
		}
		w.recompute()
		then, err := w.explain("s", "c04", timestamppb.New(entered.Add(time.Hour)))
		if err != nil {
			w.Fatal(err)
		}
		if !then.GetMember() || !then.GetRecorded() || then.GetRevision() != 1 || leaf(then.GetCondition(), "orders.count >= 4").GetValues()[0].GetValue() != "4" || len(then.GetTransitions()) != 3 {
			w.Errorf("a day and a half ago: %v", then)
		}
		gone, err := w.explain("s", "c04", timestamppb.New(entered.Add(36*time.Hour)))
		if err != nil {
			w.Fatal(err)
		}
		if gone.GetMember() || gone.GetBelongs() || leaf(gone.GetCondition(), "orders.count >= 4").GetValues()[0].GetValue() != "2" {
			w.Errorf("half a day ago: %v", gone)
		}
		if now, err := w.explain("s", "c04", nil); err != nil || !now.GetMember() || now.GetRevision() != 2 || now.GetCondition().GetText() != "orders.count >= 1" {
			w.Errorf("now: %v, %v", now, err)
		}
		_, err = w.explain("s", "c04", timestamppb.New(entered.Add(-time.Hour)))
		wantError(w, err, codes.NotFound, "MEMBERSHIP_NOT_EXPLAINABLE", "")
		_, err = w.explain("s", "c04", timestamppb.New(w.clock.Now().Add(time.Hour)))
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "as_of")
		_, err = w.explain("s", "nobody", nil)
		wantError(w, err, codes.NotFound, "MEMBERSHIP_NOT_EXPLAINABLE", "")
		_, err = w.explain("none", "c04", nil)
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
	})
}

func TestEstimate(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(10)
		w.create("s", "orders.count > 5")
		w.publish("s")
		estimate := func(r *segmentationv1.EstimateSegmentRequest) *segmentationv1.SegmentEstimate {
			w.Helper()
			e, err := w.estimates.EstimateSegment(w.Context(), r)
			if err != nil {
				w.Fatal(err)
			}
			return e
		}
		by := func(expression string) *segmentationv1.EstimateSegmentRequest {
			return &segmentationv1.EstimateSegmentRequest{Definition: &segmentationv1.EstimateSegmentRequest_Rule{Rule: &segmentationv1.RuleDefinition{Expression: expression}}}
		}
		e := estimate(by(`in_segment("s") && orders.count < 8`))
		if e.GetSize() != 2 || !e.GetExact() || e.GetLow() != 2 || e.GetHigh() != 2 || e.GetMethod() != "exact" || e.GetPopulation() != 10 ||
			e.GetReferences()[0] != "segments/s" || e.GetCost() == 0 || e.GetAsOf() == nil || e.GetLevel() != 0.95 {
			w.Errorf("got %v", e)
		}
		if e := estimate(by("10 / orders.count > 2")); e.GetFailingShare() != 0.1 || e.GetFailure() == "" || e.GetSize() != 3 {
			w.Errorf("got %v", e)
		}
		if e := estimate(&segmentationv1.EstimateSegmentRequest{Definition: &segmentationv1.EstimateSegmentRequest_Segment{Segment: "segments/s"}}); e.GetSize() != 4 {
			w.Errorf("got %v", e)
		}
		if e := estimate(&segmentationv1.EstimateSegmentRequest{Definition: &segmentationv1.EstimateSegmentRequest_Rfm{Rfm: &segmentationv1.RfmDefinition{Cells: []string{"5**"}}}}); e.GetSize() != 0 {
			w.Errorf("got %v", e)
		}
		tried, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{
			SegmentId: "new", Segment: ruled("orders.count > 7"), ValidateOnly: true, Estimate: true,
		})
		if err != nil || tried.GetEstimate().GetSize() != 2 || tried.GetCost() == 0 || tried.GetFacts()[0] != "orders.count" {
			w.Errorf("tried %v, %v", tried, err)
		}
		for name, test := range map[string]struct {
			request       *segmentationv1.EstimateSegmentRequest
			reason, field string
		}{
			"nothing":         {&segmentationv1.EstimateSegmentRequest{}, "INVALID_FIELD", "definition"},
			"a wrong rule":    {by("orders.count >"), "RULE_SYNTAX_ERROR", "rule.expression"},
			"unknown segment": {by(`in_segment("none")`), "SEGMENT_UNKNOWN", "rule.expression"},
			"1 MiB":           {by(strings.Repeat("x", 1<<20)), "INVALID_FIELD", "rule.expression"},
		} {
			_, err := w.estimates.EstimateSegment(w.Context(), test.request)
			w.Log(name)
			wantError(w, err, codes.InvalidArgument, test.reason, test.field)
		}
	})
}
