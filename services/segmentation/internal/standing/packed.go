package standing

import (
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// packed is a document whose content is packed by this package. A million of them
// are written and read by a pass, and by reflection that takes several times as long.
type packed struct {
	docstore.Meta `bson:",inline"`
	At            time.Time `bson:"at"`   // what the kind of document says
	Mark          int64     `bson:"mark"` // what the kind of document says
	Data          []byte    `bson:"data"`
}

var (
	_ bson.Marshaler   = (*packed)(nil)
	_ bson.Unmarshaler = (*packed)(nil)
)

// MarshalBSON writes the document as its tags say.
func (p *packed) MarshalBSON() ([]byte, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 256+len(p.ID)+len(p.Data)))
	b = bsoncore.AppendStringElement(b, "_id", p.ID)
	b = bsoncore.AppendInt64Element(b, "version", p.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", p.UpdatedAt.UnixMilli())
	b = bsoncore.AppendStringElement(b, "write_id", p.WriteID)
	b = bsoncore.AppendDateTimeElement(b, "at", millis(p.At))
	b = bsoncore.AppendInt64Element(b, "mark", p.Mark)
	b = bsoncore.AppendBinaryElement(b, "data", 0, p.Data)
	return bsoncore.AppendDocumentEnd(b, start)
}

var errDamaged = errors.New("stored document is damaged")

// UnmarshalBSON reads what MarshalBSON wrote. Data is a copy.
func (p *packed) UnmarshalBSON(raw []byte) error {
	if err := p.read(raw); err != nil {
		return err
	}
	p.Data = append([]byte(nil), p.Data...)
	return nil
}

// read reads a document. Data is part of raw.
func (p *packed) read(raw []byte) error {
	if len(raw) < 5 {
		return errDamaged
	}
	*p = packed{}
	for rest := raw[4:]; len(rest) > 1; {
		element, left, ok := bsoncore.ReadElement(rest)
		if !ok {
			return errDamaged
		}
		rest = left
		value := element.Value()
		switch element.Key() {
		case "_id":
			p.ID, ok = value.StringValueOK()
		case "version":
			p.Version, ok = value.Int64OK()
		case "updated_at":
			p.UpdatedAt, ok = timeOf(value)
		case "write_id":
			p.WriteID, ok = value.StringValueOK()
		case "at":
			p.At, ok = timeOf(value)
		case "mark":
			p.Mark, ok = value.Int64OK()
		case "data":
			_, p.Data, ok = value.BinaryOK()
		}
		if !ok {
			return fmt.Errorf("%w: field %s", errDamaged, element.Key())
		}
	}
	return nil
}

func timeOf(v bsoncore.Value) (time.Time, bool) {
	ms, ok := v.DateTimeOK()
	return instant(ms), ok
}

// millis is a time as it is stored, 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// instant is the time of millis, zero for 0.
func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
