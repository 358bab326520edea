package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Refreshing returns the operations that a generation has been given to and that
// may not be over, with their generations.
func (s *Publication) Refreshing(ctx context.Context) (map[string]int64, error) {
	p, err := s.docs.Get(ctx, currentID)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	open := make(map[string]int64, len(p.Open))
	for _, o := range p.Open {
		open[o.Operation] = o.Generation
	}
	return open, nil
}

// Retired is what Retire took from the record: nobody reads it any more.
type Retired struct {
	Spools []int64 // generations of refreshes that are over
	Whole  []int64 // generations of which nothing is needed any more
	Oldest int64   // of the generations before it, nothing is needed either
}

// Retire forgets the editions superseded before a time, and the openings of
// operations that are over. What it returns can be purged: from here on nobody
// begins to read it, and no run left over can publish it.
func (s *Publication) Retire(ctx context.Context, before time.Time, over []string) (Retired, error) {
	var gone Retired
	_, err := s.docs.Update(ctx, currentID, func(p *publication) error {
		gone = Retired{}
		changed := false
		p.Open = slices.DeleteFunc(p.Open, func(o opening) bool {
			if !slices.Contains(over, o.Operation) {
				return false
			}
			changed = true
			if _, published := p.edition(o.Generation); published {
				gone.Spools = append(gone.Spools, o.Generation)
			} else {
				gone.Whole = append(gone.Whole, o.Generation)
			}
			return true
		})
		p.Previous = slices.DeleteFunc(p.Previous, func(e Edition) bool {
			expired := e.SupersededAt.Before(before) && !p.isOpen(e.Generation)
			if expired {
				changed = true
				gone.Whole = append(gone.Whole, e.Generation)
			}
			return expired
		})
		gone.Oldest = p.oldest()
		if !changed {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return Retired{}, nil
	}
	return gone, err
}

// isOpen reports whether the refresh that made a generation may not be over. It
// would publish again what was forgotten.
func (p *publication) isOpen(generation int64) bool {
	return slices.ContainsFunc(p.Open, func(o opening) bool { return o.Generation == generation })
}

// oldest is the first generation of which something is still needed.
func (p *publication) oldest() int64 {
	oldest := p.Last + 1
	if p.Current != nil {
		oldest = min(oldest, p.Current.Generation)
	}
	for _, e := range p.Previous {
		oldest = min(oldest, e.Generation)
	}
	for _, o := range p.Open {
		oldest = min(oldest, o.Generation)
	}
	return oldest
}
