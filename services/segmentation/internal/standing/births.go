package standing

import (
	"context"
	"sync"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// births knows which segment was born with which number; empty of one that was deleted.
type births struct {
	mu sync.Mutex
	of map[int64]string
}

// named returns the segments of some births as they are now. Those that were deleted
// are missing.
func (s *Standings) named(ctx context.Context, born map[int64]bool) (map[int64]domain.Segment, error) {
	s.names.mu.Lock()
	of := s.names.of
	s.names.mu.Unlock()
	for b := range born {
		if _, known := of[b]; !known {
			var err error
			if of, err = s.learn(ctx, born); err != nil {
				return nil, err
			}
			break
		}
	}
	var ids []string
	for b := range born {
		if id := of[b]; id != "" {
			ids = append(ids, id)
		}
	}
	found, err := s.segments.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	named := make(map[int64]domain.Segment, len(found))
	for _, f := range found {
		if f != nil && born[f.Born] {
			named[f.Born] = *f
		}
	}
	return named, nil
}

// learn reads which segments there are. Births of none are noted too, and stay: none
// comes back.
func (s *Standings) learn(ctx context.Context, born map[int64]bool) (map[int64]string, error) {
	of := make(map[int64]string)
	for segment, err := range s.segments.All(ctx) {
		if err != nil {
			return nil, err
		}
		of[segment.Born] = segment.ID
	}
	for b := range born {
		if _, exists := of[b]; !exists {
			of[b] = ""
		}
	}
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	for b, id := range s.names.of {
		if id == "" {
			of[b] = ""
		}
	}
	s.names.of = of
	return of, nil
}
