package app

import (
	"sync"
	"time"
)

const (
	knownSize = 1 << 16          // customers in one of the two halves
	knownLife = 15 * time.Second // after which a half is dropped
)

// known remembers customers seen a moment ago, so that recording their orders
// need not look for them each time. It holds two halves: the older is dropped
// when the younger is full or old. A customer deleted elsewhere may be believed
// in for up to two lives of a half; see App.sweepDeletions.
type known struct {
	now func() time.Time

	mu           sync.Mutex
	young, old   map[string]struct{}
	turned       time.Time
	forgottenAny uint64 // how many customers were forgotten
}

func newKnown(now func() time.Time) *known {
	return &known{now: now, young: make(map[string]struct{}), turned: now()}
}

// missing returns the distinct ids that are not known, and a mark for learn.
func (k *known) missing(ids func(yield func(string) bool)) ([]string, uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.turn()
	var unknown []string
	asked := make(map[string]struct{})
	for id := range ids {
		if _, ok := k.young[id]; ok {
			continue
		}
		if _, ok := k.old[id]; ok {
			continue
		}
		if _, twice := asked[id]; !twice {
			asked[id] = struct{}{}
			unknown = append(unknown, id)
		}
	}
	return unknown, k.forgottenAny
}

// learn remembers customers that were seen after the mark was given, unless one
// has been forgotten since.
func (k *known) learn(ids []string, mark uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if mark != k.forgottenAny {
		return
	}
	for _, id := range ids {
		k.turn()
		k.young[id] = struct{}{}
	}
}

// forget drops a customer that is deleted.
func (k *known) forget(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.young, id)
	delete(k.old, id)
	k.forgottenAny++
}

// unmoved reports whether no customer was forgotten since the mark was given.
func (k *known) unmoved(mark uint64) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return mark == k.forgottenAny
}

func (k *known) turn() {
	now := k.now()
	if len(k.young) < knownSize && now.Sub(k.turned) < knownLife {
		return
	}
	k.old, k.young, k.turned = k.young, make(map[string]struct{}), now
}
