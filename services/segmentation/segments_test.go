package segmentation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// rfm is a segment by RFM scores.
func rfm(groups []valuationv1.RfmGroup, cells ...string) *segmentationv1.Segment {
	return &segmentationv1.Segment{Definition: &segmentationv1.Segment_Rfm{
		Rfm: &segmentationv1.RfmDefinition{Groups: groups, Cells: cells},
	}}
}

func TestSegmentComesBackAsItWasCreated(t *testing.T) {
	onBothEngines(t, func(w *world) {
		for id, want := range map[string]*segmentationv1.Segment{
			"vip":  ruled(`orders.count > 3`),
			"keep": rfm([]valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_KEEP, valuationv1.RfmGroup_RFM_GROUP_GENERAL_WIN_BACK}, "5*5", "111"),
		} {
			want.DisplayName, want.Description = "重要客户", "what it is for"
			ignored := proto.CloneOf(want)
			ignored.Name, ignored.MemberCount, ignored.Generation = "segments/other", 7, 8
			ignored.State = segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED
			created, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: id, Segment: ignored})
			if err != nil {
				w.Fatal(err)
			}
			want.Name, want.State, want.Revision = "segments/"+id, segmentationv1.SegmentState_SEGMENT_STATE_DRAFT, 1
			want.Etag, want.CreateTime, want.UpdateTime = created.GetEtag(), created.GetCreateTime(), created.GetUpdateTime()
			if !created.GetCreateTime().AsTime().Equal(w.clock.Now()) || created.GetEtag() == "" || !proto.Equal(stored(created), want) || len(created.GetFacts()) == 0 {
				w.Errorf("created %v, want %v", created, want)
			}
			if got := w.get(id); !proto.Equal(still(got), still(created)) {
				w.Errorf("got %v, created %v", got, created)
			}
		}
	})
}

// stored is a segment without what follows from its definition.
func stored(s *segmentationv1.Segment) *segmentationv1.Segment {
	s = still(s)
	s.Facts, s.Cost = nil, 0
	return s
}

func TestCreateIsIdempotent(t *testing.T) {
	onBothEngines(t, func(w *world) {
		create := func(id, request, expression string, validate bool) (*segmentationv1.Segment, error) {
			return w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{
				SegmentId: id, RequestId: request, Segment: ruled(expression), ValidateOnly: validate,
			})
		}
		if s, err := create("s", "r1", "true", true); err != nil || s.GetName() != "segments/s" {
			w.Errorf("validated %v, %v", s, err)
		}
		_, err := w.GetSegment(w.Context(), &segmentationv1.GetSegmentRequest{Name: "segments/s"})
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		first, err := create("s", "r1", "true", false)
		if err != nil {
			w.Fatal(err)
		}
		if again, err := create("s", "r1", "true", false); err != nil || !proto.Equal(still(first), still(again)) {
			w.Errorf("again: %v, %v", again, err)
		}
		_, err = create("s", "r1", "false", false)
		wantError(w, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
		for _, request := range []string{"", "r2"} {
			for _, validate := range []bool{false, true} {
				_, err = create("s", request, "true", validate)
				wantError(w, err, codes.AlreadyExists, "SEGMENT_EXISTS", "")
			}
		}
	})
}

func TestListSegmentsInTheOrderOfTheirIDs(t *testing.T) {
	onBothEngines(t, func(w *world) {
		want := []string{"a", "a-b", "a1", "b", "z"}
		for _, id := range []string{"z", "a1", "b", "a-b", "a"} {
			w.create(id, "true")
		}
		for _, size := range []int32{1, 2, 5, 0, 1 << 30} {
			var got []string
			request := &segmentationv1.ListSegmentsRequest{PageSize: size}
			for {
				answer, err := w.ListSegments(w.Context(), request)
				if err != nil {
					w.Fatal(err)
				}
				for _, s := range answer.GetSegments() {
					got = append(got, strings.TrimPrefix(s.GetName(), "segments/"))
				}
				if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
					break
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				w.Errorf("by %d: got %q, want %q", size, got, want)
			}
		}
	})
}

