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
		w.sweepMoves(ctx, before), w.sweepPublications(ctx, before),
		w.requests.sweep(ctx, now.Add(-requestLife)), w.erasures.Sweep(ctx),
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

// sweepPublications removes old ones, but for those that can still be read.
func (w *Worker) sweepPublications(ctx context.Context, before time.Time) error {
	forms, err := w.forms.all(ctx)
	if err != nil {
		return err
	}
	for _, f := range forms {
		name := docstore.String(f.Segment)
		r := docstore.Range{
			Index: byTime, From: docstore.Key(name, docstore.Int(-1<<63)), To: docstore.Key(name, docstore.Time(before)), Limit: sweepSize,
		}
		var old []string
		for e, err := range w.publications.docs.ScanRaw(ctx, r) {
			if err != nil {
				return err
			}
			if generationOf(e.ID) < f.floor(w.now(), w.cfg.Keep) {
				old = append(old, e.ID)
			}
		}
		for _, id := range old {
			if err := w.publications.docs.Purge(ctx, docstore.Only(id)); err != nil {
				return err
			}
		}
	}
	return nil
}
