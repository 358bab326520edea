package feeds

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// Reread reads everything anew, and tells how many customers it has read. Broken
// off, the next call goes on with it, as Follow does.
func (f *Feeds) Reread(ctx context.Context, progress func(customers int64)) error {
	s, err := f.state(ctx, peers.Profile)
	if err != nil {
		return err
	}
	if !s.Walking {
		if err := f.write(ctx, peers.Profile, func(s *state) { s.Due = true }); err != nil {
			return err
		}
	}
	return f.toTheEnd(ctx, progress)
}

// toTheEnd follows until the walk of profile, which reads what all services tell,
// is over.
func (f *Feeds) toTheEnd(ctx context.Context, progress func(customers int64)) error {
	for steps := int64(1); ; steps++ {
		if err := f.edition(ctx); err != nil {
			return err
		}
		if _, err := f.step(ctx, peers.Profile); err != nil {
			return err
		}
		s, err := f.state(ctx, peers.Profile)
		if err != nil {
			return err
		}
		if progress != nil {
			progress(steps * int64(f.cfg.Walk))
		}
		if !s.Walking && !s.Due {
			return f.owed(ctx)
		}
	}
}

// edition sees to it that customers are read as of the last refresh.
func (f *Feeds) edition(ctx context.Context) error {
	if !f.reader.Has(peers.Valuation) {
		return nil
	}
	s, err := f.state(ctx, peers.Valuation)
	if err != nil {
		return err
	}
	edition, err := f.reader.Edition(ctx)
	if err != nil {
		return f.tolerate(ctx, peers.Valuation, asked(err))
	}
	if edition.Generation == s.Edition && !s.WalkBegan.IsZero() {
		return nil
	}
	f.turn(s, edition)
	return f.save(ctx, s)
}

// owed reads what the other services still owe: those that were down, or have a
// refresh that came meanwhile. Those that are still down do not hold it up.
func (f *Feeds) owed(ctx context.Context) error {
	for _, service := range Services[1:] {
		if !f.reader.Has(service) {
			continue
		}
		for more := true; more; {
			var err error
			if more, err = f.step(ctx, service); err != nil {
				if err = f.tolerate(ctx, service, err); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

// tolerate notes that a service is down, and returns any other error.
func (f *Feeds) tolerate(ctx context.Context, service string, err error) error {
	var down *downError
	if errors.As(err, &down) && ctx.Err() == nil {
		return f.note(ctx, service, down)
	}
	return err
}

// waitStep is how long CatchUp waits between two steps of a feed.
const waitStep = time.Second

// CatchUp returns when the facts hold everything that was acknowledged before an
// instant: of a small base, and of one that was never read whole, by reading
// everything anew; of a large one by waiting for the feeds, which takes up to
// docstore.ChangesLag and a little. A service other than profile that is down does
// not hold it up: its facts stay as they were, and States says so. FACTS_BEHIND,
// Unavailable, where a service that answers does not come to that instant: its clock is
// behind, and everybody would wait for as long as that.
func (f *Feeds) CatchUp(ctx context.Context, at time.Time) error {
	s, err := f.state(ctx, peers.Profile)
	if err != nil {
		return err
	}
	n, err := f.facts.Count(ctx)
	if err != nil {
		return err
	}
	if n <= f.cfg.Small {
		if s.Walking { // what it has read may be from before, by whichever clock
			if err := f.write(ctx, peers.Profile, func(s *state) { s.Walking, s.Due = false, true }); err != nil {
				return err
			}
		}
		return f.Reread(ctx, nil)
	}
	for idle := time.Duration(0); ; {
		more, err := f.Follow(ctx)
		if err != nil {
			return err
		}
		if current, err := f.current(ctx, at); current || err != nil {
			return err
		}
		switch {
		case more:
			idle = 0
		case idle >= f.cfg.Patience:
			return fault.New(fault.Unavailable, "FACTS_BEHIND",
				"a service has told nothing more for %s and not come to %s: its clock may be behind", idle, at.UTC().Format(time.RFC3339))
		default:
			if err := pause(ctx); err != nil {
				return err
			}
			idle += waitStep
		}
	}
}

// current reports whether all services that can be asked are synced to an instant.
func (f *Feeds) current(ctx context.Context, at time.Time) (bool, error) {
	all, err := f.States(ctx)
	for _, s := range all {
		down := s.Reason != "" && s.Service != peers.Profile
		if s.Configured && !down && s.SyncedTo.Before(at) {
			return false, err
		}
	}
	return err == nil, err
}

func pause(ctx context.Context) error {
	timer := time.NewTimer(waitStep)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