func TestUpdateSegment(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.create("s", "true")
		cells := func(cells ...string) *segmentationv1.Segment { return rfm(nil, cells...) }
		texts := &segmentationv1.Segment{DisplayName: "name", Description: "text"}
		update := func(s *segmentationv1.Segment, paths ...string) *segmentationv1.Segment {
			s = proto.CloneOf(s)
			s.Name = "segments/s"
			before := w.get("s")
			w.clock.advance(time.Second)
			request := &segmentationv1.UpdateSegmentRequest{Segment: s, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}, ValidateOnly: true}
			would, err := w.UpdateSegment(w.Context(), request)
			if err != nil {
				w.Fatal(err)
			}
			if now := w.get("s"); !proto.Equal(still(now), still(before)) {
				w.Errorf("validating changed %v to %v", before, now)
			}
			request.ValidateOnly = false
			after, err := w.UpdateSegment(w.Context(), request)
			if err != nil {
				w.Fatal(err)
			}
			if would.Etag, would.UpdateTime = after.GetEtag(), after.GetUpdateTime(); !proto.Equal(still(would), still(after)) {
				w.Errorf("validated %v and made it %v", would, after)
			}
			if now := w.get("s"); !proto.Equal(still(now), still(after)) {
				w.Errorf("got %v, updated to %v", now, after)
			}
			if same := proto.Equal(still(before), still(after)); same != (before.GetEtag() == after.GetEtag()) {
				w.Errorf("etag %s of %v became %s of %v", before.GetEtag(), before, after.GetEtag(), after)
			}
			return after
		}
		if s := update(texts); s.GetDisplayName() != "name" || s.GetDescription() != "text" || s.GetRule().GetExpression() != "true" {
			w.Errorf("the fields that are set: %v", s)
		}
		if s := update(texts); s.GetDisplayName() != "name" {
			w.Errorf("the same again: %v", s)
		}
		if s := update(ruled("false"), "display_name"); s.GetDisplayName() != "" || s.GetDescription() != "text" || s.GetRule().GetExpression() != "true" {
			w.Errorf("display_name alone: %v", s)
		}
		if s := update(cells("5**")); s.GetRule() != nil || s.GetRfm().GetCells()[0] != "5**" || s.GetDescription() != "text" {
			w.Errorf("another definition: %v", s)
		}
		keep := []valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_KEEP}
		if s := update(rfm(keep, "1**"), "rfm.groups"); len(s.GetRfm().GetGroups()) != 1 || s.GetRfm().GetCells()[0] != "5**" {
			w.Errorf("groups alone: %v", s)
		}
		if s := update(rfm(nil, "1**"), "rfm.cells"); len(s.GetRfm().GetGroups()) != 1 || s.GetRfm().GetCells()[0] != "1**" {
			w.Errorf("cells alone: %v", s)
		}
		if s := update(ruled("false"), "rule", "rfm"); s.GetRfm() != nil || s.GetRule().GetExpression() != "false" {
			w.Errorf("one of two: %v", s)
		}
		if s := update(ruled("true"), "rule.expression"); s.GetRule().GetExpression() != "true" {
			w.Errorf("expression: %v", s)
		}
		if s := update(ruled("false"), "*"); s.GetDescription() != "" || s.GetRule().GetExpression() != "false" {
			w.Errorf("all: %v", s)
		}
	})
}

