package app

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// App is the use cases of the profile service. It is safe for concurrent use.
type App struct {
	store *store.Store
	now   func() time.Time
	known *known
	fresh atomic.Bool // the orders recorded last were all new

	elsewhere []Records
	checks    []Check
	guard     Guard
}

// New makes the use cases on a store. clock stamps and judges times.
func New(s *store.Store, clock func() time.Time) *App {
	return &App{store: s, now: clock, known: newKnown(clock)}
}

// instant is now in the precision of the store.
func (a *App) instant() time.Time { return a.now().UTC().Truncate(time.Millisecond) }

// backoff spaces retries after somebody else was faster: a random time up to a
// bound that doubles from 1 ms to 64 ms.
type backoff struct{ tries int }

func (b *backoff) pause(ctx context.Context) error {
	timer := time.NewTimer(rand.N(time.Millisecond << min(b.tries, 6)))
	defer timer.Stop()
	b.tries++
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// inRounds hands out n items so that no round holds two with a common key: the
// later of them waits for the next round. Within a batch each item thus meets
// what those before it have done, wherever the batch was cut. step returns the
// items that somebody else was faster for, to be tried again.
func inRounds(ctx context.Context, items []int, keys func(i int, to []string) []string, step func([]int) ([]int, error)) error {
	var wait backoff
	var buffer []string
	for len(items) > 0 {
		touched := make(map[string]struct{}, len(items))
		round := make([]int, 0, len(items))
		var later []int
		for _, i := range items {
			buffer = keys(i, buffer[:0])
			free := true
			for _, key := range buffer {
				if _, taken := touched[key]; taken {
					free = false
				}
			}
			for _, key := range buffer {
				touched[key] = struct{}{}
			}
			if free {
				round = append(round, i)
			} else {
				later = append(later, i)
			}
		}
		again, err := step(round)
		if err != nil {
			return err
		}
		if len(again) > 0 {
			if err := wait.pause(ctx); err != nil {
				return err
			}
		}
		items = merge(again, later)
	}
	return nil
}

// merge joins two ascending lists.
func merge(a, b []int) []int {
	out := make([]int, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return append(append(out, a...), b...)
}

// origin is what a record written for a source remembers.
func origin(src domain.Source, row int64, created bool) domain.Origin {
	if src.Import == "" {
		return domain.Origin{}
	}
	return domain.Origin{Import: src.Import, Row: row, Created: created}
}
