package docstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Collection keeps documents of type T in one table of an engine. It is safe
// for concurrent use; a document handed to it is not until the call returns.
//
// Besides ErrNotFound, ErrConflict and ErrTooLarge its methods return faults:
// InvalidArgument for an id or range that cannot be, DeadlineExceeded or
// Cancelled when ctx ends, Unavailable when the engine cannot serve.
type Collection[T any] struct {
	table   Table
	name    string
	indexes []Index[T]
	changes bool
	now     func() time.Time
}

// Option changes a collection from its defaults.
type Option func(*options)

type options struct{ now func() time.Time }

// WithClock replaces the system clock, which stamps updated_at.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now = now }
}

// Open opens the collection that s declares, creating its table and indexes
// where the engine does that. A schema that cannot work is an error.
func Open[T any](ctx context.Context, e Engine, s Schema[T], opts ...Option) (*Collection[T], error) {
	o := options{now: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	layout, err := s.layout()
	if err != nil {
		return nil, err
	}
	table, err := e.Table(ctx, layout)
	if err != nil {
		return nil, fmt.Errorf("open collection %s: %w", s.Name, Fault(err))
	}
	return &Collection[T]{
		table: table, name: s.Name, indexes: slices.Clone(s.Indexes),
		changes: s.Changes, now: o.now,
	}, nil
}

// Get returns the document, or ErrNotFound, for a tombstone too.
func (c *Collection[T]) Get(ctx context.Context, id string) (*T, error) {
	raw, err := c.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if raw == nil || isTombstone(raw) {
		return nil, c.notFound()
	}
	return c.decode(raw)
}

// get returns what is stored under id, a tombstone too, nil where there is nothing.
func (c *Collection[T]) get(ctx context.Context, id string) (bson.Raw, error) {
	if err := CheckID(id); err != nil {
		return nil, err
	}
	raw, err := c.table.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: get: %w", c.name, Fault(err))
	}
	return raw, nil
}

// GetMany returns one entry per id, in the order of ids, nil where there is no document.
func (c *Collection[T]) GetMany(ctx context.Context, ids []string) ([]*T, error) {
	raws, err := c.getMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	docs := make([]*T, len(raws))
	for i, raw := range raws {
		if raw == nil || isTombstone(raw) {
			continue
		}
		if docs[i], err = c.decode(raw); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

// Exist tells of each id whether there is a document. It decodes none.
func (c *Collection[T]) Exist(ctx context.Context, ids []string) ([]bool, error) {
	raws, err := c.getMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	exist := make([]bool, len(raws))
	for i, raw := range raws {
		exist[i] = raw != nil && !isTombstone(raw)
	}
	return exist, nil
}

func (c *Collection[T]) getMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	for i, id := range ids {
		if err := CheckID(id); err != nil {
			return nil, fault.Invalid(fmt.Sprintf("ids[%d]", i), "%v", err)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	raws, err := c.table.GetMany(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("%s: get many: %w", c.name, Fault(err))
	}
	return raws, nil
}

func (c *Collection[T]) notFound() error { return fmt.Errorf("%s: %w", c.name, ErrNotFound) }
func (c *Collection[T]) conflict() error { return fmt.Errorf("%s: %w", c.name, ErrConflict) }
