// Package alias keeps, in a service that has records of its own by customer,
// which ids are those of one customer since records were merged. It asks for the
// changes when it is used, so that a merge is seen a moment after it was made, and
// goes on with what it knows while nobody answers.
package alias

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// MaxAge is how long an answer may lag behind a merge.
const MaxAge = time.Second

// patience bounds how long a reader waits for the changes.
const patience = 2 * time.Second

// Link is one record that belongs to another, or does no longer.
type Link struct {
	ID, Into string
	Merge    string // an undone merge takes away its own link and no later one
	Linked   bool
}

// Changes are links in the order in which they changed.
type Changes struct {
	Links []Link
	Next  string // where to go on; never empty
	More  bool   // there is more at once
}

// Fetch returns the changes since a cursor, all for the empty one. It may tell of
// one several times.
type Fetch func(ctx context.Context, cursor string) (Changes, error)

// Book knows which ids are one customer. It is safe for concurrent use.
type Book struct {
	fetch Fetch
	log   *slog.Logger
	now   func() time.Time

	asking sync.Mutex // held by who fetches
	mu     sync.RWMutex
	asked  time.Time
	cursor string
	into   map[string]Link
	below  map[string][]string
}

// New makes an empty book, which fetches with its first use.
func New(fetch Fetch, log *slog.Logger) *Book {
	return &Book{fetch: fetch, log: log, now: time.Now, into: map[string]Link{}, below: map[string][]string{}}
}

// Root is the id by which the customer goes to whom an id belongs: itself where
// it is not merged, or not known.
func (b *Book) Root(ctx context.Context, id string) string {
	b.follow(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.root(id)
}

// Roots are the Root of each id.
func (b *Book) Roots(ctx context.Context, ids []string) []string {
	b.follow(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	roots := make([]string, len(ids))
	for i, id := range ids {
		roots[i] = b.root(id)
	}
	return roots
}

// Members are all ids of the customer to whom one belongs, the root first.
func (b *Book) Members(ctx context.Context, id string) []string {
	b.follow(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.grow(nil, b.root(id))
}

// View is what the book knows at one moment: the root of each merged id.
func (b *Book) View(ctx context.Context) map[string]string {
	b.follow(ctx)
	b.mu.RLock()
	defer b.mu.RUnlock()
	roots := make(map[string]string, len(b.into))
	for id := range b.into {
		roots[id] = b.root(id)
	}
	return roots
}

func (b *Book) root(id string) string {
	for range b.into { // as many steps as there can be
		link, merged := b.into[id]
		if !merged {
			break
		}
		id = link.Into
	}
	return id
}

func (b *Book) grow(members []string, id string) []string {
	if slices.Contains(members, id) {
		return members
	}
	members = append(members, id)
	for _, child := range b.below[id] {
		members = b.grow(members, child)
	}
	return members
}

// follow fetches the changes where that was not done for MaxAge. One reader does
// it; those who come meanwhile go on with what is known.
func (b *Book) follow(ctx context.Context) {
	b.mu.RLock()
	first, fresh := b.asked.IsZero(), b.now().Sub(b.asked) < MaxAge
	b.mu.RUnlock()
	switch {
	case fresh:
		return
	case first: // nothing is known yet: who comes meanwhile waits
		b.asking.Lock()
	case !b.asking.TryLock():
		return
	}
	defer b.asking.Unlock()
	b.mu.RLock()
	fresh = b.now().Sub(b.asked) < MaxAge
	b.mu.RUnlock()
	if fresh {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := b.read(ctx); err != nil && b.log != nil {
		b.log.WarnContext(ctx, "merges of customers could not be read; going on with those known", "error", err)
	}
}

// read fetches all there is.
func (b *Book) read(ctx context.Context) error {
	for {
		changes, err := b.fetch(ctx, b.at())
		b.mu.Lock()
		b.asked = b.now()
		if err == nil {
			for _, link := range changes.Links {
				b.take(link)
			}
			b.cursor = changes.Next
		}
		b.mu.Unlock()
		if err != nil || !changes.More {
			return err
		}
	}
}

func (b *Book) at() string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.cursor
}

// Forget forgets the links that name one of the ids: those people have been erased,
// and nobody will tell of them any more. Other processes forget when they begin
// anew.
func (b *Book) Forget(ids ...string) {
	b.asking.Lock() // what is being fetched may name them
	defer b.asking.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, link := range b.into {
		if slices.Contains(ids, link.ID) || slices.Contains(ids, link.Into) {
			b.drop(link)
		}
	}
}

// take notes a change. It may have been told before.
func (b *Book) take(link Link) {
	known, has := b.into[link.ID]
	switch {
	case !link.Linked && (!has || known.Merge != link.Merge):
		return
	case link.Linked && has && known == link:
		return
	}
	if has {
		b.drop(known)
	}
	if link.Linked {
		b.into[link.ID] = link
		b.below[link.Into] = append(b.below[link.Into], link.ID)
	}
}

// drop takes a link away.
func (b *Book) drop(link Link) {
	b.below[link.Into] = slices.DeleteFunc(b.below[link.Into], func(id string) bool { return id == link.ID })
	if len(b.below[link.Into]) == 0 {
		delete(b.below, link.Into)
	}
	delete(b.into, link.ID)
}
