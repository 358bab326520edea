// Package profile asks the profile service what the referral service must know
// of customers and orders.
package profile

import (
	"context"
	"log/slog"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/alias"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Client implements app.Profile by RPC. Its errors are those of the connection.
type Client struct {
	customers profilev1.CustomerServiceClient
	orders    profilev1.OrderServiceClient
	merges    *alias.Book
}

// New makes a client on a connection to the profile service.
func New(conn grpc.ClientConnInterface, log *slog.Logger) *Client {
	return &Client{
		profilev1.NewCustomerServiceClient(conn), profilev1.NewOrderServiceClient(conn), alias.New(Merges(conn), log),
	}
}

// Members are the ids of all records that are one customer with a record, the one
// by whose name the customer goes first. While profile cannot be reached it is
// what was known last.
func (c *Client) Members(ctx context.Context, id string) []string { return c.merges.Members(ctx, id) }

// CustomerKnown reports whether there is such a customer.
func (c *Client) CustomerKnown(ctx context.Context, id string) (bool, error) {
	_, err := c.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/" + id})
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	return err == nil, err
}

// Order returns a customer's order, nil where there is none.
func (c *Client) Order(ctx context.Context, customer, order string) (*domain.Order, error) {
	o, err := c.orders.GetOrder(ctx, &profilev1.GetOrderRequest{Name: "customers/" + customer + "/orders/" + order})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	paid := o.GetStatus() == profilev1.OrderStatus_ORDER_STATUS_PAID || o.GetStatus() == profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED
	return &domain.Order{ID: order, Time: o.GetOrderTime().AsTime(), Paid: paid}, nil
}
