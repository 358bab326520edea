// Package store keeps the feedback service's records on pkg/docstore:
//
//	surveys    _id survey           the surveys
//	responses  _id survey!response  the answers to them; what somebody said is sealed
//	erasures   _id pseudonym        see package erasure
package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Store is the collections of the service.
type Store struct {
	Surveys   *Surveys
	Responses *Responses
	Erasures  *erasure.Journal
	engine    docstore.Engine
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Store, error) {
	surveys, err := docstore.Open(ctx, engine, docstore.Schema[survey]{Name: "surveys"}, docstore.WithClock(clock))
	responses, errResponses := docstore.Open(ctx, engine, responseSchema, docstore.WithClock(clock))
	erasures, errErasures := erasure.Open(ctx, engine, clock)
	return &Store{&Surveys{surveys}, &Responses{responses, v}, erasures, engine}, errors.Join(err, errResponses, errErasures)
}

// Sweep removes the tombstones that a new survey of the same id need no longer
// continue, and what is remembered of erasures long over. Responses leave none.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	_, err := s.Surveys.docs.Sweep(ctx, now.Add(-docstore.TombstoneLife))
	return errors.Join(err, s.Erasures.Sweep(ctx))
}

// Scrub rewrites the files, so that nothing is left in them of what was removed.
func (s *Store) Scrub(ctx context.Context) error { return s.engine.Scrub(ctx) }
