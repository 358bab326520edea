// Package editions numbers what is made again and again, such as the copies of
// what other services know and the evaluations of a policy, and says which one is
// read. An edition is written apart from all others and then published by one
// write; who reads the one before can go on for a while.
package editions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Edition is one that has been published, with what is said of it.
type Edition[T any] struct {
	Number      int64     `bson:"number"`
	PublishedAt time.Time `bson:"published_at"`
	// SupersededAt is since when another one is current; zero for that one.
	SupersededAt time.Time `bson:"superseded_at,omitempty"`
	Info         T         `bson:"info"`
}

// Record is what is known of the editions of one subject.
type Record[T any] struct {
	docstore.Meta `bson:",inline"`
	Last          int64        `bson:"last"` // given out last
	Current       *Edition[T]  `bson:"current,omitempty"`
	Previous      []Edition[T] `bson:"previous,omitempty"` // still kept, the oldest first
	Open          []Opening    `bson:"open,omitempty"`     // of operations that may not be over
	// Followed is the edition that what follows from editions has come to; it is kept.
	Followed int64 `bson:"followed,omitempty"`
}

// Opening is a number given to an operation.
type Opening struct {
	Number    int64  `bson:"number"`
	Operation string `bson:"operation"`
}

// Book keeps the records of a kind.
type Book[T any] struct {
	docs *docstore.Collection[Record[T]]
	now  func() time.Time
}

// Open opens a book under a collection's name.
func Open[T any](ctx context.Context, engine docstore.Engine, name string, clock func() time.Time) (*Book[T], error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[Record[T]]{Name: name}, docstore.WithClock(clock))
	return &Book[T]{docs, clock}, err
}

// Key is a number as part of an id: of one length for all, so that they sort.
func Key(number int64) string { return fmt.Sprintf("%012d", number) }

// Number reads what Key has written.
func Number(key string) (int64, error) { return strconv.ParseInt(key, 10, 64) }

// Get returns the record of a subject, an empty one where there is none.
func (b *Book[T]) Get(ctx context.Context, subject string) (*Record[T], error) {
	r, err := b.docs.Get(ctx, docstore.ID(subject))
	if errors.Is(err, docstore.ErrNotFound) {
		return new(Record[T]), nil
	}
	return r, err
}

// Subjects are all there is a record of.
func (b *Book[T]) Subjects(ctx context.Context) ([]string, error) {
	var all []string
	for entry, err := range b.docs.ScanRaw(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		all = append(all, docstore.ParseID(entry.ID)[0])
	}
	return all, nil
}

// Begin gives an operation its number: the same however often it asks. Later
// operations get larger ones.
func (b *Book[T]) Begin(ctx context.Context, subject, operation string) (int64, error) {
	var number int64
	_, err := b.docs.Upsert(ctx, docstore.ID(subject), func(r *Record[T], _ bool) error {
		if i := r.opening(operation); i >= 0 {
			number = r.Open[i].Number
			return docstore.ErrUnchanged
		}
		r.Last++
		number = r.Last
		r.Open = append(r.Open, Opening{number, operation})
		return nil
	})
	return number, err
}

func (r *Record[T]) opening(operation string) int {
	return slices.IndexFunc(r.Open, func(o Opening) bool { return o.Operation == operation })
}

// Publish makes a number the current edition, and reports whether it is: where
// one begun later is current already, that one stays. Published again it stays as
// it was. ready, which may be nil, can refuse.
//
// The fault is Aborted, EDITION_OVERTAKEN, where the number was not given to the
// operation or has been taken back.
func (b *Book[T]) Publish(ctx context.Context, subject, operation string, number int64, info T, ready func(*Record[T]) error) (current bool, err error) {
	_, err = b.docs.Update(ctx, docstore.ID(subject), func(r *Record[T]) error {
		i := r.opening(operation)
		if i < 0 || r.Open[i].Number != number {
			return fault.New(fault.Aborted, "EDITION_OVERTAKEN", "the operation is over, what it has written removed")
		}
		current = r.Current == nil || r.Current.Number <= number
		if !current || r.Current != nil && r.Current.Number == number {
			return docstore.ErrUnchanged
		}
		if ready != nil {
			if err := ready(r); err != nil {
				return err
			}
		}
		now := b.now().UTC().Truncate(time.Millisecond)
		if r.Current != nil {
			r.Current.SupersededAt = now
			r.Previous = append(r.Previous, *r.Current)
		}
		r.Current = &Edition[T]{Number: number, PublishedAt: now, Info: info}
		return nil
	})
	return current, err
}

// Change changes a record; without one it does nothing. change may return
// docstore.ErrUnchanged.
func (b *Book[T]) Change(ctx context.Context, subject string, change func(*Record[T]) error) error {
	_, err := b.docs.Update(ctx, docstore.ID(subject), change)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}

// Edition returns the one of a number, and whether it is kept: current, or so
// after a time.
func (r *Record[T]) Edition(number int64, since time.Time) (*Edition[T], bool) {
	if r.Current != nil && r.Current.Number == number {
		return r.Current, true
	}
	for i := range r.Previous {
		if e := &r.Previous[i]; e.Number == number {
			return e, e.SupersededAt.After(since)
		}
	}
	return nil, false
}

// Kept are the numbers of which something may be stored, ascending.
func (r *Record[T]) Kept() []int64 {
	var kept []int64
	for _, e := range r.Previous {
		kept = append(kept, e.Number)
	}
	if r.Current != nil {
		kept = append(kept, r.Current.Number)
	}
	for _, o := range r.Open {
		kept = append(kept, o.Number)
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}

// Gap is the numbers from one up to, but not including, another.
type Gap struct{ From, To int64 }

// gaps are the numbers given out of which nothing is needed.
func (r *Record[T]) gaps() []Gap {
	var gaps []Gap
	from := int64(0)
	for _, number := range append(r.Kept(), r.Last+1) {
		if number > from {
			gaps = append(gaps, Gap{from, number})
		}
		from = number + 1
	}
	return gaps
}

// Retire forgets the editions superseded before a time, and the openings of
// operations that are over, and has the rest purged: from here on nobody begins to
// read it, and no run left over can publish it.
func (b *Book[T]) Retire(ctx context.Context, subject string, before time.Time, over func(context.Context, string) (bool, error), purge func(context.Context, Gap) error) error {
	r, err := b.Get(ctx, subject)
	if err != nil {
		return err
	}
	var ended []string
	for _, o := range r.Open {
		done, err := over(ctx, o.Operation)
		if err != nil {
			return err
		}
		if done {
			ended = append(ended, o.Operation)
		}
	}
	var gaps []Gap
	err = b.Change(ctx, subject, func(r *Record[T]) error {
		open, previous := len(r.Open), len(r.Previous)
		r.Open = slices.DeleteFunc(r.Open, func(o Opening) bool { return slices.Contains(ended, o.Operation) })
		r.Previous = slices.DeleteFunc(r.Previous, func(e Edition[T]) bool {
			return e.SupersededAt.Before(before) && e.Number != r.Followed
		})
		gaps = r.gaps()
		if len(r.Open) == open && len(r.Previous) == previous {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, gap := range gaps {
		if err := purge(ctx, gap); err != nil {
			return err
		}
	}
	return nil
}
