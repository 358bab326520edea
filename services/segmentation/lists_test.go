package segmentation_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func listed() *segmentationv1.Segment {
	return &segmentationv1.Segment{Definition: &segmentationv1.Segment_List{List: &segmentationv1.ListDefinition{}}}
}

func TestLists(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(6)
		w.create("some", "true")
		w.publish("some") // by then the customers are known
		if _, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "hand", Segment: listed()}); err != nil {
			w.Fatal(err)
		}
		add := func(segment string, ids ...string) ([]*apiv1.ItemStatus, error) {
			answer, err := w.who.AddMembers(w.Context(), &segmentationv1.AddMembersRequest{Name: "segments/" + segment, CustomerIds: ids})
			return answer.GetResults(), err
		}
		results, err := add("hand", "c01", "nobody", "c04", "a\x00b", "c01")
		if err != nil {
			w.Fatal(err)
		}
		var reasons []string
		for _, r := range results {
			reasons = append(reasons, r.GetReason())
		}
		if want := []string{"", "CUSTOMER_UNKNOWN", "", "INVALID_FIELD", ""}; !slices.Equal(reasons, want) {
			w.Errorf("got %q", reasons)
		}
		w.publish("hand")
		if got := w.memberIDs("hand"); !slices.Equal(got, []string{"c01", "c04"}) {
			w.Errorf("it has %q", got)
		}
		if _, err := w.who.RemoveMembers(w.Context(), &segmentationv1.RemoveMembersRequest{Name: "segments/hand", CustomerIds: []string{"c01", "c02"}}); err != nil {
			w.Fatal(err)
		}
		w.recompute()
		if got := w.memberIDs("hand"); !slices.Equal(got, []string{"c04"}) {
			w.Errorf("it has %q", got)
		}
		moves, err := w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: "segments/hand", PageSize: 1})
		if err != nil || moves.GetTransitions()[0].GetCause().GetKind() != segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_LIST {
			w.Errorf("moves %v, %v", moves, err)
		}
		e, err := w.explain("hand", "c04", nil)
		if err != nil || !e.GetBelongs() || strings.Contains(e.String(), "@") {
			w.Errorf("explained %v, %v", e, err)
		}
		if s := w.get("hand"); strings.Contains(s.String(), "@") {
			w.Errorf("got %v", s)
		}
		_, err = add("some", "c01")
		wantError(w, err, codes.FailedPrecondition, "SEGMENT_IS_NO_LIST", "")
		_, err = add("none", "c01")
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
		_, err = add("hand", make([]string, 1001)...)
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "customer_ids")
		// Another list under the same id begins empty.
		if _, err := w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/hand"}); err != nil {
			w.Fatal(err)
		}
		if _, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "hand", Segment: listed()}); err != nil {
			w.Fatal(err)
		}
		if s := w.publish("hand"); s.GetMemberCount() != 0 {
			w.Errorf("created anew it has %d", s.GetMemberCount())
		}
	})
}

// A stream of members has what the list has, whatever the range, also of a pass that
// is superseded.
func TestStreamMembers(t *testing.T) {
	onBothEngines(t, func(w *world) {
		ids := []string{"a", "a-b", "a.b", "b", "b/1", "c", "客户", "😀"}
		for _, id := range ids {
			w.shop.customer(id, &profilev1.Customer{})
		}
		w.create("s", "true")
		w.publish("s")
		all := w.memberIDs("s")
		stream := func(generation int64, from, to string) ([]string, int64) {
			w.Helper()
			got, of := []string{}, int64(0)
			answer, err := w.who.StreamMemberships(w.Context(), &segmentationv1.StreamMembershipsRequest{
				Parent: "segments/s", Generation: generation, Range: &apiv1.CustomerRange{From: from, To: to},
			})
			for err == nil {
				var batch *segmentationv1.StreamMembershipsResponse
				if batch, err = answer.Recv(); err == nil {
					of = batch.GetGeneration()
					for _, m := range batch.GetMemberships() {
						got = append(got, m.GetCustomerId())
					}
				}
			}
			if !errors.Is(err, io.EOF) {
				w.Fatal(err)
			}
			return got, of
		}
		got, generation := stream(0, "", "")
		if !slices.Equal(got, all) {
			w.Errorf("streamed %q, listed %q", got, all)
		}
		for i, id := range all {
			if got, _ := stream(0, id, ""); !slices.Equal(got, all[i:]) {
				w.Errorf("from %q: %q", id, got)
			}
			if got, _ := stream(0, id+`"`, ""); !slices.Equal(got, all[i+1:]) {
				w.Errorf("behind %q: %q", id, got)
			}
			if got, _ := stream(0, "", id); !slices.Equal(got, all[:i]) {
				w.Errorf("up to %q: %q", id, got)
			}
		}
		if err := w.define("s", `customer.id == "a"`); err != nil {
			w.Fatal(err)
		}
		w.recompute()
		if now, _ := stream(0, "", ""); !slices.Equal(now, []string{"a"}) {
			w.Errorf("now %q", now)
		}
		if then, _ := stream(generation, "", ""); !slices.Equal(then, all) {
			w.Errorf("of the pass before %q", then)
		}
		answer, err := w.who.StreamMemberships(w.Context(), &segmentationv1.StreamMembershipsRequest{Parent: "segments/s", Generation: 9999})
		if err == nil {
			_, err = answer.Recv()
		}
		wantError(w, err, codes.NotFound, "GENERATION_NOT_FOUND", "generation")
	})
}

