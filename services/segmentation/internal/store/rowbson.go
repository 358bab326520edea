package store

import (
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// MarshalBSON writes a row as its tags say it is read. Rows are written in bulk,
// and by reflection that takes several times as long.
func (d *membership) MarshalBSON() ([]byte, error) {
	start, b := appendMeta(&d.Meta)
	return bsoncore.AppendDocumentEnd(bsoncore.AppendInt64Element(b, "since", d.Since), start)
}

// MarshalBSON writes a row as its tags say it is read.
func (d *transition) MarshalBSON() ([]byte, error) {
	start, b := appendMeta(&d.Meta)
	return bsoncore.AppendDocumentEnd(bsoncore.AppendBooleanElement(b, "left", d.Left), start)
}

func appendMeta(m *docstore.Meta) (start int32, b []byte) {
	start, b = bsoncore.AppendDocumentStart(make([]byte, 0, 160+len(m.ID)))
	b = bsoncore.AppendStringElement(b, "_id", m.ID)
	b = bsoncore.AppendInt64Element(b, "version", m.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", m.UpdatedAt.UnixMilli())
	return start, bsoncore.AppendStringElement(b, "write_id", m.WriteID)
}
