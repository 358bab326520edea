// Package store keeps the valuation service's records on pkg/docstore:
//
//	publication  _id "current"            which generation is read, its summary, and which others exist
//	valuations   _id generation!customer  the valuations of every generation
//	spool        _id generation!number    the accounts a refresh has read, many to a document
//	retention    _id generation           how customers stay and come back, counted by a refresh
//	erasures     _id pseudonym            see package erasure
//
// A generation is what one refresh makes. It is written apart from all others
// and then published by one write of "current".
package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
)

// Store is the collections of the service.
type Store struct {
	Publication *Publication
	Valuations  *Valuations
	Spool       *Spool
	Retentions  *Retentions
	Erasures    *erasure.Journal
	engine      docstore.Engine
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	publication, err := openPublication(ctx, engine, clock)
	valuations, errValuations := openValuations(ctx, engine, clock)
	spool, errSpool := openSpool(ctx, engine, clock)
	retentions, errRetentions := openRetentions(ctx, engine, clock)
	erasures, errErasures := erasure.Open(ctx, engine, clock)
	return &Store{publication, valuations, spool, retentions, erasures, engine},
		errors.Join(err, errValuations, errSpool, errRetentions, errErasures)
}

// Purge removes all that a generation has written.
func (s *Store) Purge(ctx context.Context, generation int64) error {
	return errors.Join(s.Valuations.Purge(ctx, generation), s.Spool.Purge(ctx, generation), s.Retentions.Purge(ctx, generation))
}

// PurgeBelow removes all that generations older than the one given have written.
func (s *Store) PurgeBelow(ctx context.Context, generation int64) error {
	r := docstore.Range{To: generationKey(generation)}
	return errors.Join(s.Valuations.docs.Purge(ctx, r), s.Spool.docs.Purge(ctx, r), s.Retentions.docs.Purge(ctx, r))
}

// generationKey is of one length for all generations, so that they sort.
func generationKey(generation int64) string { return fmt.Sprintf("%0*d", generationDigits, generation) }

const generationDigits = 12

func generationOf(id string) (int64, error) {
	if len(id) < generationDigits {
		return 0, fmt.Errorf("stored id %q begins with no generation", id)
	}
	return strconv.ParseInt(id[:generationDigits], 10, 64)
}
