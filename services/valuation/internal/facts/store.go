package facts

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/editions"
)

// Copy is what is said of a copy.
type Copy struct {
	AsOf    time.Time `bson:"as_of"` // what happened from then on is not in it
	Records int64     `bson:"records"`
	// FailedAt is when the service could not be reached since; zero where it could.
	FailedAt time.Time `bson:"failed_at,omitempty"`
}

type factDoc struct {
	docstore.Meta `bson:",inline"`
	Value         float64 `bson:"value"`
	Count         int64   `bson:"count"`
	AtMS          int64   `bson:"at,omitempty"`
}

type edgeDoc struct {
	docstore.Meta `bson:",inline"`
	SignUpMS      int64 `bson:"sign_up"`
	QualifyMS     int64 `bson:"qualify,omitempty"`
}

// byReferee orders the edges of a copy by the referee.
const byReferee = "by_referee"

func refereeKey(copied int64, referee string) string {
	return docstore.Key(docstore.String(editions.Key(copied)), docstore.String(referee))
}

// Store keeps the copies.
type Store struct {
	book    *editions.Book[Copy]
	facts   *docstore.Collection[factDoc]
	edges   *docstore.Collection[edgeDoc]
	sources []Source
	now     func() time.Time
}

// Open opens the collections of the copies of some sources, of each kind one.
func Open(ctx context.Context, engine docstore.Engine, sources []Source, clock func() time.Time) (*Store, error) {
	book, err := editions.Open[Copy](ctx, engine, "fact_books", clock)
	facts, errFacts := docstore.Open(ctx, engine, docstore.Schema[factDoc]{Name: "facts"}, docstore.WithClock(clock))
	edges, errEdges := docstore.Open(ctx, engine, docstore.Schema[edgeDoc]{
		Name: "fact_edges",
		Indexes: []docstore.Index[edgeDoc]{{Name: byReferee, Key: func(d *edgeDoc) string {
			id := docstore.ParseID(d.ID)
			if len(id) != 3 {
				return ""
			}
			return docstore.Key(docstore.String(id[0]), docstore.String(id[2]))
		}}},
	}, docstore.WithClock(clock))
	return &Store{book, facts, edges, sources, clock}, errors.Join(err, errFacts, errEdges)
}

func factKey(kind Kind, copied int64) string {
	return docstore.ID(string(kind), editions.Key(copied))
}

// write stores a batch of a copy. What is there already is replaced: a run that
// goes on reads it again.
func (s *Store) write(ctx context.Context, kind Kind, copied int64, b Batch) error {
	facts := make([]docstore.Op[factDoc], 0, len(b.Facts))
	for _, f := range b.Facts {
		facts = append(facts, docstore.Op[factDoc]{Expect: docstore.Any, Doc: &factDoc{
			Meta:  docstore.Meta{ID: docstore.ID(string(kind), editions.Key(copied), f.Customer)},
			Value: f.Value, Count: f.Count, AtMS: f.AtMS,
		}})
	}
	edges := make([]docstore.Op[edgeDoc], 0, len(b.Edges))
	for _, e := range b.Edges {
		edges = append(edges, docstore.Op[edgeDoc]{Expect: docstore.Any, Doc: &edgeDoc{
			Meta:     docstore.Meta{ID: docstore.ID(editions.Key(copied), e.Advocate, e.Referee)},
			SignUpMS: e.SignUpMS, QualifyMS: e.QualifyMS,
		}})
	}
	return errors.Join(writeAll(ctx, s.facts, facts), writeAll(ctx, s.edges, edges))
}

// writeBatch is how many documents are written at a time.
const writeBatch = 1000

func writeAll[T any](ctx context.Context, docs *docstore.Collection[T], ops []docstore.Op[T]) error {
	for len(ops) > 0 {
		n := min(len(ops), writeBatch)
		errs, err := docs.Write(ctx, ops[:n])
		if err = errors.Join(append(errs, err)...); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}

// purge removes what copies of a kind have written.
func (s *Store) purge(kind Kind) func(context.Context, editions.Gap) error {
	return func(ctx context.Context, gap editions.Gap) error {
		if kind == Referrals {
			return s.edges.Purge(ctx, docstore.Range{From: editions.Key(gap.From), To: editions.Key(gap.To)})
		}
		return s.facts.Purge(ctx, docstore.Range{From: factKey(kind, gap.From), To: factKey(kind, gap.To)})
	}
}

// Sweep removes the copies that nobody reads any more, and those that were never
// finished. over reports whether an operation is.
func (s *Store) Sweep(ctx context.Context, before time.Time, over func(context.Context, string) (bool, error)) error {
	for _, kind := range Kinds {
		if err := s.book.Retire(ctx, string(kind), before, over, s.purge(kind)); err != nil {
			return err
		}
	}
	return nil
}
