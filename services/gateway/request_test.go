package gateway_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// Ids of any script and with any sign but "/" and "%" reach the service as they are.
func TestIDs(t *testing.T) {
	w := start(t)
	for _, id := range []string{
		"1", "张三", "a b", "a:b", "a+b", "a@b.c", "a,b;c=d&e", "a!b", "a'b", "(a)", "a*b", "a#b", "a?b", "[a]", "😀", "é", "é",
		"...", ".a", "a.", "~", "a\\b", `"a"`, "<script>", "a|b", "lookup", ":lookup", "x:lookup",
	} {
		for spelling, escaped := range map[string]string{"least": url.PathEscape(id), "all": escapeAll(id)} {
			w.send("GET", "/v1/customers/"+escaped, "").problem(404, "CUSTOMER_NOT_FOUND", "")
			if got := last[*profilev1.GetCustomerRequest](t, w.inbox).Name; got != "customers/"+id {
				t.Errorf("%s, %s escaped: the service got %q", id, spelling, got)
			}
		}
	}
	w.send("GET", "/v1/customers/%E5%BC%A0%E4%B8%89/orders/a%3Ab%20c", "").ok()
	if got := last[*profilev1.GetOrderRequest](t, w.inbox).Name; got != "customers/张三/orders/a:b c" {
		t.Errorf("got %q", got)
	}
}

func escapeAll(id string) string {
	var text strings.Builder
	for _, b := range []byte(id) {
		text.WriteString("%" + string("0123456789ABCDEF"[b>>4]) + string("0123456789abcdef"[b&15]))
	}
	return text.String()
}

func TestBadPaths(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		name, path    string
		status        int
		reason, field string
	}{
		{"escaped slash", "/v1/customers/a%2Fb", 400, "INVALID_PATH", "path"},
		{"escaped slash in lower case", "/v1/customers/a%2fb", 400, "INVALID_PATH", "path"},
		{"escaped slash and dots", "/v1/customers/..%2F..%2Fsegments", 400, "INVALID_PATH", "path"},
		{"dots", "/v1/customers/..", 400, "INVALID_PATH", "path"},
		{"escaped dots", "/v1/customers/%2e%2E/segments", 400, "INVALID_PATH", "path"},
		{"one dot", "/v1/customers/.", 400, "INVALID_PATH", "path"},
		{"invalid UTF-8", "/v1/customers/%ff", 400, "INVALID_PATH", "path"},
		{"NUL", "/v1/customers/a%00b", 400, "INVALID_PATH", "path"},
		{"line break", "/v1/customers/a%0d%0aX-Evil:%20b", 400, "INVALID_PATH", "path"},
		{"escaped twice", "/v1/customers/a%252Fb", 400, "INVALID_FIELD", "name"},
		{"empty id", "/v1/customers/", 400, "INVALID_FIELD", "name"},
		{"unknown", "/v2/customers", 404, "ROUTE_NOT_FOUND", ""},
		{"unknown below a resource", "/v1/customers/1/cats", 404, "ROUTE_NOT_FOUND", ""},
		{"root", "/", 404, "ROUTE_NOT_FOUND", ""},
		{"doubled slash", "//v1/customers/1", 404, "ROUTE_NOT_FOUND", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			r, err := http.NewRequestWithContext(t.Context(), "GET", w.url, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Opaque = "//" + w.address + c.path
			a := w.do(r)
			a.problem(c.status, c.reason, c.field)
			if a.header.Get("X-Evil") != "" {
				t.Error("a header was injected")
			}
		})
	}
}

