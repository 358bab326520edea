// Package app holds the referral service's use cases: referral programmes and
// the ledger their rewards are posted in.
package app

import (
	"context"
	"crypto/rand"
	"io"
	"time"

	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Profile is what is asked of the profile service. Its errors are faults.
type Profile interface {
	// CustomerKnown reports whether there is such a customer.
	CustomerKnown(ctx context.Context, id string) (bool, error)
	// Order returns a customer's order, nil where there is none.
	Order(ctx context.Context, customer, order string) (*domain.Order, error)
	// Members are the ids of all records that are one customer with a record, the
	// one by whose name the customer goes first.
	Members(ctx context.Context, customer string) []string
}

// Programs runs referral programmes.
//
// What spans several records is a sequence of steps, each of which can be taken
// again. A record that another one's step has changed (a code that has counted a
// referral, a budget that holds a reward) lists that step until the other
// confirms it, so that it is not counted twice; what a crash has left undone is
// noted in the records themselves, where Sweep and later steps find it.
type Programs struct {
	store   *store.Store
	vault   *vault.Vault
	ledger  *Ledger
	profile Profile
	now     func() time.Time
	random  io.Reader
	turns   turns
	gate    *gate
}

// New makes the use cases. clock may be nil for the system's; random nil for
// crypto/rand, which is what it must be but in tests.
func New(s *store.Store, v *vault.Vault, profile Profile, clock func() time.Time, random io.Reader) (*Programs, *Ledger) {
	if clock == nil {
		clock = time.Now
	}
	if random == nil {
		random = rand.Reader
	}
	now := func() time.Time { return clock().UTC().Truncate(time.Millisecond) } // what is stored
	gate := newGate()
	ledger := &Ledger{store: s, vault: v, profile: profile, now: now, gate: gate}
	return &Programs{store: s, vault: v, ledger: ledger, profile: profile, now: now, random: random, gate: gate}, ledger
}
