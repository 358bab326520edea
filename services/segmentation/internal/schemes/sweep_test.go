package schemes_test

import (
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// sweep sweeps, and waits for what that has begun.
func (w *world) sweep() {
	w.Helper()
	if err := w.Sweep(w.Context()); err != nil {
		w.Fatal(err)
	}
	all, err := w.operations.List(w.Context(), &longrunningpb.ListOperationsRequest{Name: "operations/segmentation"})
	if err != nil {
		w.Fatal(err)
	}
	for _, o := range all.GetOperations() {
		if o, err := w.done(o, nil); err != nil {
			w.Errorf("%v: %v", o, err)
		}
	}
}

// Wherever a publication dies, the sweeper finishes it if the new run serves already, and
// leaves what serves alone if it does not.
func TestSweepFinishesPublications(t *testing.T) {
	finished := 0
	for writes := int64(0); ; writes++ {
		engine := &breaking{Engine: memory(t)}
		engine.left.Store(always)
		w, first, second := ready(t, engine)
		engine.left.Store(writes)
		_, err := w.publish(second.GetName())
		engine.left.Store(always)
		if err == nil {
			break
		}
		serving := w.serving()
		w.sweep() // too early
		w.clock.advance(time.Hour)
		w.sweep()
		if serving == first.GetName() {
			w.wantWhole(first.GetName(), 3)
			continue
		}
		finished++
		w.wantWhole(second.GetName(), 2)
		if m := must[*segmentationv1.SchemeRun](t)(w.GetSchemeRun(t.Context(), &segmentationv1.GetSchemeRunRequest{Name: second.GetName()})); m.GetState().String() != "SCHEME_RUN_STATE_PUBLISHED" || w.serving() != second.GetName() {
			t.Errorf("after %d writes it is %s, and %s serves", writes, m.GetState(), w.serving())
		}
	}
	if finished < 2 {
		t.Errorf("finished only %d", finished)
	}
}
