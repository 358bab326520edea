// Package domain holds what the profile service is about: customers, what
// identifies them, and their orders. Its checks return faults that name fields
// by their paths in the API, relative to the record.
package domain

import (
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Customer is a person, a company or a public body that has bought or may buy.
type Customer struct {
	ID string
	Details
	// LastChange is the newest of the record's changes. It is not read with lists
	// and streams.
	LastChange *Change

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

// MaxIdentifiers and MaxAttributes are the most that one customer may have.
var (
	MaxIdentifiers = int(FieldNamed("identifiers").items)
	MaxAttributes  = int(FieldNamed("attributes").items)
)

// RequestKey recognises a repeated call: the caller's key, and a hash of what
// was asked.
type RequestKey struct{ ID, Hash string }

// Normalize brings what is given into the form in which it is compared and kept,
// drops identifiers given twice, and reports everything that is wrong.
func (c *Customer) Normalize(now time.Time) error {
	var all faults
	all.add(ident.Check("name", c.ID))
	all.add(checkCustomerID("name", c.ID))
	for i := range Fields {
		switch f := &Fields[i]; f.Name {
		case "identifiers":
			c.Identifiers = checkIdentifiers(c.Identifiers, f.items, &all)
		case "attributes":
			c.Attributes = checkAttributes(c.Attributes, f.items, now, &all)
		default:
			check(f.Name, f.Of(&c.Details), f.bounds, now, &all)
		}
	}
	return all.merged()
}

func checkIdentifiers(given []Identifier, limit int64, all *faults) (kept []Identifier) {
	if int64(len(given)) > limit {
		all.add(fault.Invalid("identifiers", "must be at most %d, are %d", limit, len(given)))
		return given
	}
	for i, one := range given {
		identifier, f := one.Normalize(fmt.Sprintf("identifiers[%d]", i))
		if all.add(f); f == nil && !contains(kept, identifier) {
			kept = append(kept, identifier)
		}
	}
	return kept
}

// Identified reports whether the customer has the identifier, which must be normalised.
func (d *Details) Identified(by Identifier) bool { return contains(d.Identifiers, by) }
