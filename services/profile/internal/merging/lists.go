package merging

import (
	"context"
	"encoding/base64"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// Get returns a record of the journal, or a NotFound fault MERGE_RECORD_NOT_FOUND.
func (m *Merger) Get(ctx context.Context, id string) (Record, error) { return m.journal.get(ctx, id) }

// Page lists the journal, the latest first: of a customer, or of all where that is empty.
func (m *Merger) Page(ctx context.Context, customer string, after *docstore.Position, size int) (store.Page[Record], error) {
	if customer != "" {
		return m.journal.pageOf(ctx, customer, after, size)
	}
	docs, next, err := m.journal.merges.Page(ctx, docstore.Range{Index: timeIndex, After: after, Limit: size})
	page := store.Page[Record]{Next: next}
	for _, doc := range docs {
		page.Items = append(page.Items, doc.record())
	}
	return page, err
}

// pageOf lists the merges in which a customer survived or gave way.
func (j *journal) pageOf(ctx context.Context, customer string, after *docstore.Position, size int) (store.Page[Record], error) {
	r := docstore.Within(docstore.ID(customer))
	r.After, r.Limit = after, size
	parties, next, err := j.parties.Page(ctx, r)
	page := store.Page[Record]{Next: next}
	if err != nil {
		return page, err
	}
	ids := make([]string, len(parties))
	for i, party := range parties {
		ids[i] = docstore.ID(docstore.ParseID(party.ID)[2])
	}
	docs, err := j.merges.GetMany(ctx, ids)
	for _, doc := range docs {
		if doc != nil && madeKey(doc, docstore.String("made")) != "" {
			page.Items = append(page.Items, doc.record())
		}
	}
	return page, err
}

// Link is one record that belongs to another, or does no longer.
type Link struct {
	Customer, Into, Merge string
	Linked                bool
}

// Links lists the links that hold, by the id of the record that gave way.
func (m *Merger) Links(ctx context.Context, after *docstore.Position, size int) (store.Page[Link], error) {
	found, err := m.customers.Linked(ctx, after, size)
	page := store.Page[Link]{Next: found.Next}
	if err != nil {
		return page, err
	}
	forest, links, err := m.customers.Kin(ctx, found.Items)
	for _, id := range found.Items {
		if into := links[id].Into; into != nil && forest.Root(id) != id {
			page.Items = append(page.Items, Link{Customer: id, Into: into.Customer, Merge: into.Merge, Linked: true})
		}
	}
	return page, err
}

// A cursor of the changes is where to go on reading them, and where the reading
// after that begins: behind what can no longer be preceded by a write under way.
type cursor struct {
	at   *docstore.Position // nil: the beginning
	then string             // a key; empty where a reading begins
}

// Changes returns the links of up to size merges that were made or undone, from a
// cursor on, the oldest change first, where to go on, and whether there is more
// at once. It tells what is there now, and once more what is younger than
// docstore.ChangesLag with the next call: nothing is told late, and nothing lost.
func (m *Merger) Changes(ctx context.Context, from string, size int) (links []Link, next string, more bool, err error) {
	c, err := parseCursor(from)
	if err != nil {
		return nil, "", false, err
	}
	if c.then == "" {
		c.then = docstore.Key(docstore.Time(m.now().Add(-docstore.ChangesLag)))
		if c.at != nil && c.at.Key > c.then {
			c.then = c.at.Key // the clock was set back
		}
	}
	docs, last, err := m.journal.merges.Page(ctx, docstore.Range{Index: changedIndex, After: c.at, Limit: size})
	for _, doc := range docs {
		r := doc.record()
		for _, p := range r.Parts {
			links = append(links, Link{Customer: p.Customer, Into: r.Survivor, Merge: r.ID, Linked: !p.Cut})
		}
	}
	if last != nil {
		return links, cursor{last, c.then}.String(), true, err
	}
	return links, cursor{at: &docstore.Position{Key: c.then}}.String(), false, err
}

func (c cursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(c.at.Key + " " + c.at.ID + " " + c.then))
}

func parseCursor(s string) (cursor, error) {
	if s == "" {
		return cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 || !keyed(parts[0]) || parts[2] != "" && !keyed(parts[2]) || parts[1] != "" && docstore.CheckID(parts[1]) != nil {
		return cursor{}, fault.Invalid("cursor", "must be the next_cursor of a call before, or empty to begin anew")
	}
	return cursor{&docstore.Position{Key: parts[0], ID: parts[1]}, parts[2]}, nil
}

// keyed reports whether a text is a time's key.
func keyed(key string) bool {
	at, err := docstore.ParseTime(key)
	return err == nil && docstore.Key(docstore.Time(at)) == key
}
