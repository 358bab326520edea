package events

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/merging"
)

// Store keeps the events and the links of visitors to customers:
//
//	events    _id c!customer!message or v!visitor!message
//	visitors  _id visitor
//	sightings _id customer
type Store struct {
	events    *docstore.Collection[document]
	visitors  *docstore.Collection[visitor]
	sightings *docstore.Collection[sighting]
	unmarked  unmarked
	families  merging.Family
	keeper    keeper
	consents  Consents // nil heeds none
}

// Indexes of the events.
const (
	timeline = "timeline" // sender, time
	typed    = "typed"    // sender, type, time
)

// OpenStore opens the collections, creating them where they are missing.
func OpenStore(ctx context.Context, engine docstore.Engine, v *vault.Vault, families merging.Family, clock func() time.Time) (*Store, error) {
	s := &Store{families: families, keeper: keeper{v}}
	var errs [3]error
	s.events, errs[0] = docstore.Open(ctx, engine, docstore.Schema[document]{
		Name: "events",
		Indexes: []docstore.Index[document]{
			{Name: timeline, Key: (*document).timelineKey},
			{Name: typed, Key: (*document).typedKey},
		},
	}, docstore.WithClock(clock))
	s.visitors, errs[1] = docstore.Open(ctx, engine, docstore.Schema[visitor]{
		Name:    "visitors",
		Indexes: []docstore.Index[visitor]{{Name: ofCustomer, Key: (*visitor).customerKey}},
	}, docstore.WithClock(clock))
	s.sightings, errs[2] = docstore.Open(ctx, engine, docstore.Schema[sighting]{Name: "sightings", Changes: true}, docstore.WithClock(clock))
	return s, errors.Join(errs[:]...)
}

// Write stores events that are not there yet, none twice, and tells of each
// whether it was: fresh is false for an event that had been stored before, unless
// under the same Mark. The error is one of the call as a whole: writing all of it again is safe.
func (s *Store) Write(ctx context.Context, events []*Event) (fresh []bool, err error) {
	ops := make([]docstore.Op[document], len(events))
	docs := make([]document, len(events))
	sealed, err := s.keeper.sealAll(ctx, events)
	if err != nil {
		return nil, err
	}
	for i, e := range events {
		docs[i] = document{Meta: docstore.Meta{ID: documentID(e.Sender, e.ID)}, Event: *e}
		docs[i].sealed = sealed[i]
		ops[i] = docstore.Op[document]{Doc: &docs[i], Expect: docstore.Absent, WriteID: e.Mark}
	}
	errs, err := s.events.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	fresh = make([]bool, len(events))
	for i, err := range errs {
		if fresh[i] = err == nil; err != nil && !errors.Is(err, docstore.ErrConflict) {
			return nil, err
		}
	}
	return fresh, nil
}

// Exist tells of each event whether it is stored.
func (s *Store) Exist(ctx context.Context, events []*Event) ([]bool, error) {
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = documentID(e.Sender, e.ID)
	}
	return s.events.Exist(ctx, ids)
}

// Get returns an event, or a NotFound fault EVENT_NOT_FOUND.
func (s *Store) Get(ctx context.Context, sender Identity, id string) (*Event, error) {
	doc, err := s.events.Get(ctx, documentID(sender, id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "EVENT_NOT_FOUND", "%s has no event %q", sender, id)
	}
	if err != nil {
		return nil, err
	}
	e := doc.Event
	e.keeper = s.keeper
	return &e, nil
}

// Any reports whether an identity has sent an event.
func (s *Store) Any(ctx context.Context, sender Identity) (bool, error) {
	r := docstore.Within(sender.key())
	r.Limit = 1
	for _, err := range s.events.ScanRaw(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// scan yields the events of a range, each of its own.
func (s *Store) scan(ctx context.Context, r docstore.Range, how reading) iter.Seq2[*Event, error] {
	return func(yield func(*Event, error) bool) {
		for entry, err := range s.events.ScanRaw(ctx, r) {
			if err != nil {
				yield(nil, err)
				return
			}
			e := &Event{keeper: s.keeper}
			if err := e.read(entry.ID, entry.Doc, how); err != nil {
				yield(nil, fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "an event cannot be read").Because(err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Sweep removes the tombstones that no reader of a change feed can still need.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	before := now.Add(-docstore.TombstoneLife)
	_, events := s.events.Sweep(ctx, before)
	_, visitors := s.visitors.Sweep(ctx, before)
	return errors.Join(events, visitors)
}
