package docstore

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Update reads the document, lets change alter it, and writes it if nobody else
// has meanwhile; otherwise it starts again, until ctx ends. It returns what is
// then stored. change may run several times and must not have other effects;
// its error is returned as it is, and ErrUnchanged leaves the document alone.
func (c *Collection[T]) Update(ctx context.Context, id string, change func(*T) error) (*T, error) {
	return c.modify(ctx, id, func(doc *T, exists bool) error {
		if !exists {
			return c.notFound()
		}
		return change(doc)
	})
}

// Upsert is Update that creates the document when there is none: doc then holds
// its ID alone. When change declines to create it with ErrUnchanged, both
// results are nil.
func (c *Collection[T]) Upsert(ctx context.Context, id string, change func(doc *T, exists bool) error) (*T, error) {
	return c.modify(ctx, id, change)
}

func (c *Collection[T]) modify(ctx context.Context, id string, change func(*T, bool) error) (*T, error) {
	stored, err := c.get(ctx, id)
	for wait := (backoff{}); err == nil; err = wait.pause(ctx) {
		doc, base, exists, err := c.open(id, stored)
		if err != nil {
			return nil, err
		}
		before := *metaOf(doc)
		err = change(doc, exists)
		*metaOf(doc) = before // it belongs to the store
		if errors.Is(err, ErrUnchanged) {
			if !exists {
				return nil, nil
			}
			// change may have touched doc before it declined.
			return c.decode(stored)
		}
		if err != nil {
			return nil, err
		}
		a := newAttempt(Op[T]{Doc: doc, Expect: base.Version})
		a.base = base
		if err := c.settle(ctx, []*attempt[T]{&a}); err != nil {
			return nil, err
		}
		if a.err == nil {
			return doc, nil
		}
		if !errors.Is(a.err, ErrConflict) {
			return nil, c.outcome(&a)
		}
		stored = a.stored
	}
	return nil, err
}

// open decodes what is stored, or makes a new document where that is nothing or
// a tombstone, whose version the new one continues.
func (c *Collection[T]) open(id string, stored bson.Raw) (doc *T, base Meta, exists bool, err error) {
	if stored != nil {
		if base, err = c.decodeMeta(stored); err != nil {
			return nil, base, false, err
		}
	}
	if stored == nil || isTombstone(stored) {
		doc = new(T)
		metaOf(doc).ID = id
		return doc, base, false, nil
	}
	doc, err = c.decode(stored)
	return doc, base, true, err
}

// backoff spaces retries after a conflict: a random time up to a bound that
// doubles from 1 ms to 128 ms.
type backoff struct{ tries int }

func (b *backoff) pause(ctx context.Context) error {
	bound := time.Millisecond << min(b.tries, 7)
	b.tries++
	timer := time.NewTimer(rand.N(bound))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return Fault(ctx.Err())
	case <-timer.C:
		return nil
	}
}
