package duplicates

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// state is how far a candidate is.
type state string

const (
	open      state = "open"
	accepted  state = "accepted"
	dismissed state = "dismissed"
)

// grown is by how many bits the evidence has to grow before a dismissed pair is
// proposed again: three bits are eight times the odds. What a name's becoming
// rarer or the growth of the base changes stays below that.
const grown = 3.0

// candidate is a pair as it is stored, under an id made of the two.
type candidate struct {
	docstore.Meta `bson:",inline"`
	First         string              `bson:"first"` // the customers' ids, in the order of the ids
	Second        string              `bson:"second"`
	State         state               `bson:"state"`
	Score         float64             `bson:"score"`
	Bits          float64             `bson:"bits"`
	Prior         float64             `bson:"prior"`
	Reasons       []comparison.Reason `bson:"reasons"`
	Population    int64               `bson:"population"`
	CreatedAt     time.Time           `bson:"created_at"`
	ComparedAt    time.Time           `bson:"compared_at"`
	ResolvedAt    *time.Time          `bson:"resolved_at,omitempty"`
	ResolvedBits  float64             `bson:"resolved_bits,omitempty"` // the evidence when it was dismissed
	MergeRecord   string              `bson:"merge_record,omitempty"`
	Born          string              `bson:"born"`               // generation that proposed it first
	Reopened      string              `bson:"reopened,omitempty"` // generation that proposed it again
	Seen          string              `bson:"seen"`               // generation that found it last
}

// candidates keeps the pairs.
type candidates struct {
	docs *docstore.Collection[candidate]
}

// The orders of the candidates.
const (
	byScore  = "score" // within a state, the highest first
	byFirst  = "first"
	bySecond = "second"
)

func openCandidates(ctx context.Context, engine docstore.Engine, clock func() time.Time) (candidates, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[candidate]{
		Name: "duplicate_candidates",
		Indexes: []docstore.Index[candidate]{
			{Name: byScore, Key: func(c *candidate) string {
				// The score is a rising function of the bits, and of few digits near 1.
				return docstore.Key(docstore.String(string(c.State)), docstore.Desc(docstore.Float(c.Bits)))
			}},
			{Name: byFirst, Key: func(c *candidate) string { return docstore.Key(docstore.String(c.First)) }},
			{Name: bySecond, Key: func(c *candidate) string { return docstore.Key(docstore.String(c.Second)) }},
		},
	}, docstore.WithClock(clock))
	return candidates{docs}, err
}

// pair puts two customers into the order of their ids and names them.
func pair(a, b string) (id, first, second string) {
	if docstore.ID(b) < docstore.ID(a) {
		a, b = b, a
	}
	sum := sha256.Sum256([]byte(docstore.ID(a, b)))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])), a, b
}

// found is a pair that a comparison proposes.
type found struct {
	a, b       string
	result     comparison.Result
	generation string
	population int64
	at         time.Time
}

// propose records a pair. What a person has decided stays, but for a dismissed
// pair whose evidence has grown. Doing it again changes nothing.
func (s candidates) propose(ctx context.Context, f found) (*candidate, error) {
	id, first, second := pair(f.a, f.b)
	return s.docs.Upsert(ctx, id, func(c *candidate, exists bool) error {
		if exists && c.Seen == f.generation && c.Bits == f.result.Bits {
			return docstore.ErrUnchanged
		}
		if !exists {
			c.First, c.Second, c.State, c.CreatedAt, c.Born = first, second, open, f.at, f.generation
		}
		if c.State == accepted {
			if c.ResolvedAt.After(f.at) {
				return docstore.ErrUnchanged // read before they were merged
			}
			// They were merged and are two again: taking them apart was a decision.
			c.State, c.MergeRecord, c.ResolvedBits = dismissed, "", f.result.Bits
		}
		if c.State == dismissed && f.result.Bits >= c.ResolvedBits+grown {
			c.State, c.Reopened, c.ResolvedAt, c.ResolvedBits = open, f.generation, nil, 0
		}
		c.Score, c.Bits, c.Prior, c.Reasons = f.result.Score, f.result.Bits, f.result.Prior, f.result.Reasons
		c.Population, c.ComparedAt, c.Seen = f.population, f.at, f.generation
		return nil
	})
}

// get returns a candidate, or a NotFound fault DUPLICATE_CANDIDATE_NOT_FOUND.
func (s candidates) get(ctx context.Context, id string) (*candidate, error) {
	c, err := s.docs.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	return c, err
}

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "DUPLICATE_CANDIDATE_NOT_FOUND", "there is no duplicate candidate %q", id)
}

// within is all candidates of a state, the highest score first.
func within(of state) docstore.Range {
	r := docstore.Within(docstore.Key(docstore.String(string(of))))
	r.Index = byScore
	return r
}

// remove deletes a candidate at a version; one that is gone or has changed stays
// as it is.
func (s candidates) remove(ctx context.Context, id string, version int64) error {
	err := s.docs.Delete(ctx, id, version)
	if errors.Is(err, docstore.ErrNotFound) || errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return err
}
