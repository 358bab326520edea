package valuation_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// oddIDs are customer ids whose order is easily got wrong.
var oddIDs = []string{"a", "a-b", "a.b", "a:b", "b c", "c$", "客户", "客户二", "😀", "~", strings.Repeat("长", 128)}

// smallShop has one customer per odd id; each bought one time more than the last.
func smallShop() *shop {
	s := newShop()
	for i, id := range oddIDs {
		for n := range i + 1 {
			at := time.Date(2025, 5, 1+n, 12, 0, 0, 0, time.UTC)
			s.buy(id, at, int64(1000+100*i), "CNY", int64(500-n))
		}
	}
	s.buy("a", time.Date(2025, 5, 20, 0, 0, 0, 0, time.UTC), 77, "USD", unknown)
	return s
}

func policy(date string) *valuationv1.ValuationPolicy {
	return &valuationv1.ValuationPolicy{AsOfDate: date}
}

// TestEnginesAgree: the same run gives the same bytes on every engine.
func TestEnginesAgree(t *testing.T) {
	var first [][]byte
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			c := serve(t, engine.open(t), serveShop(t, smallShop()), frozen)
			messages := []proto.Message{c.refresh(policy("2025-05-31"))}
			summary, err := c.GetValuationSummary(t.Context(), &valuationv1.GetValuationSummaryRequest{})
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, summary)
			for _, orderBy := range []string{"", "recency_days", "customer_id"} {
				for _, v := range c.list(orderBy, 3) {
					messages = append(messages, v)
				}
			}
			streamed, err := c.stream(&valuationv1.StreamValuationsRequest{})
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range streamed {
				messages = append(messages, v)
			}
			var all [][]byte
			for _, m := range messages {
				b, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, b)
			}
			if first == nil {
				first = all
			}
			if !slices.EqualFunc(all, first, func(a, b []byte) bool { return string(a) == string(b) }) {
				t.Errorf("%s answers otherwise than %s", engine.name, engines[0].name)
			}
		})
	}
}

func TestReadingValuations(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			c := serve(t, engine.open(t), serveShop(t, smallShop()), frozen)
			summary := c.refresh(policy("2025-05-31"))
			wantParts(t, summary)
			testOneByOne(t, c)
			testOrders(t, c)
			testRanges(t, c)
		})
	}
}

func testOneByOne(t *testing.T, c *client) {
	got, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: "customers/a/valuation"})
	if err != nil {
		t.Fatal(err)
	}
	if got.GetOrders() != 2 || got.GetOrderDays() != 2 || got.GetRecencyDays() != 11 || got.GetAsOf().AsTime() != time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC) {
		t.Errorf("got %v", got)
	}
	want := []*apiv1.Money{{MinorUnits: 1000, CurrencyCode: "CNY"}, {MinorUnits: 77, CurrencyCode: "USD"}}
	if !slices.EqualFunc(got.GetRevenue(), want, func(a, b *apiv1.Money) bool { return proto.Equal(a, b) }) {
		t.Errorf("revenue %v, want %v", got.GetRevenue(), want)
	}
	if got.GetHistoricValue().GetMinorUnits() != 500 || got.GetHistoricValueCoverage() != 1 || got.GetAverageOrder().GetMinorUnits() != 1000 {
		t.Errorf("historic value %v, coverage %g, average %v", got.GetHistoricValue(), got.GetHistoricValueCoverage(), got.GetAverageOrder())
	}
	batch, err := c.BatchGetValuations(t.Context(), &valuationv1.BatchGetValuationsRequest{CustomerIds: []string{"😀", "nobody", "a", "😀"}})
	if err != nil {
		t.Fatal(err)
	}
	if names := namesOf(batch.GetValuations()); !slices.Equal(names, []string{"😀", "a", "😀"}) || !slices.Equal(batch.GetMissing(), []string{"nobody"}) {
		t.Errorf("batch %q, missing %q", names, batch.GetMissing())
	}
	if !proto.Equal(batch.GetValuations()[1], got) {
		t.Errorf("the batch has %v, get has %v", batch.GetValuations()[1], got)
	}
}