func TestWrongUpdates(t *testing.T) {
	w := onPebble(t)
	w.create("s", "true")
	named := func(s *segmentationv1.Segment, name string) *segmentationv1.Segment {
		s.Name = name
		return s
	}
	for name, test := range map[string]struct {
		segment *segmentationv1.Segment
		paths   []string
		code    codes.Code
		reason  string
		field   string
	}{
		"unknown field":     {ruled("true"), []string{"colour"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"output only":       {ruled("true"), []string{"member_count"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"name":              {ruled("true"), []string{"name"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"etag":              {ruled("true"), []string{"etag"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"star and more":     {ruled("true"), []string{"*", "rule"}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"empty path":        {ruled("true"), []string{""}, codes.InvalidArgument, "INVALID_FIELD", "update_mask"},
		"no definition":     {&segmentationv1.Segment{}, []string{"*"}, codes.InvalidArgument, "INVALID_FIELD", "segment.definition"},
		"the other one":     {ruled("true"), []string{"rfm"}, codes.InvalidArgument, "INVALID_FIELD", "segment.definition"},
		"nothing of rfm":    {rfm(nil), []string{"rfm"}, codes.InvalidArgument, "INVALID_FIELD", "segment.rfm"},
		"cells to a rule":   {rfm(nil), []string{"rfm.cells"}, codes.InvalidArgument, "INVALID_FIELD", "segment.rfm"},
		"wrong rule":        {ruled("1"), nil, codes.InvalidArgument, "RULE_NOT_BOOLEAN", "segment.rule.expression"},
		"empty rule":        {ruled(""), nil, codes.InvalidArgument, "INVALID_FIELD", "segment.rule.expression"},
		"long name":         {&segmentationv1.Segment{DisplayName: strings.Repeat("名", 129)}, nil, codes.InvalidArgument, "INVALID_FIELD", "segment.display_name"},
		"stale etag":        {&segmentationv1.Segment{DisplayName: "x", Etag: `"99"`}, nil, codes.Aborted, "ETAG_MISMATCH", ""},
		"etag that is none": {&segmentationv1.Segment{DisplayName: "x", Etag: "99"}, nil, codes.InvalidArgument, "INVALID_FIELD", "segment.etag"},
	} {
		_, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{
			Segment: named(test.segment, "segments/s"), UpdateMask: &fieldmaskpb.FieldMask{Paths: test.paths},
		})
		t.Run(name, func(t *testing.T) { wantError(t, err, test.code, test.reason, test.field) })
	}
	for _, name := range []string{"", "s", "segments/", "segments/S", "segments/s/x", "/segments/s", "segments/-", "segments/1a", "segments/" + strings.Repeat("a", 64), "segments/ß"} {
		_, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{Segment: named(ruled("true"), name)})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "segment.name")
	}
	_, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "segment")
	_, err = w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{Segment: named(ruled("true"), "segments/none")})
	wantError(t, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
	if got := w.get("s"); got.GetRule().GetExpression() != "true" || got.GetEtag() != `"1"` {
		t.Errorf("something was written: %v", got)
	}
}

func TestDeleteSegment(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(6)
		w.create("s", "orders.count > 3")
		s := w.publish("s")
		request := &segmentationv1.DeleteSegmentRequest{Name: "segments/s", Etag: `"1"`}
		_, err := w.DeleteSegment(w.Context(), request)
		wantError(w, err, codes.Aborted, "ETAG_MISMATCH", "")
		request.Etag = s.GetEtag()
		if _, err := w.DeleteSegment(w.Context(), request); err != nil {
			w.Fatal(err)
		}
		_, err = w.DeleteSegment(w.Context(), request)
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		_, err = w.ListMemberships(w.Context(), &segmentationv1.ListMembershipsRequest{Parent: "segments/s"})
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		if answer, err := w.BatchGetMemberships(w.Context(), &segmentationv1.BatchGetMembershipsRequest{CustomerIds: []string{"c05"}}); err != nil || len(answer.GetCustomers()[0].GetSegmentIds()) > 0 {
			w.Errorf("got %v, %v", answer, err)
		}
		w.create("s", "orders.count > 4")
		if got := w.publish("s"); got.GetMemberCount() != 1 || len(w.memberIDs("s")) != 1 {
			w.Errorf("created anew it has %v", w.members("s"))
		}
	})
}
