package app

import (
	"hash/maphash"
	"sync"
	"time"
)

const (
	knownSize = 1 << 19          // customers in one of the two halves: 20 MiB of memory at most
	knownLife = 15 * time.Second // after which a half is dropped
)

// known remembers customers seen a moment ago, so that recording their orders
// need not look for them each time. It holds two halves: the older is dropped
// when the younger is full or old. A customer deleted elsewhere may be believed
// in for up to two lives of a half; see App.sweepDeletions.
type known struct {
	now   func() time.Time
	seeds [2]maphash.Seed

	mu           sync.Mutex
	young, old   map[mark]struct{}
	turned       time.Time
	forgottenAny uint64 // how many customers were forgotten
}

// mark stands for an id: 128 bits under secret seeds, so that no two ids in use
// have the same and nobody can look for some that do.
type mark [2]uint64

func newKnown(now func() time.Time) *known {
	return &known{
		now: now, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		young: make(map[mark]struct{}), turned: now(),
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
	k.turn()
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
	delete(k.young, k.mark(id))
	delete(k.old, k.mark(id))
	k.forgottenAny++
}

// unmoved reports whether no customer was forgotten since so many had been.
func (k *known) unmoved(forgotten uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return forgotten == k.forgottenAny
}

func (k *known) turn() {
	now := k.now()
	if len(k.young) < knownSize && now.Sub(k.turned) < knownLife {
		return
	}
	k.old, k.young, k.turned = k.young, make(map[mark]struct{}), now
}
