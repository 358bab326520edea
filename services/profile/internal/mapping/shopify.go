package mapping

import (
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// shopify is Shopify's order export: a row per line item, of which only the first
// of an order states what is the order's. Times carry their distance from UTC,
// and every order its currency.
//
// What was paid of a partially paid order is not in the export: it counts once
// it is paid in full.
var shopify = &Mapping{
	Name: "shopify",
	Columns: map[Field][]string{
		OrderID:       {"Name"},
		CustomerID:    {"Email", "Phone"},
		OrderTime:     {"Created at"},
		PaidTime:      {"Paid at"},
		CancelledTime: {"Cancelled at", "Canceled at"},
		Amount:        {"Total"},
		Refunded:      {"Refunded Amount"},
		Currency:      {"Currency"},
		Discount:      {"Discount Amount"},
		Channel:       {"Source"},
		PaymentMethod: {"Payment Method"},
		Status:        {"Financial Status"},
		SKU:           {"Lineitem sku", "Lineitem name"},
		Quantity:      {"Lineitem quantity"},
		UnitPrice:     {"Lineitem price"},
	},
	Rows:   ItemRows,
	Amount: OrderAmount,
	Statuses: slices.Concat(
		words(domain.Paid, "paid", "partially_refunded", "partially refunded"),
		words(domain.Pending, "pending", "authorized", "partially_paid", "partially paid", "unpaid"),
		words(domain.Cancelled, "voided", "expired"),
		words(domain.Returned, "refunded"),
	),
}
