package facts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/kehuhq/kehu/pkg/vault"
)

// boxOf is where the section of a customer is sealed.
func boxOf(customer string, content []byte) vault.Box {
	return vault.Box{Subject: customer, Place: "facts", Content: content}
}

// unseal decodes what opening the section of the customer has come to. Nothing is known
// any more where the key has been destroyed.
func (d *decoder) unseal(fields []byte, err error) error {
	if errors.Is(err, vault.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.fieldsOfSection(customerSection, fields)
}

// sealed is the facts of some customers whose own section is not decoded yet.
type sealed struct {
	decoders []*decoder
	boxes    []vault.Box
}

// add takes in one, if there is anything to open.
func (s *sealed) add(d *decoder, box []byte) {
	if len(box) > 0 {
		s.decoders, s.boxes = append(s.decoders, d), append(s.boxes, boxOf(d.facts.Customer.ID, box))
	}
}

// unseal decodes the sections of some customers.
func (s *Store) unseal(ctx context.Context, all sealed) error {
	opened, errs, err := s.vault.OpenMany(ctx, all.boxes)
	for i, d := range all.decoders {
		if err == nil {
			err = d.unseal(opened[i], errs[i])
		}
	}
	if err != nil {
		return fmt.Errorf("facts: %w", err)
	}
	return nil
}

// open opens the section of the customer of those records that a change of it is
// compared with.
func (s *Store) open(ctx context.Context, changes []Change, stored []*record) error {
	var records []*record
	var boxes []vault.Box
	for i, c := range changes {
		if r := stored[i]; r != nil && len(r.box) > 0 && c.Facts != nil && c.Parts&OfCustomer != 0 {
			records, boxes = append(records, r), append(boxes, boxOf(c.Customer, r.box))
		}
	}
	opened, errs, err := s.vault.OpenMany(ctx, boxes)
	if err != nil {
		return err
	}
	for i, r := range records {
		if err := errs[i]; err != nil && !errors.Is(err, vault.ErrDestroyed) {
			return fmt.Errorf("facts: %w", err)
		}
		r.fields[customerSection] = opened[i]
	}
	return nil
}

// seal seals the sections that a batch changes.
func (s *Store) seal(ctx context.Context, b *batch) error {
	var records []*record
	var boxes []vault.Box
	for _, op := range b.ops {
		r := op.Doc
		if op.Delete || !r.unsealed {
			continue
		}
		if r.box = nil; len(r.fields[customerSection]) > 0 {
			records, boxes = append(records, r), append(boxes, boxOf(customerOf(r.ID), r.fields[customerSection]))
		}
	}
	contents, err := s.vault.SealMany(ctx, boxes)
	for i, content := range contents {
		records[i].box = content
	}
	return err
}

// Parted parts the names of facts: those of what is kept sealed, because it describes
// the person, and the others. Both are in the order that they had.
func Parted(names []string) (open, own []string) {
	for _, name := range names {
		if PartsOf([]string{name}) == OfCustomer {
			own = append(own, name)
		} else {
			open = append(open, name)
		}
	}
	return open, own
}

// RecallParted is Recall of values that were recorded apart, as Parted parts the names.
// own is empty where nothing was known of what describes the person, or is not any more.
func RecallParted(names []string, recorded, own []byte) (*Facts, error) {
	open, sealed := Parted(names)
	f, err := Recall(open, recorded)
	if err != nil || len(own) == 0 {
		return f, err
	}
	person, err := Recall(sealed, own)
	if err != nil {
		return nil, err
	}
	person.Customer.ID = f.Customer.ID
	f.Customer = person.Customer
	return f, nil
}

// PartsOf are the parts that hold the facts of some names.
func PartsOf(names []string) Part {
	var parts Part
	for _, name := range names {
		parts |= partOf(name)
	}
	return parts
}

var partOfSection = map[Section]Part{
	FromProfile: OfCustomer, FromOrders: OfOrders, FromValuation: OfValuation, FromFeedback: OfFeedback, FromReferral: OfReferral,
}

func partOf(name string) Part {
	switch {
	case name == "customer.id", strings.HasPrefix(name, lists):
		return 0 // known of everybody
	case strings.HasPrefix(name, attributes):
		return OfCustomer
	}
	if field, is := byName[name]; is {
		return partOfSection[field.Section]
	}
	return 0
}
