package strategies

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// body is what of a strategy a revision keeps.
type body struct {
	Name        Text     `bson:"name"`
	Description Text     `bson:"description"`
	Segment     string   `bson:"segment"`
	Actions     []Action `bson:"actions"`
	Caps        []Cap    `bson:"caps,omitempty"`
}

type strategyDoc struct {
	docstore.Meta `bson:",inline"`
	Body          body           `bson:"body"`
	Paused        bool           `bson:"paused"`
	Revision      int64          `bson:"revision"`
	Request       aip.RequestKey `bson:"request"`
	CreateTime    time.Time      `bson:"create_time"`
	UpdateTime    time.Time      `bson:"update_time"`
}

type revisionDoc struct {
	docstore.Meta `bson:",inline"`
	Body          body      `bson:"body"`
	CreateTime    time.Time `bson:"create_time"` // of the strategy
	UpdateTime    time.Time `bson:"update_time"` // of this revision
}

// numberDoc is the last revision of a strategy that was deleted: another of the same id
// goes on behind it, so that a revision that an event names is one thing for ever.
type numberDoc struct {
	docstore.Meta `bson:",inline"`
	Last          int64 `bson:"last"`
}

type policyDoc struct {
	docstore.Meta `bson:",inline"`
	Caps          []Cap        `bson:"caps,omitempty"`
	Contact       ContactRules `bson:"contact"`
}

// Policy is what holds for all strategies.
type Policy struct {
	Caps       []Cap
	Contact    ContactRules
	UpdateTime time.Time // zero while it never was changed
	Version    int64     // 0 then
}

// policyID is the only one.
const policyID = "contactPolicy"

const bySegment = "by_segment"

// Store keeps the collections of the room.
type Store struct {
	strategies *docstore.Collection[strategyDoc]
	revisions  *docstore.Collection[revisionDoc]
	numbers    *docstore.Collection[numberDoc]
	policies   *docstore.Collection[policyDoc]
	events     *docstore.Collection[eventDoc]
	contacts   *docstore.Collection[contactsDoc]
	automation *docstore.Collection[automationDoc]
	now        func() time.Time
}

// OpenStore opens the collections.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	with := docstore.WithClock(clock)
	strategies, errStrategies := docstore.Open(ctx, engine, docstore.Schema[strategyDoc]{
		Name: "strategies",
		Indexes: []docstore.Index[strategyDoc]{{Name: bySegment, Key: func(d *strategyDoc) string {
			return docstore.Key(docstore.String(d.Body.Segment), docstore.String(d.ID))
		}}},
	}, with)
	revisions, errRevisions := docstore.Open(ctx, engine, docstore.Schema[revisionDoc]{Name: "strategy_revisions"}, with)
	numbers, errNumbers := docstore.Open(ctx, engine, docstore.Schema[numberDoc]{Name: "strategy_numbers"}, with)
	policies, errPolicies := docstore.Open(ctx, engine, docstore.Schema[policyDoc]{Name: "contact_policy"}, with)
	events, errEvents := docstore.Open(ctx, engine, eventSchema(), with)
	contacts, errContacts := docstore.Open(ctx, engine, docstore.Schema[contactsDoc]{Name: "action_contacts"}, with)
	automation, errAutomation := docstore.Open(ctx, engine, docstore.Schema[automationDoc]{Name: "automation"}, with)
	err := errors.Join(errStrategies, errRevisions, errNumbers, errPolicies, errEvents, errContacts, errAutomation)
	return &Store{strategies, revisions, numbers, policies, events, contacts, automation, clock}, err
}

func (s *Store) instant() time.Time { return s.now().UTC().Truncate(time.Millisecond) }

func (d *strategyDoc) strategy() *Strategy {
	s := d.Body.strategy(d.ID, d.Revision)
	s.Paused, s.Request, s.CreateTime, s.UpdateTime, s.Version = d.Paused, d.Request, d.CreateTime, d.UpdateTime, d.Version
	return s
}

func (b *body) strategy(id string, revision int64) *Strategy {
	return &Strategy{
		ID: id, Name: b.Name, Description: b.Description, Segment: b.Segment, Actions: b.Actions, Caps: b.Caps, Revision: revision,
	}
}