func testOrders(t *testing.T, c *client) {
	byID := slices.Clone(oddIDs)
	slices.SortFunc(byID, func(a, b string) int { return strings.Compare(docstore.ID(a), docstore.ID(b)) })
	for _, size := range []int32{1, 2, 5, 1000} {
		if got := namesOf(c.list("customer_id", size)); !slices.Equal(got, byID) {
			t.Errorf("by customer_id, %d a page: %q, want %q", size, got, byID)
		}
		for orderBy, value := range map[string]func(*valuationv1.Valuation) int64{
			"":               func(v *valuationv1.Valuation) int64 { return -v.GetRevenue()[0].GetMinorUnits() },
			" revenue  desc": func(v *valuationv1.Valuation) int64 { return -v.GetRevenue()[0].GetMinorUnits() },
			"recency_days":   func(v *valuationv1.Valuation) int64 { return v.GetRecencyDays() },
		} {
			got := c.list(orderBy, size)
			sorted := slices.IsSortedFunc(got, func(a, b *valuationv1.Valuation) int { return int(value(a) - value(b)) })
			if len(got) != len(oddIDs) || !sorted {
				t.Errorf("by %q, %d a page: %q is out of order or incomplete", orderBy, size, namesOf(got))
			}
		}
	}
}

func testRanges(t *testing.T, c *client) {
	byID := namesOf(c.list("customer_id", 1000))
	for from := range byID {
		for to := from; to < len(byID); to++ {
			got, err := c.stream(&valuationv1.StreamValuationsRequest{
				Range: &apiv1.CustomerRange{From: byID[from], To: byID[to]}, Generation: 1,
			})
			if err != nil || !slices.Equal(namesOf(got), byID[from:to]) {
				t.Errorf("from %q to %q: %q, %v", byID[from], byID[to], namesOf(got), err)
			}
		}
		got, err := c.stream(&valuationv1.StreamValuationsRequest{Range: &apiv1.CustomerRange{From: byID[from] + `"`}})
		if err != nil || !slices.Equal(namesOf(got), byID[from+1:]) {
			t.Errorf("behind %q: %q, %v", byID[from], namesOf(got), err)
		}
	}
	_, err := c.stream(&valuationv1.StreamValuationsRequest{Range: &apiv1.CustomerRange{From: "b", To: "a"}})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "range.to")
}

func namesOf(valuations []*valuationv1.Valuation) []string {
	var ids []string
	for _, v := range valuations {
		if v.GetName() != "customers/"+v.GetCustomerId()+"/valuation" {
			ids = append(ids, "name "+v.GetName())
		}
		ids = append(ids, v.GetCustomerId())
	}
	return ids
}

func TestBadRequests(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, smallShop()), frozen)
	c.refresh(policy("2025-05-31"))
	for name, why := range map[string]string{
		"customers/a": "INVALID_FIELD", "customers//valuation": "INVALID_FIELD", "/customers/a/valuation": "INVALID_FIELD",
		"customers/a/b/valuation": "INVALID_FIELD", "customers/../valuation": "INVALID_FIELD", "customers/a%2Fb/valuation": "INVALID_FIELD",
		"customers/a\x00/valuation": "INVALID_FIELD", "customers/ a/valuation": "INVALID_FIELD",
		"customers/" + strings.Repeat("x", 129) + "/valuation": "INVALID_FIELD",
		"customers/-/valuation":                                "VALUATION_NOT_FOUND", "customers/nobody/valuation": "VALUATION_NOT_FOUND",
	} {
		_, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: name})
		if why == "VALUATION_NOT_FOUND" {
			wantError(t, err, codes.NotFound, why, "")
			continue
		}
		wantError(t, err, codes.InvalidArgument, why, "name")
	}
	for _, name := range []string{"", strings.Repeat("x", 1<<20)} { // refused by shape
		_, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: name})
		if code, _, field := reason(err); code != codes.InvalidArgument || field != "name" {
			t.Errorf("a name of %d bytes: %v", len(name), err)
		}
	}
	for i, ids := range [][]string{{"a", ""}, {"a", "a/b"}, {"a", "a\n"}, {"a", strings.Repeat("长", 129)}} {
		_, err := c.BatchGetValuations(t.Context(), &valuationv1.BatchGetValuationsRequest{CustomerIds: ids})
		if code, _, field := reason(err); code != codes.InvalidArgument || field != "customer_ids[1]" {
			t.Errorf("batch %d: %v, field %q", i, err, field)
		}
	}
	for n, want := range map[int]codes.Code{0: codes.InvalidArgument, 1000: codes.OK, 1001: codes.InvalidArgument} {
		_, err := c.BatchGetValuations(t.Context(), &valuationv1.BatchGetValuationsRequest{CustomerIds: slices.Repeat([]string{"x"}, n)})
		if code, _, _ := reason(err); code != want {
			t.Errorf("a batch of %d: %v, want %s", n, err, want)
		}
	}
	_, err := c.stream(&valuationv1.StreamValuationsRequest{Generation: -1})
	if code, _, field := reason(err); code != codes.InvalidArgument || field != "generation" {
		t.Errorf("generation -1: %v", err)
	}
	_, err = c.stream(&valuationv1.StreamValuationsRequest{Generation: 99})
	wantError(t, err, codes.NotFound, "GENERATION_NOT_FOUND", "")
}

