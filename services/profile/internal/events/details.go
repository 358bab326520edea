package events

import (
	"cmp"
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Details are the fields of an event that have a type and a meaning of their
// own. Nil and zero are not known.
type Details struct {
	Dwell    time.Duration   `json:"dwell,omitempty"`   // how long a page was looked at
	Session  time.Duration   `json:"session,omitempty"` // how long an app was used
	Search   *SearchDetails  `json:"search,omitempty"`
	OrderID  string          `json:"order,omitempty"`
	Products []Product       `json:"products,omitempty"`
	Total    *Amount         `json:"total,omitempty"` // of the cart or the order
	Support  *SupportDetails `json:"support,omitempty"`
}

// SearchDetails are those of a search.
type SearchDetails struct {
	Keyword   string `json:"keyword,omitempty"`
	Results   *int64 `json:"results,omitempty"` // how many were found
	Clicked   *bool  `json:"clicked,omitempty"`
	Converted *bool  `json:"converted,omitempty"`
}

// Product is one that was looked at, put into the cart or bought.
type Product struct {
	SKU           string  `json:"sku"`
	QuantityMilli int64   `json:"quantity,omitempty"` // thousandths of a unit; 0 is not known
	Price         *Amount `json:"price,omitempty"`    // of one
}

// Amount is money in minor units.
type Amount struct {
	Minor    int64  `json:"minor"`
	Currency string `json:"currency"` // ISO 4217
}

// SupportDetails are those of a contact with support.
type SupportDetails struct {
	Channel string `json:"channel,omitempty"` // "chat", "phone"
	Topic   string `json:"topic,omitempty"`
}

const (
	maxKeyword  = 256
	maxProducts = 500
	maxSKU      = 128
)

func (d *Details) empty() bool {
	return d.Dwell == 0 && d.Session == 0 && d.Search == nil && d.OrderID == "" && len(d.Products) == 0 &&
		d.Total == nil && d.Support == nil
}

// check reports what is wrong with details that a caller gave.
func (d *Details) check() *fault.Fault {
	var all []*fault.Fault
	add := func(f *fault.Fault) { all = append(all, f) }
	if d.Dwell < 0 {
		add(fault.Invalid("dwell_time", "must not be negative"))
	}
	if d.Session < 0 {
		add(fault.Invalid("session_duration", "must not be negative"))
	}
	if d.Search != nil {
		add(checkLine("search.keyword", d.Search.Keyword, maxKeyword))
		if d.Search.Results != nil && *d.Search.Results < 0 {
			add(fault.Invalid("search.result_count", "must not be negative"))
		}
	}
	if d.Support != nil {
		add(checkLine("support.channel", d.Support.Channel, 64))
		add(checkLine("support.topic", d.Support.Topic, maxName))
	}
	add(checkLine("order_id", d.OrderID, maxSKU))
	add(d.Total.check("total"))
	if len(d.Products) > maxProducts {
		add(fault.Invalid("products", "must be at most %d, are %d", maxProducts, len(d.Products)))
		d.Products = d.Products[:maxProducts]
	}
	for i, p := range d.Products {
		add(p.check(i))
	}
	f, _ := fault.As(fault.Merge(all...))
	return f
}

func (p Product) check(at int) *fault.Fault {
	field := func(name string) string { return fmt.Sprintf("products[%d].%s", at, name) }
	switch {
	case p.SKU == "":
		return fault.Invalid(field("sku"), "must not be empty")
	case p.QuantityMilli < 0:
		return fault.Invalid(field("quantity_milli"), "must not be negative")
	}
	return cmp.Or(checkLine(field("sku"), p.SKU, maxSKU), p.Price.check(field("price")))
}

func (a *Amount) check(field string) *fault.Fault {
	switch {
	case a == nil:
		return nil
	case a.Minor < 0 || a.Minor > domain.MaxMinor:
		return fault.Invalid(field+".minor_units", "must be from 0 to %d, is %d", int64(domain.MaxMinor), a.Minor)
	}
	return domain.CheckCurrency(field+".currency_code", a.Currency)
}
