package facts

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/x/bsonx/bsoncore"
)

var errMalformed = errors.New("stored facts cannot be read")

// element is one field of a BSON document: what it is made of, undecoded.
type element struct {
	kind  bson.Type
	name  []byte
	value []byte // a string without length and final zero, a binary without head
}

// next takes the first element off the fields of a document. ok is false at the
// end, and with an error where this is no document.
func next(fields []byte) (e element, rest []byte, ok bool, err error) {
	if len(fields) == 0 || fields[0] == 0 {
		return e, nil, false, nil
	}
	e.kind = bson.Type(fields[0])
	end := 1
	for end < len(fields) && fields[end] != 0 {
		end++
	}
	if end >= len(fields) {
		return e, nil, false, errMalformed
	}
	e.name, rest = fields[1:end], fields[end+1:]
	var size, head, tail int
	switch e.kind {
	case bson.TypeDouble, bson.TypeInt64, bson.TypeDateTime:
		size = 8
	case bson.TypeInt32:
		size = 4
	case bson.TypeBoolean:
		size = 1
	case bson.TypeString:
		size, head, tail = lengthOf(rest)-1, 4, 1
	case bson.TypeBinary:
		size, head = lengthOf(rest), 5
	case bson.TypeEmbeddedDocument, bson.TypeArray:
		size = lengthOf(rest)
	default:
		return e, nil, false, errMalformed
	}
	if size < 0 || head+size+tail > len(rest) {
		return e, nil, false, errMalformed
	}
	e.value = rest[head : head+size]
	return e, rest[head+size+tail:], true, nil
}

func lengthOf(b []byte) int {
	if len(b) < 4 {
		return -1
	}
	return int(int32(binary.LittleEndian.Uint32(b)))
}

// fieldsOf are the fields of a whole document.
func fieldsOf(document []byte) []byte {
	if len(document) < 5 {
		return nil
	}
	return document[4:]
}

func (e element) int() int64 {
	if len(e.value) != 8 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(e.value))
}

func (e element) float() float64 { return math.Float64frombits(uint64(e.int())) }
func (e element) bool() bool     { return len(e.value) == 1 && e.value[0] != 0 }

// date reads what Date.number makes.
func (e element) date() Date {
	n := 0
	switch len(e.value) {
	case 4:
		n = int(int32(binary.LittleEndian.Uint32(e.value)))
	case 8:
		n = int(e.int())
	}
	return Date{Year: n / 10000, Month: n / 100 % 100, Day: n % 100}
}

// number is a date as one, e.g. 19800429.
func (d Date) number() int32 { return int32(d.Year*10000 + d.Month*100 + d.Day) }

func (e element) time() time.Time { return time.UnixMilli(e.int()).UTC() }

// The append functions leave out what is not known.

func appendText(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return bsoncore.AppendStringElement(b, name, value)
}

func appendInt(b []byte, name string, value int64) []byte {
	if value == 0 {
		return b
	}
	return bsoncore.AppendInt64Element(b, name, value)
}

func appendFloat(b []byte, name string, value float64) []byte {
	if value == 0 {
		return b
	}
	return bsoncore.AppendDoubleElement(b, name, value)
}

func appendTime(b []byte, name string, value time.Time) []byte {
	if value.IsZero() {
		return b
	}
	return bsoncore.AppendDateTimeElement(b, name, value.UnixMilli())
}

func appendTexts(b []byte, name string, values []string) []byte {
	if len(values) == 0 {
		return b
	}
	at, b := bsoncore.AppendArrayElementStart(b, name)
	for i, value := range values {
		b = bsoncore.AppendStringElement(b, strconv.Itoa(i), value)
	}
	b, _ = bsoncore.AppendArrayEnd(b, at) // at is where it began
	return b
}

// appendMoney appends an amount, zero too, where there is a currency.
func appendMoney(b []byte, name string, m Money) []byte {
	if m == (Money{}) {
		return b
	}
	at, b := bsoncore.AppendDocumentElementStart(b, name)
	b = appendText(b, "currency", m.Currency)
	b = appendInt(b, "minor", m.Minor)
	b, _ = bsoncore.AppendDocumentEnd(b, at)
	return b
}
