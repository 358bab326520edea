package store

import (
	"strconv"

	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

// MarshalBSON writes an order as its tags say it is read, leaving out what is
// empty. Orders are written in bulk, and by reflection that takes seven times as
// long.
func (d *order) MarshalBSON() ([]byte, error) {
	start, b := bsoncore.AppendDocumentStart(make([]byte, 0, 512+128*(len(d.Items)+len(d.Returns))))
	b = appendMeta(b, &d.Meta)
	b = bsoncore.AppendDateTimeElement(b, "order_time", d.Time.UnixMilli())
	b = bsoncore.AppendStringElement(b, "currency", d.Currency)
	b = bsoncore.AppendInt64Element(b, "amount", d.Amount)
	b = appendText(b, "status", string(d.Status))
	b = appendOptional(b, "discount", d.Discount)
	b = appendOptional(b, "cost", d.Cost)
	b = bsoncore.AppendInt64Element(b, "refunded", d.Refunded)
	b = appendText(b, "channel", d.Channel)
	b = appendText(b, "payment_method", d.PaymentMethod)
	b = appendArray(b, "items", d.Items, item.append)
	b = appendArray(b, "returns", d.Returns, orderReturn.append)
	b = bsoncore.AppendDateTimeElement(b, "created_at", d.CreatedAt.UnixMilli())
	if d.Origin != nil {
		b = appendSub(b, "origin", d.Origin.append)
	}
	return bsoncore.AppendDocumentEnd(b, start)
}

func (i item) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "sku", i.SKU)
	b = bsoncore.AppendInt64Element(b, "quantity_milli", i.QuantityMilli)
	b = appendOptional(b, "amount", i.Amount)
	b = appendOptional(b, "discount", i.Discount)
	return appendText(b, "category", i.Category)
}

func (r orderReturn) append(b []byte) []byte {
	b = bsoncore.AppendStringElement(b, "id", r.ID)
	b = bsoncore.AppendInt64Element(b, "refund", r.Refund)
	b = bsoncore.AppendDateTimeElement(b, "time", r.Time.UnixMilli())
	return appendSealed(b, r.Sealed)
}

func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return bsoncore.AppendStringElement(b, name, value)
}

func appendOptional(b []byte, name string, value *int64) []byte {
	if value == nil {
		return b
	}
	return bsoncore.AppendInt64Element(b, name, *value)
}

func appendArray[T any](b []byte, name string, values []T, fields func(T, []byte) []byte) []byte {
	if len(values) == 0 {
		return b
	}
	array, b := bsoncore.AppendArrayElementStart(b, name)
	for i, v := range values {
		var at int32
		at, b = bsoncore.AppendDocumentElementStart(b, strconv.Itoa(i))
		b, _ = bsoncore.AppendDocumentEnd(fields(v, b), at)
	}
	b, _ = bsoncore.AppendArrayEnd(b, array)
	return b
}
