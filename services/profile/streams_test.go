package profile_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// drain receives all messages of a stream.
func drain[T any](stream grpc.ServerStreamingClient[T], err error) ([]*T, error) {
	if err != nil {
		return nil, err
	}
	var all []*T
	for {
		m, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, m)
	}
}

func (s *suite) histories(ctx context.Context, r *profilev1.StreamPurchaseHistoriesRequest) ([]*profilev1.PurchaseHistory, []*profilev1.StreamPurchaseHistoriesResponse, error) {
	messages, err := drain(s.orders.StreamPurchaseHistories(ctx, r))
	var all []*profilev1.PurchaseHistory
	for _, m := range messages {
		all = append(all, m.GetHistories()...)
	}
	return all, messages, err
}

func TestPurchaseHistories(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		dollars := order("customers/b/orders/2", 70)
		dollars.Amount.CurrencyCode = "USD"
		pending := order("customers/b/orders/4", 9)
		pending.Status = profilev1.OrderStatus_ORDER_STATUS_PENDING
		costly := order("customers/a-b/orders/1", 100)
		costly.Cost, costly.Discount = cny(60), cny(0)
		late := order("customers/a-b/orders/2", 200)
		late.OrderTime = at(now)
		gone := order("customers/gone/orders/1", 50)
		gone.Status = profilev1.OrderStatus_ORDER_STATUS_CANCELLED
		s.record(t, costly, late, gone, pending, dollars,
			order("customers/b/orders/1", 10), order("customers/b/orders/3", 30), order("customers/会 员/orders/1", 5), order("customers/b/orders/5", 40))
		for id, refund := range map[string]int64{"3": 4, "5": 40} {
			_, err := s.orders.ReturnOrder(t.Context(), &profilev1.ReturnOrderRequest{
				Name: "customers/b/orders/" + id, Return: &profilev1.OrderReturn{ReturnId: "r", Refund: cny(refund), ReturnTime: at(now)},
			})
			must(t, err)
		}
		hour, noon := now.Add(-time.Hour).UnixMilli(), now.UnixMilli()
		all := []*profilev1.PurchaseHistory{
			{CustomerId: "会 员", OrderTimeMs: []int64{hour}, NetMinor: []int64{5}, CostMinor: []int64{-1}, DiscountMinor: []int64{-1}, CurrencyCodes: []string{"CNY"}},
			{CustomerId: "a-b", OrderTimeMs: []int64{hour, noon}, NetMinor: []int64{100, 200}, CostMinor: []int64{60, -1}, DiscountMinor: []int64{0, -1}, CurrencyCodes: []string{"CNY"}},
			{CustomerId: "b", OrderTimeMs: []int64{hour, hour, hour}, NetMinor: []int64{10, 70, 26}, CostMinor: []int64{-1, -1, -1}, DiscountMinor: []int64{-1, -1, -1},
				Currency: []uint32{0, 1, 0}, CurrencyCodes: []string{"CNY", "USD"}},
		}
		earlier := proto.Clone(all[1]).(*profilev1.PurchaseHistory)
		earlier.OrderTimeMs, earlier.NetMinor = earlier.OrderTimeMs[:1], earlier.NetMinor[:1]
		earlier.CostMinor, earlier.DiscountMinor = earlier.CostMinor[:1], earlier.DiscountMinor[:1]
		for _, c := range []struct {
			name    string
			request *profilev1.StreamPurchaseHistoriesRequest
			want    []*profilev1.PurchaseHistory
		}{
			{"all", &profilev1.StreamPurchaseHistoriesRequest{}, all},
			{"from", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: "a-b"}}, all[1:]},
			{"behind", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: `a-b"`}}, all[2:]},
			{"to", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{To: "b"}}, all[:2]},
			{"between", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: "a", To: "b"}}, all[1:2]},
			{"nothing", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: "b", To: "b"}}, nil},
			{"before noon", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{To: "b"}, Before: at(now)}, []*profilev1.PurchaseHistory{all[0], earlier}},
			{"before just after noon", &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{To: "b"}, Before: at(now.Add(time.Microsecond))}, all[:2]},
		} {
			got, _, err := s.histories(t.Context(), c.request)
			must(t, err)
			same(t, c.name, &profilev1.StreamPurchaseHistoriesResponse{Histories: got}, &profilev1.StreamPurchaseHistoriesResponse{Histories: c.want})
		}
		_, _, err := s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: "b", To: "a"}})
		refused(t, "turned round", err, codes.InvalidArgument, "INVALID_FIELD", "range.to")
		_, _, err = s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: strings.Repeat("x", 600)}})
		refused(t, "too long", err, codes.InvalidArgument, "INVALID_FIELD", "range.from")
	})
}

