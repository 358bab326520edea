package analysis

import (
	"context"
	"errors"
	"iter"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// listBatch is how many customers are put on lists at a time.
const listBatch = 2000

// listWriter puts customers on the lists of one run.
type listWriter struct {
	store *store
	begin string // of the ids: analysis and run
	ops   []docstore.Op[memberDoc]
}

func (s *store) lists(analysis, run string) *listWriter {
	return &listWriter{store: s, begin: docstore.ID(analysis, run)}
}

// put puts a customer, named by the escaped id, on a list.
func (w *listWriter) put(key, list, value string, timeMS int64) {
	w.ops = append(w.ops, docstore.Op[memberDoc]{
		Doc:    &memberDoc{Meta: docstore.Meta{ID: w.begin + "!" + key}, List: list, Value: value, TimeMS: timeMS},
		Expect: docstore.Absent, // a run is of one process
	})
}

func (w *listWriter) full() bool { return len(w.ops) >= listBatch }

func (w *listWriter) flush(ctx context.Context) error {
	if len(w.ops) == 0 {
		return nil
	}
	errs, err := w.store.members.Write(ctx, w.ops)
	if err == nil {
		err = errors.Join(errs...)
	}
	w.ops = w.ops[:0]
	return err
}

// purge removes the lists of all runs of an operation, but for those of one run.
// Runs of another operation are none of its business: the analysis may have been
// deleted and asked for anew under the same id.
func (s *store) purge(ctx context.Context, analysis, operation, but string) error {
	all := docstore.Prefix(docstore.ID(analysis, operation+"."))
	if but == "" {
		return s.members.Purge(ctx, all)
	}
	kept := docstore.Within(docstore.ID(analysis, but))
	return errors.Join(
		s.members.Purge(ctx, docstore.Range{From: all.From, To: kept.From}),
		s.members.Purge(ctx, docstore.Range{From: kept.To, To: all.To}),
	)
}

// sweep removes lists that nobody can read: of analyses that are deleted, and of
// runs that broke off.
func (s *store) sweep(ctx context.Context) error {
	for run, err := range s.runs(ctx) {
		if err != nil {
			return err
		}
		met := docstore.ParseID(run)
		doc, err := s.analyses.Get(ctx, met[0])
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
		if err != nil || !doc.mayRead(met[1]) {
			if err := s.members.Purge(ctx, docstore.Within(run)); err != nil {
				return err
			}
		}
	}
	return nil
}

// runs yields the runs that have lists, as analysis!run. It meets each once,
// however long its lists are.
func (s *store) runs(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for next := (docstore.Range{Limit: 1}); ; {
			run := ""
			for entry, err := range s.members.ScanRaw(ctx, next) {
				if err != nil {
					yield("", err)
					return
				}
				run = docstore.ID(docstore.ParseID(entry.ID)[:2]...)
			}
			if run == "" || !yield(run, nil) {
				return
			}
			next.From = docstore.Within(run).To
		}
	}
}

// mayRead reports whether the lists of a run are those of the analysis, or may yet
// become so.
func (d *analysisDoc) mayRead(run string) bool {
	if d.State == int32(profilev1.AnalysisState_ANALYSIS_STATE_RUNNING) {
		return strings.HasPrefix(run, d.Operation+".")
	}
	return run == d.Run
}
