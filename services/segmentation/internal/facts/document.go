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
}

// MarshalBSON writes a record: a million of them with each refresh of the
// valuations, and by reflection that takes several times as long.
func (r *record) MarshalBSON() ([]byte, error) {
	size := 192 + len(r.ID)
	for _, fields := range r.fields {
		size += len(fields) + 16
	}
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, size))
	b = bsoncore.AppendStringElement(b, "_id", r.ID)
	b = bsoncore.AppendInt64Element(b, "version", r.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", r.UpdatedAt.UnixMilli())
	b = bsoncore.AppendStringElement(b, "write_id", r.WriteID)
	for i, fields := range r.fields {
		if len(fields) == 0 {
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
		for i := range sections {
			if e.kind == bson.TypeEmbeddedDocument && sections[i].name == string(e.name) {
				fields := fieldsOf(e.value)
				r.fields[i] = bytes.Clone(fields[:len(fields)-1]) // without the zero at the end
			}
		}
		return nil
	})
}

// take replaces the sections of some parts and reports the first that is another
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
		if changed < 0 {
			changed = i
		}
	}
	return changed
}

// lists are the static segments that the customer is on.
func (r *record) lists() ([]string, error) {
	d := newDecoder()
	err := d.fieldsOfSection(listSection, r.fields[listSection])
	return d.facts.Lists, err
}

// facts are the facts of a record, the caller's own.
func (r *record) facts() (*Facts, error) {
	d := newDecoder()
	d.facts.Customer.ID = customerOf(r.ID)
	for i, fields := range r.fields {
		if err := d.fieldsOfSection(i, fields); err != nil {
			return nil, err
		}
	}
	return &d.facts, nil
}
