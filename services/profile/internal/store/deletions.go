package store

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// deletion notes that a customer is being deleted. Someone who saw the customer
// just before may still be recording an order: until that can no longer be, the
// customer is looked at again.
type deletion struct {
	docstore.Meta `bson:",inline"`
	At            time.Time `bson:"at"`
}

// Deletions keeps the notes.
type Deletions struct {
	docs *docstore.Collection[deletion]
}

func openDeletions(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Deletions, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[deletion]{
		Name: "deletions",
		Indexes: []docstore.Index[deletion]{{Name: "at", Key: func(d *deletion) string {
			return docstore.Key(docstore.Time(d.At))
		}}},
	}, docstore.WithClock(clock))
	return &Deletions{docs}, err
}

// Note notes that a customer is deleted now.
func (s *Deletions) Note(ctx context.Context, customer string, at time.Time) error {
	_, err := s.docs.Upsert(ctx, docstore.ID(customer), func(d *deletion, _ bool) error {
		d.At = at
		return nil
	})
	return err
}

// Noted is one note.
type Noted struct {
	Customer string
	At       time.Time
	version  int64
}

// Before returns up to limit notes made before a time, the oldest first.
func (s *Deletions) Before(ctx context.Context, before time.Time, limit int) ([]Noted, error) {
	var noted []Noted
	r := docstore.Range{Index: "at", To: docstore.Key(docstore.Time(before)), Limit: limit}
	for doc, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		noted = append(noted, Noted{Customer: docstore.ParseID(doc.ID)[0], At: doc.At, version: doc.Version})
	}
	return noted, nil
}

// Forget removes a note, unless the customer has been deleted once more.
func (s *Deletions) Forget(ctx context.Context, n Noted) error {
	err := s.docs.Delete(ctx, docstore.ID(n.Customer), n.version)
	if Lost(err) {
		return nil
	}
	return err
}
