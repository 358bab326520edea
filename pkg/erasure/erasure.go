// Package erasure keeps what a service remembers of an erasure until it is over:
// when it began and what was removed, under the erasure's pseudonym. It never
// knows whose erasure it is.
package erasure

import (
	"context"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Life is how long an erasure is remembered.
const Life = 30 * 24 * time.Hour

// HeldUp is the fault of an erasure that has to wait, UNAVAILABLE: what for ends
// by itself, and the call is to be repeated.
func HeldUp(format string, args ...any) *fault.Fault {
	return fault.New(fault.Unavailable, "ERASURE_HELD_UP", format, args...)
}

// Journal keeps the erasures of a service. It is safe for concurrent use.
type Journal struct {
	docs *docstore.Collection[note]
	now  func() time.Time
}

// note is an erasure as it is stored, under its pseudonym.
type note struct {
	docstore.Meta `bson:",inline"`
	BegunAt       time.Time        `bson:"begun_at"`
	Mark          int64            `bson:"mark,omitempty"`
	Found         map[string]int64 `bson:"found,omitempty"`   // by section, what is being removed
	Removed       map[string]int64 `bson:"removed,omitempty"` // by section, what has been
}

const byBegin = "by_begin"

// Open opens the journal of a service on its store.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Journal, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[note]{
		Name:    "erasures",
		Indexes: []docstore.Index[note]{{Name: byBegin, Key: func(n *note) string { return docstore.Key(docstore.Time(n.BegunAt)) }}},
	}, docstore.WithClock(clock))
	return &Journal{docs, clock}, err
}

// Begun is how an erasure began.
type Begun struct {
	At   time.Time
	Mark int64
}

// Begin returns how an erasure began: what the first call has noted, whichever
// it was. mark is for the service to tell work begun before from work begun
// since; it is asked by the first call alone.
func (j *Journal) Begin(ctx context.Context, pseudonym string, mark func(context.Context) (int64, error)) (Begun, error) {
	n, err := j.docs.Upsert(ctx, docstore.ID(pseudonym), func(n *note, exists bool) error {
		if exists {
			return docstore.ErrUnchanged
		}
		n.BegunAt = j.now().UTC().Truncate(time.Millisecond)
		var err error
		n.Mark, err = mark(ctx)
		return err
	})
	if err != nil {
		return Begun{}, err
	}
	return Begun{n.BegunAt, n.Mark}, nil
}

// Mark replaces the mark of an erasure that has begun.
func (j *Journal) Mark(ctx context.Context, pseudonym string, mark int64) error {
	_, err := j.docs.Update(ctx, docstore.ID(pseudonym), func(n *note) error {
		if n.Mark == mark {
			return docstore.ErrUnchanged
		}
		n.Mark = mark
		return nil
	})
	return err
}

// Unmarked is the mark of a service that needs none.
func Unmarked(context.Context) (int64, error) { return 0, nil }

// Remove removes what was found of a section and counts it. Broken off, it is to
// be called again with what is found then.
func (j *Journal) Remove(ctx context.Context, pseudonym, section string, found int, remove func(context.Context) error) error {
	id := docstore.ID(pseudonym)
	_, err := j.docs.Update(ctx, id, func(n *note) error {
		settled := max(0, n.Found[section]-int64(found)) // by a call that broke off behind removing them
		if settled == 0 && n.Found[section] == int64(found) {
			return docstore.ErrUnchanged
		}
		n.count(section, settled)
		n.find(section, int64(found))
		return nil
	})
	if err != nil || found == 0 {
		return err
	}
	if err := remove(ctx); err != nil {
		return err
	}
	_, err = j.docs.Update(ctx, id, func(n *note) error {
		n.count(section, n.Found[section])
		n.find(section, 0)
		return nil
	})
	return err
}

func (n *note) count(section string, more int64) {
	if more == 0 {
		return
	}
	if n.Removed == nil {
		n.Removed = make(map[string]int64)
	}
	n.Removed[section] += more
}

func (n *note) find(section string, found int64) {
	if n.Found == nil {
		n.Found = make(map[string]int64)
	}
	if n.Found[section] = found; found == 0 {
		delete(n.Found, section)
	}
}

// Removed is how many records of each section have been removed since the first call.
func (j *Journal) Removed(ctx context.Context, pseudonym string) (map[string]int64, error) {
	n, err := j.docs.Get(ctx, docstore.ID(pseudonym))
	if err != nil {
		return nil, err
	}
	return n.Removed, nil
}

// Sweep forgets the erasures that began longer than Life ago.
func (j *Journal) Sweep(ctx context.Context) error {
	old := docstore.Range{Index: byBegin, To: docstore.Key(docstore.Time(j.now().Add(-Life)))}
	var ids []string
	for entry, err := range j.docs.ScanRaw(ctx, old) {
		if err != nil {
			return err
		}
		ids = append(ids, entry.ID)
	}
	for _, id := range ids {
		if err := j.docs.Purge(ctx, docstore.Range{From: id, To: id + "!"}); err != nil {
			return fmt.Errorf("forget an erasure: %w", err)
		}
	}
	return nil
}
