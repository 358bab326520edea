package facts

import (
	"encoding/binary"
	"math"
	"time"
)

// reader reads what Record wrote. Once something is wrong it fails for good.
type reader struct {
	rest   []byte
	failed bool
}

// value reads one value, nil where it was not known.
func (r *reader) value() any {
	switch tag := r.byte(); tag {
	case tagNone:
		return nil
	case tagTrue, tagFalse:
		return tag == tagTrue
	case tagInt:
		return r.varint()
	case tagDouble:
		return r.double()
	case tagText:
		return r.text()
	case tagTime:
		return time.Unix(r.varint(), int64(r.nanos())).UTC()
	case tagDate:
		return Date{int(r.varint()), int(r.varint()), int(r.varint())}
	case tagTexts:
		texts := make([]string, r.length())
		for i := range texts {
			texts[i] = r.text()
		}
		return texts
	case tagMoney:
		return r.money()
	case tagAmounts:
		amounts := make([]Money, r.length())
		for i := range amounts {
			amounts[i] = r.money()
		}
		return amounts
	case tagPurchases:
		return r.orders()
	}
	r.failed = true
	return nil
}

func (r *reader) fail() {
	r.failed, r.rest = true, nil
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail()
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// length reads how many follow, each of at least a byte.
func (r *reader) length() int {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail()
		return 0
	}
	return int(n)
}

func (r *reader) nanos() uint64 {
	n := r.uvarint()
	if n >= uint64(time.Second) {
		r.fail()
		return 0
	}
	return n
}

func (r *reader) double() float64 {
	if len(r.rest) < 8 {
		r.fail()
		return 0
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(r.rest))
	r.rest = r.rest[8:]
	return v
}

func (r *reader) text() string {
	n := r.length()
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *reader) money() Money {
	currency := r.text()
	return Money{Currency: currency, Minor: r.varint()}
}

func (r *reader) orders() []Order {
	orders := make([]Order, r.length())
	var seconds int64
	currency := ""
	for i := range orders {
		seconds += r.varint()
		orders[i].Time = time.Unix(seconds, int64(r.nanos())).UTC()
		m := r.money()
		if m.Currency == "" {
			m.Currency = currency
		}
		currency = m.Currency
		orders[i].Net = m
	}
	return orders
}
