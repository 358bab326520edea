package bench

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// totals shows that two ways of reading all orders have read the same.
type totals struct {
	orders int
	sum    int64 // of times in ms, amounts net of refunds, costs and discounts
}

// timing times a scan and sees to it that it found what is wanted.
func timing(b *testing.B, scan func() totals, want totals) func() time.Duration {
	return func() time.Duration {
		b.Helper()
		var got totals
		took := timed(func() { got = scan() })
		if got != want {
			b.Fatalf("scanned %+v, want %+v", got, want)
		}
		return took
	}
}

// add reads of a stored order what a purchase history needs, all of which comes
// before or with the field "refunded". It trusts the document, which costs as
// little as can be.
func (t *totals) add(doc []byte) {
	var at, amount, refunded int64
	discount, cost := int64(-1), int64(-1)
	var currency, status []byte
	for rest := doc[4:]; len(rest) > 1; {
		kind := bson.Type(rest[0])
		end := bytes.IndexByte(rest, 0)
		name, value := rest[1:end], rest[end+1:]
		size := 8 // an integer's or a time's
		if kind == bson.TypeString {
			size = 4 + int(binary.LittleEndian.Uint32(value))
		}
		switch string(name) {
		case "order_time":
			at = int64(binary.LittleEndian.Uint64(value))
		case "amount":
			amount = int64(binary.LittleEndian.Uint64(value))
		case "discount":
			discount = int64(binary.LittleEndian.Uint64(value))
		case "cost":
			cost = int64(binary.LittleEndian.Uint64(value))
		case "currency":
			currency = value[4 : size-1]
		case "status":
			status = value[4 : size-1]
		case "refunded":
			refunded = int64(binary.LittleEndian.Uint64(value))
			size = len(value)
		}
		rest = value[size:]
	}
	if string(currency) == "CNY" && string(status) == "paid" {
		t.orders++
		t.sum += at + amount - refunded + cost + discount
	}
}