func TestMethods(t *testing.T) {
	w := start(t)
	for _, c := range []struct{ method, path, allow string }{
		{"PUT", "/v1/customers/1", "GET, PATCH, DELETE"},
		{"POST", "/v1/customers/1", "GET, PATCH, DELETE"},
		{"DELETE", "/v1/customers", "GET, POST"},
		{"GET", "/v1/customers:batchGet", "POST"},
		{"BREW", "/v1/customers", "GET, POST"},
		{"OPTIONS", "/v1/customers", "GET, POST"},
		{"POST", "/openapi.json", "GET, HEAD"},
		{"DELETE", "/livez", "GET, HEAD"},
	} {
		a := w.send(c.method, c.path, "")
		a.problem(405, "METHOD_NOT_ALLOWED", "")
		if got := a.header.Get("Allow"); got != c.allow {
			t.Errorf("%s %s: allow %q, want %q", c.method, c.path, got, c.allow)
		}
	}
	// Neither the header nor a form turns one method into another.
	w.send("POST", "/v1/customers/1", `{}`, "X-HTTP-Method-Override", "DELETE").problem(405, "METHOD_NOT_ALLOWED", "")
	w.send("POST", "/v1/customers/1", "name=1", "Content-Type", "application/x-www-form-urlencoded", "X-HTTP-Method-Override", "GET").
		problem(405, "METHOD_NOT_ALLOWED", "")
	if w.inbox.count() != 0 {
		t.Error("a service was called")
	}
	w.send("DELETE", "/v1/customers/1", `{}`).problem(400, "BODY_NOT_ALLOWED", "")
	w.send("GET", "/v1/customers/1", `{}`).problem(400, "BODY_NOT_ALLOWED", "")
}

func TestQuery(t *testing.T) {
	w := start(t)
	for _, c := range []struct{ path, reason, field string }{
		{"/v1/customers?vip=1", "UNKNOWN_PARAMETER", "vip"},
		{"/v1/customers?page_size=1&pageSize=2", "DUPLICATE_FIELD", "page_size"},
		{"/v1/customers?pageSize=1&pageSize=2", "DUPLICATE_FIELD", "page_size"},
		{"/v1/customers?pageSize=many", "INVALID_FIELD", "page_size"},
		{"/v1/customers?pageSize=", "INVALID_FIELD", "page_size"},
		{"/v1/customers?pageSize=1.0", "INVALID_FIELD", "page_size"},
		{"/v1/customers?pageSize=2147483648", "INVALID_FIELD", "page_size"},
		{"/v1/customers?pageSize=-1", "INVALID_FIELD", "page_size"}, // the service's own rule
		{"/v1/customers?pageToken=%ff", "INVALID_FIELD", "page_token"},
		{"/v1/customers?pageToken=%00", "INVALID_FIELD", "page_token"},
		{"/v1/customers?pageSize=1;pageToken=x", "MALFORMED_QUERY", "query"},
		{"/v1/customers?pageToken=%zz", "MALFORMED_QUERY", "query"},
		{"/v1/customers?a%0d%0ab=1", "UNKNOWN_PARAMETER", `a\r\nb`},
		{"/v1/customers/1?name=customers/2", "UNKNOWN_PARAMETER", "name"},
		{"/v1/customers:stream?range=a", "UNKNOWN_PARAMETER", "range"},
		{"/v1/customers:stream?range.from.x=a", "UNKNOWN_PARAMETER", "range.from.x"},
		{"/v1/orders:streamHistories?before=yesterday", "INVALID_FIELD", "before"},
		{"/v1/orders:streamHistories?before=0000-01-01T00:00:00Z", "INVALID_FIELD", "before"},
	} {
		w.send("GET", c.path, "").problem(400, c.reason, c.field)
	}
	w.send("POST", "/v1/customers:batchGet?names=customers/1", `{}`).problem(400, "UNKNOWN_PARAMETER", "names")
	w.send("POST", "/v1/customers?customer.city=a", `{}`).problem(400, "UNKNOWN_PARAMETER", "customer.city")
	w.send("POST", "/v1/customers?validateOnly=yes", `{}`).problem(400, "INVALID_FIELD", "validate_only")

	w.send("GET", "/v1/customers:lookup?external_id=a%26b&namespace=taobao/shop-1", "").ok()
	if got := last[*profilev1.LookupCustomerRequest](t, w.inbox); got.ExternalId != "a&b" || got.Namespace != "taobao/shop-1" {
		t.Errorf("got %v", got)
	}
	w.send("GET", "/v1/orders:streamHistories?range.from=a&range.to=b&before=2024-05-01T08:00:00%2B08:00", "")
	histories := last[*profilev1.StreamPurchaseHistoriesRequest](t, w.inbox)
	if histories.Range.GetFrom() != "a" || histories.Range.GetTo() != "b" || histories.Before.AsTime().Hour() != 0 {
		t.Errorf("got %v", histories)
	}
	w.send("GET", "/v1/operations/profile/1?", "").ok()
	if got := last[*longrunningpb.GetOperationRequest](t, w.inbox).Name; got != "operations/profile/1" {
		t.Errorf("got %q", got)
	}
}

