package importer

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// abandonedAfter is how long an import may wait for its next chunk.
const abandonedAfter = 30 * 24 * time.Hour

// Sweep finishes what a crash left: imports that wait for an operation that was
// never started, or whose operation failed; what an import that has ended kept
// for its own use; and it gives up the imports that nobody goes on with.
func (i *Importer) Sweep(ctx context.Context) error {
	return errors.Join(
		i.sweepState(ctx, assembling, i.now(), i.settle),
		i.sweepState(ctx, receiving, i.now().Add(-abandonedAfter), i.abandon),
		sweepRemains(ctx, i, i.lines.docs),
		sweepRemains(ctx, i, i.keys.docs),
	)
}

// sweepState does what is to be done for the imports in a state that have not
// moved since a time.
func (i *Importer) sweepState(ctx context.Context, in state, since time.Time, do func(context.Context, *file) error) error {
	found, _, err := i.files.page(ctx, docstore.Range{
		Index: byOpen, From: docstore.Key(docstore.String(string(in))), To: docstore.Key(docstore.String(string(in)), docstore.Time(since)),
	})
	errs := []error{err}
	for _, f := range found {
		errs = append(errs, do(ctx, f))
	}
	return errors.Join(errs...)
}

func (i *Importer) abandon(ctx context.Context, f *file) error {
	f.fail(fault.New(fault.Aborted, "IMPORT_ABANDONED", "the rest of the file was not sent within %d days", int(abandonedAfter.Hours()/24)))
	if err := i.files.replace(ctx, f); err != nil {
		return err
	}
	return i.purge(ctx, f)
}

// sweepRemains purges what is kept of runs that have ended, or were followed by
// another attempt. It looks at one document of each run.
func sweepRemains[T any](ctx context.Context, i *Importer, docs *docstore.Collection[T]) error {
	for within := (docstore.Range{Limit: 1}); ; {
		run := ""
		for entry, err := range docs.ScanRaw(ctx, within) {
			if err != nil {
				return err
			}
			run = docstore.ParseID(entry.ID)[0]
		}
		if run == "" {
			return nil
		}
		id, _, _ := strings.Cut(run, ".")
		f, err := i.files.get(ctx, id)
		if fault.KindOf(err) == fault.NotFound || err == nil && (f.run() != run || f.State == done || f.State == failed) {
			err = docs.Purge(ctx, docstore.Within(docstore.ID(run)))
		}
		if err != nil {
			return err
		}
		within.From = docstore.PrefixEnd(docstore.ID(run) + "!")
	}
}
