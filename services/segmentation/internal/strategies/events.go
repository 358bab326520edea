package strategies

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// State is what became of an event; the numbers are those of the API.
type State uint8

// The states.
const (
	Waiting State = iota + 1
	Delivered
	Suppressed
)

// Reason is why an action is not to be carried out; the numbers are those of the API.
type Reason uint8

// The reasons.
const (
	Capped Reason = iota + 1
	NoConsent
	Ineligible
	HeldOut
	StrategyPaused
	StrategyGone
	CustomerGone
	WentBack
)

// Event is an action that a move has triggered.
type Event struct {
	ID         string
	Move       Move
	Strategy   string
	Revision   int64
	Action     string
	State      State
	Due        time.Time
	SettleTime time.Time // zero while it waits
	Reason     Reason    // 0 unless suppressed
	Detail     string
}

type eventDoc struct {
	docstore.Meta `bson:",inline"`
	Segment       string    `bson:"segment"`
	Customer      string    `bson:"customer"`
	Left          bool      `bson:"left,omitempty"`
	At            time.Time `bson:"at"`
	Generation    int64     `bson:"generation"`
	Cause         string    `bson:"cause,omitempty"`
	Strategy      string    `bson:"strategy"`
	Revision      int64     `bson:"revision"`
	Action        string    `bson:"action"`
	State         State     `bson:"state"`
	Due           time.Time `bson:"due"`
	SettleTime    time.Time `bson:"settle_time,omitempty"`
	Reason        Reason    `bson:"reason,omitempty"`
	Detail        string    `bson:"detail,omitempty"`
}

// The orders of events: those that wait by when they are due; all by time, and by
// time within a state, a customer, a strategy.
const (
	byDue      = "by_due"
	byTime     = "by_time"
	byState    = "by_state"
	byCustomer = "by_customer"
	byStrategy = "by_strategy"
)

func eventSchema() docstore.Schema[eventDoc] {
	index := func(name string, part func(*eventDoc) docstore.KeyPart) docstore.Index[eventDoc] {
		return docstore.Index[eventDoc]{Name: name, Key: func(d *eventDoc) string { return docstore.Key(part(d), docstore.Time(d.At)) }}
	}
	return docstore.Schema[eventDoc]{
		Name: "action_events", Changes: true, // which those who follow read
		Indexes: []docstore.Index[eventDoc]{
			{Name: byDue, Key: func(d *eventDoc) string {
				if d.State != Waiting {
					return ""
				}
				return docstore.Key(docstore.Time(d.Due))
			}},
			{Name: byTime, Key: func(d *eventDoc) string { return docstore.Key(docstore.Time(d.At)) }},
			index(byState, func(d *eventDoc) docstore.KeyPart { return docstore.Int(int64(d.State)) }),
			index(byCustomer, func(d *eventDoc) docstore.KeyPart { return docstore.String(d.Customer) }),
			index(byStrategy, func(d *eventDoc) docstore.KeyPart { return docstore.String(d.Strategy) }),
		},
	}
}

// eventID is the same for the same transition and action: the first 160 bits of a
// SHA-256 over all that tells them apart, base32.
func eventID(m Move, strategy, action string) string {
	h := sha256.New()
	for _, part := range []string{m.Segment, m.Customer, fmt.Sprint(m.Generation), fmt.Sprint(m.Left), strategy, action} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return strings.ToLower(base32.StdEncoding.EncodeToString(h.Sum(nil)[:20]))
}

func newEventDoc(e *Event) *eventDoc {
	m := e.Move
	return &eventDoc{
		Meta: docstore.Meta{ID: e.ID}, Segment: m.Segment, Customer: m.Customer, Left: m.Left, At: m.At, Generation: m.Generation,
		Cause: m.Cause, Strategy: e.Strategy, Revision: e.Revision, Action: e.Action, State: e.State, Due: e.Due,
		SettleTime: e.SettleTime, Reason: e.Reason, Detail: e.Detail,
	}
}

func (d *eventDoc) event() *Event {
	return &Event{
		ID: d.ID, Move: Move{d.Segment, d.Customer, d.Left, d.At, d.Generation, d.Cause},
		Strategy: d.Strategy, Revision: d.Revision, Action: d.Action, State: d.State, Due: d.Due,
		SettleTime: d.SettleTime, Reason: d.Reason, Detail: d.Detail,
	}
}

