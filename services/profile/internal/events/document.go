package events

import (
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// document is an event as it is stored, under sender and message id. It writes
// and reads itself: events come in bulk, and reflection takes several times as long.
type document struct {
	docstore.Meta `bson:",inline"`
	Event
}

// Names of the fields, of which Meta's come first.
const (
	fieldTime     = "time"
	fieldType     = "type"
	fieldName     = "name"
	fieldReceived = "received"
	fieldSent     = "sent"
	fieldOriginal = "original"
	fieldSource   = "source"
	fieldVisitor  = "visitor"
	fieldGroup    = "group"
	fieldContent  = "content"
)

func documentID(sender Identity, id string) string {
	return sender.key() + "!" + docstore.ID(id)
}

// timelineKey orders the events of a sender by time.
func (d *document) timelineKey() string {
	return d.Sender.key() + "!" + docstore.Key(docstore.Time(d.Time))
}

// typedKey orders the events of a sender by type, then by time.
func (d *document) typedKey() string {
	return d.Sender.key() + "!" + string(d.Type) + "!" + docstore.Key(docstore.Time(d.Time))
}

// MarshalBSON writes the document.
func (d *document) MarshalBSON() ([]byte, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 384+len(d.Meta.ID)+len(d.sealed)))
	b = bsoncore.AppendStringElement(b, "_id", d.Meta.ID)
	b = bsoncore.AppendInt64Element(b, "version", d.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", d.UpdatedAt.UnixMilli())
	b = bsoncore.AppendStringElement(b, "write_id", d.WriteID)
	b = bsoncore.AppendDateTimeElement(b, fieldTime, d.Time.UnixMilli())
	b = bsoncore.AppendStringElement(b, fieldType, string(d.Type))
	for _, f := range []struct{ name, value string }{
		{fieldName, d.Name}, {fieldSource, d.Source}, {fieldVisitor, d.VisitorID}, {fieldGroup, d.Group},
	} {
		if f.value != "" {
			b = bsoncore.AppendStringElement(b, f.name, f.value)
		}
	}
	b = bsoncore.AppendDateTimeElement(b, fieldReceived, d.Received.UnixMilli())
	if !d.Sent.IsZero() {
		b = bsoncore.AppendDateTimeElement(b, fieldSent, d.Sent.UnixMilli())
	}
	if !d.Original.IsZero() {
		b = bsoncore.AppendDateTimeElement(b, fieldOriginal, d.Original.UnixMilli())
	}
	if len(d.sealed) > 0 {
		b = bsoncore.AppendBinaryElement(b, fieldContent, 0, d.sealed)
	}
	return bsoncore.AppendDocumentEnd(b, start)
}

// UnmarshalBSON reads what MarshalBSON wrote, and copies it.
func (d *document) UnmarshalBSON(raw []byte) error {
	var meta docstore.Meta
	if err := bson.Unmarshal(raw, &meta); err != nil {
		return err
	}
	*d = document{Meta: meta}
	return d.read(meta.ID, raw, reading{content: true, text: func(b []byte) string { return string(b) }})
}

// reading says what of a document is read, and how its texts are kept.
type reading struct {
	content bool
	text    func([]byte) string
}

// read takes the event from a stored document.
func (e *Event) read(id string, raw []byte, how reading) error {
	parts := docstore.ParseID(id)
	if len(parts) != 3 || len(raw) < 5 {
		return fmt.Errorf("stored event %q: not an event's id", id)
	}
	e.Sender, e.ID = identityOf(parts[0], parts[1]), parts[2]
	for rest := raw[4:]; len(rest) > 1; {
		element, left, ok := bsoncore.ReadElement(rest)
		if !ok {
			return fmt.Errorf("stored event %q is damaged", id)
		}
		rest = left
		if err := e.take(element, how); err != nil {
			return fmt.Errorf("stored event %q: %w", id, err)
		}
	}
	return nil
}

func (e *Event) take(element bsoncore.Element, how reading) error {
	name, value := element.KeyBytes(), element.Value()
	var text *string
	var at *time.Time
	switch string(name) {
	case fieldTime:
		at = &e.Time
	case fieldReceived:
		at = &e.Received
	case fieldSent:
		at = &e.Sent
	case fieldOriginal:
		at = &e.Original
	case fieldType:
		text = (*string)(&e.Type)
	case fieldName:
		text = &e.Name
	case fieldSource:
		text = &e.Source
	case fieldVisitor:
		text = &e.VisitorID
	case fieldGroup:
		text = &e.Group
	case fieldContent:
		_, data, ok := value.BinaryOK()
		if !ok {
			return fmt.Errorf("field %s has the wrong type", name)
		}
		if how.content {
			e.sealed = append([]byte(nil), data...)
		}
	}
	switch {
	case at != nil:
		ms, ok := value.DateTimeOK()
		if !ok {
			return fmt.Errorf("field %s has the wrong type", name)
		}
		*at = time.UnixMilli(ms).UTC()
	case text != nil:
		if value.Type != bsoncore.TypeString || len(value.Data) < 5 {
			return fmt.Errorf("field %s has the wrong type", name)
		}
		*text = how.text(value.Data[4 : len(value.Data)-1])
	}
	return nil
}
