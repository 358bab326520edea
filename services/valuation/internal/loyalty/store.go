package loyalty

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

// Evaluation is what is said of an evaluation of a policy.
type Evaluation struct {
	Generation int64       `bson:"generation"`
	AsOf       time.Time   `bson:"as_of"`
	Zone       string      `bson:"time_zone"`
	Policy     int64       `bson:"policy_version"`
	Customers  int64       `bson:"customers"` // those erased since left out
	Scored     int64       `bson:"scored"`
	Tiers      []TierCount `bson:"tiers"` // None first
	Sources    []statusDoc `bson:"sources"`
	Scale      []byte      `bson:"scale"` // of the scores in hundredths, see package ranks
	Erased     int64       `bson:"erased,omitempty"`
	// Hidden are customers whose standings are being removed.
	Hidden []string `bson:"hidden,omitempty"`
}

// TierCount is how many customers are in a tier.
type TierCount struct {
	ID        string `bson:"id"`
	NameEN    string `bson:"name_en"`
	NameZH    string `bson:"name_zh"`
	Customers int64  `bson:"customers"`
}

// tier is the count of a tier, nil where there is no such tier; of "" that of None.
func (e *Evaluation) tier(id string) *TierCount {
	if id == "" {
		id = None
	}
	for i := range e.Tiers {
		if e.Tiers[i].ID == id {
			return &e.Tiers[i]
		}
	}
	return nil
}

// statusDoc is a facts.Status as it is stored.
type statusDoc struct {
	Kind    string    `bson:"kind"`
	Peer    string    `bson:"peer"`
	Reason  string    `bson:"reason,omitempty"`
	Time    time.Time `bson:"time,omitempty"`
	Records int64     `bson:"records,omitempty"`
}

type (
	edition = editions.Edition[Evaluation]
	record  = editions.Record[Evaluation]
)

// Store keeps the collections of the room.
type Store struct {
	policies  *docstore.Collection[policyDoc]
	book      *editions.Book[Evaluation]
	standings *docstore.Collection[standingDoc]
	changes   *docstore.Collection[changeDoc]
	now       func() time.Time
}

// The orders of standings: by evaluation and score from the highest; the same
// within each tier. Those without a score come last.
const (
	byScore = "by_score"
	byTier  = "by_tier"
)

// OpenStore opens the collections.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	policies, err := docstore.Open(ctx, engine, docstore.Schema[policyDoc]{Name: "loyalty_policies"}, docstore.WithClock(clock))
	book, errBook := editions.Open[Evaluation](ctx, engine, "loyalty_evaluations", clock)
	standings, errStandings := docstore.Open(ctx, engine, docstore.Schema[standingDoc]{
		Name: "loyalties",
		Indexes: []docstore.Index[standingDoc]{
			{Name: byScore, Key: func(d *standingDoc) string { return d.key() }},
			{Name: byTier, Key: func(d *standingDoc) string { return d.key(docstore.String(d.Tier)) }},
		},
	}, docstore.WithClock(clock))
	changes, errChanges := docstore.Open(ctx, engine, docstore.Schema[changeDoc]{Name: "loyalty_changes"}, docstore.WithClock(clock))
	return &Store{policies, book, standings, changes, clock}, errors.Join(err, errBook, errStandings, errChanges)
}

// key is that of a standing in an index: evaluation, the parts, and the score.
func (d *standingDoc) key(parts ...docstore.KeyPart) string {
	id := docstore.ParseID(d.ID)
	if len(id) != 3 {
		return ""
	}
	score := -1.0
	if d.Score != nil {
		score = *d.Score
	}
	return docstore.Key(append(append(evaluationKey(id[0], id[1]), parts...), docstore.Desc(docstore.Float(score)))...)
}

func evaluationKey(policy, number string) []docstore.KeyPart {
	return []docstore.KeyPart{docstore.String(policy), docstore.String(number)}
}

// Policy returns a policy, or the fault LOYALTY_POLICY_NOT_FOUND.
func (s *Store) Policy(ctx context.Context, id string) (*Policy, error) {
	doc, err := s.policies.Get(ctx, docstore.ID(id))
	if err != nil {
		return nil, policyFault(id, err)
	}
	return doc.policy(), nil
}

func policyFault(id string, err error) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.NotFound, "LOYALTY_POLICY_NOT_FOUND", "there is no loyalty policy %q", id)
	}
	return err
}

