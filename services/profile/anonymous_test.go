package profile_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// Orders of nobody known are kept and listed, and are no customer's and in no
// history.
func TestAnonymousOrders(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		const nobody = "customers/anonymous"
		list := &profilev1.ListOrdersRequest{Parent: nobody}
		empty, err := s.orders.ListOrders(t.Context(), list)
		must(t, err)
		same(t, "before there are any", empty, &profilev1.ListOrdersResponse{})
		for _, reason := range s.record(t, order(nobody+"/orders/1", 10), order(nobody+"/orders/2", 20),
			order("customers/anon/orders/1", 1), order("customers/anonymous-1/orders/1", 2), order("customers/b/orders/1", 3)) {
			if reason != "" {
				t.Fatal(reason)
			}
		}
		listed, err := s.orders.ListOrders(t.Context(), list)
		must(t, err)
		if len(listed.GetOrders()) != 2 || listed.GetOrders()[1].GetName() != nobody+"/orders/2" {
			t.Errorf("listed: %v", listed)
		}
		one, err := s.orders.GetOrder(t.Context(), &profilev1.GetOrderRequest{Name: nobody + "/orders/1"})
		must(t, err)
		if one.GetAmount().GetMinorUnits() != 10 {
			t.Errorf("one: %v", one)
		}
		_, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: nobody})
		refused(t, "as a customer", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		customers, err := s.customers.ListCustomers(t.Context(), &profilev1.ListCustomersRequest{})
		must(t, err)
		if len(customers.GetCustomers()) != 3 {
			t.Errorf("customers: %v", customers)
		}
		for bounds, want := range map[[2]string]string{
			{"", ""}: "anon anonymous-1 b ", {"", "anonymous"}: "anon ", {"anonymous", "anonymous-1"}: "", {"anonymous", "b"}: "anonymous-1 ",
			{"anonymous-1", ""}: "anonymous-1 b ", {"anon", "anonymous-1"}: "anon ",
		} {
			got := ""
			histories, _, err := s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: bounds[0], To: bounds[1]}})
			must(t, err)
			for _, h := range histories {
				got += h.GetCustomerId() + " "
			}
			if got != want {
				t.Errorf("histories in %q: %q, want %q", bounds, got, want)
			}
		}
	})
}

func TestNobodyMayBeCalledAnonymous(t *testing.T) {
	s := serve(t, onPebble(t))
	_, err := s.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{Customer: &profilev1.Customer{}, CustomerId: "anonymous"})
	refused(t, "create", err, codes.InvalidArgument, "CUSTOMER_ID_RESERVED", "customer.name")
	_, err = s.customers.UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{Customer: &profilev1.Customer{Name: "customers/anonymous"}, AllowMissing: true})
	refused(t, "update", err, codes.InvalidArgument, "CUSTOMER_ID_RESERVED", "customer.name")
	answer, err := s.customers.BatchUpsertCustomers(t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: []*profilev1.Customer{{Name: "customers/anonymous"}}})
	must(t, err)
	if got := reasons(answer.GetStatuses()); got[0] != "CUSTOMER_ID_RESERVED name" {
		t.Errorf("upsert: %q", got)
	}
}
