// Package updates tells, in a service that keeps records by customer, whose
// records have changed since a cursor: the change feeds of several collections as
// one feed of customers.
package updates

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// cursorLife is how long a cursor can be gone on from: not quite as long as
// tombstones live, for deletions since would not be told.
const cursorLife = docstore.TombstoneLife - 24*time.Hour

// Source is a collection whose changes are about customers.
type Source struct {
	name string
	read func(ctx context.Context, after *docstore.Position, limit int) (customers []string, changes int, next *docstore.Position, err error)
}

// Of is a collection that keeps a change feed. customer is whom a change is about,
// by its id and what is stored: nil where it was deleted. Empty is nobody.
func Of[T any](name string, docs *docstore.Collection[T], customer func(id string, doc *T) string) Source {
	return Source{name, func(ctx context.Context, after *docstore.Position, limit int) ([]string, int, *docstore.Position, error) {
		changes, next, err := docs.Changes(ctx, after, limit)
		customers := make([]string, 0, len(changes))
		for _, change := range changes {
			if id := customer(change.ID, change.Doc); id != "" {
				customers = append(customers, id)
			}
		}
		return customers, len(changes), next, err
	}}
}

// FirstPart is whom a change is about where the documents' ids begin with the
// customer's.
func FirstPart[T any](id string, _ *T) string { return docstore.ParseID(id)[0] }

// Feed is the changes of some sources. It is safe for concurrent use.
type Feed struct {
	service string
	sources []Source
	now     func() time.Time
}

// New makes the feed of a service, whose cursors no other takes.
func New(service string, now func() time.Time, sources ...Source) *Feed {
	return &Feed{service, sources, now}
}

// Page is what a feed tells at once.
type Page struct {
	Customers []string // each once
	Next      string   // where to go on
	More      bool     // there is more at once
	// SyncedTo tells that all that was acknowledged before has been told by now.
	SyncedTo time.Time
}

// Read returns up to size customers behind a cursor; the empty one begins now. It
// stays docstore.ChangesLag behind the present. Its faults are InvalidArgument
// CURSOR_INVALID and FailedPrecondition CURSOR_EXPIRED: of a cursor that is too old, or
// of the time before the clock was set back.
func (f *Feed) Read(ctx context.Context, cursor string, size int) (Page, error) {
	horizon := f.now().Add(-docstore.ChangesLag)
	positions, err := f.parse(cursor, horizon)
	if err != nil {
		return Page{}, err
	}
	page := Page{SyncedTo: horizon.UTC().Truncate(time.Millisecond)}
	if cursor == "" {
		page.Next = f.format(positions)
		return page, nil
	}
	seen := make(map[string]bool)
	for i, source := range f.sources {
		limit := size - len(page.Customers)
		if limit == 0 {
			page.More = true // nothing is known of this source
			continue
		}
		customers, changes, next, err := source.read(ctx, &positions[i], limit)
		if err != nil {
			return Page{}, err
		}
		for _, customer := range customers {
			if !seen[customer] {
				seen[customer] = true
				page.Customers = append(page.Customers, customer)
			}
		}
		positions[i] = *next
		page.More = page.More || changes == limit
	}
	page.SyncedTo, page.Next = f.reached(positions), f.format(positions)
	return page, nil
}

// reached is the time up to which all sources have been read.
func (f *Feed) reached(positions []docstore.Position) time.Time {
	times := make([]time.Time, 0, len(positions))
	for _, p := range positions {
		at, _ := docstore.ParseTime(p.Key) // parse has checked those it read, Changes makes the others
		times = append(times, at)
	}
	return slices.MinFunc(times, time.Time.Compare)
}

func expired() error {
	return fault.New(fault.FailedPrecondition, "CURSOR_EXPIRED",
		"the cursor is too old, or ahead of a clock that was set back; begin with an empty one, and read everything anew")
}
