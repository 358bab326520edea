// Package store keeps the feedback service's records on pkg/docstore:
//
//	surveys    _id survey           the surveys
//	responses  _id survey!response  the answers to them
package store

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Store is the collections of the service.
type Store struct {
	Surveys   *Surveys
	Responses *Responses
}

// Open opens the collections, creating them where they are missing.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	surveys, err := docstore.Open(ctx, engine, docstore.Schema[survey]{Name: "surveys"}, docstore.WithClock(clock))
	responses, err2 := docstore.Open(ctx, engine, responseSchema, docstore.WithClock(clock))
	return &Store{&Surveys{surveys}, &Responses{responses}}, errors.Join(err, err2)
}

// Sweep removes the tombstones that a new survey of the same id need no longer
// continue. Responses are never deleted.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	_, err := s.Surveys.docs.Sweep(ctx, now.Add(-docstore.TombstoneLife))
	return err
}
