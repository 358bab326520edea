// Package money writes amounts for people.
package money

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	currencies "github.com/kehuhq/kehu/pkg/money"
)

// Format writes an amount in major units with the decimals of its currency,
// e.g. "244091.94" for 24409194 USD and "2933" for 2933 JPY.
func Format(m *apiv1.Money) string {
	if m == nil {
		return ""
	}
	decimals, _ := currencies.Decimals(m.GetCurrencyCode())
	return currencies.Decimal(m.GetMinorUnits(), decimals)
}