// Event returns an event, or the fault ACTION_EVENT_NOT_FOUND.
func (s *Store) Event(ctx context.Context, id string) (*Event, error) {
	doc, err := s.events.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "ACTION_EVENT_NOT_FOUND", "there is no event %q", id)
	}
	if err != nil {
		return nil, err
	}
	return doc.event(), nil
}

// EventFilter says which events to list: all, or those that one field names.
type EventFilter struct {
	Customers []string // the ids of one customer
	Strategy  string
	State     State
}

func (f EventFilter) ranged() docstore.Range {
	within := func(index string, part docstore.KeyPart) docstore.Range {
		r := docstore.Within(docstore.Key(part))
		r.Index = index
		return r
	}
	switch {
	case len(f.Customers) > 0:
		return within(byCustomer, docstore.String(f.Customers[0]))
	case f.Strategy != "":
		return within(byStrategy, docstore.String(f.Strategy))
	case f.State != 0:
		return within(byState, docstore.Int(int64(f.State)))
	}
	return docstore.Range{Index: byTime}
}

// Events lists events, those of the latest moves first.
func (s *Store) Events(ctx context.Context, f EventFilter, after *docstore.Position, size int) ([]*Event, *docstore.Position, error) {
	r := f.ranged()
	r.Reverse, r.After, r.Limit = true, after, size
	docs, next, err := s.events.Page(ctx, r)
	return each(docs, (*eventDoc).event), next, err
}

// insertEvents stores events that are not there yet.
func (s *Store) insertEvents(ctx context.Context, events []*Event) error {
	if len(events) == 0 {
		return nil
	}
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	there, err := s.events.Exist(ctx, ids)
	if err != nil {
		return err
	}
	var ops []docstore.Op[eventDoc]
	for i, e := range events {
		if !there[i] {
			ops = append(ops, docstore.Op[eventDoc]{Doc: newEventDoc(e), Expect: docstore.Absent})
		}
	}
	errs, err := s.events.Write(ctx, ops)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, docstore.ErrConflict) { // then it is there
			return err
		}
	}
	return nil
}

// due are events whose time has come, longest due first.
func (s *Store) due(ctx context.Context, at time.Time, limit int) ([]*Event, error) {
	docs, _, err := s.events.Page(ctx, docstore.Range{Index: byDue, To: docstore.Key(docstore.Time(at.Add(time.Millisecond))), Limit: limit})
	return each(docs, (*eventDoc).event), err
}

// settle says what became of an event, unless that was said already.
func (s *Store) settle(ctx context.Context, id string, state State, at time.Time, reason Reason, detail string) error {
	_, err := s.events.Update(ctx, id, func(d *eventDoc) error {
		if d.State != Waiting {
			return docstore.ErrUnchanged
		}
		d.State, d.SettleTime, d.Reason, d.Detail = state, at, reason, detail
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil // erased meanwhile
	}
	return err
}

// postpone has an event that waits settled later.
func (s *Store) postpone(ctx context.Context, id string, to time.Time) error {
	_, err := s.events.Update(ctx, id, func(d *eventDoc) error {
		if d.State != Waiting {
			return docstore.ErrUnchanged
		}
		d.Due = to
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}

// delivered returns up to limit delivered events in the order in which they were,
// behind a position, and where to go on from.
func (s *Store) delivered(ctx context.Context, after *docstore.Position, limit int) (events []*Event, next *docstore.Position, more bool, err error) {
	changes, next, err := s.events.Changes(ctx, after, limit)
	for _, c := range changes {
		if c.Doc != nil && c.Doc.State == Delivered {
			events = append(events, c.Doc.event())
		}
	}
	return events, next, len(changes) == limit, err
}

// eventLife is how long settled events are kept: longer than moves are, since a move
// that is read anew must meet the event that it made.
const eventLife = 500 * 24 * time.Hour

// Sweep removes the events that are older than eventLife, and tombstones from before
// an instant.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	old := docstore.Range{Index: byTime, To: docstore.Key(docstore.Time(s.now().Add(-eventLife)))}
	var ids []string
	for entry, err := range s.events.ScanRaw(ctx, old) {
		if err != nil {
			return err
		}
		ids = append(ids, entry.ID)
	}
	for _, id := range ids {
		if err := s.events.Purge(ctx, docstore.Only(id)); err != nil {
			return err
		}
	}
	_, errStrategies := s.strategies.Sweep(ctx, before)
	_, errEvents := s.events.Sweep(ctx, before)
	_, errContacts := s.contacts.Sweep(ctx, before)
	return errors.Join(errStrategies, errEvents, errContacts)
}
