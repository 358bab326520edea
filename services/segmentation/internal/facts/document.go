package facts

import (
	"bytes"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// record is the facts of one customer as they are stored: each section as the
// bytes of its fields, so that what changed is told without decoding it.
type record struct {
	docstore.Meta `bson:",inline"`
	fields        [len(sections)][]byte // empty where nothing is known
	// box is the section of the customer as it is stored: sealed. Its fields are those
	// of whoever has opened it.
	box []byte
	// unsealed tells that the fields of the customer are to be sealed into box.
	unsealed bool
}

// MarshalBSON writes a record: a million of them with each refresh of the
// valuations, and by reflection that takes several times as long.
func (r *record) MarshalBSON() ([]byte, error) {
	size := 224 + len(r.ID) + len(r.box)
	for _, fields := range r.fields {
		size += len(fields) + 16
	}
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, size))
	b = bsoncore.AppendStringElement(b, "_id", r.ID)
	b = bsoncore.AppendInt64Element(b, "version", r.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", r.UpdatedAt.UnixMilli())
	b = bsoncore.AppendStringElement(b, "write_id", r.WriteID)
	if len(r.box) > 0 {
		b = bsoncore.AppendBinaryElement(b, sections[customerSection].name, 0, r.box)
	}
	for i, fields := range r.fields {
		if i == customerSection || len(fields) == 0 {
			continue
		}
		at, sub := bsoncore.AppendDocumentElementStart(b, sections[i].name)
		b, _ = bsoncore.AppendDocumentEnd(append(sub, fields...), at) // at is where it began
	}
	return bsoncore.AppendDocumentEnd(b, start)
}

// UnmarshalBSON reads what MarshalBSON wrote.
func (r *record) UnmarshalBSON(document []byte) error {
	*r = record{}
	return each(document, func(e element) error {
		switch string(e.name) {
		case "_id":
			r.ID = string(e.value)
		case "version":
			r.Version = e.int()
		case "updated_at":
			r.UpdatedAt = e.time()
		case "write_id":
			r.WriteID = string(e.value)
		}
		if isBox(e) {
			r.box = bytes.Clone(e.value)
		}
		for i := range sections {
			if i != customerSection && e.kind == bson.TypeEmbeddedDocument && sections[i].name == string(e.name) {
				fields := fieldsOf(e.value)
				r.fields[i] = bytes.Clone(fields[:len(fields)-1]) // without the zero at the end
			}
		}
		return nil
	})
}

// take replaces the sections of some parts, that of the customer being opened, and reports the first that is another
// now; changed is -1 where none is.
func (r *record) take(f *Facts, parts Part) (changed int) {
	changed = -1
	for i := range sections {
		if sections[i].part&parts == 0 {
			continue
		}
		fields := encode(i, nil, f)
		if bytes.Equal(fields, r.fields[i]) {
			continue
		}
		r.fields[i] = fields
		r.unsealed = r.unsealed || i == customerSection
		if changed < 0 {
			changed = i
		}
	}
	return changed
}

// isBox tells whether an element is the sealed section of the customer. One that is
// not sealed, as an earlier layout had it, is none: nothing is known of it.
func isBox(e element) bool {
	return e.kind == bson.TypeBinary && sections[customerSection].name == string(e.name)
}

// lists are the static segments that the customer is on.
func (r *record) lists() ([]string, error) {
	d := newDecoder(0)
	err := d.fieldsOfSection(listSection, r.fields[listSection])
	return d.facts.Lists, err
}

// facts decodes some parts of a record, all but the section of the customer, which it
// returns as it is stored.
func (r *record) facts(d *decoder) (box []byte, err error) {
	d.facts.Customer.ID = customerOf(r.ID)
	for i, fields := range r.fields {
		if !d.needs(i) {
			continue
		}
		if err := d.fieldsOfSection(i, fields); err != nil {
			return nil, err
		}
	}
	if !d.needs(customerSection) {
		return nil, nil
	}
	return r.box, nil
}
