package profile

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// Customers asks about one customer at a time.
type Customers struct {
	histories *Histories
	customers profilev1.CustomerServiceClient
	rates     profilev1.ExchangeRateServiceClient
}

// NewCustomers makes one on a connection to profile, with the reader of histories.
func NewCustomers(conn grpc.ClientConnInterface, histories *Histories) *Customers {
	return &Customers{histories, profilev1.NewCustomerServiceClient(conn), profilev1.NewExchangeRateServiceClient(conn)}
}

// Exists is profile's CUSTOMER_NOT_FOUND where there is no such customer.
func (c *Customers) Exists(ctx context.Context, customer string) error {
	_, err := c.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/" + customer})
	return err
}

// History is one customer's orders before an instant, converted into a currency,
// ISO 4217, where one is given; without orders where there are none. The fault is
// CONSENT_MISSING where the customer does not allow to be valued.
func (c *Customers) History(ctx context.Context, customer string, before time.Time, currency string) (*domain.History, error) {
	for h, err := range c.histories.within(ctx, &apiv1.CustomerRange{From: customer, To: behind(customer)}, "", before, currency) {
		switch {
		case err != nil:
			return nil, err
		case h.Customer == customer:
			return h, nil
		case h.Excluded > 0:
			return nil, fault.New(fault.FailedPrecondition, "CONSENT_MISSING",
				"customer %q does not allow to be valued", customer).With("customer", customer)
		}
	}
	return &domain.History{Customer: customer}, nil
}

// Convert turns minor units of one currency into those of another, by the rate
// that held on the day of an instant: EXCHANGE_RATE_MISSING where none did.
func (c *Customers) Convert(ctx context.Context, minor int64, from, to string, at time.Time) (int64, error) {
	answer, err := c.rates.ConvertMoney(ctx, &profilev1.ConvertMoneyRequest{
		Amount: &apiv1.Money{MinorUnits: minor, CurrencyCode: from}, CurrencyCode: to, Time: timestamppb.New(at),
	})
	return answer.GetAmount().GetMinorUnits(), err
}