func TestBadPages(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, smallShop()), frozen)
	c.refresh(policy("2025-05-31"))
	list := func(r *valuationv1.ListValuationsRequest) (*valuationv1.ListValuationsResponse, error) {
		return c.ListValuations(t.Context(), r)
	}
	for _, orderBy := range []string{"revenue", "revenue asc", "orders", "customer_id desc", "recency_days,revenue desc", "$where", "revenue desc; drop"} {
		_, err := list(&valuationv1.ListValuationsRequest{OrderBy: orderBy})
		wantError(t, err, codes.InvalidArgument, "FIELD_NOT_SORTABLE", "order_by")
		if !strings.Contains(fmt.Sprint(err), "recency_days") {
			t.Errorf("%v does not name what can be ordered by", err)
		}
	}
	_, err := list(&valuationv1.ListValuationsRequest{PageSize: -1})
	if code, _, field := reason(err); code != codes.InvalidArgument || field != "page_size" {
		t.Errorf("page size -1: %v", err)
	}
	for size, want := range map[int32]int{0: len(oddIDs), 1 << 30: len(oddIDs), 4: 4} {
		got, err := list(&valuationv1.ListValuationsRequest{PageSize: size})
		if err != nil || len(got.GetValuations()) != want || got.GetTotalSize() != int64(len(oddIDs)) {
			t.Errorf("page size %d: %d of %d, %v", size, len(got.GetValuations()), got.GetTotalSize(), err)
		}
	}
	page, err := list(&valuationv1.ListValuationsRequest{PageSize: 4, OrderBy: "recency_days"})
	if err != nil {
		t.Fatal(err)
	}
	token := page.GetNextPageToken()
	for name, r := range map[string]*valuationv1.ListValuationsRequest{
		"of another order": {PageToken: token, OrderBy: "customer_id"},
		"forged":           {PageToken: "AAAA" + token[4:], OrderBy: "recency_days"},
		"cut":              {PageToken: token[:len(token)-2], OrderBy: "recency_days"},
		"nonsense":         {PageToken: "💥", OrderBy: "recency_days"},
	} {
		_, err := list(r)
		if code, why, field := reason(err); code != codes.InvalidArgument || why != "PAGE_TOKEN_INVALID" || field != "page_token" {
			t.Errorf("a token %s: %v", name, err)
		}
	}
	if _, err := list(&valuationv1.ListValuationsRequest{PageToken: token, OrderBy: "recency_days", PageSize: 1}); err != nil {
		t.Errorf("the same token with another page size: %v", err)
	}
}

func TestBeforeTheFirstRefresh(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	_, err := c.GetValuation(t.Context(), &valuationv1.GetValuationRequest{Name: "customers/a/valuation"})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
	_, err = c.GetValuationSummary(t.Context(), &valuationv1.GetValuationSummaryRequest{})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
	if got := c.list("", 10); len(got) != 0 {
		t.Errorf("there are %d valuations", len(got))
	}
	batch, err := c.BatchGetValuations(t.Context(), &valuationv1.BatchGetValuationsRequest{CustomerIds: []string{"a", "b"}})
	if err != nil || !slices.Equal(batch.GetMissing(), []string{"a", "b"}) {
		t.Errorf("batch %v, %v", batch, err)
	}
	if got, err := c.stream(&valuationv1.StreamValuationsRequest{}); len(got) != 0 || err != nil {
		t.Errorf("the stream has %d, %v", len(got), err)
	}
	_, err = c.operations.GetOperation(t.Context(), &longrunningpb.GetOperationRequest{Name: "operations/valuation/none"})
	wantError(t, err, codes.NotFound, "OPERATION_NOT_FOUND", "")
}