// Whoever watches is told each move once, over breaks and restarts.
func TestWatchTransitions(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(6)
		w.create("s", "orders.count > 2")
		w.create("t", "orders.count > 4")
		watch := func(parent, cursor string, beginning bool) (next func() *segmentationv1.WatchTransitionsResponse, stop func()) {
			ctx, cancel := context.WithTimeout(w.Context(), within)
			stream, err := w.who.WatchTransitions(ctx, &segmentationv1.WatchTransitionsRequest{Parent: parent, Cursor: cursor, FromBeginning: beginning})
			if err != nil {
				w.Fatal(err)
			}
			return func() *segmentationv1.WatchTransitionsResponse {
				answer, err := stream.Recv()
				if err != nil {
					w.Fatal(err)
				}
				return answer
			}, cancel
		}
		told := func(of *segmentationv1.WatchTransitionsResponse) (moves []string) {
			for _, m := range of.GetTransitions() {
				moves = append(moves, strings.TrimSuffix(m.GetName()[len("segments/"):], m.GetName()[strings.Index(m.GetName(), "/transitions"):])+" "+m.GetCustomerId()+" "+m.GetKind().String()[len("TRANSITION_KIND_"):])
			}
			return moves
		}
		next, stop := watch("segments/-", "", false)
		head := next() // tells where it begins, before anything happens
		if len(head.GetTransitions()) != 0 || head.GetCursor() == "" || !head.GetCaughtUp() {
			w.Errorf("head %v", head)
		}
		w.publish("s")
		first := next()
		if got := told(first); !slices.Equal(got, []string{"s c03 ENTERED", "s c04 ENTERED", "s c05 ENTERED"}) {
			w.Errorf("got %q", got)
		}
		stop()
		w.publish("t")
		w.clock.advance(time.Minute)
		w.shop.bought("c03", &valuationv1.Valuation{Orders: 1})
		w.shop.refresh()
		w.recompute()
		w.stop()
		w.start()
		next, stop = watch("segments/-", first.GetCursor(), false)
		var got []string
		for len(got) < 2 {
			got = append(got, told(next())...)
		}
		if !slices.Equal(got, []string{"t c05 ENTERED", "s c03 LEFT"}) {
			w.Errorf("behind the cursor: %q", got)
		}
		stop()
		next, stop = watch("segments/s", "", true)
		for got = nil; len(got) < 4; {
			got = append(got, told(next())...)
		}
		if !slices.Equal(got, []string{"s c03 ENTERED", "s c04 ENTERED", "s c05 ENTERED", "s c03 LEFT"}) {
			w.Errorf("from the beginning: %q", got)
		}
		stop()
		for _, parent := range []string{"segments/none", "segments/", "x"} {
			stream, err := w.who.WatchTransitions(w.Context(), &segmentationv1.WatchTransitionsRequest{Parent: parent})
			if err == nil {
				_, err = stream.Recv()
			}
			if parent == "segments/none" {
				wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
			} else {
				wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "parent")
			}
		}
		stream, err := w.who.WatchTransitions(w.Context(), &segmentationv1.WatchTransitionsRequest{Parent: "segments/s", Cursor: "forged"})
		if err == nil {
			_, err = stream.Recv()
		}
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "cursor")
		left, err := w.ListTransitions(w.Context(), &segmentationv1.ListTransitionsRequest{Parent: "segments/s", Kind: segmentationv1.TransitionKind_TRANSITION_KIND_LEFT})
		if err != nil || len(left.GetTransitions()) != 1 || left.GetTransitions()[0].GetCustomerId() != "c03" {
			w.Errorf("who left: %v, %v", left, err)
		}
	})
}
