package docstore

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// writeDeadline bounds a write on the engine's side, well below ChangesLag, so
// that no change can appear behind a reader of the feed.
const writeDeadline = 5 * time.Second

// attempt is one op on its way.
type attempt[T any] struct {
	op     Op[T]
	before Meta     // the document's Meta as the caller gave it
	base   Meta     // of what is stored, as far as known: the version to expect and the last updated_at
	stored bson.Raw // what was last read, nil for nothing
	err    error
}

func newAttempt[T any](op Op[T]) attempt[T] {
	a := attempt[T]{op: op, before: *metaOf(op.Doc)}
	if op.Expect > 0 {
		a.base = Meta{Version: op.Expect, UpdatedAt: a.before.UpdatedAt}
	}
	return a
}

// settle sends the attempts until each has its final outcome in err. Its own
// error is one of the call as a whole.
func (c *Collection[T]) settle(ctx context.Context, attempts []*attempt[T]) error {
	open, err := c.readBases(ctx, attempts)
	writeID := newWriteID()
	for wait := (backoff{}); err == nil && len(open) > 0; {
		if err = c.send(ctx, open, writeID); err != nil {
			return err
		}
		if open, err = c.resolve(ctx, open, writeID); err == nil && len(open) > 0 {
			err = wait.pause(ctx)
		}
	}
	return err
}

// readBases reads what is stored for the attempts that cannot do without, and
// returns those that are to be sent.
func (c *Collection[T]) readBases(ctx context.Context, attempts []*attempt[T]) ([]*attempt[T], error) {
	var unread, open []*attempt[T]
	for _, a := range attempts {
		if a.op.Delete || a.op.Expect == Any {
			unread = append(unread, a)
		}
	}
	if len(unread) == 0 {
		return attempts, nil
	}
	if err := c.reread(ctx, unread); err != nil {
		return nil, err
	}
	for _, a := range unread {
		if err := c.rebase(a); err != nil {
			return nil, err
		}
	}
	for _, a := range attempts {
		if a.err == nil {
			open = append(open, a)
		}
	}
	return open, nil
}

// reread notes in each attempt what is stored now.
func (c *Collection[T]) reread(ctx context.Context, attempts []*attempt[T]) error {
	ids := make([]string, len(attempts))
	for i, a := range attempts {
		ids[i] = a.before.ID
	}
	raws, err := c.getMany(ctx, ids)
	if err != nil {
		return err
	}
	for i, a := range attempts {
		a.stored = raws[i]
	}
	return nil
}

// rebase takes the base from what was last read, and settles a deletion that
// has nothing to delete.
func (c *Collection[T]) rebase(a *attempt[T]) (err error) {
	a.base, a.err = Meta{}, nil
	if a.stored != nil {
		if a.base, err = c.decodeMeta(a.stored); err != nil {
			return err
		}
	}
	switch {
	case a.op.Delete && !a.live():
		a.err = ErrNotFound
	case a.op.Delete && a.op.Expect != Any && a.op.Expect != a.base.Version:
		a.err = ErrConflict
	}
	return nil
}

// live reports whether a document, no tombstone, was last read.
func (a *attempt[T]) live() bool { return a.stored != nil && !isTombstone(a.stored) }

// send encodes and writes the attempts, and notes each one's error.
func (c *Collection[T]) send(ctx context.Context, open []*attempt[T], writeID string) error {
	writes := make([]Write, 0, len(open))
	sent := make([]*attempt[T], 0, len(open))
	now := c.now()
	for _, a := range open {
		*metaOf(a.op.Doc) = next(a, cmp.Or(a.op.WriteID, writeID), now)
		raw, err := c.encode(a.op.Doc)
		if errors.Is(err, ErrTooLarge) {
			a.err = err
			continue
		}
		if err != nil {
			for _, a := range open {
				*metaOf(a.op.Doc) = a.before
			}
			return err
		}
		sent = append(sent, a)
		writes = append(writes, Write{ID: a.before.ID, Expect: a.base.Version, Doc: raw})
	}
	if len(writes) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, writeDeadline)
	defer cancel()
	errs, err := c.table.Write(bounded, writes)
	for i, a := range sent {
		if a.err = err; err == nil {
			a.err = errs[i]
		}
	}
	return nil
}

// next is the Meta of the version that an attempt makes.
func next[T any](a *attempt[T], writeID string, at time.Time) Meta {
	if a.base.Version > 0 {
		if earliest := a.base.UpdatedAt.Add(time.Millisecond); at.Before(earliest) {
			at = earliest
		}
	}
	return Meta{
		ID: a.before.ID, Version: a.base.Version + 1, UpdatedAt: at.UTC().Truncate(time.Millisecond),
		WriteID: writeID, Deleted: a.op.Delete,
	}
}

// resolve reads again what was refused or has an unknown outcome: a write found
// stored under its own write id has succeeded, whatever was answered (a
// time-out, or a conflict with itself after a driver's retry). It returns the
// attempts to send again, on what is stored now.
func (c *Collection[T]) resolve(ctx context.Context, tried []*attempt[T], writeID string) ([]*attempt[T], error) {
	var doubtful, again []*attempt[T]
	for _, a := range tried {
		if a.err != nil {
			*metaOf(a.op.Doc) = a.before
			if !errors.Is(a.err, ErrTooLarge) {
				doubtful = append(doubtful, a)
			}
		}
	}
	if len(doubtful) == 0 {
		return nil, nil
	}
	if err := c.reread(ctx, doubtful); err != nil {
		return nil, c.unknown(doubtful, err)
	}
	for _, a := range doubtful {
		refused := errors.Is(a.err, ErrConflict)
		var stored Meta
		if a.stored != nil {
			var err error
			if stored, err = c.decodeMeta(a.stored); err != nil {
				return nil, err
			}
		}
		switch {
		case stored.WriteID == cmp.Or(a.op.WriteID, writeID):
			a.err, *metaOf(a.op.Doc) = nil, stored
		case refused && (a.op.Expect == Any || a.op.Expect == Absent && !a.live()):
			if err := c.rebase(a); err != nil {
				return nil, err
			}
			if a.err == nil {
				again = append(again, a)
			}
		}
	}
	return again, nil
}

// unknown is the error of a call whose outcome could not be read again: the
// first error of a write that was more than a conflict, or else that of the reading.
func (c *Collection[T]) unknown(doubtful []*attempt[T], reading error) error {
	for _, a := range doubtful {
		if !errors.Is(a.err, ErrConflict) {
			return fmt.Errorf("%s: write: %w", c.name, Fault(a.err))
		}
	}
	return reading
}

// outcome is a settled attempt's error for the caller.
func (c *Collection[T]) outcome(a *attempt[T]) error {
	switch {
	case a.err == nil:
		return nil
	case errors.Is(a.err, ErrNotFound), errors.Is(a.err, ErrConflict) && a.op.Expect > 0 && !a.live():
		return c.notFound()
	case errors.Is(a.err, ErrConflict):
		return c.conflict()
	}
	return fmt.Errorf("%s: write: %w", c.name, Fault(a.err))
}

// newWriteID is unique to one logical write: 128 random bits.
func newWriteID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // documented never to fail
	return base64.RawURLEncoding.EncodeToString(b[:])
}
