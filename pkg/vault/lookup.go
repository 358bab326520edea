package vault

import (
	"context"
	"errors"
	"fmt"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// lookup collects the data keys of the subjects of some boxes, each subject once.
type lookup struct {
	ids  []string       // escaped subjects
	at   map[string]int // of an id in ids
	of   []int          // by box, the place of its id in ids
	keys []*key         // by id; nil where there is none
}

func newLookup(boxes []Box) *lookup {
	l := &lookup{at: make(map[string]int, len(boxes)), of: make([]int, len(boxes))}
	for i, b := range boxes {
		id := docstore.ID(b.Subject)
		n, known := l.at[id]
		if !known {
			n = len(l.ids)
			l.at[id] = n
			l.ids = append(l.ids, id)
		}
		l.of[i] = n
	}
	l.keys = make([]*key, len(l.ids))
	return l
}

// perBox are the keys in the order of the boxes.
func (l *lookup) perBox() []*key {
	keys := make([]*key, len(l.of))
	for i, n := range l.of {
		keys[i] = l.keys[n]
	}
	return keys
}

// missing are the places in ids that have no key yet.
func (l *lookup) missing() (places []int) {
	for n, k := range l.keys {
		if k == nil {
			places = append(places, n)
		}
	}
	return places
}

// ensure returns the key of each box, making those that are missing.
func (v *Vault) ensure(ctx context.Context, boxes []Box) ([]*key, error) {
	l := newLookup(boxes)
	v.recall(l)
	if err := v.read(ctx, l, l.missing()); err != nil {
		return nil, err
	}
	if err := v.create(ctx, l, l.missing()); err != nil {
		return nil, err
	}
	return l.perBox(), nil
}

// find returns the key of each box, nil where there is none. A key at hand that
// did not seal what the box holds is looked up again: another process may have
// destroyed it and made a new one.
func (v *Vault) find(ctx context.Context, boxes []Box) ([]*key, error) {
	l := newLookup(boxes)
	v.recall(l)
	for i, b := range boxes {
		if k := l.keys[l.of[i]]; k != nil && !k.sealed(b.Content) {
			l.keys[l.of[i]] = nil
		}
	}
	if err := v.read(ctx, l, l.missing()); err != nil {
		return nil, err
	}
	return l.perBox(), nil
}

// recall takes what the cache has.
func (v *Vault) recall(l *lookup) {
	now := v.now()
	for n, id := range l.ids {
		l.keys[n] = v.cache.get(id, now)
	}
}

// read takes what the store has for the places.
func (v *Vault) read(ctx context.Context, l *lookup, places []int) error {
	if len(places) == 0 {
		return nil
	}
	ids := make([]string, len(places))
	for i, n := range places {
		ids[i] = l.ids[n]
	}
	since := v.cache.mark()
	docs, err := v.keys.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	now := v.now()
	for i, doc := range docs {
		if doc == nil {
			continue
		}
		k, err := v.unwrap(doc.ID, doc.Wrapped)
		if err != nil {
			return err
		}
		l.keys[places[i]] = k
		v.cache.put(doc.ID, k, now.Add(KeyLife), since)
	}
	return nil
}

// createTries bounds how often a key is looked for that somebody else made, and
// a third destroyed before it could be read.
const createTries = 10

// create makes the keys that are missing at the places. Of those who make one for
// the same subject at the same time, one wins, and the others take that.
func (v *Vault) create(ctx context.Context, l *lookup, places []int) error {
	for range createTries {
		if len(places) == 0 {
			return nil
		}
		lost, err := v.insert(ctx, l, places)
		if err != nil {
			return err
		}
		if err := v.read(ctx, l, lost); err != nil {
			return err
		}
		places = l.missing()
	}
	return fmt.Errorf("make data keys: %w", docstore.ErrConflict)
}

// insert stores a new key for each place and returns those where there was one.
func (v *Vault) insert(ctx context.Context, l *lookup, places []int) (lost []int, err error) {
	ops := make([]docstore.Op[keyDoc], len(places))
	made := make([]*key, len(places))
	now := v.now()
	for i, n := range places {
		doc := &keyDoc{Meta: docstore.Meta{ID: l.ids[n]}, CreatedAt: now}
		if doc.Wrapped, made[i], err = v.wrap(doc.ID); err != nil {
			return nil, err
		}
		ops[i] = docstore.Op[keyDoc]{Doc: doc, Expect: docstore.Absent}
	}
	since := v.cache.mark()
	errs, err := v.keys.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i, n := range places {
		switch {
		case errs[i] == nil:
			l.keys[n] = made[i]
			v.cache.put(l.ids[n], made[i], now.Add(KeyLife), since)
		case errors.Is(errs[i], docstore.ErrConflict):
			lost = append(lost, n)
		default:
			return nil, errs[i]
		}
	}
	return lost, nil
}
