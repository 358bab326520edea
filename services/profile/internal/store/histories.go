package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Purchase is what a purchase history tells of one order.
type Purchase struct {
	CustomerKey string // the customer's escaped id; CustomerOf gives the id itself
	TimeMS      int64  // since 1970-01-01T00:00:00Z
	Currency    []byte // ISO 4217; valid until the iteration moves on
	Amount      int64  // minor units, before returns
	Refunded    int64
	Discount    int64 // -1 where not known
	Cost        int64 // -1 where not known
	status      []byte
}

// counts reports whether the order is one that analyses are about: paid, and
// not wholly returned.
func (p *Purchase) counts() bool {
	return domain.Counts(domain.Status(p.status), p.Amount, p.Refunded)
}

// CustomerOf is the id behind a CustomerKey.
func CustomerOf(key string) string {
	if strings.IndexByte(key, '%') < 0 {
		return key
	}
	return docstore.ParseID(key)[0]
}

// Purchases yields the counting orders of a span, customer by customer in the
// order of their escaped ids, and within one record by record, by order id. What
// was recorded under merged records comes at the turn of the customer they belong
// to, as merged as they are when it begins. The anonymous orders are nobody's
// history and left out. The Purchase is valid until the iteration moves on.
func (s *Orders) Purchases(ctx context.Context, span Span, beforeMS int64) iter.Seq2[*Purchase, error] {
	return func(yield func(*Purchase, error) bool) {
		var p Purchase
		w := &walk{orders: s, ctx: ctx, fail: func(err error) { yield(nil, err) }}
		w.take = func(customer string, entry docstore.Entry) bool {
			if err := p.read(entry.Doc); err != nil {
				yield(nil, fmt.Errorf("order %s: %w", entry.ID, err))
				return false
			}
			if p.TimeMS >= beforeMS || !p.counts() {
				return true
			}
			p.CustomerKey = customer
			return yield(&p, nil)
		}
		w.over(span)
	}
}

// PurchasesOf is Purchases of some customers, in their order: each the root of its
// tree in the forest.
func (s *Orders) PurchasesOf(ctx context.Context, forest *domain.Forest, roots []string) iter.Seq2[*Purchase, error] {
	return func(yield func(*Purchase, error) bool) {
		var p Purchase
		w := &walk{orders: s, ctx: ctx, fail: func(err error) { yield(nil, err) }}
		w.take = func(customer string, entry docstore.Entry) bool {
			if err := p.read(entry.Doc); err != nil {
				yield(nil, fmt.Errorf("order %s: %w", entry.ID, err))
				return false
			}
			p.CustomerKey = customer
			return !p.counts() || yield(&p, nil)
		}
		for _, root := range roots {
			for _, member := range forest.Members(root) {
				if !w.record(docstore.ID(root), docstore.ID(member)) {
					return
				}
			}
		}
	}
}

// walk is one iteration over the orders of customers.
type walk struct {
	orders *Orders
	ctx    context.Context
	take   func(customer string, entry docstore.Entry) bool // takes the customer's escaped id; reports whether to go on
	fail   func(error)
}

// over takes the orders of a span.
func (w *walk) over(span Span) {
	all, err := span.bounds()
	if err != nil {
		w.fail(err)
		return
	}
	forest, err := w.orders.customers.Forest(w.ctx)
	if err != nil {
		w.fail(err)
		return
	}
	turns := newTurns(forest, all)
	for _, r := range withoutAnonymous(all) {
		if !w.span(r, turns) {
			return
		}
	}
	w.merged(turns.rest())
}

// span takes the orders of a range, those of merged records at the turns of the
// customers they belong to. It reports whether to go on.
func (w *walk) span(r docstore.Range, turns *turns) bool {
	var key string // of the record being read
	skip := false
	for entry, err := range w.orders.docs.ScanRaw(w.ctx, r) {
		if err != nil {
			w.fail(err)
			return false
		}
		if next := entry.ID[:max(strings.IndexByte(entry.ID, '!'), 0)]; next != key {
			if key = strings.Clone(next); !w.merged(turns.before(key)) {
				return false
			}
			skip = turns.skip(key)
		}
		if !skip && !w.take(key, entry) {
			return false
		}
	}
	return true
}

