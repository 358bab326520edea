package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// checkDefinition reports a definition that is wrong, and returns about whom it asks.
func (a *App) checkDefinition(ctx context.Context, s *domain.Segment) ([]string, error) {
	made, err := a.criteria.Of(ctx, s.ListKey(), s.Definition)
	if err != nil {
		return nil, err
	}
	return made.Segments(), nil
}

// claimLife is how long a change of a segment takes at most: a claim older than that
// is of a process that has died.
const claimLife = time.Minute

// guarded writes a change of a segment such that the graph of who asks about whom
// stays free of cycles and of loose ends, whatever others do at the same time: the
// change is claimed in the graph, written, and settled by what is then stored.
func (a *App) guarded(ctx context.Context, c domain.Claim, write func() error) error {
	claimed := len(c.Asks) > 0 || c.Leaves
	if claimed {
		c.Token, c.At = rand.Text(), a.now()
		err := a.store.Graph.Change(ctx, func(g *domain.Graph) error {
			if f := g.Claim(c); f != nil {
				return f
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	err := a.checkExist(ctx, c.Asks)
	if err == nil {
		err = write()
	}
	if ctx.Err() != nil {
		return errors.Join(err, ctx.Err()) // Tidy settles it
	}
	if settling := a.settle(ctx, c.Token, c.Segment, claimed); err == nil {
		err = settling
	}
	return err
}

// settle says in the graph about whom a segment asks. Where it fails Tidy does it.
func (a *App) settle(ctx context.Context, token, segment string, claimed bool) error {
	if !claimed {
		g, err := a.store.Graph.Get(ctx)
		if err != nil || !g.Knows(segment) {
			return err
		}
	}
	return a.store.Graph.Change(ctx, func(g *domain.Graph) error {
		asks, err := a.stored(ctx, segment)
		if err != nil {
			return err
		}
		g.Settle(token, segment, asks)
		return nil
	})
}

// stored is about whom a segment asks as it is stored: about nobody where it does not
// exist, or is archived.
func (a *App) stored(ctx context.Context, segment string) ([]string, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case s.State == domain.Archived:
		return nil, nil
	}
	made, err := a.criteria.Of(ctx, s.ListKey(), s.Definition)
	if _, is := fault.As(err); is {
		return nil, nil // it does not compile any more: it asks about nobody
	}
	if err != nil {
		return nil, err
	}
	return made.Segments(), nil
}

// Tidy finishes what processes that have died have left: it settles their changes, and
// removes what is left of segments that they deleted.
func (a *App) Tidy(ctx context.Context) error {
	deleted, err := a.store.Deletions.All(ctx)
	if err != nil {
		return err
	}
	for _, d := range deleted {
		if a.now().Sub(d.At) <= claimLife {
			continue
		}
		if err := a.clear(ctx, d); err != nil {
			return err
		}
	}
	g, err := a.store.Graph.Get(ctx)
	if err != nil {
		return err
	}
	for _, c := range g.Claims {
		if a.now().Sub(c.At) > claimLife {
			if err := a.settle(ctx, c.Token, c.Segment, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// clearStep is how many customers are looked at between two notes of how far it has come.
const clearStep = 20_000

// clear removes what is left of a segment that was deleted: its revisions, and that
// customers were on its list. Broken off, it goes on from where it was.
func (a *App) clear(ctx context.Context, d store.Deletion) error {
	s, err := a.store.Segments.Get(ctx, d.Segment)
	switch {
	case err == nil && s.Born == d.Born: // it was not deleted after all
		return a.store.Deletions.Forget(ctx, d)
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return err
	}
	if err := a.store.Revisions.Purge(ctx, d.Segment, d.Born); err != nil {
		return err
	}
	for d.List != "" {
		if d.From, err = a.facts.ForgetList(ctx, d.List, d.From, clearStep); err != nil {
			return err
		}
		if d.From == "" {
			break
		}
		if err := a.store.Deletions.Note(ctx, d); err != nil {
			return err
		}
	}
	return a.store.Deletions.Forget(ctx, d)
}

// checkAsks reports what guarded would, for a change that is not made.
func (a *App) checkAsks(ctx context.Context, segment string, asks []string) error {
	if len(asks) == 0 {
		return nil
	}
	g, err := a.store.Graph.Get(ctx)
	if err != nil {
		return err
	}
	if f := g.Claim(domain.Claim{Segment: segment, Asks: asks}); f != nil {
		return f
	}
	return a.checkExist(ctx, asks)
}

// checkExist reports those of the segments asked about that there are not, or that
// are archived.
func (a *App) checkExist(ctx context.Context, asks []string) error {
	if len(asks) == 0 {
		return nil
	}
	found, err := a.store.Segments.GetMany(ctx, asks)
	if err != nil {
		return err
	}
	for i, s := range found {
		switch {
		case s == nil:
			f := fault.Invalid("rule.expression", "asks about segment %q, which does not exist", asks[i]).With("segment", "segments/"+asks[i])
			f.Reason = "SEGMENT_UNKNOWN"
			return f
		case s.State == domain.Archived:
			return notPublished(s, "cannot be asked about")
		}
	}
	return nil
}

// checkPublished reports those of the segments asked about that are not published,
// and not among those that are published together.
func (a *App) checkPublished(ctx context.Context, asks []string, together ...string) error {
	if len(asks) == 0 {
		return nil
	}
	found, err := a.store.Segments.GetMany(ctx, asks)
	if err != nil {
		return err
	}
	for i, s := range found {
		switch {
		case slices.Contains(together, asks[i]):
		case s == nil:
			return fmt.Errorf("segment %q is asked about and does not exist", asks[i])
		case s.State != domain.Published:
			return notPublished(s, "is asked about; publish it first")
		}
	}
	return nil
}

// CheckUnused refuses, with SEGMENT_IN_USE, a segment that strategies or campaigns name:
// they would silently have nobody.
func (a *App) CheckUnused(ctx context.Context, segment string) error {
	users, err := a.users(ctx, segment)
	if err != nil || len(users) == 0 {
		return err
	}
	return domain.InUse(segment, "named", users)
}

// Relations are the segments that a segment asks about, and those that ask about it.
func (a *App) Relations(ctx context.Context) (domain.Graph, error) { return a.store.Graph.Get(ctx) }