func bodyOf(s *Strategy) body {
	return body{s.Name, s.Description, s.Segment, s.Actions, s.Caps}
}

func (d *strategyDoc) set(s *Strategy) {
	*d = strategyDoc{
		Meta: d.Meta, Body: bodyOf(s), Paused: s.Paused, Revision: s.Revision,
		Request: s.Request, CreateTime: s.CreateTime, UpdateTime: s.UpdateTime,
	}
}

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "STRATEGY_NOT_FOUND", "there is no strategy %q", id).With("strategy", "strategies/"+id)
}

// Get returns a strategy, or the fault STRATEGY_NOT_FOUND.
func (s *Store) Get(ctx context.Context, id string) (*Strategy, error) {
	doc, err := s.strategies.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, err
	}
	return doc.strategy(), nil
}

// Page lists strategies in the order of their ids, of one segment or, where that is
// empty, all.
func (s *Store) Page(ctx context.Context, segment string, after *docstore.Position, size int) ([]*Strategy, *docstore.Position, error) {
	r := docstore.Range{}
	if segment != "" {
		r = docstore.Within(docstore.Key(docstore.String(segment)))
		r.Index = bySegment
	}
	r.After, r.Limit = after, size
	docs, next, err := s.strategies.Page(ctx, r)
	found := make([]*Strategy, len(docs))
	for i, doc := range docs {
		found[i] = doc.strategy()
	}
	return found, next, err
}

// ofSegment are the strategies of a segment. There are few.
func (s *Store) ofSegment(ctx context.Context, segment string) ([]*Strategy, error) {
	found, _, err := s.Page(ctx, segment, nil, 0)
	return found, err
}

// revisionID sorts the newest first: the numbers are written from above.
func revisionID(strategy string, revision int64) string {
	return docstore.ID(strategy, fmt.Sprintf("%010d", 9_999_999_999-revision))
}

// keep writes a revision down that the strategy shows, or has shown.
func (s *Store) keep(ctx context.Context, of *Strategy) error {
	doc := &revisionDoc{
		Meta: docstore.Meta{ID: revisionID(of.ID, of.Revision)}, Body: bodyOf(of), CreateTime: of.CreateTime, UpdateTime: of.UpdateTime,
	}
	errs, err := s.revisions.Write(ctx, []docstore.Op[revisionDoc]{{Doc: doc, Expect: docstore.Any}})
	return errors.Join(append(errs, err)...)
}

// first is the first revision of a strategy that is made: behind those of all that had
// its id before.
func (s *Store) first(ctx context.Context, id string) (int64, error) {
	doc, err := s.numbers.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return 1, nil
	}
	if err != nil {
		return 0, err
	}
	return doc.Last + 1, nil
}

// Insert stores a new strategy. It returns docstore.ErrConflict where there is one.
func (s *Store) Insert(ctx context.Context, created *Strategy) error {
	doc := &strategyDoc{Meta: docstore.Meta{ID: created.ID}}
	doc.set(created)
	if err := s.strategies.Insert(ctx, doc); err != nil {
		return err
	}
	created.Version = doc.Version
	if created.Revision > 1 { // a crash may have left some of one that was deleted
		before := docstore.Within(docstore.ID(created.ID))
		before.From = revisionID(created.ID, created.Revision-1)
		if err := s.revisions.Purge(ctx, before); err != nil {
			return err
		}
	}
	return s.keep(ctx, created)
}

