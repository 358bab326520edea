package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// order is an order as it is stored. What a purchase history needs comes first,
// up to refunded, so that the stream can stop reading a document there.
type order struct {
	docstore.Meta `bson:",inline"`
	Time          time.Time     `bson:"order_time"`
	Currency      string        `bson:"currency"`
	Amount        int64         `bson:"amount"`
	Status        domain.Status `bson:"status"`
	Discount      *int64        `bson:"discount"`
	Cost          *int64        `bson:"cost"`
	Refunded      int64         `bson:"refunded"` // the sum over returns
	Channel       string        `bson:"channel"`
	PaymentMethod string        `bson:"payment_method"`
	Items         []item        `bson:"items"`
	Returns       []orderReturn `bson:"returns"`
	CreatedAt     time.Time     `bson:"created_at"`
	Origin        *origin       `bson:"origin"`
}

type item struct {
	SKU           string `bson:"sku"`
	QuantityMilli int64  `bson:"quantity_milli"`
	Amount        *int64 `bson:"amount"`
	Discount      *int64 `bson:"discount"`
	Category      string `bson:"category"`
}

type orderReturn struct {
	ID     string    `bson:"id"`
	Refund int64     `bson:"refund"`
	Time   time.Time `bson:"time"`
	Sealed []byte    `bson:"sealed"` // the reason

	reason []byte // what was sealed, once it is opened
}

// origin is the import and row that wrote a record last.
type origin struct {
	Import  string `bson:"import"`
	Row     int64  `bson:"row"`
	Created bool   `bson:"created"`
}

func originDoc(o domain.Origin) *origin {
	if o == (domain.Origin{}) {
		return nil
	}
	return &origin{Import: o.Import, Row: o.Row, Created: o.Created}
}

func (o *origin) domain() domain.Origin {
	if o == nil {
		return domain.Origin{}
	}
	return domain.Origin{Import: o.Import, Row: o.Row, Created: o.Created}
}

func optionalDoc(o domain.Optional) *int64 {
	if !o.Known {
		return nil
	}
	return &o.Minor
}

func optional(minor *int64) domain.Optional {
	if minor == nil {
		return domain.Optional{}
	}
	return domain.Known(*minor)
}

// orderDoc is an order as it is stored, yet to be sealed.
func orderDoc(o *domain.Order) *order {
	d := &order{
		Meta: docstore.Meta{ID: orderID(o.Customer, o.ID), Version: o.Version, UpdatedAt: o.UpdatedAt},
		Time: o.Time, Currency: o.Currency, Amount: o.Amount, Status: o.Status,
		Discount: optionalDoc(o.Discount), Cost: optionalDoc(o.Cost), Refunded: o.Refunded(),
		Channel: o.Channel, PaymentMethod: o.PaymentMethod,
		CreatedAt: o.CreatedAt, Origin: originDoc(o.Origin),
	}
	for _, i := range o.Items {
		d.Items = append(d.Items, item{
			SKU: i.SKU, QuantityMilli: i.QuantityMilli,
			Amount: optionalDoc(i.Amount), Discount: optionalDoc(i.Discount), Category: i.Category,
		})
	}
	for _, r := range o.Returns {
		d.Returns = append(d.Returns, orderReturn{ID: r.ID, Refund: r.Refund, Time: r.Time, reason: []byte(r.Reason)})
	}
	return d
}

// domain reads a stored order that is opened.
func (d *order) domain() domain.Order {
	parts := docstore.ParseID(d.ID)
	o := domain.Order{
		Customer: parts[0], ID: parts[len(parts)-1],
		Time: d.Time, Currency: d.Currency, Amount: d.Amount, Status: d.Status,
		Discount: optional(d.Discount), Cost: optional(d.Cost),
		Channel: d.Channel, PaymentMethod: d.PaymentMethod,
		CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt, Version: d.Version, Origin: d.Origin.domain(),
	}
	for _, i := range d.Items {
		o.Items = append(o.Items, domain.Item{
			SKU: i.SKU, QuantityMilli: i.QuantityMilli,
			Amount: optional(i.Amount), Discount: optional(i.Discount), Category: i.Category,
		})
	}
	for _, r := range d.Returns {
		o.Returns = append(o.Returns, domain.Return{ID: r.ID, Refund: r.Refund, Time: r.Time, Reason: string(r.reason)})
	}
	return o
}

func orderID(customer, id string) string { return docstore.ID(customer, id) }