func TestHeaders(t *testing.T) {
	w := start(t)
	const path = "/v1/customers/1"
	for _, c := range []struct {
		name    string
		headers []string
		reason  string
		field   string
	}{
		{"two credentials", []string{"Authorization", "Bearer a", "Authorization", "Bearer b"}, "DUPLICATE_HEADER", "Authorization"},
		{"timeout without unit", []string{"Grpc-Timeout", "10"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"timeout of one letter", []string{"Grpc-Timeout", "S"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"no timeout", []string{"Grpc-Timeout", "0S"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"negative timeout", []string{"Grpc-Timeout", "-1S"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"long timeout", []string{"Grpc-Timeout", "99999999H"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"timeout beyond all numbers", []string{"Grpc-Timeout", "99999999999999999999S"}, "INVALID_FIELD", "Grpc-Timeout"},
		{"two timeouts", []string{"Grpc-Timeout", "1S", "Grpc-Timeout", "2S"}, "DUPLICATE_HEADER", "Grpc-Timeout"},
		{"If-Match on a read", []string{"If-Match", `"1"`}, "INVALID_FIELD", "If-Match"},
		{"bad If-None-Match", []string{"If-None-Match", "1"}, "INVALID_FIELD", "If-None-Match"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.send("GET", path, "", c.headers...).problem(400, c.reason, c.field)
		})
	}
	w.t = t
	if w.inbox.count() != 0 {
		t.Error("a service was called")
	}
	w.send("GET", "/v1/customers/slow", "", "Grpc-Timeout", "10m").problem(504, "DEADLINE_EXCEEDED", "")
}

// A caller can tell the services who it says it is by its credentials, and nothing else.
func TestWhatServicesHear(t *testing.T) {
	w := start(t)
	w.send("GET", "/v1/customers/1", "",
		"Authorization", "Bearer token",
		"Grpc-Metadata-Authorization", "Bearer of another", "Grpc-Metadata-User", "root", "Grpc-Metadata-X-Forwarded-For", "6.6.6.6",
		"Grpc-Metadata-Key-Bin", "!!!", "X-Forwarded-For", "6.6.6.6", "X-Forwarded-Host", "evil.example", "X-Real-Ip", "6.6.6.6",
		"Forwarded", "for=6.6.6.6", "Cookie", "a=b", "X-User", "root", "Grpcgateway-User", "root", "TE", "trailers",
		"X-Request-Id", "caller-1", "User-Agent", "test")
	heard := w.customers.metadata
	if got := heard.Get("authorization"); !slices.Equal(got, []string{"Bearer token"}) {
		t.Errorf("authorization %q", got)
	}
	if got := heard.Get("x-forwarded-for"); !slices.Equal(got, []string{"127.0.0.1"}) {
		t.Errorf("x-forwarded-for %q", got)
	}
	if got := heard.Get("x-request-id"); !slices.Equal(got, []string{"caller-1"}) {
		t.Errorf("x-request-id %q", got)
	}
	known := []string{":authority", "authorization", "content-type", "grpc-accept-encoding", "user-agent", "x-forwarded-for", "x-request-id"}
	for name, values := range heard {
		if !slices.Contains(known, name) {
			t.Errorf("the service hears %s: %q", name, values)
		}
	}
}

func TestRequestID(t *testing.T) {
	w := start(t)
	first, second := w.send("GET", "/v1/customers", ""), w.send("GET", "/v1/customers", "")
	a, b := first.header.Get("X-Request-Id"), second.header.Get("X-Request-Id")
	if len(a) != 26 || a == b {
		t.Errorf("ids %q and %q", a, b)
	}
	if got := w.send("GET", "/v1/customers", "", "X-Request-Id", "mine-1").header.Get("X-Request-Id"); got != "mine-1" {
		t.Errorf("got %q", got)
	}
	for _, bad := range []string{"a b", "<script>", strings.Repeat("a", 129), "é"} {
		if got := w.send("GET", "/v1/customers", "", "X-Request-Id", bad).header.Get("X-Request-Id"); got == bad {
			t.Errorf("%q came back", bad)
		}
	}
}

func TestETags(t *testing.T) {
	w := start(t)
	const path = "/v1/customers/1"
	created := w.send("POST", createCustomer, `{"city":"a"}`)
	tag := created.header.Get("Etag")
	if created.ok()["etag"] != tag || tag != `"1"` {
		t.Fatalf("etag %v, header %q", created.ok()["etag"], tag)
	}

	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		a := w.send("GET", path, "", "If-None-Match", known)
		if a.status != http.StatusNotModified || len(a.body) != 0 || a.header.Get("Etag") != tag {
			t.Errorf("If-None-Match %s: %d, etag %q, %q", known, a.status, a.header.Get("Etag"), a.body)
		}
	}
	w.send("GET", path, "", "If-None-Match", `"x"`).ok()

	for _, bad := range []string{"1", `"1`, `W/"1"`, `"1", "2"`, `""1""`, ",", "\"a b\""} {
		w.send("PATCH", path, `{"city":"b"}`, "If-Match", bad).problem(400, "INVALID_FIELD", "If-Match")
	}
	w.send("PATCH", path, `{"city":"b"}`, "If-Match", `"7"`).problem(412, "ETAG_MISMATCH", "")
	w.send("PATCH", path, `{"city":"b","etag":"\"7\""}`).problem(409, "ETAG_MISMATCH", "")
	w.send("PATCH", path, `{"city":"b","etag":"\"7\""}`, "If-Match", tag).problem(400, "INVALID_FIELD", "etag")
	w.send("PATCH", path, `{"city":"b","etag":null}`, "If-Match", tag).problem(400, "INVALID_FIELD", "etag")
	w.send("PATCH", path, `{"city":"b"}`, "If-None-Match", tag).problem(400, "INVALID_FIELD", "If-None-Match")

	updated := w.send("PATCH", path, `{"city":"b"}`, "If-Match", tag)
	updated.ok()
	if got := updated.header.Get("Etag"); got != `"2"` {
		t.Errorf("etag %q after the update", got)
	}
	w.send("PATCH", path, ` {"city":"b","etag":"\"2\""}`, "If-Match", `"2"`).ok()
	w.send("PATCH", path, ` { } `, "If-Match", "*").ok()
	w.send("DELETE", path, "", "If-Match", `"1"`).problem(412, "ETAG_MISMATCH", "")
	w.send("DELETE", path+"?etag=%221%22", "", "If-Match", `"4"`).problem(400, "INVALID_FIELD", "etag")
	w.send("POST", createCustomer, "{}", "If-Match", tag).problem(400, "INVALID_FIELD", "If-Match")
	w.send("DELETE", path, "", "If-Match", `"4"`).ok()
	if len(w.customers.known) != 0 {
		t.Error("it was not deleted")
	}

	w.send("POST", "/v1/surveys/s:publish", "", "If-Match", `"5"`).ok()
	if got := last[*feedbackv1.PublishSurveyRequest](t, w.inbox); got.Etag != `"5"` || got.Name != "surveys/s" {
		t.Errorf("got %v", got)
	}
}

// changeable are the fields of a customer that a caller sets.
func changeable() string {
	var names []string
	fields := (&profilev1.Customer{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		switch name := string(fields.Get(i).Name()); name {
		case "name", "etag", "create_time", "update_time", "merged":
		default:
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// An update without a mask changes what the body names, and can be what was read.
func TestUpdateMasks(t *testing.T) {
	w := start(t)
	read := string(w.send("POST", createCustomer, `{"city":"a","birthDate":{"year":1990}}`).body)
	for _, c := range []struct{ query, body, want string }{
		{"", read, changeable()},
		{"", `{"city":"b"}`, "city"},
		{"", `{"city":null,"display_name":""}`, "city,display_name"},
		{"", `{"birthDate":{"month":2}}`, "birth_date"},
		{"", `{"name":"customers/1","etag":"","createTime":"2024-01-01T00:00:00Z"}`, ""},
		{"?updateMask=displayName,birthDate.year", `{"city":"b"}`, "display_name,birth_date.year"},
		{"?update_mask=display_name", `{"city":"b"}`, "display_name"},
		{"?updateMask=*", `{"city":"b"}`, "*"},
	} {
		w.send("PATCH", "/v1/customers/1"+c.query, c.body).ok()
		got := strings.Join(last[*profilev1.UpdateCustomerRequest](t, w.inbox).UpdateMask.GetPaths(), ",")
		if sorted(got) != sorted(c.want) {
			t.Errorf("%s with %s: mask %s, want %s", c.query, c.body, got, c.want)
		}
	}
	w.send("PATCH", "/v1/customers/1", `{"name":"customers/2"}`).problem(400, "INVALID_FIELD", "customer.name")
}

func sorted(list string) string {
	parts := strings.Split(list, ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

func TestIdempotencyKeys(t *testing.T) {
	w := start(t)
	const key = "8e03978e-40d5-43e8-bc93-6894a57f9324"
	w.send("POST", createCustomer, `{"city":"a"}`, "Idempotency-Key", key).ok()
	if got := last[*profilev1.CreateCustomerRequest](t, w.inbox).RequestId; got != key {
		t.Errorf("request_id %q", got)
	}
	w.send("POST", createCustomer+"&requestId="+key, `{}`, "Idempotency-Key", `"`+key+`"`).ok()
	w.send("POST", createCustomer+"&requestId=other", `{}`, "Idempotency-Key", key).problem(400, "INVALID_FIELD", "request_id")

	for _, body := range []string{"", "{}", `{"requestId":"` + key + `"}`} {
		w.send("POST", "/v1/segments/s:publish", body, "Idempotency-Key", key).ok()
		if got := last[*segmentationv1.PublishSegmentRequest](t, w.inbox); got.RequestId != key || got.Name != "segments/s" {
			t.Errorf("%q: got %v", body, got)
		}
	}
	w.send("POST", "/v1/segments/s:publish", `{"requestId":"other"}`, "Idempotency-Key", key).problem(400, "INVALID_FIELD", "request_id")
	for _, bad := range []string{"a b", `""`, strings.Repeat("k", 129), "é"} {
		w.send("POST", createCustomer, `{}`, "Idempotency-Key", bad).problem(400, "INVALID_FIELD", "Idempotency-Key")
	}
	w.send("POST", createCustomer, `{}`, "Idempotency-Key", "a", "Idempotency-Key", "b").problem(400, "DUPLICATE_HEADER", "Idempotency-Key")
	w.send("POST", "/v1/customers:batchGet", `{"names":["customers/1"]}`, "Idempotency-Key", key).ok() // a read: of no use, and no harm
}