// Policies lists policies in the order of their ids.
func (s *Store) Policies(ctx context.Context, after *docstore.Position, size int) ([]*Policy, *docstore.Position, error) {
	docs, next, err := s.policies.Page(ctx, docstore.Range{After: after, Limit: size})
	policies := make([]*Policy, len(docs))
	for i, doc := range docs {
		policies[i] = doc.policy()
	}
	return policies, next, err
}

// Sole is the id of the only policy there is. Faults: LOYALTY_POLICY_NOT_FOUND,
// LOYALTY_POLICY_AMBIGUOUS.
func (s *Store) Sole(ctx context.Context) (string, error) {
	found, _, err := s.Policies(ctx, nil, 2)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", fault.New(fault.NotFound, "LOYALTY_POLICY_NOT_FOUND", "there is no loyalty policy yet; make one first")
	case len(found) > 1:
		f := fault.Invalid("policy", "must be given, for there are several policies")
		f.Reason = "LOYALTY_POLICY_AMBIGUOUS"
		return "", f
	}
	return found[0].ID, nil
}

// Automatic are the ids of the policies that are evaluated after each refresh.
func (s *Store) Automatic(ctx context.Context) ([]string, error) {
	var ids []string
	for doc, err := range s.policies.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		if doc.Automatic {
			ids = append(ids, docstore.ParseID(doc.ID)[0])
		}
	}
	return ids, nil
}

// Insert stores a new policy, or returns docstore.ErrConflict.
func (s *Store) Insert(ctx context.Context, p *Policy) (*Policy, error) {
	doc := &policyDoc{Meta: docstore.Meta{ID: docstore.ID(p.ID)}}
	doc.set(p)
	if err := s.policies.Insert(ctx, doc); err != nil {
		return nil, err
	}
	return doc.policy(), nil
}

// Update changes a policy if nobody else does meanwhile, or starts again.
func (s *Store) Update(ctx context.Context, id string, change func(*Policy) error) (*Policy, error) {
	doc, err := s.policies.Update(ctx, docstore.ID(id), func(doc *policyDoc) error {
		p := doc.policy()
		if err := change(p); err != nil {
			return err
		}
		doc.set(p)
		return nil
	})
	if err != nil {
		return nil, policyFault(id, err)
	}
	return doc.policy(), nil
}

// Delete removes a policy at a version, and then all that was made by it.
func (s *Store) Delete(ctx context.Context, id string, version int64) error {
	if err := s.policies.Delete(ctx, docstore.ID(id), version); err != nil {
		return policyFault(id, err)
	}
	return s.clear(ctx, id)
}

// clear removes what was made by a policy. Its evaluations go on being numbered,
// so that one of a new policy with the same id is none of the old.
func (s *Store) clear(ctx context.Context, id string) error {
	err := s.book.Change(ctx, id, func(r *record) error {
		if r.Current == nil && len(r.Previous) == 0 && len(r.Open) == 0 {
			return docstore.ErrUnchanged
		}
		r.Current, r.Previous, r.Open, r.Followed = nil, nil, nil, 0
		return nil
	})
	if err != nil {
		return err
	}
	within := docstore.Within(docstore.ID(id))
	return errors.Join(s.standings.Purge(ctx, within), s.changes.Purge(ctx, within))
}

// Sweep removes the evaluations that nobody reads any more, those that were never
// finished, and what is left of policies that were deleted.
func (s *Store) Sweep(ctx context.Context, before time.Time, over func(context.Context, string) (bool, error)) error {
	subjects, err := s.book.Subjects(ctx)
	if err != nil {
		return err
	}
	for _, id := range subjects {
		_, err := s.Policy(ctx, id)
		switch {
		case fault.KindOf(err) == fault.NotFound:
			err = s.clear(ctx, id)
		case err == nil:
			err = s.book.Retire(ctx, id, before, over, func(ctx context.Context, gap editions.Gap) error {
				return s.standings.Purge(ctx, docstore.Range{
					From: docstore.ID(id, editions.Key(gap.From)), To: docstore.ID(id, editions.Key(gap.To)),
				})
			})
		}
		if err != nil {
			return fmt.Errorf("loyalty policy %s: %w", id, err)
		}
	}
	_, err = s.policies.Sweep(ctx, s.now().Add(-docstore.TombstoneLife))
	return err
}
