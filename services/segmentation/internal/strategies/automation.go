package strategies

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/fault"
)

// The lease of automation. A step ends well before it runs out, and a write that it
// has under way ends by itself.
const (
	leaseTime = time.Minute
	stepTime  = 30 * time.Second
)

// Of how much a step is made, so that an erasure never waits long for one.
const (
	movesPerStep = 500
	duePerStep   = 500
)

// automationID is the only one.
const automationID = "automation"

type automationDoc struct {
	docstore.Meta `bson:",inline"`
	Holder        string    `bson:"holder,omitempty"`
	Until         time.Time `bson:"until,omitempty"`
	Cursor        string    `bson:"cursor,omitempty"`
	Moves         int64     `bson:"moves"`
	CaughtUp      time.Time `bson:"caught_up,omitempty"`
	StepTime      time.Time `bson:"step_time,omitempty"`
	LastError     string    `bson:"last_error,omitempty"`
}

// Automation delivers what moves trigger.
type Automation struct {
	Store     *Store
	Moves     Moves
	Rules     Rules
	Segments  Segments
	Facts     Facts
	Consents  Consents
	Campaigns Campaigns

	mu     sync.Mutex // steps of this process, and erasures
	holder string
}

// errHeld says that somebody else has the lease.
var errHeld = errors.New("automation is at work elsewhere")

// Step does a bounded piece of what there is to do: it takes up moves, and settles
// what is due. more tells that there is more at once. Where another process is at it,
// it does nothing. What a crash breaks off is made again and comes to the same.
func (a *Automation) Step(ctx context.Context) (more bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if idle, err := a.idle(ctx); err != nil || idle {
		return false, err
	}
	state, err := a.acquire(ctx)
	if errors.Is(err, errHeld) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	working, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	cursor, taken, workErr := a.takeUp(working, state.Cursor)
	if workErr == nil {
		more, workErr = a.settleDue(working)
	}
	more = more || taken == movesPerStep
	return more && workErr == nil, errors.Join(workErr, a.release(context.WithoutCancel(ctx), func(d *automationDoc) {
		now := a.Store.instant()
		d.Cursor, d.StepTime, d.LastError = cursor, now, ""
		d.Moves += int64(taken)
		switch {
		case workErr != nil:
			d.LastError = workErr.Error()
		case !more:
			d.CaughtUp = now
		}
	}))
}

// noteTime is how often it is noted that there was nothing to do.
const noteTime = 10 * time.Second

// idle tells that there is nothing to do, and that this was noted a short while ago. It
// writes nothing.
func (a *Automation) idle(ctx context.Context) (bool, error) {
	state, err := a.Store.automation.Get(ctx, automationID)
	if errors.Is(err, docstore.ErrNotFound) {
		return false, nil
	}
	now := a.Store.instant()
	if err != nil || state.LastError != "" || state.CaughtUp.Before(now.Add(-noteTime)) {
		return false, err
	}
	if due, err := a.Store.due(ctx, now, 1); err != nil || len(due) > 0 {
		return false, err
	}
	moves, _, err := a.Moves.Feed(ctx, state.Cursor, 1)
	return err == nil && len(moves) == 0, nil // an error is met again, and noted, by the step
}

// acquire takes the lease, or says errHeld. One that lasts for longer than any does is of
// a clock that was set back since; clocks may differ by a lease.
func (a *Automation) acquire(ctx context.Context) (*automationDoc, error) {
	if a.holder == "" {
		a.holder = ulid.Make().String()
	}
	now := a.Store.instant()
	return a.Store.automation.Upsert(ctx, automationID, func(d *automationDoc, _ bool) error {
		if d.Holder != "" && d.Holder != a.holder && d.Until.After(now) && !d.Until.After(now.Add(2*leaseTime)) {
			return errHeld
		}
		d.Holder, d.Until = a.holder, now.Add(leaseTime)
		return nil
	})
}

// release ends the lease and notes what was done, unless it was lost meanwhile.
func (a *Automation) release(ctx context.Context, note func(*automationDoc)) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := a.Store.automation.Update(ctx, automationID, func(d *automationDoc) error {
		if d.Holder != a.holder {
			return docstore.ErrUnchanged
		}
		d.Holder, d.Until = "", time.Time{}
		note(d)
		return nil
	})
	return err
}

// Excluding does work while no step is made by anybody: ERASURE_HELD_UP where one is
// under way elsewhere.
func (a *Automation) Excluding(ctx context.Context, work func() error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.acquire(ctx); errors.Is(err, errHeld) {
		return erasure.HeldUp("actions are being delivered")
	} else if err != nil {
		return err
	}
	err := work()
	return errors.Join(err, a.release(context.WithoutCancel(ctx), func(*automationDoc) {}))
}

// takeUp writes down the events that moves behind a cursor trigger. The cursor
// returned is behind those whose events are stored.
func (a *Automation) takeUp(ctx context.Context, cursor string) (next string, taken int, err error) {
	moves, next, err := a.Moves.Feed(ctx, cursor, movesPerStep)
	if fault.ReasonOf(err) == "CURSOR_EXPIRED" {
		// After a very long stop: what is kept is read anew, and what is known of it passes.
		moves, next, err = a.Moves.Feed(ctx, "", movesPerStep)
	}
	if err != nil {
		return cursor, 0, fmt.Errorf("reading moves: %w", err)
	}
	playbooks := make(map[string][]*Strategy)
	var events []*Event
	policy, err := a.Store.Policy(ctx)
	if err != nil {
		return cursor, 0, err
	}
	for _, m := range moves {
		if _, read := playbooks[m.Segment]; !read {
			if playbooks[m.Segment], err = a.Store.ofSegment(ctx, m.Segment); err != nil {
				return cursor, 0, err
			}
		}
		for _, s := range playbooks[m.Segment] {
			events = append(events, a.triggered(s, m, policy)...)
		}
	}
	if err := a.Store.insertEvents(ctx, events); err != nil {
		return cursor, 0, err
	}
	return next, len(moves), nil
}

// triggered are the events of a move by a strategy. A strategy knows nothing of moves
// from before it was made.
func (a *Automation) triggered(s *Strategy, m Move, policy *Policy) (events []*Event) {
	if m.At.Before(s.CreateTime) {
		return nil
	}
	trigger := OnEnter
	if m.Left {
		trigger = OnLeave
	}
	now := a.Store.instant()
	for i := range s.Actions {
		action := &s.Actions[i]
		if action.Trigger != trigger {
			continue
		}
		events = append(events, &Event{
			ID: eventID(m, s.ID, action.ID), Move: m, Strategy: s.ID, Revision: s.Revision, Action: action.ID,
			State: Waiting, Due: policy.rules(action).Next(now),
		})
	}
	return events
}

// rules are the contact rules of an action, or else those that hold for all.
func (p *Policy) rules(a *Action) *ContactRules {
	if a.Contact != nil {
		return a.Contact
	}
	return &p.Contact
}

// failureWait is how long it waits after a step that failed.
const failureWait = 5 * time.Second

// Run makes steps until ctx ends: at once where there is more, otherwise every so
// often.
func (a *Automation) Run(ctx context.Context, every time.Duration, failed func(error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		more, err := a.Step(ctx)
		wait := every
		switch {
		case err != nil:
			wait = failureWait
			if ctx.Err() == nil {
				failed(err)
			}
		case more:
			wait = 0
		}
		timer.Reset(wait)
	}
}
