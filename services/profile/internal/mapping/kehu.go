package mapping

// kehu is the format of our own: columns named as the fields are.
var kehu = &Mapping{
	Name: "kehu",
	Columns: map[Field][]string{
		OrderID: {"order_id"}, CustomerID: {"customer_id"}, OrderTime: {"order_time"}, Amount: {"amount"},
		Currency: {"currency"}, Discount: {"discount"}, Cost: {"cost"}, Channel: {"channel"},
		PaymentMethod: {"payment_method"}, Status: {"status"}, SKU: {"sku"}, Quantity: {"quantity"},
		Category: {"category"},
	},
}

// Kehu is the format of our own, in which a file is read that comes without a mapping.
func Kehu() *Mapping { return kehu }
