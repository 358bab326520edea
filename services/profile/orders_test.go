package profile_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

func fullOrder(name string) *profilev1.Order {
	return &profilev1.Order{
		Name: name, OrderTime: at(now.Add(-time.Hour)), Amount: cny(2933), Discount: cny(0), Cost: cny(1200),
		Channel: "tmall", PaymentMethod: "alipay", Status: profilev1.OrderStatus_ORDER_STATUS_PAID,
		Items: []*profilev1.OrderItem{{Sku: "苹果", QuantityMilli: 1500, Amount: cny(2933), Discount: cny(0)}, {Sku: "bag"}},
	}
}

func TestOrderComesBackAsRecorded(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		const name = "customers/会员 1/orders/o:1"
		if got := s.record(t, fullOrder(name)); got[0] != "" {
			t.Fatal(got)
		}
		want := fullOrder(name)
		want.NetAmount, want.CreateTime, want.UpdateTime, want.Etag = cny(2933), at(now), at(now), `"1"`
		got, err := s.orders.GetOrder(t.Context(), &profilev1.GetOrderRequest{Name: name})
		must(t, err)
		same(t, "order", got, want)
		customer, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/会员 1"})
		must(t, err)
		same(t, "its customer", customer, &profilev1.Customer{Name: "customers/会员 1", CreateTime: at(now), UpdateTime: at(now), Etag: `"1"`})
	})
}

func TestBatchRecordOrdersTellsOfEachItem(t *testing.T) {
	s := serve(t, onPebble(t))
	change := func(name string, f func(*profilev1.Order)) *profilev1.Order {
		o := fullOrder(name)
		f(o)
		return o
	}
	got := s.record(t,
		fullOrder("customers/a/orders/1"),
		fullOrder("customers/a/orders/1"),
		fullOrder("customers/a"),
		fullOrder("orders/1"),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Amount = cny(-1) }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Amount = cny(math.MaxInt64) }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Amount.CurrencyCode = "XYZ" }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Cost.CurrencyCode = "USD" }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Items[0].Amount.CurrencyCode = "USD" }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.OrderTime = at(time.Unix(0, 0)) }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.OrderTime = at(now.AddDate(1, 0, 0)) }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.OrderTime = &timestamppb.Timestamp{Seconds: math.MaxInt64} }),
		change("customers/a/orders/2", func(o *profilev1.Order) { o.Channel = "a\x00" }),
		change("customers/../orders/2", func(*profilev1.Order) {}),
		fullOrder("customers/b/orders/1"),
	)
	want := []string{"", "DUPLICATE_IN_REQUEST name", "INVALID_FIELD name", "INVALID_FIELD name",
		"INVALID_FIELD amount.minor_units", "INVALID_FIELD amount.minor_units", "INVALID_FIELD amount.currency_code",
		"CURRENCY_MISMATCH cost.currency_code", "CURRENCY_MISMATCH items[0].amount.currency_code",
		"INVALID_FIELD order_time", "INVALID_FIELD order_time", "INVALID_FIELD order_time", "INVALID_FIELD channel", "INVALID_FIELD name", ""}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	_, err := s.orders.GetOrder(t.Context(), &profilev1.GetOrderRequest{Name: "customers/a/orders/2"})
	refused(t, "what was refused", err, codes.NotFound, "ORDER_NOT_FOUND", "")
	// What is wrong in shape is refused as a whole.
	for field, o := range map[string]*profilev1.Order{
		"orders[0].order_time":           change("customers/a/orders/3", func(o *profilev1.Order) { o.OrderTime = nil }),
		"orders[0].amount":               change("customers/a/orders/3", func(o *profilev1.Order) { o.Amount = nil }),
		"orders[0].amount.currency_code": change("customers/a/orders/3", func(o *profilev1.Order) { o.Amount = &apiv1.Money{} }),
		"orders[0].status":               change("customers/a/orders/3", func(o *profilev1.Order) { o.Status = 44 }),
		"orders[0].items[0].sku":         change("customers/a/orders/3", func(o *profilev1.Order) { o.Items[0].Sku = "" }),
	} {
		_, err := s.orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{o}})
		refused(t, field, err, codes.InvalidArgument, "INVALID_FIELD", field)
	}
	_, err = s.orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{})
	refused(t, "no orders", err, codes.InvalidArgument, "INVALID_FIELD", "orders")
}

func TestRecordingAgain(t *testing.T) {
	s := serve(t, onPebble(t))
	const name = "customers/a/orders/1"
	etag := func() string {
		o, err := s.orders.GetOrder(t.Context(), &profilev1.GetOrderRequest{Name: name})
		must(t, err)
		return o.GetEtag()
	}
	s.record(t, fullOrder(name))
	s.record(t, fullOrder(name))
	if got := etag(); got != `"1"` {
		t.Errorf("the same content makes %s", got)
	}
	corrected := fullOrder(name)
	corrected.Amount = cny(3000)
	_, err := s.orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{corrected}, ValidateOnly: true})
	must(t, err)
	if got := etag(); got != `"1"` {
		t.Errorf("validate_only makes %s", got)
	}
	s.record(t, corrected)
	if got := etag(); got != `"2"` {
		t.Errorf("a correction makes %s", got)
	}
}

