package money

import (
	"testing"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		minor int64
		code  string
		want  string
	}{
		{24409194, "USD", "244091.94"},
		{5, "CNY", "0.05"},
		{-5, "CNY", "-0.05"},
		{0, "CNY", "0.00"},
		{2933, "JPY", "2933"},
		{1234, "BHD", "1.234"},
		{-9223372036854775808, "USD", "-92233720368547758.08"},
	} {
		if got := Format(&apiv1.Money{MinorUnits: c.minor, CurrencyCode: c.code}); got != c.want {
			t.Errorf("Format(%d %s) = %q, want %q", c.minor, c.code, got, c.want)
		}
	}
}
