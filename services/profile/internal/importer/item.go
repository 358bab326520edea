package importer

import (
	"math"
	"math/bits"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// one is the quantity of a row that states none.
const one = 1000

// The columns of what an item of an order comes to, and of what was taken off it, where
// a row holds a list of items.
const (
	itemAmount   = "item_amount"
	itemDiscount = "item_discount"
)

// items reads what a row says of its article, or of those in its list.
func (r *orderRows) items(row sheet.Row, money tender) ([]domain.Item, *fault.Fault) {
	if len(row.Parts) == 0 {
		item, ok, f := r.item(row.Fields, money)
		if !ok || f != nil {
			return nil, f
		}
		return []domain.Item{item}, nil
	}
	all := make([]domain.Item, 0, len(row.Parts))
	for _, part := range row.Parts {
		item, ok, f := r.item(part, money)
		switch {
		case f != nil:
			return nil, f
		case !ok:
			return nil, invalid("sku", "VALUE_MISSING", "must not be empty in an item")
		}
		if amount := r.itemAmount.in(part); amount != "" {
			if item.Amount, f = optionalAmountIn(itemAmount, amount, money); f != nil {
				return nil, f
			}
		}
		if item.Discount, f = optionalAmountIn(itemDiscount, r.itemDiscount.in(part), money); f != nil {
			return nil, f
		}
		all = append(all, item)
	}
	return all, nil
}

// maxSKU is how many bytes of an article's title are taken for its number, and of
// its category.
const maxSKU = 128

// item reads what a row says of an article; ok is false where it names none. Its
// amount is price × quantity, where it has a price.
func (r *orderRows) item(fields []string, money tender) (i domain.Item, ok bool, f *fault.Fault) {
	i = domain.Item{SKU: tidy(r.sku.in(fields)), QuantityMilli: one, Category: tidy(r.category.in(fields))}
	if i.SKU == "" {
		return i, false, nil
	}
	if !r.columns.ours {
		i.SKU, i.Category = cutBytes(i.SKU, maxSKU), cutBytes(i.Category, maxSKU)
	}
	if stated := r.quantity.in(fields); stated != "" {
		if i.QuantityMilli, f = amount("quantity", stated, 3); f != nil {
			return i, true, f
		}
	}
	price, f := optionalAmountIn("unit_price", r.price.in(fields), money)
	if f != nil || !price.Known {
		return i, true, f
	}
	times, fits := ofQuantity(price.Minor, i.QuantityMilli)
	if !fits {
		return i, true, tooLarge("unit_price", r.price.in(fields))
	}
	i.Amount = domain.Known(times)
	return i, true, nil
}

// ofQuantity is minor × milli/1000, half a minor unit rounded up.
func ofQuantity(minor, milli int64) (product int64, fits bool) {
	high, low := bits.Mul64(uint64(minor), uint64(milli))
	low, carry := bits.Add64(low, one/2, 0)
	if high += carry; high >= one {
		return 0, false
	}
	quotient, _ := bits.Div64(high, low, one)
	return int64(quotient & math.MaxInt64), quotient <= domain.MaxMinor
}

// cutBytes is text as far as whole characters of it fit into a number of bytes.
func cutBytes(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return tidy(text[:most])
}
