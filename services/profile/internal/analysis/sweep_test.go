package analysis

import (
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// Runs that broke off leave lists behind, which are swept: those of the analysis,
// and of a run that may yet become its lists, stay.
func TestSweepRemovesWhatNobodyCanRead(t *testing.T) {
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := openStore(t.Context(), e, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	kept := map[string]bool{}
	put := func(analysis, operation string, token int64, stays bool) {
		w := s.lists(analysis, runID(operation, token))
		for _, key := range []string{"a", "b"} {
			w.put(key, "converted", "", 1)
			if stays {
				kept[w.begin] = true
			}
		}
		if err := w.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	add := func(id, operation string, state profilev1.AnalysisState, run string) {
		doc := &analysisDoc{Meta: docstore.Meta{ID: id}, Operation: operation, State: int32(state), Run: run}
		if err := s.analyses.Insert(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	add("done", "op-1", profilev1.AnalysisState_ANALYSIS_STATE_DONE, runID("op-1", 2))
	put("done", "op-1", 1, false) // broke off
	put("done", "op-1", 2, true)
	put("done", "op-0", 9, false) // of an analysis deleted since, under the same id
	add("failed", "op-2", profilev1.AnalysisState_ANALYSIS_STATE_FAILED, "")
	put("failed", "op-2", 1, false)
	add("running", "op-3", profilev1.AnalysisState_ANALYSIS_STATE_RUNNING, "")
	put("running", "op-3", 1, true)
	put("running", "op-30", 1, false)
	put("gone", "op-4", 1, false)
	if err := s.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for m, err := range s.members.Scan(t.Context(), docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		parts := docstore.ParseID(m.ID)
		if begin := docstore.ID(parts[:2]...); !kept[begin] {
			t.Errorf("%s is left", m.ID)
		} else if parts[2] == "b" {
			delete(kept, begin)
		}
	}
	if len(kept) > 0 {
		t.Errorf("lost: %v", kept)
	}
}

// An erased customer is taken off the lists, and nobody else is.
func TestEraseTakesOffLists(t *testing.T) {
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	opened, err := openStore(t.Context(), e, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{store: opened}
	run := runID("op", 1)
	if err := opened.analyses.Insert(t.Context(), &analysisDoc{Meta: docstore.Meta{ID: "x"}, Run: run}); err != nil {
		t.Fatal(err)
	}
	w := opened.lists("x", run)
	for _, id := range []string{"a", "a-b", "a!1", "b"} {
		w.put(docstore.ID(id), "group", "", 0)
	}
	if err := w.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "nobody"} {
		if err := s.Erase(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	left := 0
	for m, err := range opened.members.Scan(t.Context(), docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if left++; docstore.ParseID(m.ID)[2] == "a" {
			t.Errorf("%s is left", m.ID)
		}
	}
	if left != 3 {
		t.Errorf("%d are left, want 3", left)
	}
}