// However the base is split, the parts together are the whole, in messages of
// a bounded size; and a history of any length stays in one piece.
func TestHistoriesInPartsAndMessages(t *testing.T) {
	s := serve(t, onPebble(t))
	var batch []*profilev1.Order
	flush := func() {
		for _, reason := range s.record(t, batch...) {
			if reason != "" {
				t.Fatal(reason)
			}
		}
		batch = nil
	}
	add := func(customer string, n int) {
		if batch = append(batch, order(fmt.Sprintf("customers/%s/orders/%06d", customer, n), int64(n))); len(batch) == 1000 {
			flush()
		}
	}
	const small, large = 9000, 20_000
	for n := range small {
		add(fmt.Sprintf("c%05d", n), n)
	}
	for n := range large {
		add("c01500", 10_000+n)
	}
	add("z", 1)
	flush()
	whole, messages, err := s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{})
	must(t, err)
	if len(whole) != small+1 || len(messages) < 3 {
		t.Fatalf("%d histories in %d messages", len(whole), len(messages))
	}
	for _, m := range messages {
		has := slices.ContainsFunc(m.GetHistories(), func(h *profilev1.PurchaseHistory) bool { return h.GetCustomerId() == "c01500" })
		if size := proto.Size(m); !has && size > 300<<10 {
			t.Errorf("a message of %d bytes", size)
		}
		for _, h := range m.GetHistories() {
			if h.GetCustomerId() == "c01500" && len(h.GetNetMinor()) != large+1 {
				t.Errorf("the long history has %d orders", len(h.GetNetMinor()))
			}
		}
	}
	var parts []*profilev1.PurchaseHistory
	for _, bounds := range [][2]string{{"", "c00001"}, {"c00001", "c01500"}, {"c01500", "c01500x"}, {"c01500x", "c02"}, {"c02", ""}} {
		part, _, err := s.histories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{Range: &apiv1.CustomerRange{From: bounds[0], To: bounds[1]}})
		must(t, err)
		parts = append(parts, part...)
	}
	same(t, "parts", &profilev1.StreamPurchaseHistoriesResponse{Histories: parts}, &profilev1.StreamPurchaseHistoriesResponse{Histories: whole})
}

func TestStreamCustomers(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		const customers = 1500
		var want []string
		for n := 0; n < customers; n += 500 {
			r := &profilev1.BatchUpsertCustomersRequest{}
			for i := n; i < n+500; i++ {
				c := &profilev1.Customer{Name: fmt.Sprintf("customers/c%05d", i), DisplayName: strings.Repeat("王", 250)}
				r.Customers, want = append(r.Customers, c), append(want, c.Name)
			}
			_, err := s.customers.BatchUpsertCustomers(t.Context(), r)
			must(t, err)
		}
		messages, err := drain(s.customers.StreamCustomers(t.Context(), &profilev1.StreamCustomersRequest{}))
		must(t, err)
		var got []string
		for _, m := range messages {
			if size := proto.Size(m); size > 300<<10 {
				t.Errorf("a message of %d bytes", size)
			}
			for _, c := range m.GetCustomers() {
				got = append(got, c.GetName())
			}
		}
		if !slices.Equal(got, want) || len(messages) < 4 {
			t.Errorf("%d customers in %d messages", len(got), len(messages))
		}
		messages, err = drain(s.customers.StreamCustomers(t.Context(), &profilev1.StreamCustomersRequest{Range: &apiv1.CustomerRange{From: "c00010", To: "c00013"}}))
		must(t, err)
		if len(messages) != 1 || len(messages[0].GetCustomers()) != 3 || messages[0].GetCustomers()[0].GetName() != "customers/c00010" {
			t.Errorf("a part: %v", messages)
		}
		_, err = drain(s.customers.StreamCustomers(t.Context(), &profilev1.StreamCustomersRequest{Range: &apiv1.CustomerRange{From: "b", To: "a"}}))
		refused(t, "turned round", err, codes.InvalidArgument, "INVALID_FIELD", "range.to")
	})
}

// A caller that goes away ends the scan behind its stream.
func TestStreamEndsWithItsCaller(t *testing.T) {
	s := serve(t, onPebble(t))
	s.record(t, order("customers/a/orders/1", 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := s.histories(ctx, &profilev1.StreamPurchaseHistoriesRequest{})
	if err == nil {
		t.Error("a cancelled stream ends well")
	}
}