func TestReturnOrder(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		const name = "customers/a/orders/1"
		s.record(t, order(name, 1000), &profilev1.Order{
			Name: "customers/a/orders/2", OrderTime: at(now), Amount: cny(5), Status: profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
		})
		back := func(id string, refund int64) *profilev1.OrderReturn {
			return &profilev1.OrderReturn{ReturnId: id, Refund: cny(refund), ReturnTime: at(now), Reason: "小了\n一号"}
		}
		give := func(name string, r *profilev1.OrderReturn) (*profilev1.Order, error) {
			return s.orders.ReturnOrder(t.Context(), &profilev1.ReturnOrderRequest{Name: name, Return: r})
		}
		first, err := give(name, back("r1", 400))
		must(t, err)
		if first.GetNetAmount().GetMinorUnits() != 600 || first.GetStatus() != profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED || len(first.GetReturns()) != 1 {
			t.Errorf("after a return: %v", first)
		}
		again, err := give(name, back("r1", 400))
		must(t, err)
		same(t, "the same again", again, first)
		dollars := back("r2", 1)
		dollars.Refund.CurrencyCode = "USD"
		early := back("r2", 1)
		early.ReturnTime = at(now.AddDate(0, 0, -2))
		for _, c := range []struct {
			name          string
			what          *profilev1.OrderReturn
			code          codes.Code
			reason, field string
		}{
			{name, back("r1", 401), codes.AlreadyExists, "RETURN_ID_REUSED", ""},
			{name, back("r2", 601), codes.InvalidArgument, "REFUND_EXCEEDS_AMOUNT", "return.refund.minor_units"},
			{name, back("r2", 0), codes.InvalidArgument, "INVALID_FIELD", "return.refund.minor_units"},
			{name, back("r2", math.MinInt64), codes.InvalidArgument, "INVALID_FIELD", "return.refund.minor_units"},
			{name, back("", 1), codes.InvalidArgument, "INVALID_FIELD", "return.return_id"},
			{name, back("\x00", 1), codes.InvalidArgument, "INVALID_FIELD", "return.return_id"},
			{name, dollars, codes.InvalidArgument, "CURRENCY_MISMATCH", "return.refund.currency_code"},
			{name, early, codes.InvalidArgument, "INVALID_FIELD", "return.return_time"},
			{name, nil, codes.InvalidArgument, "INVALID_FIELD", "return"},
			{"customers/a/orders/2", back("r", 1), codes.FailedPrecondition, "ORDER_NOT_PAID", ""},
			{"customers/a/orders/3", back("r", 1), codes.NotFound, "ORDER_NOT_FOUND", ""},
			{"customers/a", back("r", 1), codes.InvalidArgument, "INVALID_FIELD", "name"},
		} {
			_, err := give(c.name, c.what)
			refused(t, c.reason, err, c.code, c.reason, c.field)
		}
		whole, err := give(name, back("r2", 600))
		must(t, err)
		if whole.GetNetAmount().GetMinorUnits() != 0 || whole.GetStatus() != profilev1.OrderStatus_ORDER_STATUS_RETURNED || whole.GetEtag() != `"3"` {
			t.Errorf("after all came back: %v", whole)
		}
	})
}

func TestListOrders(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		ids := []string{"1", "10", "2", "a", "a-b", "a.b"}
		for _, id := range ids {
			s.record(t, order("customers/a/orders/"+id, 1), order("customers/a-b/orders/"+id, 2))
		}
		s.create(t, "none", &profilev1.Customer{})
		var got []string
		r := &profilev1.ListOrdersRequest{Parent: "customers/a", PageSize: 4}
		for {
			page, err := s.orders.ListOrders(t.Context(), r)
			must(t, err)
			for _, o := range page.GetOrders() {
				got = append(got, o.GetName())
			}
			if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
				break
			}
			other := proto.Clone(r).(*profilev1.ListOrdersRequest)
			other.Parent = "customers/a-b"
			_, err = s.orders.ListOrders(t.Context(), other)
			refused(t, "a token of another customer", err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
		var want []string
		for _, id := range ids {
			want = append(want, "customers/a/orders/"+id)
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q", got)
		}
		empty, err := s.orders.ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: "customers/none"})
		must(t, err)
		same(t, "no orders", empty, &profilev1.ListOrdersResponse{})
		_, err = s.orders.ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: "customers/nobody"})
		refused(t, "nobody", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		_, err = s.orders.ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: "a"})
		refused(t, "parent", err, codes.InvalidArgument, "INVALID_FIELD", "parent")
	})
}
