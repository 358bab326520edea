package app

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// Explained is why a customer is in a segment, or is not.
type Explained struct {
	Segment  domain.Segment
	Customer string
	At       time.Time
	Member   bool // as lists show it
	Since    time.Time
	Revision int64
	Told     bool // whether Reason is known
	Reason   criterion.Explanation
	Until    time.Time // zero for the past, and for never
	Decided  *standing.Move
	Recorded bool // Reason is of what was recorded with Decided
	Moves    []standing.Move
}

// maxMoves is how many moves an explanation shows.
const maxMoves = 100

// Explain tells why a customer is in a segment or not, at an instant, zero for now.
// Faults: SEGMENT_NOT_FOUND, MEMBERSHIP_NOT_EXPLAINABLE.
func (a *App) Explain(ctx context.Context, segment, customer string, at time.Time) (*Explained, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil {
		return nil, err
	}
	now := a.now()
	if at.After(now) {
		return nil, fault.Invalid("as_of", "must not lie in the future")
	}
	past, err := a.standings.At(ctx, segment, customer, at)
	if err != nil {
		return nil, err
	}
	e := &Explained{Segment: s, Customer: customer, At: at, Member: past.Belongs, Revision: s.Revision, Decided: past.Decided}
	if past.Belongs {
		e.Since = past.Since
	}
	if at.IsZero() {
		e.At = now
		err = a.explainNow(ctx, e)
	} else {
		err = a.explainPast(ctx, e, past)
	}
	if err != nil {
		return nil, err
	}
	e.Moves, err = a.movesOf(ctx, segment, customer)
	return e, err
}

func notExplainable(format string, args ...any) *fault.Fault {
	return fault.New(fault.NotFound, "MEMBERSHIP_NOT_EXPLAINABLE", format, args...)
}

func (a *App) explainNow(ctx context.Context, e *Explained) error {
	found, err := a.facts.GetMany(ctx, []string{e.Customer}, facts.AllParts)
	if err != nil {
		return err
	}
	if found[0] == nil && e.Decided == nil {
		return notExplainable("nothing is known of customer %q: there is none, it objects to segmentation, or profile has told of it only just now", e.Customer).
			With("customer", "customers/"+e.Customer)
	}
	if found[0] == nil {
		return nil // it was known once: there are its moves
	}
	made, err := a.criteria.Of(ctx, e.Segment.ListKey(), e.Segment.Definition)
	if err != nil {
		return err
	}
	nested, err := a.nestOf(ctx, made)
	if unread, is := fault.As(err); is && unread.Kind == fault.FailedPrecondition {
		e.Reason.Failure = unread.Message // lists show who it was, if anybody
		return nil
	}
	if err != nil {
		return err
	}
	e.Told, e.Reason = true, made.Explain(nested.at(found[0], e.At))
	if verdict, err := made.Evaluate(nested.at(found[0], e.At)); err == nil {
		e.Until = verdict.Until
	}
	return nil
}

// explainPast asks the definition of that time about the values recorded then.
func (a *App) explainPast(ctx context.Context, e *Explained, past standing.Past) error {
	if !past.Formed {
		return notExplainable("segment %q had not been formed by then, or it is too long ago", e.Segment.ID).With("segment", "segments/"+e.Segment.ID)
	}
	if e.Decided == nil {
		return nil // it never was in: nothing was recorded
	}
	e.Revision = e.Decided.Revision
	r, err := a.store.Revisions.Get(ctx, &e.Segment, e.Revision)
	if err != nil {
		return err
	}
	made, err := a.criteria.Of(ctx, e.Segment.ListKey(), r.Definition)
	if _, is := fault.As(err); is {
		return nil // what it reads is not there any more, as an attribute that was removed
	}
	if err != nil {
		return err
	}
	moves := []standing.Move{*e.Decided}
	if err := a.standings.Unseal(ctx, moves); err != nil || moves[0].Lost {
		return err // the values are not known any more
	}
	known, err := facts.RecallParted(made.Reads(), moves[0].Recorded, moves[0].Own)
	if err != nil {
		return nil //nolint:nilerr // it was recorded when the definition read other facts
	}
	known.Customer.ID = e.Customer
	c := &criterion.Case{Facts: known, At: e.Decided.At}
	c.In = func(asked string) (bool, error) {
		then, err := a.standings.At(ctx, asked, e.Customer, e.Decided.At)
		return then.Belongs, err
	}
	e.Told, e.Recorded, e.Reason = true, true, made.Explain(c)
	return nil
}

// movesOf are a customer's moves of a segment, newest first.
func (a *App) movesOf(ctx context.Context, segment, customer string) ([]standing.Move, error) {
	all, err := a.standings.MovesOf(ctx, customer)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m standing.Move) bool { return m.Segment != segment })
	slices.Reverse(all)
	return all[:min(len(all), maxMoves)], nil
}
