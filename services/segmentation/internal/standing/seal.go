package standing

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/vault"
)

// inOrder seals values of customers who come in the order of their escaped ids, next to
// a scan of the keys.
func (s *Standings) inOrder() seal {
	var keys *vault.Walk // from the first of whom there is something to seal
	return func(ctx context.Context, b vault.Box) ([]byte, error) {
		if keys == nil {
			keys = s.vault.Walk(b.Subject)
		}
		return keys.Seal(ctx, b)
	}
}

// atHand seals values of customers whose facts have just been opened, so that the vault
// has their keys in memory.
func (s *Standings) atHand(ctx context.Context, b vault.Box) ([]byte, error) {
	return s.vault.Seal(ctx, b.Subject, b.Place, b.Content)
}

// Unseal opens the values recorded with some moves that describe the persons. Where a
// key has been destroyed the move says so.
func (s *Standings) Unseal(ctx context.Context, moves []Move) error {
	var of []int
	var boxes []vault.Box
	for i := range moves {
		if m := &moves[i]; len(m.sealed) > 0 && m.Own == nil {
			id := movesID(m.place.segment, m.place.generation, m.place.number)
			of, boxes = append(of, i), append(boxes, vault.Box{Subject: m.Customer, Place: sealPlace(id), Content: m.sealed})
		}
	}
	for part := range slices.Chunk(boxes, readSize) {
		opened, errs, err := s.vault.OpenMany(ctx, part)
		if err != nil {
			return err
		}
		for i, err := range errs {
			m := &moves[of[i]]
			if m.Lost = errors.Is(err, vault.ErrDestroyed); err != nil && !m.Lost {
				return err
			}
			m.Own = opened[i]
		}
		of = of[len(part):]
	}
	return nil
}
