// Package handler answers the profile service's RPCs: proto to domain and back.
package handler

import (
	"strings"

	"go.einride.tech/aip/resourcename"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	orderPattern    = "customers/{customer}/orders/{order}"
)

func customerName(id string) string { return resourcename.Sprint(customerPattern, id) }

func orderName(customer, id string) string {
	return resourcename.Sprint(orderPattern, customer, id)
}

// customerID is the id in a customer's name, which stands in a field.
func customerID(field, name string) (string, error) {
	var id string
	if f := parseName(field, name, customerPattern, &id); f != nil {
		return "", f
	}
	return id, nil
}

// orderID is the ids in an order's name, which stands in a field.
func orderID(field, name string) (customer, id string, err error) {
	if f := parseName(field, name, orderPattern, &customer, &id); f != nil {
		return "", "", f
	}
	return customer, id, nil
}

func parseName(field, name, pattern string, ids ...*string) *fault.Fault {
	// The scanner would take "/customers/x" and full names too.
	if !strings.HasPrefix(name, "customers/") || resourcename.Sscan(name, pattern, ids...) != nil {
		return fault.Invalid(field, "must have the form %s", pattern)
	}
	for _, id := range ids {
		if f := ident.Check(field, *id); f != nil {
			return f
		}
	}
	return nil
}
