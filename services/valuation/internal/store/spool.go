package store

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Spool keeps what a refresh has read until it is published: the accounts of all
// customers, in the order of their ids. What is computed from it comes out the
// same however often it is done, even where the orders have changed meanwhile.
type Spool struct {
	docs *docstore.Collection[chunk]
}

// Chunk is some accounts that follow one another.
type Chunk struct {
	Number     int    // from 0
	Start      int64  // accounts in the chunks before
	Count      int    // accounts in it
	Accounts   []byte // see AppendAccount
	Statistics []byte // of their orders, see AppendStatistics
	Excluded   int64  // customers among them who do not allow to be valued
	// Last says that no chunk follows: what is computed from the spool is computed
	// from the same accounts by every run.
	Last bool
	// Upto is the customer of the last account.
	Upto string
	// Layout is that of the accounts: Dated, or 0 in chunks of older versions, whose
	// accounts do not tell when the first order was.
	Layout int
}

// Dated is the layout of accounts that AppendAccount writes.
const Dated = 1

// chunk is a Chunk as it is stored.
type chunk struct {
	docstore.Meta `bson:",inline"`
	Number        int    `bson:"number"`
	Start         int64  `bson:"start"`
	Count         int    `bson:"count"`
	Accounts      []byte `bson:"accounts"`
	Statistics    []byte `bson:"counted"` // older versions had others, under "statistics"
	Excluded      int64  `bson:"excluded,omitempty"`
	Last          bool   `bson:"last"`
	Upto          string `bson:"upto,omitempty"`
	Layout        int    `bson:"layout,omitempty"`
}

// byUpto orders the chunks of a generation by the customer they reach to.
const byUpto = "by_upto"

func uptoKey(generation int64, customer string) string {
	return docstore.Key(docstore.String(generationKey(generation)), docstore.String(docstore.ID(customer)))
}

func openSpool(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Spool, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[chunk]{
		Name: "spool",
		Indexes: []docstore.Index[chunk]{{Name: byUpto, Key: func(c *chunk) string {
			generation, err := generationOf(c.ID)
			if c.Upto == "" || err != nil {
				return ""
			}
			return uptoKey(generation, c.Upto)
		}}},
	}, docstore.WithClock(clock))
	return &Spool{docs}, err
}

func chunkID(generation int64, number int) string {
	return docstore.ID(generationKey(generation), fmt.Sprintf("%09d", number))
}

// Append stores a new chunk. Where another run has stored one of that number, it
// returns a fault Aborted: what this run has read since does not fit.
func (s *Spool) Append(ctx context.Context, generation int64, c Chunk) error {
	if c.Accounts == nil {
		c.Accounts = []byte{} // nil is stored as null
	}
	err := s.docs.Insert(ctx, &chunk{
		Meta:   docstore.Meta{ID: chunkID(generation, c.Number)},
		Number: c.Number, Start: c.Start, Count: c.Count, Accounts: c.Accounts, Statistics: c.Statistics,
		Excluded: c.Excluded, Last: c.Last, Upto: c.Upto, Layout: c.Layout,
	})
	if errors.Is(err, docstore.ErrConflict) {
		return fault.New(fault.Aborted, "REFRESH_OVERTAKEN", "another run of the refresh has read on from the same place").Because(err)
	}
	return err
}

// Last returns the last chunk, and whether there is any.
func (s *Spool) Last(ctx context.Context, generation int64) (Chunk, bool, error) {
	r := docstore.Within(generationKey(generation))
	r.Reverse, r.Limit = true, 1
	for doc, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return Chunk{}, false, err
		}
		return doc.chunk(), true, nil
	}
	return Chunk{}, false, nil
}

func (d *chunk) chunk() Chunk {
	return Chunk{d.Number, d.Start, d.Count, d.Accounts, d.Statistics, d.Excluded, d.Last, d.Upto, d.Layout}
}

// Chunks yields the chunks from a number on. Their bytes are valid until the
// iteration moves on.
func (s *Spool) Chunks(ctx context.Context, generation int64, from int) iter.Seq2[Chunk, error] {
	r := docstore.Within(generationKey(generation))
	r.From = chunkID(generation, from)
	return func(yield func(Chunk, error) bool) {
		next := from
		for entry, err := range s.docs.ScanRaw(ctx, r) {
			var c Chunk
			if err == nil {
				c, err = readChunk(entry.Doc)
			}
			if err == nil && c.Number != next {
				err = fmt.Errorf("spool %s: chunk %d is missing", entry.ID, next)
			}
			if !yield(c, err) || err != nil {
				return
			}
			next++
		}
	}
}

// readChunk leaves the accounts and the statistics where they are.
func readChunk(raw bson.Raw) (Chunk, error) {
	number, okNumber := raw.Lookup("number").AsInt64OK()
	start, okStart := raw.Lookup("start").AsInt64OK()
	count, okCount := raw.Lookup("count").AsInt64OK()
	_, accounts, okAccounts := raw.Lookup("accounts").BinaryOK()
	if !okNumber || !okStart || !okCount || !okAccounts {
		return Chunk{}, errors.New("stored document: a field of the chunk is missing")
	}
	_, statistics, _ := raw.Lookup("counted").BinaryOK() // of older versions: none
	excluded, _ := raw.Lookup("excluded").AsInt64OK()
	last, _ := raw.Lookup("last").BooleanOK()
	upto, _ := raw.Lookup("upto").StringValueOK()
	layout, _ := raw.Lookup("layout").AsInt64OK()
	return Chunk{int(number), start, int(count), accounts, statistics, excluded, last, upto, int(layout)}, nil
}

// Accounts yields the accounts of a generation in order, each valid until the
// iteration moves on.
func (s *Spool) Accounts(ctx context.Context, generation int64) iter.Seq2[*domain.Account, error] {
	return func(yield func(*domain.Account, error) bool) {
		for c, err := range s.Chunks(ctx, generation, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			for account, err := range c.Each() {
				if !yield(account, err) || err != nil {
					return
				}
			}
		}
	}
}

// Purge removes the chunks of a generation.
func (s *Spool) Purge(ctx context.Context, generation int64) error {
	return s.docs.Purge(ctx, docstore.Within(generationKey(generation)))
}
