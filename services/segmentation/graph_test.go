package segmentation_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// define changes the rule of a segment.
func (w *world) define(id, expression string) error {
	s := ruled(expression)
	s.Name = "segments/" + id
	_, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{Segment: s})
	return err
}

func asking(ids ...string) string {
	parts := []string{"orders.count > 3"}
	for _, id := range ids {
		parts = append(parts, fmt.Sprintf("in_segment(%q)", id))
	}
	return strings.Join(parts, " || ")
}

func TestSegmentsThatAskAboutOthers(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.shop.fill(8)
		w.create("base", "orders.count > 5")
		w.create("loyal", `in_segment("base") && orders.count < 7`)
		w.create("vip", `in_segment("loyal") || orders.count == 1`)
		loyal := w.get("loyal")
		if !slices.Equal(loyal.GetReferences(), []string{"segments/base"}) || !slices.Equal(loyal.GetReferencedBy(), []string{"segments/vip"}) {
			w.Errorf("loyal is %v", loyal)
		}
		_, err := w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/loyal"})
		wantError(w, err, codes.FailedPrecondition, "SEGMENT_NOT_PUBLISHED", "")
		for id, want := range map[string][]string{"base": {"c06", "c07"}} {
			w.publish(id)
			if got := w.memberIDs(id); !slices.Equal(got, want) {
				w.Errorf("%s has %q", id, got)
			}
		}
		w.publish("loyal")
		w.publish("vip")
		if got := w.memberIDs("vip"); !slices.Equal(got, []string{"c01", "c06"}) {
			w.Errorf("vip has %q", got)
		}
		// What is asked about carries on to those that ask.
		if err := w.define("base", "orders.count > 2"); err != nil {
			w.Fatal(err)
		}
		w.recompute()
		if got := w.memberIDs("vip"); !slices.Equal(got, []string{"c01", "c03", "c04", "c05", "c06"}) {
			w.Errorf("vip has %q", got)
		}
		for what, leave := range map[string]func() error{
			"delete": func() error {
				_, err := w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/loyal"})
				return err
			},
			"pause": func() error {
				_, err := w.PauseSegment(w.Context(), &segmentationv1.PauseSegmentRequest{Name: "segments/loyal"})
				return err
			},
			"archive": func() error {
				_, err := w.ArchiveSegment(w.Context(), &segmentationv1.ArchiveSegmentRequest{Name: "segments/loyal"})
				return err
			},
		} {
			st := wantError(w, leave(), codes.FailedPrecondition, "SEGMENT_IN_USE", "")
			if !strings.Contains(st.Message(), "vip") {
				w.Errorf("%s says %q", what, st.Message())
			}
		}
		if err := w.define("vip", "orders.count > 1"); err != nil {
			w.Fatal(err)
		}
		if _, err := w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/loyal"}); err != nil {
			w.Errorf("nobody asks about it any more: %v", err)
		}
		_, err = w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: "late", Segment: ruled(asking("loyal"))})
		wantError(w, err, codes.InvalidArgument, "SEGMENT_UNKNOWN", "segment.rule.expression")
	})
}

func TestCyclesAreNamed(t *testing.T) {
	w := onPebble(t)
	w.create("base", "true")
	w.create("loyal", asking("base"))
	w.create("vip", asking("loyal"))
	for _, test := range []struct{ id, expression, path string }{
		{"base", asking("vip"), "base → vip → loyal → base"},
		{"loyal", asking("vip"), "loyal → vip → loyal"},
		{"vip", asking("vip"), "vip → vip"},
	} {
		st := wantError(t, w.define(test.id, test.expression), codes.InvalidArgument, "SEGMENT_CYCLE", "segment.rule.expression")
		if !strings.Contains(st.Message(), test.path) {
			t.Errorf("%s: %q, want %s", test.id, st.Message(), test.path)
		}
		s := ruled(test.expression)
		s.Name = "segments/" + test.id
		_, err := w.UpdateSegment(w.Context(), &segmentationv1.UpdateSegmentRequest{Segment: s, ValidateOnly: true})
		wantError(t, err, codes.InvalidArgument, "SEGMENT_CYCLE", "segment.rule.expression")
	}
	// Nothing is left of what was refused.
	if err := w.define("vip", "true"); err != nil {
		t.Fatal(err)
	}
	if err := w.define("base", asking("vip")); err != nil {
		t.Errorf("there is no cycle any more: %v", err)
	}
}

// Many change at once what asks about what: whatever comes out has no cycle, and
// nothing that was deleted is asked about.
func TestRacingChangesMakeNoCycle(t *testing.T) {
	onBothEngines(t, func(w *world) {
		const n = 4
		id := func(i int) string { return fmt.Sprintf("s%d", i%n) }
		for i := range n {
			w.create(id(i), "true")
		}
		for range 6 {
			var group sync.WaitGroup
			for i := range n {
				group.Add(2)
				go func() {
					defer group.Done()
					if err := w.define(id(i), asking(id(i+1))); err != nil && status.Code(err) != codes.InvalidArgument && status.Code(err) != codes.Aborted {
						w.Errorf("defining: %v", err)
					}
				}()
				go func() {
					defer group.Done()
					if err := w.define(id(i), asking(id(i+2))); err != nil && status.Code(err) != codes.InvalidArgument && status.Code(err) != codes.Aborted {
						w.Errorf("defining: %v", err)
					}
				}()
			}
			group.Wait()
			asks := map[string][]string{}
			for i := range n {
				for _, asked := range w.get(id(i)).GetReferences() {
					asks[id(i)] = append(asks[id(i)], strings.TrimPrefix(asked, "segments/"))
				}
			}
			for i := range n {
				seen := map[string]bool{}
				for at := id(i); len(asks[at]) > 0; at = asks[at][0] {
					if seen[at] {
						w.Fatalf("there is a cycle: %v", asks)
					}
					seen[at] = true
				}
			}
			for i := range n { // as it was
				if err := w.define(id(i), "true"); err != nil {
					w.Fatal(err)
				}
			}
		}
		var group sync.WaitGroup
		var deleted, defined error
		group.Add(2)
		go func() {
			defer group.Done()
			_, deleted = w.DeleteSegment(w.Context(), &segmentationv1.DeleteSegmentRequest{Name: "segments/s1"})
		}()
		go func() {
			defer group.Done()
			defined = w.define("s0", asking("s1"))
		}()
		group.Wait()
		if deleted == nil && defined == nil {
			w.Error("s0 asks about s1, which was deleted")
		}
	})
}
