package facet_test

import (
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/condition"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
)

func subject() *facet.Subject {
	c := domain.Customer{ID: "42"}
	c.Kind, c.Region, c.HouseholdSize, c.Interests = domain.Enterprise, "广东", 3, []string{"tea", "go"}
	c.BirthDate = domain.BirthDate{Year: 1990, Month: 3, Day: 1}
	c.SocialAccounts = []domain.SocialAccount{{Platform: "weibo", Followers: 10}, {Platform: "douyin", Followers: 5}}
	c.Attributes = map[string]domain.Value{
		"tier":   {Type: domain.TextValue, Text: "gold"},
		"seats":  {Type: domain.IntegerValue, Integer: 7},
		"since":  {Type: domain.DateValue, Date: domain.Date{Year: 2024, Month: 2, Day: 9}},
		"budget": {Type: domain.MoneyValue, Money: domain.Money{MinorUnits: 900, CurrencyCode: "CNY"}},
	}
	day := int64(24 * 3600 * 1000)
	now := frame("UTC").AsOf.UnixMilli()
	return &facet.Subject{Person: &activity.Person{Customer: c, Orders: []activity.Order{
		{TimeMS: now - 10*day, Currency: "CNY", Amount: 1000, Refunded: 300},
		{TimeMS: now - 5*day, Currency: "USD", Amount: 50},
		{TimeMS: now - day/2, Currency: "CNY", Amount: 500},
	}}}
}

// frame is at 2026-02-28 20:00 UTC, when it is 1 March in Shanghai.
func frame(zone string) facet.Frame {
	z, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return facet.Frame{
		AsOf: time.Date(2026, 2, 28, 20, 0, 0, 0, time.UTC), Zone: z,
		Attributes: map[string]domain.ValueType{
			"tier": domain.TextValue, "seats": domain.IntegerValue, "since": domain.DateValue, "budget": domain.MoneyValue, "none": domain.BoolValue,
		},
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		name, zone, want string
	}{
		{"customer.id", "UTC", "42"},
		{"customer.kind", "UTC", "enterprise"},
		{"customer.region", "UTC", "广东"},
		{"customer.city", "UTC", ""},
		{"customer.household_size", "UTC", "3"},
		{"customer.social_followers", "UTC", "15"},
		{"age", "UTC", "35"},
		{"age", "Asia/Shanghai", "36"}, // the birthday has begun there
		{"birth_month", "UTC", "3"},
		{"attributes.tier", "UTC", "gold"},
		{"attributes.seats", "UTC", "7"},
		{"attributes.since", "UTC", "2024-02-09"},
		{"attributes.budget.CNY", "UTC", "900"},
		{"attributes.budget.USD", "UTC", ""},
		{"attributes.none", "UTC", ""},
		{"orders.count", "UTC", "3"},
		{"orders.recency_days", "UTC", "0"},
		{"orders.tenure_days", "UTC", "10"},
		{"orders.revenue.CNY", "UTC", "1200"},
		{"orders.average.CNY", "UTC", "600"},
		{"orders.revenue.USD", "UTC", "50"},
		{"orders.revenue.JPY", "UTC", ""},
		{"events.count", "UTC", "0"},
		{"events.recency_days", "UTC", ""},
		{"journey.stage", "UTC", "none"},
	} {
		s := subject()
		s.Steps = make([]activity.Step, len(s.Orders)) // what is done is orders alone
		for i := range s.Steps {
			s.Steps[i].Type = activity.Ordered
		}
		f, err := facet.New("field", c.name, frame(c.zone))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := f.Of(s).String(); got != c.want {
			t.Errorf("%s in %s is %q, want %q", c.name, c.zone, got, c.want)
		}
	}
}

func TestListsKeepTheirElements(t *testing.T) {
	f, err := facet.New("field", "customer.interests", frame("UTC"))
	if err != nil {
		t.Fatal(err)
	}
	if v := f.Of(subject()); v.Kind != condition.List || len(v.List) != 2 {
		t.Errorf("%+v", v)
	}
}

func TestSensitiveFieldsAreRefused(t *testing.T) {
	seen := frame("UTC")
	seen.Sensitive = map[string]bool{"budget": true}
	for _, name := range []string{"customer.beliefs", "attributes.budget", "attributes.budget.CNY"} {
		if _, err := facet.New("the.field", name, seen); fault.ReasonOf(err) != "FIELD_SENSITIVE" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestAttributesAreNumbersByTheirType(t *testing.T) {
	for name, want := range map[string]bool{"attributes.seats": true, "attributes.budget.CNY": true, "attributes.tier": false, "attributes.since": false} {
		if f, err := facet.New("field", name, frame("UTC")); err != nil || f.Number != want {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
}

func TestAttributesThatAreNotDefined(t *testing.T) {
	for _, name := range []string{"attributes", "attributes.", "attributes.A b", "attributes.teir", "attributes.teir.CNY"} {
		_, err := facet.New("the.field", name, frame("UTC"))
		if f, ok := fault.As(err); !ok || f.Reason != "ATTRIBUTE_UNKNOWN" || f.Violations[0].Field != "the.field" {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// What names or finds a person, and what there is not.
func TestNoFacets(t *testing.T) {
	for _, name := range []string{
		"attributes.budget", "attributes.budget.", "attributes.budget.cny", "attributes.tier.CNY", // an amount has a currency, and nothing else
		"", "customer", "customer.display_name", "customer.identifiers", "customer.postal_addresses", "customer.birth_date",
		"customer.attributes", "customer.usage_summaries", "orders", "orders.revenue", "orders.revenue.cny",
		"orders.revenue.XQQ", "events.", "age.x", "journey",
	} {
		_, err := facet.New("the.field", name, frame("UTC"))
		f, ok := fault.As(err)
		if !ok || f.Reason != "FIELD_UNKNOWN" || f.Violations[0].Field != "the.field" {
			t.Errorf("%q: %v", name, err)
		}
	}
}
