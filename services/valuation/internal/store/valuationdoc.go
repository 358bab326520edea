package store

import (
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// valuation is a valuation as it is stored. A refresh writes, and a stream
// reads, as many as there are customers: it is encoded and decoded by hand, a
// few times as fast as by reflection.
type valuation struct {
	docstore.Meta
	domain.Valuation
}

// MarshalBSON writes the document. Revenue is a sub-document currency → minor
// units, the valuation's currency first.
func (v *valuation) MarshalBSON() ([]byte, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 768))
	b = bsoncore.AppendStringElement(b, "_id", v.ID)
	b = bsoncore.AppendInt64Element(b, "version", v.Version)
	b = bsoncore.AppendDateTimeElement(b, "updated_at", v.UpdatedAt.UnixMilli())
	b = bsoncore.AppendStringElement(b, "write_id", v.WriteID)
	b = bsoncore.AppendInt64Element(b, "orders", v.Orders)
	b = bsoncore.AppendInt64Element(b, "order_days", v.Days)
	b = bsoncore.AppendDateTimeElement(b, "first_order_time", v.FirstMS)
	b = bsoncore.AppendDateTimeElement(b, "last_order_time", v.LastMS)
	b = bsoncore.AppendInt64Element(b, "recency_days", v.RecencyDays)
	revenue, b := bsoncore.AppendDocumentElementStart(b, "revenue")
	for _, m := range v.Revenue {
		b = bsoncore.AppendInt64Element(b, m.Currency, m.Minor)
	}
	b, err := bsoncore.AppendDocumentEnd(b, revenue)
	if err != nil {
		return nil, err
	}
	b = appendOptional(b, "historic_value", v.Historic)
	b = bsoncore.AppendDoubleElement(b, "historic_value_coverage", v.Coverage)
	b = appendOptional(b, "average_order", v.Average)
	b = bsoncore.AppendInt32Element(b, "recency_score", int32(v.Scores.R))
	b = bsoncore.AppendInt32Element(b, "frequency_score", int32(v.Scores.F))
	b = bsoncore.AppendInt32Element(b, "monetary_score", int32(v.Scores.M))
	b = bsoncore.AppendInt32Element(b, "group", int32(v.Scores.Group))
	if b, err = appendPrediction(b, &v.Valuation); err != nil {
		return nil, err
	}
	return bsoncore.AppendDocumentEnd(b, start)
}

func appendOptional(b []byte, key string, o domain.Optional) []byte {
	if !o.Known {
		return b
	}
	return bsoncore.AppendInt64Element(b, key, o.Minor)
}

// UnmarshalBSON reads the document. It keeps nothing of raw.
func (v *valuation) UnmarshalBSON(raw []byte) error {
	if err := readElements(raw, v.readMeta); err != nil {
		return err
	}
	return readValuation(raw, &v.Valuation)
}

func (v *valuation) readMeta(key []byte, value bsoncore.Value) bool {
	ok := true
	switch string(key) {
	case "_id":
		v.ID, ok = value.StringValueOK()
	case "version":
		v.Version, ok = value.Int64OK()
	case "updated_at":
		var ms int64
		ms, ok = value.DateTimeOK()
		v.UpdatedAt = time.UnixMilli(ms).UTC()
	case "write_id":
		v.WriteID, ok = value.StringValueOK()
	}
	return ok
}

// readValuation reads the valuation in a document, using its Revenue again. It
// keeps nothing of raw.
func readValuation(raw bson.Raw, into *domain.Valuation) error {
	*into = domain.Valuation{Revenue: into.Revenue[:0]}
	return readElements(raw, func(key []byte, value bsoncore.Value) bool { return readField(key, value, into) })
}

func readField(key []byte, value bsoncore.Value, into *domain.Valuation) bool {
	var ok bool
	var n int32
	switch string(key) {
	case "_id":
		var id string
		id, ok = value.StringValueOK()
		into.Customer = customerOf(id)
	case "orders":
		into.Orders, ok = value.Int64OK()
	case "order_days":
		into.Days, ok = value.Int64OK()
	case "first_order_time":
		into.FirstMS, ok = value.DateTimeOK()
	case "last_order_time":
		into.LastMS, ok = value.DateTimeOK()
	case "recency_days":
		into.RecencyDays, ok = value.Int64OK()
	case "revenue":
		ok = value.Type == bsoncore.TypeEmbeddedDocument && readElements(bson.Raw(value.Data), func(code []byte, minor bsoncore.Value) bool {
			m, whole := minor.Int64OK()
			into.Revenue = append(into.Revenue, domain.Money{Currency: string(code), Minor: m})
			return whole
		}) == nil
	case "historic_value":
		into.Historic.Minor, ok = value.Int64OK()
		into.Historic.Known = ok
	case "historic_value_coverage":
		into.Coverage, ok = value.DoubleOK()
	case "average_order":
		into.Average.Minor, ok = value.Int64OK()
		into.Average.Known = ok
	case "recency_score":
		n, ok = value.Int32OK()
		into.Scores.R = uint8(n)
	case "frequency_score":
		n, ok = value.Int32OK()
		into.Scores.F = uint8(n)
	case "monetary_score":
		n, ok = value.Int32OK()
		into.Scores.M = uint8(n)
	case "group":
		n, ok = value.Int32OK()
		into.Scores.Group = stat.Group(n)
	default:
		return readPredicted(key, value, into)
	}
	return ok
}

// readElements hands every element of a document to read, which reports whether
// it could use it.
func readElements(raw bson.Raw, read func(key []byte, value bsoncore.Value) bool) error {
	length, rest, ok := bsoncore.ReadLength(raw)
	ok = ok && int(length) == len(raw)
	for ok && len(rest) > 1 {
		var element bsoncore.Element
		if element, rest, ok = bsoncore.ReadElement(rest); !ok {
			break
		}
		key := element.KeyBytes()
		if !read(key, element.Value()) {
			return fmt.Errorf("stored document: field %q is of another type than expected", key)
		}
	}
	if !ok || len(rest) != 1 {
		return fmt.Errorf("stored document: it is cut off")
	}
	return nil
}

// customerOf is the customer in a valuation's id.
func customerOf(id string) string {
	escaped := id[strings.IndexByte(id, '!')+1:]
	if strings.IndexByte(escaped, '%') < 0 {
		return strings.Clone(escaped) // not to keep the document it is part of
	}
	return docstore.ParseID(escaped)[0]
}
