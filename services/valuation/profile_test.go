package valuation_test

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// shop stands in for the profile service: it streams the purchase histories of
// the orders it was given, as its contract says.
type shop struct {
	profilev1.UnimplementedOrderServiceServer

	mu        sync.Mutex
	histories map[string]*profilev1.PurchaseHistory
	batch     int // histories in a message
	// before is asked before each message is sent: by call from 0, and message
	// within the call. Its error ends the call.
	before func(call, message int) error
	calls  int
	froms  []string // where each call began
}

func newShop() *shop {
	return &shop{histories: map[string]*profilev1.PurchaseHistory{}, batch: 3}
}

// unknown is a cost that is not known.
const unknown = -1

// buy records an order.
func (s *shop) buy(customer string, at time.Time, minor int64, currency string, cost int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.histories[customer]
	if h == nil {
		h = &profilev1.PurchaseHistory{CustomerId: customer}
		s.histories[customer] = h
	}
	code := slices.Index(h.CurrencyCodes, currency)
	if code < 0 {
		code = len(h.CurrencyCodes)
		h.CurrencyCodes = append(h.CurrencyCodes, currency)
	}
	if code > 0 && len(h.Currency) == 0 {
		h.Currency = make([]uint32, len(h.OrderTimeMs))
	}
	if len(h.CurrencyCodes) > 1 {
		h.Currency = append(h.Currency, uint32(code))
	}
	h.OrderTimeMs = append(h.OrderTimeMs, at.UnixMilli())
	h.NetMinor = append(h.NetMinor, minor)
	h.CostMinor = append(h.CostMinor, cost)
	h.DiscountMinor = append(h.DiscountMinor, unknown)
}

// put records a whole history as it is.
func (s *shop) put(h *profilev1.PurchaseHistory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.histories[h.GetCustomerId()] = h
}

// forget erases a customer.
func (s *shop) forget(customer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.histories, customer)
}

func (s *shop) setBefore(before func(call, message int) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// called is where each call so far began.
func (s *shop) called() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.froms)
}

// within returns the histories of a range in the order of their escaped ids, the
// orders at or after an instant left out.
func (s *shop) within(r *profilev1.StreamPurchaseHistoriesRequest) []*profilev1.PurchaseHistory {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*profilev1.PurchaseHistory
	from, to := docstore.ID(r.GetRange().GetFrom()), docstore.ID(r.GetRange().GetTo())
	for customer, h := range s.histories {
		if id := docstore.ID(customer); id < from || to != "" && id >= to {
			continue
		}
		h = proto.CloneOf(h)
		if r.GetBefore() != nil {
			leaveOut(h, r.GetBefore().AsTime())
		}
		if len(h.GetOrderTimeMs()) > 0 {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *profilev1.PurchaseHistory) int {
		return cmp.Compare(docstore.ID(a.GetCustomerId()), docstore.ID(b.GetCustomerId()))
	})
	return all
}

func leaveOut(h *profilev1.PurchaseHistory, before time.Time) {
	for i := len(h.OrderTimeMs) - 1; i >= 0; i-- {
		if time.UnixMilli(h.OrderTimeMs[i]).Before(before) {
			continue
		}
		h.OrderTimeMs = slices.Delete(h.OrderTimeMs, i, i+1)
		h.NetMinor = slices.Delete(h.NetMinor, i, i+1)
		h.CostMinor = slices.Delete(h.CostMinor, i, i+1)
		if len(h.DiscountMinor) > i {
			h.DiscountMinor = slices.Delete(h.DiscountMinor, i, i+1)
		}
		if len(h.Currency) > 0 {
			h.Currency = slices.Delete(h.Currency, i, i+1)
		}
	}
}

// StreamPurchaseHistories is the call that the valuation service makes. Orders
// recorded while it runs are sent where they lie ahead.
func (s *shop) StreamPurchaseHistories(r *profilev1.StreamPurchaseHistoriesRequest, stream grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	s.mu.Lock()
	call, before := s.calls, s.before
	s.calls++
	s.froms = append(s.froms, r.GetRange().GetFrom())
	s.mu.Unlock()
	r = proto.CloneOf(r)
	if r.GetRange() == nil {
		r.Range = &apiv1.CustomerRange{}
	}
	for message := 0; ; message++ {
		if before != nil {
			if err := before(call, message); err != nil {
				return err
			}
		}
		batch := s.within(r)
		if len(batch) == 0 {
			return nil
		}
		batch = batch[:min(len(batch), s.batch)]
		if err := stream.Send(&profilev1.StreamPurchaseHistoriesResponse{Histories: batch}); err != nil {
			return err
		}
		r.Range.From = batch[len(batch)-1].GetCustomerId() + `"`
	}
}

// serveShop serves the shop over a pipe.
func serveShop(t testing.TB, s *shop) *grpc.ClientConn {
	t.Helper()
	conn, _ := run(t, func(r grpc.ServiceRegistrar) {
		profilev1.RegisterOrderServiceServer(r, s)
		profilev1.RegisterCustomerServiceServer(r, directory{shop: s})
		profilev1.RegisterExchangeRateServiceServer(r, rates{})
	})
	return conn
}

// directory knows the customers that have orders, and those named "prospect".
type directory struct {
	profilev1.UnimplementedCustomerServiceServer
	shop *shop
}

func (d directory) GetCustomer(_ context.Context, r *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	d.shop.mu.Lock()
	defer d.shop.mu.Unlock()
	id := strings.TrimPrefix(r.GetName(), "customers/")
	if d.shop.histories[id] == nil && id != "prospect" {
		return nil, fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no customer %q", id)
	}
	return &profilev1.Customer{Name: r.GetName()}, nil
}

// rates knows that a dollar is seven yuan.
type rates struct {
	profilev1.UnimplementedExchangeRateServiceServer
}

func (rates) ConvertMoney(_ context.Context, r *profilev1.ConvertMoneyRequest) (*profilev1.ConvertMoneyResponse, error) {
	if r.GetAmount().GetCurrencyCode() != "USD" || r.GetCurrencyCode() != "CNY" {
		return nil, fault.New(fault.FailedPrecondition, "EXCHANGE_RATE_MISSING", "no rate was declared")
	}
	return &profilev1.ConvertMoneyResponse{Amount: &apiv1.Money{MinorUnits: 7 * r.GetAmount().GetMinorUnits(), CurrencyCode: "CNY"}}, nil
}

// ended is nil for the orderly end of a stream.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
