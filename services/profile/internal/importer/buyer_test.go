package importer

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

func rowsOf(t interface {
	Helper()
	Fatal(...any)
}, header ...string) *orderRows {
	t.Helper()
	c, err := columnsOf(header, orderLayout(&mapping.Mapping{Columns: map[mapping.Field][]string{
		mapping.OrderID: {"id"}, mapping.CustomerID: {"Email", "手机", "会员"}, mapping.OrderTime: {"time"}, mapping.Amount: {"amount"},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	return newOrderRows(c, "CNY", nil, func(i domain.Identifier) (string, error) { return "p-" + string(i.Type), nil })
}

// The short way for mobile numbers comes to what the rule for phone numbers does.
func TestMobileNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rowsOf(t, "id", "手机", "time", "amount")
		ranges := rapid.SliceOfN(rapid.IntRange(12900, 19999), 1, 2).Draw(t, "ranges")
		for range 20 {
			number := fmt.Sprintf("%d%06d", rapid.SampledFrom(ranges).Draw(t, "range"), rapid.IntRange(0, 999_999).Draw(t, "number"))
			want, wantHow := normalized(number, domain.Phone)
			if got, how := r.identify(number, domain.Phone); got != want || how != wantHow {
				t.Fatalf("%s: %q, %d, want %q, %d", number, got, how, want, wantHow)
			}
		}
	})
}

func TestBuyers(t *testing.T) {
	r := rowsOf(t, "id", "Email", "手机", "会员", "time", "amount")
	for _, test := range []struct {
		email, phone, member string
		want                 string // the customer, or what it is known by
		how                  buyer
	}{
		{"", "", "", domain.Anonymous, unnamed},
		{" Ada@Example.COM ", "", "m1", "ada@example.com", named},
		{"a***@example.com", "", "", domain.Anonymous, struck},
		{"a***@example.com", "138 1234 5678", "", "+8613812345678", named}, // the next column knows
		{"", "138****5678", "m1", "m1", named},
		{"", "12345", "", domain.Anonymous, unusable},
		{"", "13812345678转12", "", domain.Anonymous, unusable},
		{"", `="13812345678"`, "", "+8613812345678", named},
		{"", "", " Tom & 会员 ", "Tom & 会员", named},
		{"", "", "a/b", domain.Anonymous, unusable},
		{"", "", "张**", domain.Anonymous, struck},
	} {
		got, f := r.buyerIn([]string{"o1", test.email, test.phone, test.member, "", ""})
		if got.said() != test.want || got.how != test.how || f != nil {
			t.Errorf("%+v: %+v, %v", test, got, f)
		}
		if got.by.Type != "" && got.customer != "p-"+string(got.by.Type) || got.by.Type == "" && got.customer != test.want {
			t.Errorf("%+v: the customer is %q", test, got.customer)
		}
	}
}
