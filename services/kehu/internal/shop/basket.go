package shop

import (
	"io"
	"iter"
	"math/rand/v2"
	"strconv"
	"time"
)

// Line is one article of an order. Money is in minor units of the order's currency.
type Line struct {
	Product  Product
	Quantity int
	Amount   int64 // paid, after discount
	Discount int64
	Cost     int64
}

// How baskets come about.
const (
	companionShare = 0.55 // of the buyers of an article take its companion along
	againShare     = 0.6  // of later orders hold something that is used up
	followShare    = 0.35 // of later orders go to the shelf that follows the last one's
	homeShare      = 0.75 // of the others stay with the customer's own shelves
	mostLines      = 5
)

// Baskets yields the customer's orders with their lines. A basket is chosen so
// that its list prices come near to what the order is worth; its lines are then
// priced so that amounts, discounts and costs add up to the order's to the cent.
func (s *Shop) Baskets(c Customer) iter.Seq2[Order, []Line] {
	return func(yield func(Order, []Line) bool) {
		rng := s.rng(streamBasket, c.Index)
		b := &shopper{rng: rng, home: [2]int{rng.IntN(len(shelves)), rng.IntN(len(shelves))}}
		b.shelf = b.home[0]
		for o := range s.Orders(c) {
			if !yield(o, split(b.basket(listWorth(o)), o)) {
				return
			}
		}
	}
}

// listWorth is the list price of an order in the shop's own currency.
func listWorth(o Order) int64 { return o.Worth + o.Worth*o.Discount/max(o.Amount, 1) }

// shopper is what a customer is like who fills baskets.
type shopper struct {
	rng   *rand.Rand
	home  [2]int // shelves he likes
	shelf int    // he bought from last
	uses  []int  // articles he uses up, by place in the catalogue
}

// basket chooses articles whose list prices come to about value, in minor units.
func (b *shopper) basket(value int64) []Line {
	var lines []Line
	left := value
	add := func(at, quantity int) {
		for i := range lines {
			if lines[i].Product.SKU == catalogue[at].SKU {
				lines[i].Quantity += quantity
				left -= catalogue[at].Price * int64(quantity)
				return
			}
		}
		lines = append(lines, Line{Product: catalogue[at], Quantity: quantity})
		left -= catalogue[at].Price * int64(quantity)
		if catalogue[at].Replenished {
			b.uses = append(b.uses, at)
		}
	}
	if len(b.uses) > 0 && b.rng.Float64() < againShare {
		add(b.uses[b.rng.IntN(len(b.uses))], 1+b.rng.IntN(2))
	}
	b.move()
	for len(lines) < mostLines && (len(lines) == 0 || left > value/4) {
		at := b.fitting(left)
		add(at, 1)
		if at%shelfSize < leading && b.rng.Float64() < companionShare {
			add(at+leading, 1)
		}
		if b.rng.Float64() < 0.3 {
			b.shelf = b.rng.IntN(len(shelves))
		}
	}
	return lines
}

// move goes to the shelf of the next purchase.
func (b *shopper) move() {
	next, followed := followers[b.shelf]
	switch {
	case followed && b.rng.Float64() < followShare:
		b.shelf = next
	case b.rng.Float64() < homeShare:
		b.shelf = b.home[b.rng.IntN(len(b.home))]
	default:
		b.shelf = b.rng.IntN(len(shelves))
	}
}

// fitting is an article of the shelf that costs no more than value, or else the
// cheapest of a few.
func (b *shopper) fitting(value int64) int {
	cheapest := b.shelf*shelfSize + b.rng.IntN(shelfSize)
	for range 4 {
		at := b.shelf*shelfSize + b.rng.IntN(shelfSize)
		if catalogue[at].Price <= value {
			return at
		}
		if catalogue[at].Price < catalogue[cheapest].Price {
			cheapest = at
		}
	}
	return cheapest
}

// split prices lines so that they add up to the order: each gets its share by list
// price, and the last what is left.
func split(lines []Line, o Order) []Line {
	var list int64
	for _, l := range lines {
		list += l.Product.Price * int64(l.Quantity)
	}
	amount, discount, cost := o.Amount, o.Discount, o.Cost
	for i := range lines {
		l := &lines[i]
		part := l.Product.Price * int64(l.Quantity)
		l.Amount, l.Discount, l.Cost = shareOf(amount, part, list), shareOf(discount, part, list), shareOf(cost, part, list)
		amount, discount, cost, list = amount-l.Amount, discount-l.Discount, cost-l.Cost, list-part
	}
	return lines
}

// shareOf is total·part/whole, all of total where part is the whole.
func shareOf(total, part, whole int64) int64 {
	if part == whole {
		return total
	}
	return int64(float64(total) * float64(part) / float64(whole))
}

// ItemColumns head items.csv.
var ItemColumns = []string{
	"order_id", "customer_id", "order_time", "sku", "quantity", "category", "amount", "currency",
	"discount", "cost", "channel", "payment_method", "status",
}

// WriteItems writes items.csv: the orders again, a row for each article, without
// any dirt, as a shop's system writes it beside the list of its orders.
func (s *Shop) WriteItems(w io.Writer) error {
	return writeRows(w, ItemColumns, func(yield func([]string) bool) {
		for c := range s.Customers() {
			for o, lines := range s.Baskets(c) {
				for _, l := range lines {
					if !yield(itemFields(o, l)) {
						return
					}
				}
			}
		}
	})
}

func itemFields(o Order, l Line) []string {
	return []string{
		o.ID, o.CustomerID, o.Time.Format(time.RFC3339), l.Product.SKU, strconv.Itoa(l.Quantity), l.Product.Category,
		decimal(l.Amount), o.Currency, decimal(l.Discount), decimal(l.Cost), o.Channel, o.Payment, o.Status,
	}
}
