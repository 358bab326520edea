package segmentation_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// What is wrong with a definition is told with its place, soon, and nothing is
// written.
func TestWrongDefinitions(t *testing.T) {
	w := onPebble(t)
	group := func(g valuationv1.RfmGroup) []valuationv1.RfmGroup { return []valuationv1.RfmGroup{g} }
	for name, test := range map[string]struct {
		segment       *segmentationv1.Segment
		reason, field string
	}{
		"syntax error":        {ruled("orders.count >"), "RULE_SYNTAX_ERROR", "segment.rule.expression"},
		"unknown field":       {ruled("orders.cuont > 1"), "RULE_FACT_UNKNOWN", "segment.rule.expression"},
		"type mismatch":       {ruled(`orders.count > "1"`), "RULE_INVALID", "segment.rule.expression"},
		"1 MiB expression":    {ruled(strings.Repeat("x", 1<<20)), "INVALID_FIELD", "segment.rule.expression"},
		"10k-deep":            {ruled(strings.Repeat("(", 10_000) + "true" + strings.Repeat(")", 10_000)), "INVALID_FIELD", "segment.rule.expression"},
		"4k-deep":             {ruled(strings.Repeat("(", 4_000) + "true" + strings.Repeat(")", 4_000)), "RULE_SYNTAX_ERROR", "segment.rule.expression"},
		"cost bomb":           {ruled(strings.Repeat("[1,2,3,4,5,6,7,8,9].all(x, ", 6) + "true" + strings.Repeat(")", 6)), "RULE_TOO_COSTLY", "segment.rule.expression"},
		"regex":               {ruled(`customer.id.matches("(((((a+)+)+){30}){30}){30}")`), "RULE_INVALID", "segment.rule.expression"},
		"null":                {ruled(`rfm.recency == null`), "RULE_INVALID", "segment.rule.expression"},
		"string growth":       {ruled(strings.Repeat("[1,2,3,4,5,6,7,8,9].map(x, ", 5) + `customer.id + customer.id` + strings.Repeat(")", 5) + " != []"), "RULE_TOO_COSTLY", "segment.rule.expression"},
		"personal field":      {ruled(`customer.display_name == "王芳"`), "RULE_FIELD_NOT_READABLE", "segment.rule.expression"},
		"another segment":     {ruled(`segment("vip")`), "RULE_INVALID", "segment.rule.expression"},
		"empty rule":          {ruled(""), "INVALID_FIELD", "segment.rule.expression"},
		"no definition":       {&segmentationv1.Segment{}, "INVALID_FIELD", "segment.definition"},
		"no segment":          {nil, "INVALID_FIELD", "segment"},
		"rfm of nothing":      {rfm(nil), "INVALID_FIELD", "segment.rfm"},
		"unspecified group":   {rfm(group(0)), "INVALID_FIELD", "segment.rfm.groups[0]"},
		"unknown group":       {rfm(group(99)), "INVALID_FIELD", "segment.rfm.groups[0]"},
		"group twice":         {rfm([]valuationv1.RfmGroup{1, 1}), "INVALID_FIELD", "segment.rfm.groups"},
		"cell of two":         {rfm(nil, "55"), "INVALID_FIELD", "segment.rfm.cells[0]"},
		"cell 6":              {rfm(nil, "555", "655"), "INVALID_FIELD", "segment.rfm.cells[1]"},
		"cell with new line":  {rfm(nil, "55\n"), "INVALID_FIELD", "segment.rfm.cells[0]"},
		"1 MiB display name":  {&segmentationv1.Segment{DisplayName: strings.Repeat("x", 1<<20), Definition: ruled("true").Definition}, "INVALID_FIELD", "segment.display_name"},
		"too long as comment": {ruled("true // " + strings.Repeat("字", 8192/3)), "INVALID_FIELD", "segment.rule.expression"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "s", Segment: test.segment})
			if took := time.Since(began); took > 20*time.Second { // milliseconds, but machines are busy
				t.Errorf("took %s", took)
			}
			wantError(t, err, codes.InvalidArgument, test.reason, test.field)
		})
	}
	if answer, err := w.ListSegments(w.Context(), &segmentationv1.ListSegmentsRequest{}); err != nil || len(answer.GetSegments()) > 0 {
		t.Errorf("something was written: %v, %v", answer, err)
	}
}

