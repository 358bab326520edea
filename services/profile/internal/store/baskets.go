package store

import (
	"context"
	"fmt"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Basket is what an order tells of the goods in it.
type Basket struct {
	CustomerKey string // the customer's escaped id; CustomerOf gives the id itself
	Time        time.Time
	Items       []BasketItem
}

// BasketItem is an item of a Basket.
type BasketItem struct {
	SKU      string
	Category string // empty where not known
}

// Baskets yields, of the orders that Purchases yields for a span, those with
// items, in the same order. A Basket is the caller's to keep.
func (s *Orders) Baskets(ctx context.Context, span Span, before time.Time) iter.Seq2[*Basket, error] {
	return func(yield func(*Basket, error) bool) {
		w := &walk{orders: s, ctx: ctx, fail: func(err error) { yield(nil, err) }}
		w.take = func(customer string, entry docstore.Entry) bool {
			basket, err := readBasket(entry, before)
			if err != nil {
				yield(nil, err)
				return false
			}
			if basket == nil {
				return true
			}
			basket.CustomerKey = customer
			return yield(basket, nil)
		}
		w.over(span)
	}
}

// BasketsOf returns the baskets of one customer, of all records that belong
// together, at most so many.
func (s *Orders) BasketsOf(ctx context.Context, customer string, most int) (baskets []Basket, err error) {
	records, err := s.customers.Members(ctx, customer)
	if err != nil {
		return nil, err
	}
	root := docstore.ID(records[0])
	w := &walk{orders: s, ctx: ctx, fail: func(failed error) { err = failed }}
	w.take = func(key string, entry docstore.Entry) bool {
		var basket *Basket
		if basket, err = readBasket(entry, distantFuture); err != nil {
			return false
		}
		if basket != nil {
			basket.CustomerKey = key
			baskets = append(baskets, *basket)
		}
		return len(baskets) < most
	}
	for _, record := range records {
		if !w.record(root, docstore.ID(record)) {
			break
		}
	}
	return baskets, err
}

// distantFuture is behind every order.
var distantFuture = time.UnixMilli(1 << 60)

// readBasket decodes an order if it counts, was placed before an instant and has
// items; nil otherwise.
func readBasket(entry docstore.Entry, before time.Time) (*Basket, error) {
	var p Purchase
	if err := p.read(entry.Doc); err != nil {
		return nil, fmt.Errorf("order %s: %w", entry.ID, err)
	}
	if p.TimeMS >= before.UnixMilli() || !p.counts() {
		return nil, nil
	}
	items, ok := entry.Doc.Lookup("items").ArrayOK()
	if !ok {
		return nil, nil
	}
	values, err := items.Values()
	if err != nil {
		return nil, fmt.Errorf("order %s: items: %w", entry.ID, err)
	}
	basket := &Basket{Time: time.UnixMilli(p.TimeMS).UTC(), Items: make([]BasketItem, 0, len(values))}
	for _, v := range values {
		doc, ok := v.DocumentOK()
		if !ok {
			return nil, fmt.Errorf("order %s: items: stored document is damaged", entry.ID)
		}
		basket.Items = append(basket.Items, basketItem(doc))
	}
	if len(basket.Items) == 0 {
		return nil, nil
	}
	return basket, nil
}

func basketItem(doc bson.Raw) (item BasketItem) {
	item.SKU, _ = doc.Lookup("sku").StringValueOK()
	item.Category, _ = doc.Lookup("category").StringValueOK()
	return item
}
