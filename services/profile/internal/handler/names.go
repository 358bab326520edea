// Package handler answers the profile service's RPCs: proto to domain and back.
package handler

import "github.com/kehuhq/kehu/pkg/rpc/aip"

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	orderPattern    = "customers/{customer}/orders/{order}"
)

func customerName(id string) string { return aip.Name(customerPattern, id) }

func orderName(customer, id string) string { return aip.Name(orderPattern, customer, id) }

// customerID is the id in a customer's name, which stands in a field.
func customerID(field, name string) (id string, err error) {
	err = aip.ParseName(field, name, customerPattern, &id)
	return id, err
}

// orderID is the ids in an order's name, which stands in a field.
func orderID(field, name string) (customer, id string, err error) {
	err = aip.ParseName(field, name, orderPattern, &customer, &id)
	return customer, id, err
}