func TestWrongSegmentIDs(t *testing.T) {
	w := onPebble(t)
	for _, id := range []string{"", "S", "1", "-a", "a_b", "a b", "a/b", "a\x00", "é", strings.Repeat("a", 64), strings.Repeat("a", 1<<20)} {
		_, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: id, Segment: ruled("true")})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "segment_id")
	}
	for _, name := range []string{"", "segments/", "segments/*", "segments/..", "segments/a/b", "segments/a%2Fb", "segments/$a", strings.Repeat("a", 1<<20)} {
		_, err := w.GetSegment(w.Context(), &segmentationv1.GetSegmentRequest{Name: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		_, err = w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		_, err = w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		_, err = w.ListMemberships(w.Context(), &segmentationv1.ListMembershipsRequest{Parent: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "parent")
		_, err = w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "parent")
	}
	for _, id := range []string{"none", "a-1"} {
		_, err := w.GetSegment(w.Context(), &segmentationv1.GetSegmentRequest{Name: "segments/" + id})
		wantError(t, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		_, err = w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: "segments/" + id})
		wantError(t, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		_, err = w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: "segments/" + id + "/memberships/c"})
		wantError(t, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
	}
}

func TestWrongCustomerIDs(t *testing.T) {
	w := onPebble(t)
	w.create("s", "true")
	for _, id := range []string{"", "a\x00b", "..", " a", "a ", "a%2Fb", strings.Repeat("字", 129), strings.Repeat("a", 1<<20)} {
		_, err := w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: "segments/s/memberships/" + id})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		_, err = w.BatchGetMemberships(w.Context(), &segmentationv1.BatchGetMembershipsRequest{CustomerIds: []string{"a", id}})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "customer_ids[1]")
	}
	for _, ids := range [][]string{nil, make([]string, 1001)} {
		_, err := w.BatchGetMemberships(w.Context(), &segmentationv1.BatchGetMembershipsRequest{CustomerIds: ids})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "customer_ids")
	}
	long := strings.Repeat("😀", 128)
	if _, err := w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: "segments/s/memberships/" + long}); status.Code(err) != codes.NotFound {
		t.Errorf("an id of 128 characters: %v", err)
	}
}

func TestWrongPages(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(8)
	for _, id := range []string{"s", "t"} {
		w.create(id, "orders.count > 2")
		w.publish(id)
	}
	lists := map[string]func(parent string, size int32, token string) (string, error){
		"segments": func(_ string, size int32, token string) (string, error) {
			answer, err := w.ListSegments(w.Context(), &segmentationv1.ListSegmentsRequest{PageSize: size, PageToken: token})
			return answer.GetNextPageToken(), err
		},
		"memberships": func(parent string, size int32, token string) (string, error) {
			answer, err := w.ListMemberships(w.Context(), &segmentationv1.ListMembershipsRequest{Parent: parent, PageSize: size, PageToken: token})
			return answer.GetNextPageToken(), err
		},
		"transitions": func(parent string, size int32, token string) (string, error) {
			answer, err := w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: parent, PageSize: size, PageToken: token})
			return answer.GetNextPageToken(), err
		},
	}
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int32{-1, math.MinInt32} {
				_, err := list("segments/s", size, "")
				wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_size")
			}
			token, err := list("segments/s", 1, "")
			if err != nil || token == "" {
				t.Fatalf("token %q, %v", token, err)
			}
			for _, forged := range []string{"x", token + "A", token[:len(token)-1], "AAAA" + token} {
				_, err := list("segments/s", 1, forged)
				wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
			}
			_, err = list("segments/s", 1, strings.Repeat("A", 1<<20))
			wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_token")
			for other, list := range lists {
				if other != name {
					_, err := list("segments/s", 1, token)
					wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
				}
			}
			if name != "segments" {
				_, err := list("segments/t", 1, token)
				wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
			}
			if _, err := list("segments/s", math.MaxInt32, token); err != nil {
				t.Error(err)
			}
		})
	}
}

