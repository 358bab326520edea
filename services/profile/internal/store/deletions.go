package store

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"
)

// deletion notes that a customer is being deleted. Someone who saw the customer
// just before may still be recording an order: until that can no longer be, the
// customer is looked at again. Nobody who reads the note without the keyring can
// tell whom it is about: it is kept under the id's blind index.
type deletion struct {
	docstore.Meta `bson:",inline"`
	At            time.Time `bson:"at"`
	Customer      []byte    `bson:"customer"` // sealed
}

// Deletions keeps the notes.
type Deletions struct {
	docs  *docstore.Collection[deletion]
	vault *vault.Vault
}

// deletionsSubject is whose key seals the notes. No customer's id has a slash.
const deletionsSubject = "profile/deletions"

func deletionPlace(id string) string { return "deletions!" + id }

func openDeletions(ctx context.Context, engine docstore.Engine, v *vault.Vault, clock func() time.Time) (*Deletions, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[deletion]{
		Name: "deletions",
		Indexes: []docstore.Index[deletion]{{Name: "at", Key: func(d *deletion) string {
			return docstore.Key(docstore.Time(d.At))
		}}},
	}, docstore.WithClock(clock))
	return &Deletions{docs, v}, err
}

// Note notes that a customer is deleted now.
func (s *Deletions) Note(ctx context.Context, customer string, at time.Time) error {
	id, err := s.vault.BlindIndex("deletion", customer)
	if err != nil {
		return err
	}
	sealed, err := s.vault.Seal(ctx, deletionsSubject, deletionPlace(id), []byte(customer))
	if err != nil {
		return err
	}
	_, err = s.docs.Upsert(ctx, id, func(d *deletion, _ bool) error {
		d.At, d.Customer = at, sealed
		return nil
	})
	return err
}

// Noted is one note.
type Noted struct {
	Customer string
	At       time.Time
	id       string
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
		customer, err := s.vault.Open(ctx, deletionsSubject, deletionPlace(doc.ID), doc.Customer)
		if err != nil {
			return nil, err
		}
		noted = append(noted, Noted{Customer: string(customer), At: doc.At, id: doc.ID, version: doc.Version})
	}
	return noted, nil
}

// Forget removes a note, unless the customer has been deleted once more.
func (s *Deletions) Forget(ctx context.Context, n Noted) error {
	err := s.docs.Delete(ctx, n.id, n.version)
	if Lost(err) {
		return nil
	}
	return err
}
