package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func (s *suite) update(t testing.TB, c *profilev1.Customer, paths ...string) *profilev1.Customer {
	t.Helper()
	changed, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
		Customer: c, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths},
	})
	must(t, err)
	return changed
}

// history is the changes of a customer, told in words, the newest first.
func (s *suite) history(t testing.TB, name string, pageSize int32) []string {
	t.Helper()
	var told []string
	for r := (&profilev1.ListCustomerChangesRequest{Parent: name, PageSize: pageSize}); ; {
		page, err := s.customers.ListCustomerChanges(t.Context(), r)
		must(t, err)
		for _, c := range page.GetChanges() {
			what := fmt.Sprintf("%s %v: %q → %q", c.GetActor(), c.GetFields(), c.GetBefore().GetCity(), c.GetAfter().GetCity())
			if c.GetCreated() {
				what = c.GetActor() + " created"
			}
			told = append(told, what)
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return told
		}
	}
}

func TestWholeRecord(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		given := wang()
		given.Country, given.Education, given.MaritalStatus = "cn", profilev1.Education_EDUCATION_BACHELOR, profilev1.MaritalStatus_MARITAL_STATUS_MARRIED
		given.HouseholdSize, given.Area, given.Mobility = 3, profilev1.Area_AREA_URBAN, profilev1.Mobility_MOBILITY_SETTLED
		given.Interests = []string{"徒步", " 咖啡 ", "徒步"}
		given.PostalAddresses = []*profilev1.PostalAddress{{Label: "home", City: "深圳", Line: "科技路1号"}}
		given.SocialAccounts = []*profilev1.SocialAccount{{Platform: "weibo", Handle: "wf", Followers: 1200}}
		given.PaymentSummaries = []*profilev1.PaymentSummary{{PaymentMethod: "alipay", Payments: 3, Total: cny(4200), LastPaymentTime: at(now)}}
		given.OwnedProducts = []*profilev1.OwnedProduct{{ProductId: "sku-1", Since: &date.Date{Year: 2024, Month: 2, Day: 29}}}
		created := s.create(t, "a", given)
		if created.GetCountry() != "CN" || !slices.Equal(created.GetInterests(), []string{"徒步", "咖啡"}) {
			t.Errorf("created %v", created)
		}
		got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
		must(t, err)
		same(t, "got", got, created)
		_, err = s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
			Customer: &profilev1.Customer{Name: "customers/a", Beliefs: []string{"道教"}},
		})
		refused(t, "beliefs", err, codes.FailedPrecondition, "SENSITIVE_NEEDS_CONSENT", "customer.beliefs")
		_, err = s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
			Customer:   &profilev1.Customer{Name: "customers/a", SocialAccounts: []*profilev1.SocialAccount{{Platform: "x"}}},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"social_accounts.handle"}},
		})
		refused(t, "part of a list", err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	})
}

func TestHistory(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		s.create(t, "a", &profilev1.Customer{City: "深圳"})
		s.update(t, &profilev1.Customer{Name: "customers/a", City: "广州"})
		s.update(t, &profilev1.Customer{Name: "customers/a", City: "广州"}) // nothing new
		s.update(t, &profilev1.Customer{Name: "customers/a", City: "北京", DisplayName: "x"})
		s.update(t, &profilev1.Customer{Name: "customers/a"}, "city")
		want := []string{`api [city]: "北京" → ""`, `api [display_name city]: "广州" → "北京"`, `api [city]: "深圳" → "广州"`, "api created"}
		for _, size := range []int32{0, 1, 2, 3, 4} {
			if got := s.history(t, "customers/a", size); !slices.Equal(got, want) {
				t.Errorf("by pages of %d:\n%s", size, strings.Join(got, "\n"))
			}
		}
		s.record(t, order("customers/b/orders/1", 1))
		if got := s.history(t, "customers/b", 0); !slices.Equal(got, []string{"api created"}) {
			t.Errorf("of a customer made by an order: %q", got)
		}
		_, err := s.customers.ListCustomerChanges(t.Context(), &profilev1.ListCustomerChangesRequest{Parent: "customers/nobody"})
		refused(t, "nobody", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		// What is deleted takes its history along.
		_, err = s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/a"})
		must(t, err)
		s.create(t, "a", &profilev1.Customer{})
		if got := s.history(t, "customers/a", 0); !slices.Equal(got, []string{"api created"}) {
			t.Errorf("anew: %q", got)
		}
	})
}

