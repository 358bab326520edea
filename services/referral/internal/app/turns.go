package app

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// turns lets the goroutines of this process change a much used document one
// after the other, instead of having all but one of them fail and try again.
// Nothing depends on it: between processes the version check decides.
type turns struct {
	once  sync.Once
	seed  maphash.Seed
	lanes [256]chan struct{}
}

// take waits for the turn of key. done ends it; no second turn may be taken
// before, as two keys can share a lane.
func (t *turns) take(ctx context.Context, key string) (done func(), err error) {
	t.once.Do(func() {
		t.seed = maphash.MakeSeed()
		for i := range t.lanes {
			t.lanes[i] = make(chan struct{}, 1)
		}
	})
	lane := t.lanes[maphash.String(t.seed, key)%uint64(len(t.lanes))]
	select {
	case lane <- struct{}{}:
		return func() { <-lane }, nil
	case <-ctx.Done():
		return nil, docstore.Fault(ctx.Err())
	}
}
