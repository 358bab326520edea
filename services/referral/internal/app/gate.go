package app

import (
	"context"
	"sync"
	"time"

	"github.com/kehuhq/kehu/pkg/erasure"
)

// gate lets an erasure wait for the calls under way in this process, which may
// still write what they have read before. It keeps nobody out.
type gate struct {
	waiting sync.Mutex // held by who waits
	mu      sync.Mutex
	inside  *sync.WaitGroup // those who came since the last wait began
}

func newGate() *gate { return &gate{inside: new(sync.WaitGroup)} }

// enter is called before anything is read that what is written depends on; leave
// when it is written.
func (g *gate) enter() (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	inside := g.inside
	inside.Add(1)
	return inside.Done
}

// patience is how long an erasure waits at most before it asks to be called again,
// shorter than who calls it does.
const patience = 3 * time.Second

// wait waits until all have left who were inside, or returns the fault
// ERASURE_HELD_UP when that takes too long.
func (g *gate) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	left := make(chan struct{})
	go func() {
		defer close(left)
		g.waiting.Lock()
		defer g.waiting.Unlock()
		g.mu.Lock()
		before := g.inside
		g.inside = new(sync.WaitGroup)
		g.mu.Unlock()
		before.Wait()
	}()
	select {
	case <-left:
		return nil
	case <-ctx.Done():
		return erasure.HeldUp("calls that may have read the person's records before have not ended").Because(ctx.Err())
	}
}