// A change that was acknowledged is in the history, whoever changes the record at
// the same time.
func TestHistoryOfConcurrentChanges(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", &profilev1.Customer{})
	var all sync.WaitGroup
	for n := range 20 {
		all.Go(func() {
			_, err := s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{
				Customer: &profilev1.Customer{Name: "customers/a", City: fmt.Sprint(n)},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	told := s.history(t, "customers/a", 7)
	if len(told) != 21 {
		t.Fatalf("%d changes:\n%s", len(told), strings.Join(told, "\n"))
	}
	for i := range told[:19] { // each begins where the one before it ended
		_, before, _ := strings.Cut(told[i], ": ")
		before, _, _ = strings.Cut(before, " → ")
		if !strings.HasSuffix(told[i+1], "→ "+before) {
			t.Errorf("%s\ndoes not follow on\n%s", told[i], told[i+1])
		}
	}
}

func TestIdentifiersAsResources(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		s.create(t, "a", &profilev1.Customer{Identifiers: []*profilev1.Identifier{mail("a@example.com")}})
		s.create(t, "b", &profilev1.Customer{})
		add := func(customer string, i *profilev1.Identifier) (*profilev1.CustomerIdentifier, error) {
			return s.identifiers.AddCustomerIdentifier(t.Context(), &profilev1.AddCustomerIdentifierRequest{Parent: customer, Identifier: i})
		}
		number, err := add("customers/a", phone("138 1234 5678"))
		must(t, err)
		if number.GetIdentifier().GetValue() != "+8613812345678" || strings.Contains(number.GetName(), "138") {
			t.Errorf("added %v", number)
		}
		again, err := add("customers/a", phone("+8613812345678"))
		must(t, err)
		same(t, "again", again, number)
		openid := &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_WECHAT_OPENID, Value: "oX1", Namespace: "wx1"}
		_, err = add("customers/b", openid)
		must(t, err)
		found, err := s.customers.LookupCustomer(t.Context(), &profilev1.LookupCustomerRequest{Identifier: openid})
		must(t, err)
		if found.GetName() != "customers/b" {
			t.Errorf("found %s", found.GetName())
		}
		_, err = add("customers/b", phone("13812345678"))
		refused(t, "taken", err, codes.AlreadyExists, "IDENTIFIER_TAKEN", "identifier")
		_, err = add("customers/b", phone("138****5678"))
		refused(t, "masked", err, codes.InvalidArgument, "PHONE_MASKED", "identifier.value")
		var names []string
		for r := (&profilev1.ListCustomerIdentifiersRequest{Parent: "customers/a", PageSize: 1}); ; {
			page, err := s.identifiers.ListCustomerIdentifiers(t.Context(), r)
			must(t, err)
			for _, i := range page.GetIdentifiers() {
				names = append(names, i.GetIdentifier().GetValue())
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				break
			}
		}
		if !slices.Equal(names, []string{"a@example.com", "+8613812345678"}) {
			t.Errorf("listed %q", names)
		}
		_, err = s.identifiers.RemoveCustomerIdentifier(t.Context(), &profilev1.RemoveCustomerIdentifierRequest{Name: number.GetName()})
		must(t, err)
		_, err = s.identifiers.RemoveCustomerIdentifier(t.Context(), &profilev1.RemoveCustomerIdentifierRequest{Name: number.GetName()})
		refused(t, "removed twice", err, codes.NotFound, "IDENTIFIER_NOT_FOUND", "")
		_, err = add("customers/b", phone("13812345678"))
		must(t, err)
	})
}
