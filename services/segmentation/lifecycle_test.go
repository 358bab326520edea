package segmentation_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

func TestPauseResumeArchive(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(8)
		w.create("s", "orders.count > 5")
		pause := &segmentationv1.PauseSegmentRequest{Name: "segments/s"}
		_, err := w.PauseSegment(w.Context(), pause)
		wantError(w, err, codes.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "")
		_, err = w.ResumeSegment(w.Context(), &segmentationv1.ResumeSegmentRequest{Name: "segments/s"})
		wantError(w, err, codes.FailedPrecondition, "SEGMENT_NOT_PAUSED", "")
		w.publish("s")
		pause.Etag = `"99"`
		_, err = w.PauseSegment(w.Context(), pause)
		wantError(w, err, codes.Aborted, "ETAG_MISMATCH", "")
		pause.Etag = w.get("s").GetEtag()
		paused, err := w.PauseSegment(w.Context(), pause)
		if err != nil || paused.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_PAUSED {
			w.Fatalf("paused %v, %v", paused, err)
		}
		fresh := paused.GetFreshAsOf().AsTime()
		for _, source := range paused.GetSources() {
			if fresh.After(source.GetSyncedTo().AsTime()) {
				w.Errorf("paused it claims %s, and %s was read up to %s", fresh, source.GetService(), source.GetSyncedTo().AsTime())
			}
		}
		w.clock.advance(time.Hour)
		w.shop.fill(12)
		w.create("other", "orders.count > 5")
		w.publish("other") // by then everything is in
		if got := w.memberIDs("s"); !slices.Equal(got, []string{"c06", "c07"}) || !w.get("s").GetFreshAsOf().AsTime().Equal(fresh) {
			w.Errorf("paused it has %q as of %v", got, w.get("s").GetFreshAsOf())
		}
		if s, err := w.ResumeSegment(w.Context(), &segmentationv1.ResumeSegmentRequest{Name: "segments/s"}); err != nil || s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED {
			w.Fatalf("resumed %v, %v", s, err)
		}
		w.recompute("s")
		if got := len(w.memberIDs("s")); got != 6 || !w.get("s").GetFreshAsOf().AsTime().After(fresh) {
			w.Errorf("resumed it has %d as of %v", got, w.get("s").GetFreshAsOf())
		}
		archived, err := w.ArchiveSegment(w.Context(), &segmentationv1.ArchiveSegmentRequest{Name: "segments/s"})
		if err != nil || archived.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_ARCHIVED || len(w.memberIDs("s")) != 6 {
			w.Fatalf("archived %v, %v", archived, err)
		}
		wantError(w, w.define("s", "true"), codes.FailedPrecondition, "SEGMENT_ARCHIVED", "")
		_, err = w.RecomputeSegments(w.Context(), &segmentationv1.RecomputeSegmentsRequest{Names: []string{"segments/s"}})
		wantError(w, err, codes.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "")
		of, err := w.BatchGetMemberships(w.Context(), &segmentationv1.BatchGetMembershipsRequest{CustomerIds: []string{"c07"}})
		if err != nil || !slices.Equal(of.GetCustomers()[0].GetSegmentIds(), []string{"other"}) {
			w.Errorf("c07 is in %v, %v", of, err)
		}
		if s := w.publish("s"); s.GetState() != segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED || s.GetMemberCount() != 6 {
			w.Errorf("published again it is %v", s)
		}
	})
}

func TestRevisions(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(8)
		w.create("s", "orders.count > 1")
		for _, expression := range []string{"orders.count > 2", "orders.count > 3", "orders.count > 4"} {
			w.clock.advance(time.Minute)
			if err := w.define("s", expression); err != nil {
				w.Fatal(err)
			}
		}
		w.publish("s")
		for _, size := range []int32{1, 2, 3, 4, 50} {
			var got []string
			request := &segmentationv1.ListSegmentRevisionsRequest{Parent: "segments/s", PageSize: size}
			for {
				answer, err := w.revisions.ListSegmentRevisions(w.Context(), request)
				if err != nil {
					w.Fatal(err)
				}
				for _, r := range answer.GetRevisions() {
					got = append(got, r.GetRule().GetExpression())
					if r.GetCurrent() != (r.GetRevision() == 4) {
						w.Errorf("got %v", r)
					}
				}
				if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
					break
				}
			}
			if want := []string{"orders.count > 4", "orders.count > 3", "orders.count > 2", "orders.count > 1"}; !slices.Equal(got, want) {
				w.Errorf("by %d: %q", size, got)
			}
		}
		second, err := w.revisions.GetSegmentRevision(w.Context(), &segmentationv1.GetSegmentRevisionRequest{Name: "segments/s/revisions/2"})
		if err != nil || second.GetRule().GetExpression() != "orders.count > 2" || second.GetCurrent() {
			w.Errorf("got %v, %v", second, err)
		}
		_, err = w.revisions.GetSegmentRevision(w.Context(), &segmentationv1.GetSegmentRevisionRequest{Name: "segments/s/revisions/5"})
		wantError(w, err, codes.NotFound, "REVISION_NOT_FOUND", "")
		_, err = w.revisions.RollbackSegment(w.Context(), &segmentationv1.RollbackSegmentRequest{Name: "segments/s", Revision: 2, Etag: `"1"`})
		wantError(w, err, codes.Aborted, "ETAG_MISMATCH", "")
		s, err := w.revisions.RollbackSegment(w.Context(), &segmentationv1.RollbackSegmentRequest{Name: "segments/s", Revision: 2})
		if err != nil || s.GetRevision() != 5 || s.GetRule().GetExpression() != "orders.count > 2" || s.GetFormedRevision() > 5 {
			w.Fatalf("back to 2: %v, %v", s, err)
		}
		w.recompute("s")
		if s := w.get("s"); s.GetMemberCount() != 5 || s.GetFormedRevision() != 5 {
			w.Errorf("formed it is %v", s)
		}
		last, err := w.revisions.GetSegmentRevision(w.Context(), &segmentationv1.GetSegmentRevisionRequest{Name: "segments/s/revisions/5"})
		if err != nil || last.GetRestoredRevision() != 2 || !last.GetCurrent() {
			w.Errorf("got %v, %v", last, err)
		}
		// The history of a segment goes with it: another under its id has none of it.
		if _, err := w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/s"}); err != nil {
			w.Fatal(err)
		}
		w.create("s", "true")
		answer, err := w.revisions.ListSegmentRevisions(w.Context(), &segmentationv1.ListSegmentRevisionsRequest{Parent: "segments/s"})
		if err != nil || len(answer.GetRevisions()) != 1 {
			w.Errorf("created anew it has %v, %v", answer, err)
		}
	})
}
