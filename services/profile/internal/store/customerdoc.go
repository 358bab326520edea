package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// customer is a customer as it is stored.
type customer struct {
	docstore.Meta `bson:",inline"`
	Kind          domain.Kind        `bson:"kind,omitempty"`
	DisplayName   string             `bson:"display_name,omitempty"`
	Gender        domain.Gender      `bson:"gender,omitempty"`
	BirthDate     string             `bson:"birth_date,omitempty"` // 1990-05-17 or --05-17
	Region        string             `bson:"region,omitempty"`
	City          string             `bson:"city,omitempty"`
	Identifiers   []identifier       `bson:"identifiers,omitempty"`
	Acquisition   domain.Acquisition `bson:"acquisition,omitempty"`
	CreatedAt     time.Time          `bson:"created_at"`
	Request       *requestKey        `bson:"request,omitempty"`
	Origin        *origin            `bson:"origin,omitempty"`
	Links         links              `bson:",inline"`
}

type identifier struct {
	Type      domain.IdentifierType `bson:"type"`
	Value     string                `bson:"value"`
	Namespace string                `bson:"namespace,omitempty"`
}

type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func customerDoc(c *domain.Customer) *customer {
	d := &customer{
		Meta: docstore.Meta{ID: docstore.ID(c.ID), Version: c.Version, UpdatedAt: c.UpdatedAt},
		Kind: c.Kind, DisplayName: c.DisplayName, Gender: c.Gender, BirthDate: c.BirthDate.String(),
		Region: c.Region, City: c.City, Acquisition: c.Acquisition,
		CreatedAt: c.CreatedAt, Origin: originDoc(c.Origin), Links: linksDoc(c.Links),
	}
	for _, i := range c.Identifiers {
		d.Identifiers = append(d.Identifiers, identifier(i))
	}
	if c.Request != (domain.RequestKey{}) {
		d.Request = &requestKey{ID: c.Request.ID, Hash: c.Request.Hash}
	}
	return d
}

func (d *customer) domain() (domain.Customer, error) {
	birth, err := domain.ParseBirthDate(d.BirthDate)
	c := domain.Customer{
		ID:   docstore.ParseID(d.ID)[0],
		Kind: d.Kind, DisplayName: d.DisplayName, Gender: d.Gender, BirthDate: birth,
		Region: d.Region, City: d.City, Acquisition: d.Acquisition,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version, Origin: d.Origin.domain(), Links: d.Links.domain(),
	}
	for _, i := range d.Identifiers {
		c.Identifiers = append(c.Identifiers, domain.Identifier(i))
	}
	if d.Request != nil {
		c.Request = domain.RequestKey{ID: d.Request.ID, Hash: d.Request.Hash}
	}
	return c, err
}
