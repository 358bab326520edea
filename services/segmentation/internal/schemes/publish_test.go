package schemes_test

import (
	"context"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// breaking is an engine whose tables of schemes stop writing after some writes.
type breaking struct {
	docstore.Engine
	left atomic.Int64 // writes that still succeed
}

const always = 1 << 40

func (b *breaking) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := b.Engine.Table(ctx, layout)
	if layout.Name != "schemes" && layout.Name != "scheme_runs" {
		return table, err
	}
	return &breakingTable{table, b}, err
}

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

// ready is a world in which one run serves and another may be published: with other
// labels, so that one segment goes.
func ready(t *testing.T, engine docstore.Engine) (w *world, first, second *segmentationv1.SchemeRun) {
	t.Helper()
	w = newWorld(t, engine)
	w.people(120, 1)
	m := plan()
	m.GetMethod().GetKmeans().K = 3
	m.Thresholds = &segmentationv1.SchemeThresholds{MinJaccard: proto.Float64(0), MinSilhouette: proto.Float64(-1), MinSize: proto.Int64(1), MaxPsi: proto.Float64(50)}
	w.create("buyers", m)
	first = w.target(w.run("buyers"))
	must[*segmentationv1.SchemeRun](t)(w.publish(first.GetName(), all(first)...))
	must[*segmentationv1.Scheme](t)(w.NewSchemeVersion(t.Context(), &segmentationv1.NewSchemeVersionRequest{Name: "schemes/buyers", Note: "two will do"}))
	m.GetMethod().GetKmeans().K = 2
	must[*segmentationv1.Scheme](t)(w.UpdateScheme(t.Context(), &segmentationv1.UpdateSchemeRequest{
		Scheme: &segmentationv1.Scheme{Name: "schemes/buyers", Method: m.GetMethod()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"method"}},
	}))
	second = w.target(w.run("buyers"))
	if !second.GetGate().GetOpen() || len(w.shelf.put) != 3 {
		t.Fatalf("gate %v, segments %v", second.GetGate(), w.shelf.put)
	}
	return w, first, second
}

func (w *world) serving() string {
	w.Helper()
	return must[*segmentationv1.Scheme](w)(w.GetScheme(w.Context(), &segmentationv1.GetSchemeRequest{Name: "schemes/buyers"})).GetPublishedRun()
}

// wantWhole wants all segments to be of one run.
func (w *world) wantWhole(run string, n int) {
	w.Helper()
	all, err := w.shelf.Labels(w.Context(), "")
	if err != nil {
		w.Fatal(err)
	}
	has := 0
	for _, s := range all {
		if s.Run != run {
			w.Errorf("%s is of %s, want %s", s.ID, s.Run, run)
		}
		if !s.Gone {
			has++
		}
	}
	if has != n {
		w.Errorf("%d segments, want %d: %v", has, n, all)
	}
}

// Wherever the store breaks while a run is published, the run before serves with all of
// its segments, or the new one is carried on to the end.
func TestPublicationThatBreaksHalfWay(t *testing.T) {
	broken := 0
	for writes := int64(0); ; writes++ {
		engine := &breaking{Engine: memory(t)}
		engine.left.Store(always)
		w, first, second := ready(t, engine)
		engine.left.Store(writes)
		_, err := w.publish(second.GetName())
		engine.left.Store(always)
		if err == nil {
			w.wantWhole(second.GetName(), 2)
			break
		}
		broken++
		if w.serving() == first.GetName() {
			w.wantWhole(first.GetName(), 3) // nothing that serves was touched
		} else {
			w.wantWhole(second.GetName(), 2) // all have turned
		}
		must[*segmentationv1.SchemeRun](t)(w.publish(second.GetName()))
		w.wantWhole(second.GetName(), 2)
		if w.serving() != second.GetName() || len(w.shelf.formed) < 2 || len(w.shelf.put) != 2 {
			t.Errorf("after %d writes: %s serves, formed %v", writes, w.serving(), w.shelf.formed)
		}
	}
	if broken < 4 {
		t.Errorf("broke only %d times", broken)
	}
}

// The same where the segments cannot be written.
func TestSegmentsThatCannotBeWritten(t *testing.T) {
	for _, what := range []string{"check", "labels", "check withdraw", "tell", "withdraw", "form"} {
		w, first, second := ready(t, memory(t))
		w.shelf.fail = func(called, _ string) error {
			if called == what {
				return fault.New(fault.Unavailable, "STORE_DOWN", "the store is down")
			}
			return nil
		}
		if _, err := w.publish(second.GetName()); err == nil {
			t.Errorf("%s: published", what)
		}
		w.shelf.fail = func(string, string) error { return nil }
		if before := w.serving() == first.GetName(); before != (what != "withdraw" && what != "form") {
			t.Errorf("%s: %s serves", what, w.serving())
		} else if before {
			w.wantWhole(first.GetName(), 3)
		} else {
			w.wantWhole(second.GetName(), 2)
		}
		must[*segmentationv1.SchemeRun](t)(w.publish(second.GetName()))
		w.wantWhole(second.GetName(), 2)
		// An older run can be published again.
		must[*segmentationv1.SchemeRun](t)(w.publish(first.GetName()))
		w.wantWhole(first.GetName(), 3)
	}
}

func TestSegmentOfOtherOriginIsNotTaken(t *testing.T) {
	w := newWorld(t, memory(t))
	w.people(120, 1)
	w.create("buyers", plan())
	m := w.target(w.run("buyers"))
	w.shelf.taken["buyers-cluster-1"] = true
	o, err := w.done(w.PublishSchemeRun(t.Context(), &segmentationv1.PublishSchemeRunRequest{Name: m.GetName(), Overrides: all(m)}))
	if err != nil || o.GetError() == nil || len(w.shelf.put) != 0 || w.serving() != "" {
		t.Errorf("%v %v, segments %v", o, err, w.shelf.put)
	}
}

// all overrides every finding that can be.
func all(m *segmentationv1.SchemeRun) (o []*segmentationv1.GateOverride) {
	for _, f := range m.GetGate().GetFindings() {
		if f.GetOverridable() {
			o = append(o, &segmentationv1.GateOverride{Reason: f.GetReason(), Subject: f.GetSubject(), Justification: "a test", DecidedBy: "Wang"})
		}
	}
	return o
}
