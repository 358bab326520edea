package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// customer is a customer as it is stored. Sealed, and what the newest change
// seals, hold all that describes the person.
type customer struct {
	docstore.Meta `bson:",inline"`
	Sealed        []byte      `bson:"sealed,omitempty"` // domain.Details, written by encodeContent
	LastChange    *changeDoc  `bson:"last_change,omitempty"`
	CreatedAt     time.Time   `bson:"created_at"`
	Request       *requestKey `bson:"request,omitempty"`
	Origin        *origin     `bson:"origin,omitempty"`
	Links         links       `bson:",inline"`

	content []byte // what was sealed, once it is opened
}

// detailsPlace is where the details of a customer are kept.
const detailsPlace = "customers"

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

// customerDoc is a customer as it is stored, yet to be sealed.
func customerDoc(c *domain.Customer) (*customer, error) {
	d := &customer{
		Meta:      docstore.Meta{ID: docstore.ID(c.ID), Version: c.Version, UpdatedAt: c.UpdatedAt},
		CreatedAt: c.CreatedAt, Origin: originDoc(c.Origin), Links: linksDoc(c.Links),
	}
	if c.Request != (domain.RequestKey{}) {
		d.Request = &requestKey{ID: c.Request.ID, Hash: c.Request.Hash}
	}
	var err error
	if d.content, err = encodeContent(&c.Details); err != nil {
		return nil, err
	}
	if c.LastChange != nil {
		d.LastChange, err = newChangeDoc(c.LastChange)
	}
	return d, err
}

// domain reads a stored customer that is opened, without its last change.
func (d *customer) domain() (domain.Customer, error) {
	c := domain.Customer{
		ID:        docstore.ParseID(d.ID)[0],
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version, Origin: d.Origin.domain(), Links: d.Links.domain(),
	}
	if d.Request != nil {
		c.Request = domain.RequestKey{ID: d.Request.ID, Hash: d.Request.Hash}
	}
	return c, decodeContent(d.content, &c.Details)
}

// seals are those of a customer; with its newest change, of that too.
func (d *customer) seals(withChange bool) []seal {
	subject := docstore.ParseID(d.ID)[0]
	all := []seal{{subject, detailsPlace, &d.Sealed, &d.content}}
	if withChange && d.LastChange != nil {
		all = append(all, d.LastChange.seal(subject))
	}
	return all
}