// Change alters a strategy. A change of its body makes a new revision.
func (s *Store) Change(ctx context.Context, id string, change func(*Strategy) error) (*Strategy, error) {
	for {
		doc, err := s.strategies.Get(ctx, id)
		if errors.Is(err, docstore.ErrNotFound) {
			return nil, notFound(id)
		}
		if err != nil {
			return nil, err
		}
		changed := doc.strategy()
		before := *changed
		if err := change(changed); errors.Is(err, docstore.ErrUnchanged) {
			return &before, nil
		} else if err != nil {
			return nil, err
		}
		changed.UpdateTime = s.instant()
		if changed.Revision != before.Revision {
			// A crash may have come between its becoming the strategy and its being kept.
			if err := s.keep(ctx, &before); err != nil {
				return nil, err
			}
		}
		doc.set(changed)
		if err := s.strategies.Replace(ctx, doc); errors.Is(err, docstore.ErrConflict) {
			continue
		} else if err != nil {
			return nil, err
		}
		changed.Version = doc.Version
		if changed.Revision == before.Revision {
			return changed, nil
		}
		return changed, s.keep(ctx, changed)
	}
}

// Revision returns a strategy as it was, or the fault STRATEGY_REVISION_NOT_FOUND.
func (s *Store) Revision(ctx context.Context, id string, revision int64) (*Strategy, error) {
	doc, err := s.revisions.Get(ctx, revisionID(id, revision))
	if err == nil {
		return doc.strategy()
	}
	if !errors.Is(err, docstore.ErrNotFound) {
		return nil, err
	}
	// The present one is read from the strategy where a crash came between.
	if present, err := s.Get(ctx, id); err == nil && present.Revision == revision {
		return present, nil
	}
	return nil, fault.New(fault.NotFound, "STRATEGY_REVISION_NOT_FOUND", "strategy %q has no revision %d", id, revision)
}

func (d *revisionDoc) strategy() (*Strategy, error) {
	parts := docstore.ParseID(d.ID)
	var from int64
	if _, err := fmt.Sscanf(parts[1], "%d", &from); err != nil {
		return nil, fmt.Errorf("revision %q: %w", d.ID, err)
	}
	s := d.Body.strategy(parts[0], 9_999_999_999-from)
	s.CreateTime, s.UpdateTime = d.CreateTime, d.UpdateTime
	return s, nil
}

// Revisions lists the revisions of a strategy, newest first.
func (s *Store) Revisions(ctx context.Context, id string, after *docstore.Position, size int) ([]*Strategy, *docstore.Position, error) {
	r := docstore.Within(docstore.ID(id))
	r.After, r.Limit = after, size
	docs, next, err := s.revisions.Page(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	found := make([]*Strategy, len(docs))
	for i, doc := range docs {
		if found[i], err = doc.strategy(); err != nil {
			return nil, nil, err
		}
	}
	return found, next, nil
}

// Delete removes a strategy as it was read, and its revisions.
func (s *Store) Delete(ctx context.Context, of *Strategy) error {
	_, err := s.numbers.Upsert(ctx, of.ID, func(d *numberDoc, _ bool) error {
		d.Last = max(d.Last, of.Revision)
		return nil
	})
	if err != nil {
		return err
	}
	if err := s.strategies.Delete(ctx, of.ID, of.Version); err != nil {
		return err
	}
	return s.revisions.Purge(ctx, docstore.Within(docstore.ID(of.ID)))
}

// Naming are the names of the strategies of a segment.
func (s *Store) Naming(ctx context.Context, segment string) ([]string, error) {
	found, err := s.ofSegment(ctx, segment)
	return each(found, func(p *Strategy) string { return strategyName(p.ID) }), err
}

// Policy returns what holds for all strategies.
func (s *Store) Policy(ctx context.Context) (*Policy, error) {
	doc, err := s.policies.Get(ctx, policyID)
	if errors.Is(err, docstore.ErrNotFound) {
		return &Policy{}, nil
	}
	if err != nil {
		return nil, err
	}
	return &Policy{doc.Caps, doc.Contact, doc.UpdatedAt, doc.Version}, nil
}

// SetPolicy replaces it, where check agrees to the version found.
func (s *Store) SetPolicy(ctx context.Context, p *Policy, check func(version int64) error) (*Policy, error) {
	doc, err := s.policies.Upsert(ctx, policyID, func(d *policyDoc, _ bool) error {
		d.Caps, d.Contact = p.Caps, p.Contact
		return check(d.Version)
	})
	if err != nil {
		return nil, err
	}
	return &Policy{doc.Caps, doc.Contact, doc.UpdatedAt, doc.Version}, nil
}
