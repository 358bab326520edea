package events

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// named are the events of Segment's specifications for shops, mobile apps and
// live chats that are more than custom ones, by their names in lower case.
var named = map[string]Type{
	"product viewed": View, "product list viewed": View, "product list filtered": View, "promotion viewed": View,
	"product clicked": Click, "promotion clicked": Click,
	"products searched": Search,
	"product added":     Cart, "product removed": Cart, "cart viewed": Cart, "checkout started": Cart,
	"checkout step viewed": Cart, "checkout step completed": Cart, "payment info entered": Cart,
	"order completed":                Purchase,
	"product shared":                 Social,
	"cart shared":                    Social,
	"product reviewed":               Social,
	"application opened":             Session,
	"application installed":          Session,
	"application backgrounded":       Session,
	"live chat conversation started": Support, "live chat conversation ended": Support,
	"live chat message sent": Support, "live chat message received": Support,
}

// Named is the type of a tracked event, told from its name.
func Named(name string) Type {
	if t, ok := named[strings.ToLower(strings.TrimSpace(name))]; ok {
		return t
	}
	return Custom
}

// fill takes from the properties what the typed fields do not say. A property
// that is not what its name promises is left where it is.
func (d *Details) fill(e *Event, p properties) {
	switch e.Type {
	case Page, Screen:
		d.Dwell = cmp.Or(d.Dwell, p.duration("dwell_ms", time.Millisecond), p.duration("dwell_seconds", time.Second))
	case Session:
		d.Session = cmp.Or(d.Session, p.duration("duration_ms", time.Millisecond), p.duration("duration", time.Second))
	case Search:
		d.fillSearch(p)
	case Support:
		d.fillSupport(e, p)
	case View, Click, Cart, Purchase, Social:
		d.fillProducts(p)
	}
}

func (d *Details) fillSearch(p properties) {
	if d.Search == nil {
		d.Search = &SearchDetails{}
	}
	s := d.Search
	s.Keyword = cmp.Or(s.Keyword, p.line("query", maxKeyword))
	for _, name := range []string{"result_count", "results_count", "results"} {
		if s.Results == nil {
			s.Results = p.count(name)
		}
	}
	if s.Clicked == nil {
		s.Clicked = p.truth("clicked")
	}
	if s.Converted == nil {
		s.Converted = p.truth("converted")
	}
}

func (d *Details) fillSupport(e *Event, p properties) {
	if d.Support == nil {
		d.Support = &SupportDetails{}
	}
	d.Support.Channel = cmp.Or(d.Support.Channel, p.line("channel", 64))
	if d.Support.Channel == "" && strings.HasPrefix(strings.ToLower(e.Name), "live chat") {
		d.Support.Channel = "chat"
	}
	d.Support.Topic = cmp.Or(d.Support.Topic, p.line("topic", maxName), p.line("subject", maxName))
}

func (d *Details) fillProducts(p properties) {
	d.OrderID = cmp.Or(d.OrderID, p.line("order_id", maxSKU))
	code := p.line("currency", 3)
	for _, name := range []string{"total", "revenue", "value"} {
		if d.Total == nil {
			d.Total = p.amount(name, code)
		}
	}
	if len(d.Products) > 0 {
		return
	}
	if one, ok := p.product(code); ok {
		d.Products = []Product{one}
	}
	list, _ := p["products"].([]any)
	for _, entry := range list[:min(len(list), maxProducts)] {
		if fields, ok := entry.(map[string]any); ok {
			if one, ok := properties(fields).product(code); ok {
				d.Products = append(d.Products, one)
			}
		}
	}
}

// properties are read by what a name promises. What is something else is not known.
type properties map[string]any

func (p properties) product(code string) (Product, bool) {
	one := Product{SKU: cmp.Or(p.line("sku", maxSKU), p.line("product_id", maxSKU))}
	if n, ok := p.number("quantity"); ok && n > 0 && n*1000 <= math.MaxInt32 {
		one.QuantityMilli = int64(math.Round(n * 1000))
	}
	one.Price = p.amount("price", cmp.Or(p.line("currency", 3), code))
	return one, one.SKU != ""
}

// line is a text, or a whole number as one: ids are written either way.
func (p properties) line(name string, limit int) string {
	text, ok := p[name].(string)
	if n, isNumber := p[name].(float64); isNumber && n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		text, ok = strconv.FormatInt(int64(n), 10), true
	}
	text = strings.TrimSpace(text)
	if !ok || checkLine("", text, limit) != nil {
		return ""
	}
	return text
}

func (p properties) number(name string) (float64, bool) {
	switch v := p[name].(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n)
	case json.Number:
		n, err := v.Float64()
		return n, err == nil
	}
	return 0, false
}

func (p properties) count(name string) *int64 {
	n, ok := p.number(name)
	if !ok || n < 0 || n != math.Trunc(n) || n > 1<<53 {
		return nil
	}
	whole := int64(n)
	return &whole
}

func (p properties) truth(name string) *bool {
	if b, ok := p[name].(bool); ok {
		return &b
	}
	return nil
}

func (p properties) duration(name string, unit time.Duration) time.Duration {
	n, ok := p.number(name)
	if limit := float64(math.MaxInt64) / float64(unit) / 2; !ok || n <= 0 || n > limit {
		return 0
	}
	return time.Duration(n * float64(unit)).Truncate(time.Millisecond)
}

// amount is a price written with a decimal point, in the minor units of its
// currency; nil where it has more places than the currency, or the currency is
// not known.
func (p properties) amount(name, code string) *Amount {
	var text string
	switch v := p[name].(type) {
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64) // the shortest that means this number: what was written
	case string:
		text = strings.TrimSpace(v)
	}
	code = strings.ToUpper(code)
	places, known := money.Decimals(code)
	if text == "" || !known {
		return nil
	}
	minor, ok := minorUnits(text, places)
	if !ok || minor > domain.MaxMinor {
		return nil
	}
	return &Amount{Minor: minor, Currency: code}
}

func minorUnits(text string, places int) (int64, bool) {
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > places || strings.ContainsAny(text, "+-") {
		return 0, false
	}
	minor, err := strconv.ParseInt(whole+fraction+strings.Repeat("0", places-len(fraction)), 10, 64)
	return minor, err == nil
}