// merged takes the orders of the records merged into some customers.
func (w *walk) merged(roots []turn) bool {
	for _, root := range roots {
		for _, record := range root.merged {
			if !w.record(root.key, record) {
				return false
			}
		}
	}
	return true
}

// record takes the orders of one record of a customer.
func (w *walk) record(customer, record string) bool {
	for entry, err := range w.orders.docs.ScanRaw(w.ctx, docstore.Within(record)) {
		if err != nil {
			w.fail(err)
			return false
		}
		if !w.take(customer, entry) {
			return false
		}
	}
	return true
}

// withoutAnonymous is what a range of ids is but for the anonymous orders, of
// which there may be more than of all others: they are skipped, not read.
func withoutAnonymous(r docstore.Range) []docstore.Range {
	skip := docstore.Within(docstore.ID(domain.Anonymous))
	if r.From >= skip.To || r.To != "" && r.To <= skip.From {
		return []docstore.Range{r}
	}
	before, behind := r, r
	before.To, behind.From = skip.From, skip.To
	var parts []docstore.Range
	if before.From < before.To {
		parts = append(parts, before)
	}
	if behind.To == "" || behind.From < behind.To {
		parts = append(parts, behind)
	}
	return parts
}

// read takes the fields up to refunded, with which orderDoc ends what a history
// needs. It walks the bytes: decoding by reflection would cost more than all the
// rest of the scan.
func (p *Purchase) read(doc bson.Raw) error {
	p.TimeMS, p.Currency, p.Amount, p.Refunded = 0, nil, 0, 0
	p.Discount, p.Cost, p.status = -1, -1, nil
	for rest := []byte(doc[min(4, len(doc)):]); len(rest) > 1; {
		kind := bson.Type(rest[0])
		end := 1
		for end < len(rest) && rest[end] != 0 {
			end++
		}
		name := rest[1:end]
		value := rest[min(end+1, len(rest)):]
		size := valueSize(kind, value)
		if size < 0 || size > len(value) {
			return fmt.Errorf("stored document: field %q is cut off or of an unknown type", name)
		}
		ok := true
		switch string(name) {
		case "order_time":
			p.TimeMS, ok = number(kind, value)
		case "currency":
			p.Currency, ok = text(kind, value[:size])
		case "amount":
			p.Amount, ok = number(kind, value)
		case "status":
			p.status, ok = text(kind, value[:size])
		case "discount":
			p.Discount, ok = number(kind, value)
		case "cost":
			p.Cost, ok = number(kind, value)
		case "refunded":
			p.Refunded, ok = number(kind, value)
			if ok {
				return nil
			}
		}
		if !ok {
			return fmt.Errorf("stored document: field %q has the wrong type", name)
		}
		rest = value[size:]
	}
	return errors.New("stored document: field \"refunded\" is missing")
}

// number reads an int64, or a time in milliseconds.
func number(kind bson.Type, value []byte) (int64, bool) {
	if kind != bson.TypeInt64 && kind != bson.TypeDateTime {
		return 0, false
	}
	return int64(binary.LittleEndian.Uint64(value)), true
}

// text reads the bytes of a string, between its length and its end.
func text(kind bson.Type, value []byte) ([]byte, bool) {
	if kind != bson.TypeString {
		return nil, false
	}
	return value[4 : len(value)-1], true
}

// valueSize is the length of a value of the types that come before refunded,
// -1 for any other.
func valueSize(kind bson.Type, value []byte) int {
	switch kind {
	case bson.TypeInt64, bson.TypeDateTime, bson.TypeDouble:
		return 8
	case bson.TypeInt32:
		return 4
	case bson.TypeBoolean:
		return 1
	case bson.TypeNull:
		return 0
	case bson.TypeString:
		if len(value) < 5 {
			return -1
		}
		n := int64(binary.LittleEndian.Uint32(value))
		if n < 1 || n > int64(len(value)-4) {
			return -1
		}
		return 4 + int(n)
	}
	return -1
}
