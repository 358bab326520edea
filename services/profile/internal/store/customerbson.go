package store

import (
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Customers and claims are written in bulk, and write themselves as their tags say
// they are read: by reflection that takes several times as long.

// MarshalBSON writes a customer.
func (d *customer) MarshalBSON() ([]byte, error) {
	size := 320 + len(d.ID) + len(d.Sealed)
	if d.LastChange != nil {
		size += 128 + len(d.LastChange.Sealed)
	}
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, size))
	b = appendMeta(b, &d.Meta)
	b = appendSealed(b, d.Sealed)
	if d.LastChange != nil {
		b = appendSub(b, "last_change", d.LastChange.append)
	}
	b = bsoncore.AppendDateTimeElement(b, "created_at", d.CreatedAt.UnixMilli())
	if d.Request != nil {
		b = appendSub(b, "request", d.Request.append)
	}
	if d.Origin != nil {
		b = appendSub(b, "origin", d.Origin.append)
	}
	if d.Links.Into != nil {
		b = appendSub(b, "into", d.Links.Into.append)
	}
	b = appendArray(b, "merged", d.Links.Merged, branch.append)
	return bsoncore.AppendDocumentEnd(b, start)
}

// MarshalBSON writes a claim.
func (d *claim) MarshalBSON() ([]byte, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 160+len(d.ID)+len(d.Customer)))
	b = appendMeta(b, &d.Meta)
	b = bsoncore.AppendStringElement(b, "customer", d.Customer)
	if d.Pending != nil {
		b = bsoncore.AppendDateTimeElement(b, "pending", d.Pending.UnixMilli())
	}
	b = appendText(b, "mark", d.Mark)
	return bsoncore.AppendDocumentEnd(b, start)
}

func (d *changeDoc) append(b []byte) []byte {
	b = bsoncore.AppendInt64Element(b, "seq", d.Seq)
	b = bsoncore.AppendStringElement(b, "actor", d.Actor)
	b = appendText(b, "request_id", d.RequestID)
	if d.Created {
		b = bsoncore.AppendBooleanElement(b, "created", true)
	}
	if len(d.Fields) > 0 {
		array := bsoncore.NewArrayBuilder()
		for _, name := range d.Fields {
			array.AppendString(name)
		}
		b = bsoncore.AppendArrayElement(b, "fields", array.Build())
	}
	return appendSealed(b, d.Sealed)
}

func (k *requestKey) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "id", k.ID)
	return bsoncore.AppendStringElement(b, "hash", k.Hash)
}

func (l *link) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "customer", l.Customer)
	b = bsoncore.AppendStringElement(b, "merge", l.Merge)
	return bsoncore.AppendStringElement(b, "token", l.Token)
}

func (m branch) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "customer", m.Customer)
	b = bsoncore.AppendStringElement(b, "token", m.Token)
	return bsoncore.AppendInt32Element(b, "records", int32(m.Records))
}

func (o *origin) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "import", o.Import)
	b = bsoncore.AppendInt64Element(b, "row", o.Row)
	return bsoncore.AppendBooleanElement(b, "created", o.Created)
}

func appendMeta(b []byte, m *docstore.Meta) []byte {
	b = bsoncore.AppendStringElement(b, "_id", m.ID)
	b = bsoncore.AppendInt64Element(b, "version", m.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", m.UpdatedAt.UnixMilli())
	return bsoncore.AppendStringElement(b, "write_id", m.WriteID)
}

// appendSealed appends what is sealed, where anything is.
func appendSealed(b, sealed []byte) []byte {
	if len(sealed) == 0 {
		return b
	}
	return bsoncore.AppendBinaryElement(b, "sealed", 0, sealed)
}

// appendSub appends a document within the document.
func appendSub(b []byte, name string, fields func([]byte) []byte) []byte {
	at, b := bsoncore.AppendDocumentElementStart(b, name)
	b, _ = bsoncore.AppendDocumentEnd(fields(b), at) // at is where it began
	return b
}
