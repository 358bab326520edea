package app

import (
	"context"
	"hash/maphash"
	"sync"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const (
	knownSize = 1 << 19 // customers in one of the two halves: 20 MiB of memory at most

	// The notes of deletions are looked at this often while orders are recorded.
	// Where they were not for so long that one may have come and gone, nobody is
	// known any more.
	notesEvery  = 15 * time.Second
	notesUnread = claimGrace / 2

	mostNotes = 1000 // more than that, and nobody is known any more either
)

// known remembers customers that were seen, so that recording their orders need
// not look for them each time. It holds two halves: the older is dropped when the
// younger is full. A customer deleted elsewhere may be believed in until the
// notes are looked at again; see App.sweepDeletions.
type known struct {
	now   func() time.Time
	seeds [2]maphash.Seed

	mu           sync.Mutex
	young, old   map[mark]struct{}
	read         time.Time // when the notes of deletions were looked at
	forgottenAny uint64    // how many customers were forgotten
}

// mark stands for an id: 128 bits under secret seeds, so that no two ids in use
// have the same and nobody can look for some that do.
type mark [2]uint64

func newKnown(now func() time.Time) *known {
	return &known{
		now: now, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		young: make(map[mark]struct{}), read: now(),
	}
}

func (k *known) mark(id string) mark {
	return mark{maphash.String(k.seeds[0], id), maphash.String(k.seeds[1], id)}
}

// missing returns the distinct ids that are not known, and for learn how many
// were forgotten so far.
func (k *known) missing(ids func(yield func(string) bool)) ([]string, uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var unknown []string
	asked := make(map[mark]struct{})
	for id := range ids {
		m := k.mark(id)
		if _, ok := k.young[m]; ok {
			continue
		}
		if _, ok := k.old[m]; ok {
			continue
		}
		if _, twice := asked[m]; !twice {
			asked[m] = struct{}{}
			unknown = append(unknown, id)
		}
	}
	return unknown, k.forgottenAny
}

// learn remembers customers that were seen after so many had been forgotten,
// unless one more has been since.
func (k *known) learn(ids []string, forgotten uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if forgotten != k.forgottenAny {
		return
	}
	for _, id := range ids {
		k.turn()
		k.young[k.mark(id)] = struct{}{}
	}
}

// forget drops a customer that is deleted.
func (k *known) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.drop(id)
}

// drop is forget for who holds the lock.
func (k *known) drop(id string) {
	m := k.mark(id)
	delete(k.young, m)
	delete(k.old, m)
	k.forgottenAny++
}

// unmoved reports whether no customer was forgotten since so many had been.
func (k *known) unmoved(forgotten uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return forgotten == k.forgottenAny
}

func (k *known) turn() {
	if len(k.young) >= knownSize {
		k.old, k.young = k.young, make(map[mark]struct{})
	}
}

// due reports whether the notes of deletions have to be looked at.
func (k *known) due() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	unread := k.now().Sub(k.read)
	if unread > notesUnread {
		k.clear()
	}
	return unread >= notesEvery && unread <= notesUnread
}

// clear forgets everybody.
func (k *known) clear() {
	k.old, k.young, k.read = nil, make(map[mark]struct{}), k.now()
	k.forgottenAny++
}

// noted forgets customers whose deletion was noted, as read at a time. Those of
// earlier readings are among them as long as their notes live, for the deletion
// itself comes a moment after its note.
func (k *known) noted(customers []store.Noted, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(customers) >= mostNotes {
		k.clear()
		return
	}
	for _, c := range customers {
		k.drop(c.Customer)
	}
	k.read = at
}

// forgetDeleted sees to it that nobody is known who was deleted a while ago.
func (a *App) forgetDeleted(ctx context.Context) error {
	if !a.known.due() {
		return nil
	}
	at := a.now()
	noted, err := a.store.Deletions.Before(ctx, at.Add(claimGrace), mostNotes) // other clocks may be ahead
	if err == nil {
		a.known.noted(noted, at)
	}
	return err
}
