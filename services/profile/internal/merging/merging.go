package merging

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const (
	// grace is how long a step may be under way before the sweeper takes it up.
	// Whoever took it has finished in half that time, or gives up.
	grace = time.Minute
	// sweepBatch bounds what one sweep takes up.
	sweepBatch = 1000
	// patience is how often a merge is tried while others hold its records.
	patience = 40
)

// Merger merges and unmerges. It is safe for concurrent use.
type Merger struct {
	customers *store.Customers
	vault     sealed.Vault
	journal   *journal
	now       func() time.Time
}

// New opens the journal of merges. vault seals what is written about one; clock
// stamps and judges times.
func New(ctx context.Context, engine docstore.Engine, vault sealed.Vault, customers *store.Customers, clock func() time.Time) (*Merger, error) {
	j, err := openJournal(ctx, engine, clock)
	return &Merger{customers, vault, j, clock}, err
}

// instant is now in the precision of the store.
func (m *Merger) instant() time.Time { return m.now().UTC().Truncate(time.Millisecond) }

// pause waits a random time, up to a bound that doubles from 1 ms to 64 ms.
func pause(ctx context.Context, tries int) error {
	timer := time.NewTimer(rand.N(time.Millisecond << min(tries, 6)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
