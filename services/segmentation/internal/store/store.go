// Package store keeps the segmentation service's records on pkg/docstore:
//
//	segments     _id segment                      the segments
//	revisions    _id segment!born!revision        the definitions they had
//	graph        _id segments                     which ask about which
//	deletions    _id segment!born                 segments deleted a moment ago
//	generations  _id last                         the generation given out last
//	erasures     _id pseudonym                    see package erasure
//
// What is known of customers is kept by package facts, who is in segments by package
// standing.
//
// Generations are written with leading zeros, so that they order as numbers.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
)

// Store is the collections of the service.
type Store struct {
	Segments    *Segments
	Revisions   *Revisions
	Graph       *Graph
	Deletions   *Deletions
	Generations *Generations
	Erasures    *erasure.Journal
	engine      docstore.Engine
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	s := &Store{engine: engine}
	var errs [6]error
	s.Segments, errs[0] = openSegments(ctx, engine, clock)
	s.Deletions, errs[1] = openDeletions(ctx, engine, clock)
	s.Generations, errs[2] = openGenerations(ctx, engine, clock)
	s.Erasures, errs[3] = erasure.Open(ctx, engine, clock)
	s.Revisions, errs[4] = openRevisions(ctx, engine, clock)
	s.Graph, errs[5] = openGraph(ctx, engine, clock)
	return s, errors.Join(errs[:]...)
}

// Sweep removes the tombstones made before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, segments := s.Segments.docs.Sweep(ctx, before)
	_, deletions := s.Deletions.docs.Sweep(ctx, before)
	return errors.Join(segments, deletions)
}

// Scrub rewrites the files, so that nothing is left in them of what was removed.
func (s *Store) Scrub(ctx context.Context) error { return s.engine.Scrub(ctx) }

// generationDigits is how many digits a generation is written with.
const generationDigits = 16

func generationPart(generation int64) string {
	return fmt.Sprintf("%0*d", generationDigits, generation)
}

func passID(segment string, generation int64) string {
	return docstore.ID(segment, generationPart(generation))
}

// Generations gives out the numbers of passes.
type Generations struct {
	docs *docstore.Collection[counter]
}

type counter struct {
	docstore.Meta `bson:",inline"`
	Last          int64 `bson:"last"`
}

const lastGeneration = "last"

func openGenerations(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Generations, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[counter]{Name: "generations"}, docstore.WithClock(clock))
	return &Generations{docs}, err
}

// Next gives out a number larger than all before.
func (g *Generations) Next(ctx context.Context) (int64, error) {
	c, err := g.docs.Upsert(ctx, lastGeneration, func(c *counter, _ bool) error {
		c.Last++
		return nil
	})
	if err != nil {
		return 0, err
	}
	return c.Last, nil
}

// Last is the number given out last.
func (g *Generations) Last(ctx context.Context) (int64, error) {
	c, err := g.docs.Get(ctx, lastGeneration)
	if errors.Is(err, docstore.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return c.Last, nil
}
