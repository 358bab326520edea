// Package mapping says how the columns of a shop's order export are read: which
// column holds what, what a row and its amount stand for, and what the words of
// its status mean. The exports of known platforms have presets.
package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Field is what a column can hold of an order.
type Field string

// The fields.
const (
	OrderID       Field = "order_id"
	CustomerID    Field = "customer_id"
	OrderTime     Field = "order_time"
	PaidTime      Field = "paid_time"
	CancelledTime Field = "cancelled_time"
	Amount        Field = "amount"
	Refunded      Field = "refunded"
	Currency      Field = "currency"
	Discount      Field = "discount"
	Cost          Field = "cost"
	Channel       Field = "channel"
	PaymentMethod Field = "payment_method"
	Status        Field = "status"
	SKU           Field = "sku"
	Quantity      Field = "quantity"
	UnitPrice     Field = "unit_price"
	Category      Field = "category"
)

// Fields are all of them, in the order in which they are shown.
var Fields = []Field{
	OrderID, CustomerID, OrderTime, PaidTime, CancelledTime, Amount, Refunded, Currency,
	Discount, Cost, Channel, PaymentMethod, Status, SKU, Quantity, UnitPrice, Category,
}

// Rows is what a row of the file is.
type Rows string

// The kinds of rows. AnyRows are items where the file has a column for SKU, and
// orders otherwise.
const (
	AnyRows   Rows = ""
	OrderRows Rows = "order"
	ItemRows  Rows = "item"
)

// Meaning is what the amount in a row is the amount of.
type Meaning string

// The meanings. AnyAmount is of the line where a row is an item, and of the
// order otherwise.
const (
	AnyAmount   Meaning = ""
	OrderAmount Meaning = "order"
	LineAmount  Meaning = "line"
)

// Word is a word of the status column and what it means.
type Word struct {
	Text  string        `bson:"text"`
	Means domain.Status `bson:"means"`
}

// Mapping says how the columns of an export are read. It is not changed once made.
type Mapping struct {
	Name string `bson:"name,omitempty"`
	// Columns are the titles under which a field may stand: of several, the first
	// whose value in the row is not empty counts.
	Columns  map[Field][]string `bson:"columns"`
	Rows     Rows               `bson:"rows,omitempty"`
	Amount   Meaning            `bson:"amount,omitempty"`
	Statuses []Word             `bson:"statuses,omitempty"`
	Zone     string             `bson:"zone,omitempty"`     // IANA, of times that state none
	Currency string             `bson:"currency,omitempty"` // ISO 4217, of rows that state none
}

// Has reports whether the mapping has titles for a field.
func (m *Mapping) Has(f Field) bool { return len(m.Columns[f]) > 0 }

// Required are the fields that a file must have a column for, of each group one:
// those without which there is no order, and those whose loss would go unnoticed
// and change what the orders come to.
func (m *Mapping) Required() [][]Field {
	groups := [][]Field{{OrderID}}
	if m.Has(CustomerID) {
		groups = append(groups, []Field{CustomerID})
	}
	switch {
	case !m.Has(PaidTime):
		groups = append(groups, []Field{OrderTime})
	case !m.Has(OrderTime):
		groups = append(groups, []Field{PaidTime})
	default:
		groups = append(groups, []Field{PaidTime, OrderTime})
	}
	groups = append(groups, []Field{Amount})
	if m.Has(Status) && len(m.Statuses) > 0 {
		groups = append(groups, []Field{Status})
	}
	return groups
}

// Resolved is the mapping with what it leaves open decided for a file that has a
// column for SKU, or has none.
func (m *Mapping) Resolved(sku bool) *Mapping {
	r := *m
	if r.Rows == AnyRows {
		r.Rows = OrderRows
		if sku {
			r.Rows = ItemRows
		}
	}
	if r.Amount == AnyAmount {
		r.Amount = OrderAmount
		if r.Rows == ItemRows {
			r.Amount = LineAmount
		}
	}
	return &r
}

// Key tells mappings apart: two that say the same have one. That of nil is empty.
func (m *Mapping) Key() string {
	if m == nil {
		return ""
	}
	key := fmt.Sprintf("%q %q %q %q %q", m.Name, m.Rows, m.Amount, m.Zone, m.Currency)
	for _, f := range Fields {
		key += fmt.Sprintf(" %s=%q", f, m.Columns[f])
	}
	words := slices.SortedFunc(slices.Values(m.Statuses), func(a, b Word) int { return strings.Compare(a.Text, b.Text) })
	return key + fmt.Sprintf(" %q", words)
}

// Words are the words of the status column by their folded form.
func (m *Mapping) Words() map[string]domain.Status {
	words := map[string]domain.Status{
		string(domain.Paid): domain.Paid, string(domain.Pending): domain.Pending,
		string(domain.Cancelled): domain.Cancelled, string(domain.Returned): domain.Returned,
	}
	for _, w := range m.Statuses {
		words[Fold(w.Text)] = w.Means
	}
	return words
}

// Fold is the form in which titles and words are compared: compatibility
// characters such as full-width forms replaced (NFKC), in lower case, without
// spaces around.
func Fold(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			text = norm.NFKC.String(text)
			break
		}
	}
	return strings.ToLower(strings.TrimSpace(text))
}

// words are those that mean one status.
func words(means domain.Status, texts ...string) []Word {
	all := make([]Word, len(texts))
	for i, text := range texts {
		all[i] = Word{text, means}
	}
	return all
}
