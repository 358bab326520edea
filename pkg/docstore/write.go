package docstore

import (
	"context"
	"fmt"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Op is one item of a Write.
type Op[T any] struct {
	// Doc is the new document, its ID set. It holds the new Meta once its write
	// has succeeded, and its old one otherwise. For a deletion only the ID counts.
	Doc *T
	// Expect is the version that must be stored; Absent, for there must be no
	// document (a tombstone's version is continued); or Any, for replacing
	// whatever is there.
	Expect int64
	// Delete leaves a tombstone instead of the document.
	Delete bool
	// WriteID names the write where it may be made again by a later call, of another
	// process even: what is found stored under it has succeeded. It must be unique to
	// one version of one document. Empty takes one for the call.
	WriteID string
}

// Insert stores a new document, or returns ErrConflict if it exists. On a
// tombstone it continues its version.
func (c *Collection[T]) Insert(ctx context.Context, doc *T) error {
	return c.writeOne(ctx, Op[T]{Doc: doc, Expect: Absent})
}

// Replace stores doc if the stored version is still doc.Version, and returns
// ErrConflict otherwise, ErrNotFound if there is no document any more.
func (c *Collection[T]) Replace(ctx context.Context, doc *T) error {
	if doc != nil && metaOf(doc).Version < 1 {
		return c.conflict() // it was never read
	}
	op := Op[T]{Doc: doc}
	if doc != nil {
		op.Expect = metaOf(doc).Version
	}
	return c.writeOne(ctx, op)
}

// Delete replaces the document by a tombstone if its version is the one given,
// or Any. It returns ErrNotFound or ErrConflict otherwise.
func (c *Collection[T]) Delete(ctx context.Context, id string, version int64) error {
	doc := new(T)
	metaOf(doc).ID = id
	return c.writeOne(ctx, Op[T]{Doc: doc, Expect: version, Delete: true})
}

// Write applies every op by itself and returns one error per op, nil where it
// is durable. An id may occur once. The second result is an error of the call as
// a whole: what has become of the ops is then unknown, and writing the same
// again is safe where it says what it expects.
func (c *Collection[T]) Write(ctx context.Context, ops []Op[T]) ([]error, error) {
	seen := make(map[string]struct{}, len(ops))
	attempts := make([]*attempt[T], len(ops))
	backing := make([]attempt[T], len(ops))
	errs := make([]error, len(ops))
	open := make([]*attempt[T], 0, len(ops))
	for i, op := range ops {
		if errs[i] = op.check(i); errs[i] != nil {
			continue
		}
		id := metaOf(op.Doc).ID
		if _, twice := seen[id]; twice {
			return nil, fault.Invalid(fmt.Sprintf("ops[%d].id", i), "%q occurs twice; an id may be written once per call", id)
		}
		seen[id] = struct{}{}
		backing[i] = newAttempt(op)
		attempts[i] = &backing[i]
		open = append(open, attempts[i])
	}
	if err := c.settle(ctx, open); err != nil {
		return nil, err
	}
	for i, a := range attempts {
		if a != nil {
			errs[i] = c.outcome(a)
		}
	}
	return errs, nil
}

func (c *Collection[T]) writeOne(ctx context.Context, op Op[T]) error {
	errs, err := c.Write(ctx, []Op[T]{op})
	if err != nil {
		return err
	}
	return errs[0]
}

func (op Op[T]) check(i int) error {
	if op.Doc == nil {
		return fault.Invalid(fmt.Sprintf("ops[%d].doc", i), "must not be nil")
	}
	if op.Expect < Any {
		return fault.Invalid(fmt.Sprintf("ops[%d].expect", i), "must be a version from 1, Absent (0) or Any (-1), is %d", op.Expect)
	}
	if op.Delete && op.Expect == Absent {
		return fault.Invalid(fmt.Sprintf("ops[%d].expect", i), "must be a version from 1 or Any (-1) for a deletion")
	}
	return CheckID(metaOf(op.Doc).ID)
}
