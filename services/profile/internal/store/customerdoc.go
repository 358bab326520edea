package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// customer is a customer as it is stored. Content and LastChange hold all that
// describes the person, written by encodeContent.
type customer struct {
	docstore.Meta `bson:",inline"`
	Content       []byte      `bson:"content,omitempty"`     // domain.Details
	LastChange    []byte      `bson:"last_change,omitempty"` // domain.Change
	CreatedAt     time.Time   `bson:"created_at"`
	Request       *requestKey `bson:"request,omitempty"`
	Origin        *origin     `bson:"origin,omitempty"`
	Links         links       `bson:",inline"`
}

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func customerDoc(c *domain.Customer) (*customer, error) {
	d := &customer{
		Meta:      docstore.Meta{ID: docstore.ID(c.ID), Version: c.Version, UpdatedAt: c.UpdatedAt},
		CreatedAt: c.CreatedAt, Origin: originDoc(c.Origin), Links: linksDoc(c.Links),
	}
	if c.Request != (domain.RequestKey{}) {
		d.Request = &requestKey{ID: c.Request.ID, Hash: c.Request.Hash}
	}
	var err error
	if d.Content, err = encodeContent(&c.Details); err != nil {
		return nil, err
	}
	if c.LastChange != nil {
		d.LastChange, err = encodeContent(c.LastChange)
	}
	return d, err
}

// domain reads a stored customer, without its last change.
func (d *customer) domain() (domain.Customer, error) {
	c := domain.Customer{
		ID:        docstore.ParseID(d.ID)[0],
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version, Origin: d.Origin.domain(), Links: d.Links.domain(),
	}
	if d.Request != nil {
		c.Request = domain.RequestKey{ID: d.Request.ID, Hash: d.Request.Hash}
	}
	return c, decodeContent(d.Content, &c.Details)
}
