package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Indexes of the customers, by id.
const (
	linksIndex  = "links"  // those that have a part in a merge
	mergedIndex = "merged" // those that give way or have given way to another
)

// links are a record's part in merges, as they are stored: beside what describes
// the person, so that a merge reads and writes none of that.
type links struct {
	Into   *link    `bson:"into,omitempty"`
	Merged []branch `bson:"merged,omitempty"`
}

type link struct {
	Customer string `bson:"customer"`
	Merge    string `bson:"merge"`
	Token    string `bson:"token"`
}

type branch struct {
	Customer string `bson:"customer"`
	Token    string `bson:"token"`
	Records  int    `bson:"records"`
}

func linksDoc(l domain.Links) links {
	var d links
	if l.Into != nil {
		d.Into = (*link)(l.Into)
	}
	for _, b := range l.Merged {
		d.Merged = append(d.Merged, branch(b))
	}
	return d
}

func (d links) domain() domain.Links {
	var l domain.Links
	if d.Into != nil {
		l.Into = (*domain.Link)(d.Into)
	}
	for _, b := range d.Merged {
		l.Merged = append(l.Merged, domain.Branch(b))
	}
	return l
}

func linksKey(d *customer) string {
	if d.Links.Into == nil && len(d.Links.Merged) == 0 {
		return ""
	}
	return docstore.Key(docstore.String(d.ID))
}

func mergedKey(d *customer) string {
	if d.Links.Into == nil {
		return ""
	}
	return docstore.Key(docstore.String(d.ID))
}

// Relink changes a record's links and nothing else, as docstore.Collection.Update
// does: change may run several times, and docstore.ErrUnchanged leaves them alone.
// A record that does not exist is a NotFound fault CUSTOMER_NOT_FOUND.
func (s *Customers) Relink(ctx context.Context, id string, change func(*domain.Links) error) error {
	_, err := s.docs.Update(ctx, docstore.ID(id), func(d *customer) error {
		l := d.Links.domain()
		if err := change(&l); err != nil {
			return err
		}
		d.Links = linksDoc(l)
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return CustomerNotFound(id)
	}
	return err
}

// Forest reads which records are merged, of all customers. It takes some hundred
// bytes for each of them, and no time for the others.
func (s *Customers) Forest(ctx context.Context) (*domain.Forest, error) {
	records := map[string]domain.Links{}
	for entry, err := range s.docs.ScanRaw(ctx, docstore.Range{Index: linksIndex}) {
		if err != nil {
			return nil, err
		}
		var doc struct {
			ID    string `bson:"_id"`
			Links links  `bson:",inline"`
		}
		if err := bson.Unmarshal(entry.Doc, &doc); err != nil {
			return nil, fmt.Errorf("customer %s: links: %w", entry.ID, err)
		}
		records[docstore.ParseID(doc.ID)[0]] = doc.Links.domain()
	}
	return domain.NewForest(records), nil
}

// Linked is a page of the ids of records that give way or have given way to
// another, in the order of their escaped ids, from behind a position.
func (s *Customers) Linked(ctx context.Context, after *docstore.Position, size int) (Page[string], error) {
	docs, next, err := s.docs.Page(ctx, docstore.Range{Index: mergedIndex, After: after, Limit: size})
	page := Page[string]{Next: next}
	for _, doc := range docs {
		page.Items = append(page.Items, docstore.ParseID(doc.ID)[0])
	}
	return page, err
}

// family is the documents of records and of all that may be one customer with
// one of them. What is missing is nil.
type family struct {
	docs   map[string]*customer
	forest *domain.Forest
}

// gather reads the documents of records and follows their links.
func (s *Customers) gather(ctx context.Context, ids []string) (*family, error) {
	docs := make(map[string]*customer, len(ids))
	for ask := ids; len(ask) > 0; {
		var escaped, asked []string
		for _, id := range ask {
			if _, known := docs[id]; !known {
				docs[id] = nil
				asked, escaped = append(asked, id), append(escaped, docstore.ID(id))
			}
		}
		found, err := s.docs.GetMany(ctx, escaped)
		if err != nil {
			return nil, err
		}
		ask = nil
		for i, doc := range found {
			if doc == nil {
				continue
			}
			docs[asked[i]] = doc
			if doc.Links.Into != nil {
				ask = append(ask, doc.Links.Into.Customer)
			}
			for _, b := range doc.Links.Merged {
				ask = append(ask, b.Customer)
			}
		}
	}
	f := &family{docs: docs}
	f.forest = domain.NewForest(f.links())
	return f, nil
}

// links are those of all records that there are.
func (f *family) links() map[string]domain.Links {
	all := make(map[string]domain.Links, len(f.docs))
	for id, doc := range f.docs {
		if doc != nil {
			all[id] = doc.Links.domain()
		}
	}
	return all
}

// Kin reads which records are one customer with each of the given ones, and tells
// the links of them all.
func (s *Customers) Kin(ctx context.Context, ids []string) (*domain.Forest, map[string]domain.Links, error) {
	f, err := s.gather(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	return f.forest, f.links(), nil
}

// Members are the ids of all records that are one customer with a record, the
// root first; see domain.Forest.Members. A record that does not exist is alone.
func (s *Customers) Members(ctx context.Context, id string) ([]string, error) {
	f, err := s.gather(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	return f.forest.Members(id), nil
}
