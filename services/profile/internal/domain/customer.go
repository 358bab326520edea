// Package domain holds what the profile service is about: customers, what
// identifies them, and their orders. Its checks return faults that name fields
// by their paths in the API, relative to the record.
package domain

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Kind is what sort of customer it is; empty is not known.
type Kind string

// The kinds.
const (
	Individual Kind = "individual"
	Enterprise Kind = "enterprise"
	Government Kind = "government"
)

// Gender is as the customer states it; empty is not stated.
type Gender string

// The genders.
const (
	Female      Gender = "female"
	Male        Gender = "male"
	OtherGender Gender = "other"
)

// Acquisition is how a customer was won; empty is not known.
type Acquisition string

// The ways in which customers are won.
const (
	Organic     Acquisition = "organic"
	Advertising Acquisition = "advertising"
	Referral    Acquisition = "referral"
	Promotion   Acquisition = "promotion"
	Sales       Acquisition = "sales"
)

// MaxIdentifiers is the most identifiers one customer may have.
const MaxIdentifiers = 64

// Customer is a person, a company or a public body that has bought or may buy.
type Customer struct {
	ID          string
	Kind        Kind
	DisplayName string
	Gender      Gender
	BirthDate   BirthDate
	Region      string
	City        string
	Identifiers []Identifier // normalised by Normalize
	Acquisition Acquisition

	CreatedAt, UpdatedAt time.Time // set by the store
	// Version of the record. In a customer to be written it is the version that
	// must be stored; 0 is any, or none.
	Version int64
	// Row is where the customer stands in the file of an import, from 1.
	Row int64
	// Request is the call that created the customer, where it had a key.
	Request RequestKey
	Origin  Origin
	Links   Links
	// Merged are the other records of a view, as View shows several.
	Merged []string
}

// RequestKey recognises a repeated call: the caller's key, and a hash of what
// was asked.
type RequestKey struct{ ID, Hash string }

// Normalize brings the identifiers into the form in which they are compared and
// kept, drops those given twice, and reports everything that is wrong.
func (c *Customer) Normalize(now time.Time) error {
	var all faults
	all.add(ident.Check("name", c.ID))
	all.add(checkCustomerID("name", c.ID))
	all.add(oneOf("kind", c.Kind, "", Individual, Enterprise, Government))
	all.add(oneOf("gender", c.Gender, "", Female, Male, OtherGender))
	all.add(oneOf("acquisition", c.Acquisition, "", Organic, Advertising, Referral, Promotion, Sales))
	all.add(checkLine("display_name", c.DisplayName, 256))
	all.add(checkLine("region", c.Region, 128))
	all.add(checkLine("city", c.City, 128))
	all.add(c.BirthDate.check("birth_date", now))
	if len(c.Identifiers) > MaxIdentifiers {
		all.add(fault.Invalid("identifiers", "must be at most %d, are %d", MaxIdentifiers, len(c.Identifiers)))
		return all.merged()
	}
	var kept []Identifier
	for i, given := range c.Identifiers {
		identifier, f := given.Normalize(fmt.Sprintf("identifiers[%d]", i))
		if all.add(f); f == nil && !contains(kept, identifier) {
			kept = append(kept, identifier)
		}
	}
	c.Identifiers = kept
	return all.merged()
}

// Identified reports whether the customer has the identifier, which must be normalised.
func (c *Customer) Identified(by Identifier) bool { return contains(c.Identifiers, by) }

// SameContent reports whether two customers differ in nothing that a caller sets.
func (c *Customer) SameContent(other *Customer) bool {
	if c.Kind != other.Kind || c.DisplayName != other.DisplayName || c.Gender != other.Gender ||
		c.BirthDate != other.BirthDate || c.Region != other.Region || c.City != other.City ||
		c.Acquisition != other.Acquisition || len(c.Identifiers) != len(other.Identifiers) {
		return false
	}
	for i, identifier := range c.Identifiers {
		if other.Identifiers[i] != identifier {
			return false
		}
	}
	return true
}

// Learn takes what from knows: its fields that are set replace those of c, and
// its identifiers are added to those of c.
func (c *Customer) Learn(from *Customer) {
	c.Kind = cmp.Or(from.Kind, c.Kind)
	c.DisplayName = cmp.Or(from.DisplayName, c.DisplayName)
	c.Gender = cmp.Or(from.Gender, c.Gender)
	c.BirthDate = cmp.Or(from.BirthDate, c.BirthDate)
	c.Region = cmp.Or(from.Region, c.Region)
	c.City = cmp.Or(from.City, c.City)
	c.Acquisition = cmp.Or(from.Acquisition, c.Acquisition)
	c.Identifiers = slices.Clone(c.Identifiers)
	for _, identifier := range from.Identifiers {
		if !contains(c.Identifiers, identifier) {
			c.Identifiers = append(c.Identifiers, identifier)
		}
	}
}

// Take copies the named fields, or all when fields is nil, from another
// customer. What the store keeps about the record stays.
func (c *Customer) Take(from *Customer, fields []string) {
	if fields == nil {
		fields = []string{"kind", "display_name", "gender", "birth_date", "region", "city", "identifiers", "acquisition"}
	}
	for _, field := range fields {
		switch field {
		case "kind":
			c.Kind = from.Kind
		case "display_name":
			c.DisplayName = from.DisplayName
		case "gender":
			c.Gender = from.Gender
		case "birth_date":
			c.BirthDate = from.BirthDate
		case "region":
			c.Region = from.Region
		case "city":
			c.City = from.City
		case "identifiers":
			c.Identifiers = from.Identifiers
		case "acquisition":
			c.Acquisition = from.Acquisition
		}
	}
}

func oneOf[T ~string](field string, value T, allowed ...T) *fault.Fault {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	return fault.Invalid(field, "must be one of %q, is %q", allowed[1:], value)
}
