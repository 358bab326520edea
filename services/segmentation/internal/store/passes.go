package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Passes keeps what is known of each pass over a segment. Those that were
// published stay for as long as the segment: since and transition_time are their
// times.
type Passes struct {
	docs *docstore.Collection[pass]
}

// pass is a pass as it is stored.
type pass struct {
	docstore.Meta `bson:",inline"`
	Operation     string    `bson:"operation"`
	Members       int64     `bson:"members"`
	Entered       int64     `bson:"entered"`
	Left          int64     `bson:"left"`
	At            time.Time `bson:"at,omitempty"`
	AsOf          time.Time `bson:"as_of,omitempty"`
	Published     bool      `bson:"published,omitempty"`
	SupersededAt  time.Time `bson:"superseded_at,omitempty"`
	Purged        bool      `bson:"purged,omitempty"`
	Hidden        []string  `bson:"hidden,omitempty"`
}

const (
	byKept  = "kept"  // the passes whose memberships are there, by id
	byMoves = "moves" // the published passes with transitions, by id
)

func openPasses(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Passes, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[pass]{
		Name: "passes",
		Indexes: []docstore.Index[pass]{
			{Name: byKept, Key: func(p *pass) string {
				if p.Purged {
					return ""
				}
				return p.ID
			}},
			{Name: byMoves, Key: func(p *pass) string {
				if !p.moved() {
					return ""
				}
				return p.ID
			}},
		},
	}, docstore.WithClock(clock))
	return &Passes{docs}, err
}

func (p *pass) moved() bool { return p.Published && p.Entered+p.Left > 0 }

func (p *pass) domain() (domain.Pass, error) {
	segment, generation, err := parsePassID(p.ID)
	return domain.Pass{
		Segment: segment, Generation: generation, Operation: p.Operation,
		Members: p.Members, Entered: p.Entered, Left: p.Left, At: p.At, AsOf: p.AsOf,
		Published: p.Published, SupersededAt: p.SupersededAt, Purged: p.Purged, Hidden: p.Hidden, Version: p.Version,
	}, err
}

func (p *pass) set(v *domain.Pass) {
	p.Operation, p.Members, p.Entered, p.Left = v.Operation, v.Members, v.Entered, v.Left
	p.At, p.AsOf, p.Published, p.SupersededAt, p.Purged = v.At, v.AsOf, v.Published, v.SupersededAt, v.Purged
	p.Hidden = v.Hidden
}

// Begin notes that an operation forms a segment, before it writes anything.
func (s *Passes) Begin(ctx context.Context, segment string, generation int64, operation string) error {
	_, err := s.docs.Upsert(ctx, passID(segment, generation), func(p *pass, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		p.Operation = operation
		return nil
	})
	return err
}

// Get returns a pass, nil where there is none.
func (s *Passes) Get(ctx context.Context, segment string, generation int64) (*domain.Pass, error) {
	found, err := s.GetMany(ctx, segment, []int64{generation})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// GetMany returns a segment's passes of some generations, nil where there is none.
func (s *Passes) GetMany(ctx context.Context, segment string, generations []int64) ([]*domain.Pass, error) {
	ids := make([]string, len(generations))
	for i, generation := range generations {
		ids[i] = passID(segment, generation)
	}
	docs, err := s.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	passes := make([]*domain.Pass, len(docs))
	for i, doc := range docs {
		if doc == nil {
			continue
		}
		p, err := doc.domain()
		if err != nil {
			return nil, err
		}
		passes[i] = &p
	}
	return passes, nil
}

// Change reads a pass, lets change alter it, and writes it, again if somebody
// else was faster. docstore.ErrUnchanged leaves it as it is. Where there is no
// such pass it does nothing and returns false.
func (s *Passes) Change(ctx context.Context, segment string, generation int64, change func(*domain.Pass) error) (bool, error) {
	_, err := s.docs.Update(ctx, passID(segment, generation), func(doc *pass) error {
		p, err := doc.domain()
		if err != nil {
			return err
		}
		if err := change(&p); err != nil {
			return err
		}
		doc.set(&p)
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Forget removes the record of a pass.
func (s *Passes) Forget(ctx context.Context, segment string, generation int64) error {
	err := s.docs.Delete(ctx, passID(segment, generation), docstore.Any)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}

// Kept yields the passes whose memberships are there, those of a segment together.
func (s *Passes) Kept(ctx context.Context) iter.Seq2[domain.Pass, error] {
	return s.scan(ctx, docstore.Range{Index: byKept}, func(p *pass) bool { return !p.Purged })
}

// Moves yields the published passes of a segment with transitions, from the
// generation upTo down to the one behind after.
func (s *Passes) Moves(ctx context.Context, segment string, after, upTo int64) iter.Seq2[domain.Pass, error] {
	r := docstore.Range{
		Index: byMoves, Reverse: true,
		From: passID(segment, after+1), To: passID(segment, upTo+1),
	}
	return s.scan(ctx, r, (*pass).moved)
}

// Of yields all passes of a segment up to a generation.
func (s *Passes) Of(ctx context.Context, segment string, upTo int64) iter.Seq2[domain.Pass, error] {
	r := docstore.Range{From: passID(segment, 0), To: passID(segment, upTo+1)}
	return s.scan(ctx, r, func(*pass) bool { return true })
}

// scan yields the passes of a range that are still what its index says: an index
// may lead to a document newer than its entry.
func (s *Passes) scan(ctx context.Context, r docstore.Range, is func(*pass) bool) iter.Seq2[domain.Pass, error] {
	return func(yield func(domain.Pass, error) bool) {
		for doc, err := range s.docs.Scan(ctx, r) {
			if err != nil {
				yield(domain.Pass{}, fmt.Errorf("passes: %w", err))
				return
			}
			if !is(doc) {
				continue
			}
			p, err := doc.domain()
			if !yield(p, err) || err != nil {
				return
			}
		}
	}
}
