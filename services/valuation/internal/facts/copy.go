package facts

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Place is how far an operation has come in copying.
type Place struct {
	Kind    Kind   `bson:"kind,omitempty"`
	After   string `bson:"after,omitempty"`
	Records int64  `bson:"records,omitempty"`
	Done    []Kind `bson:"done,omitempty"` // copied, or given up
}

// Journal keeps the place. An error of Keep ends the run.
type Journal interface {
	Keep(context.Context, Place) error
	Progress(done, total int64, stage string)
}

// keepEvery is how many batches lie between two places kept.
const keepEvery = 20

// Bring copies what all services knew before an instant, and returns what there
// is then to read. A service that cannot be reached leaves its last copy as it is.
func (s *Store) Bring(ctx context.Context, operation string, asOf time.Time, place Place, journal Journal) (View, error) {
	for _, source := range s.sources {
		if source.Read == nil || place.has(source.Kind) {
			continue
		}
		if place.Kind != source.Kind {
			place.Kind, place.After, place.Records = source.Kind, "", 0
		}
		err := s.copy(ctx, source, operation, asOf, &place, journal)
		if gone(err) {
			err = s.failed(ctx, source.Kind)
		}
		if err != nil {
			return View{}, err
		}
		place = Place{Done: append(place.Done, source.Kind)}
		if err := journal.Keep(ctx, place); err != nil {
			return View{}, err
		}
	}
	return s.View(ctx, asOf)
}

func (p Place) has(kind Kind) bool {
	for _, done := range p.Done {
		if done == kind {
			return true
		}
	}
	return false
}

// away marks the error of a service that cannot be reached.
type away struct{ error }

// gone reports whether a service cannot be had: it is away, or of a version that
// cannot tell.
func gone(err error) bool {
	it, is := err.(away) //nolint:errorlint // it is wrapped nowhere: copy returns it as it is.
	if !is {
		return false
	}
	switch fault.KindOf(it.error) {
	case fault.Unavailable, fault.Unimplemented, fault.DeadlineExceeded:
		return true
	}
	return false
}

func (a away) Unwrap() error { return a.error }

func (s *Store) copy(ctx context.Context, source Source, operation string, asOf time.Time, place *Place, journal Journal) error {
	number, err := s.book.Begin(ctx, string(source.Kind), operation)
	if err != nil {
		return err
	}
	stage := "copying " + string(source.Kind)
	batches := 0
	for batch, err := range source.Read(ctx, place.After, asOf) {
		if err != nil && ctx.Err() == nil {
			return away{err}
		}
		if err != nil {
			return err
		}
		if err := s.write(ctx, source.Kind, number, batch); err != nil {
			return err
		}
		if batch.After != "" {
			place.After = batch.After
		}
		place.Records += int64(len(batch.Facts) + len(batch.Edges))
		journal.Progress(place.Records, 0, stage)
		if batches++; batches%keepEvery == 0 {
			if err := journal.Keep(ctx, *place); err != nil {
				return err
			}
		}
	}
	_, err = s.book.Publish(ctx, string(source.Kind), operation, number, Copy{AsOf: asOf, Records: place.Records}, nil)
	return err
}

// failed notes that a service could not be reached.
func (s *Store) failed(ctx context.Context, kind Kind) error {
	return s.book.Change(ctx, string(kind), func(r *recordOfCopies) error {
		if r.Current == nil {
			return docstore.ErrUnchanged
		}
		r.Current.Info.FailedAt = s.now().UTC().Truncate(time.Millisecond)
		return nil
	})
}

// View is what there is to read as of an instant: of each kind the last copy,
// unless that knows of later things. A zero instant takes every copy.
func (s *Store) View(ctx context.Context, asOf time.Time) (View, error) {
	v := View{copies: make(map[Kind]int64)}
	for _, source := range s.sources {
		status := Status{Kind: source.Kind, Peer: source.Peer}
		r, err := s.book.Get(ctx, string(source.Kind))
		switch {
		case err != nil:
			return v, err
		case source.Read == nil:
			status.Reason = NotConfigured
		case r.Current == nil:
			status.Reason = Unavailable
		default:
			status.Time, status.Records = r.Current.PublishedAt, r.Current.Info.Records
			if !r.Current.Info.FailedAt.IsZero() {
				status.Reason = Stale
			}
			if !asOf.IsZero() && r.Current.Info.AsOf.After(asOf) {
				status.Reason = Stale
				break
			}
			v.copies[source.Kind] = r.Current.Number
		}
		v.Statuses = append(v.Statuses, status)
	}
	return v, nil
}
