package standing

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	sweepInterval = time.Minute
	requestLife   = 24 * time.Hour
	sweepSize     = 200
)

// sweep removes, now and then, what is too old.
func (w *Worker) sweep(ctx context.Context) error {
	now := w.now()
	if now.Sub(w.swept) < sweepInterval {
		return nil
	}
	before := now.Add(-w.cfg.Retention)
	err := errors.Join(
		w.sweepMoves(ctx, before), w.sweepLists(ctx),
		w.requests.sweep(ctx, now.Add(-requestLife)), w.erasures.Sweep(ctx), w.facts.DestroyKeys(ctx),
	)
	if err == nil {
		w.swept = now
	}
	return err
}

// sweepMoves removes moves from the beginning of the feed. How far is noted first, so
// that nobody who reads the feed misses some without being told.
func (w *Worker) sweepMoves(ctx context.Context, before time.Time) error {
	for {
		var old []string
		purged := w.state.Purged
		for e, err := range w.moves.docs.ScanRaw(ctx, docstore.Range{Index: byFeed, Limit: sweepSize}) {
			if err != nil {
				return err
			}
			var d packed
			if err := d.read(e.Doc); err != nil {
				return err
			}
			if !d.At.Before(before) {
				break
			}
			old, purged = append(old, e.ID), max(purged, d.Mark)
		}
		if len(old) == 0 {
			return nil
		}
		if purged != w.state.Purged {
			if err := w.checkpoint(ctx, func(s *state) { s.Purged = purged }); err != nil {
				return err
			}
		}
		for _, id := range old {
			if err := w.moves.docs.Purge(ctx, docstore.Only(id)); err != nil {
				return err
			}
		}
	}
}

// sweepLists removes what is known of the lists that nobody can page through any more,
// and of moves that are not kept any more.
func (w *Worker) sweepLists(ctx context.Context) error {
	forms, err := w.forms.all(ctx)
	if err != nil {
		return err
	}
	for _, f := range forms {
		floor := f.floor(w.now(), w.cfg.Keep)
		err := errors.Join(
			purgeUpTo(ctx, w.publications.docs, f, floor-1), purgeUpTo(ctx, w.corrections.docs, f, floor),
			purgeUpTo(ctx, w.releases.docs, f, w.state.Purged),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// purgeUpTo removes the documents of a segment whose ids go on with a generation, up to
// one of them.
func purgeUpTo[T any](ctx context.Context, docs *docstore.Collection[T], f *form, last int64) error {
	if last < f.Born {
		return nil
	}
	return docs.Purge(ctx, docstore.Range{From: publicationID(f.Segment, f.Born), To: publicationID(f.Segment, last+1)})
}