// A list of members goes on with the pass it began with, for a day.
func TestPagesOfOnePass(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(8)
	w.create("s", "orders.count > 2")
	w.publish("s")
	request := &segmentationv1.ListMembershipsRequest{Parent: "segments/s", PageSize: 2}
	first, err := w.ListMemberships(w.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	s := ruled("orders.count > 6")
	s.Name = "segments/s"
	if _, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{Segment: s, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rule"}}}); err != nil {
		t.Fatal(err)
	}
	w.recompute()
	if got := w.get("s"); got.GetMemberCount() != 1 || len(w.members("s")) != 1 {
		t.Errorf("recomputed it is %v", got)
	}
	request.PageSize, request.PageToken = 10, first.GetNextPageToken()
	second, err := w.ListMemberships(w.Context(), request)
	if err != nil || second.GetTotalSize() != 5 || len(second.GetMemberships()) != 3 || second.GetMemberships()[0].GetGeneration() != first.GetMemberships()[0].GetGeneration() {
		t.Errorf("the second page is %v, %v", second, err)
	}
	w.clock.advance(26 * time.Hour)
	_, err = w.ListMemberships(w.Context(), request)
	wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_EXPIRED", "page_token")
}

func TestWrongRevisionsAndMasks(t *testing.T) {
	w := onPebble(t)
	w.create("s", "true")
	for _, name := range []string{"", "segments/s", "segments/s/revisions/", "segments/s/revisions/0", "segments/s/revisions/-1", "segments/s/revisions/01", "segments/s/revisions/x", "segments/S/revisions/1", "segments/s/revisions/9223372036854775808"} {
		_, err := w.revisions.GetSegmentRevision(w.Context(), &segmentationv1.GetSegmentRevisionRequest{Name: name})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
	}
	for _, n := range []int64{0, -1, math.MinInt64} {
		_, err := w.revisions.RollbackSegment(w.Context(), &segmentationv1.RollbackSegmentRequest{Name: "segments/s", Revision: n})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "revision")
	}
	_, err := w.revisions.RollbackSegment(w.Context(), &segmentationv1.RollbackSegmentRequest{Name: "segments/s", Revision: math.MaxInt64})
	wantError(t, err, codes.NotFound, "REVISION_NOT_FOUND", "")
	partitioned := func(run, label string) *segmentationv1.Segment {
		return &segmentationv1.Segment{Definition: &segmentationv1.Segment_Partition{Partition: &segmentationv1.PartitionDefinition{Run: run, Label: label}}}
	}
	for _, test := range []struct {
		segment *segmentationv1.Segment
		field   string
	}{
		{partitioned("", "a"), "segment.partition.run"}, {partitioned("x", "a"), "segment.partition.run"},
		{partitioned("schemes/a/runs/b", ""), "segment.partition.label"}, {partitioned("schemes/a/runs/b", strings.Repeat("x", 1<<20)), "segment.partition.label"},
		{&segmentationv1.Segment{Definition: ruled("true").Definition, Labels: map[string]string{"Team": "x"}}, `segment.labels["Team"]`},
		{&segmentationv1.Segment{Definition: ruled("true").Definition, Labels: map[string]string{"team": strings.Repeat("x", 1<<20)}}, `segment.labels["team"]`},
	} {
		_, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "t", Segment: test.segment})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", test.field)
	}
}
