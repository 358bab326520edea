package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// hostile is a request that must be refused, with what must be named.
type hostile struct {
	name, method, path, body string
	header                   map[string]string
	status                   int
	names                    string // must occur in the answer: the field or thing at fault
}

const jsonBody = "application/json"

func hostiles() []hostile {
	order := func(money, more string) string {
		return `{"orders":[{"name":"customers/a/orders/1","orderTime":"2024-01-01T00:00:00Z","amount":` + money + more + `}]}`
	}
	post := func(name, path, body, names string) hostile {
		return hostile{name: name, method: "POST", path: path, body: body, status: 400, names: names}
	}
	const customers, segments, orders = "/v1/customers", "/v1/segments?segmentId=s", "/v1/orders:batchRecord"
	rule := func(expression string) string {
		text, _ := json.Marshal(map[string]any{"rule": map[string]any{"expression": expression}})
		return string(text)
	}
	return []hostile{
		post("truncated", customers, `{"displayName":"a`, "display_name"),
		post("trailing garbage", customers, `{"displayName":"a"}x`, "customer"),
		post("two objects", customers, `{}{}`, "customer"),
		post("array", customers, `[]`, "customer"),
		post("duplicate key", customers, `{"displayName":"a","displayName":"b"}`, "displayName"),
		post("unknown field", customers, `{"displayNam":"a"}`, "displayNam"),
		post("both spellings", customers, `{"displayName":"a","display_name":"b"}`, "display"),
		post("deep nesting", customers, strings.Repeat(`{"birthDate":`, 10_000)+`1`+strings.Repeat("}", 10_000), "birthDate"),
		post("invalid UTF-8", customers, "{\"displayName\":\"\xff\"}", "UTF-8"),
		post("lone surrogate", customers, `{"displayName":"\ud800"}`, ""),
		post("NUL", customers, `{"displayName":"a\u0000b"}`, "display_name"),
		post("unknown enum", customers, `{"kind":"CUSTOMER_KIND_ALIEN"}`, "kind"),
		post("1 MiB name", customers, `{"displayName":"`+strings.Repeat("a", 1<<20)+`"}`, "display_name"),
		post("fraction for an integer", orders, order(`{"minorUnits":1.5,"currencyCode":"USD"}`, ""), "minor_units"),
		post("NaN", orders, order(`{"minorUnits":NaN,"currencyCode":"USD"}`, ""), ""),
		post("unknown currency", orders, order(`{"minorUnits":"1","currencyCode":"usd"}`, ""), "currency_code"),
		post("two of a oneof", segments, `{"rule":{"expression":"true"},"rfm":{"cells":["555"]}}`, ""),
		post("syntax error", segments, rule("orders.count >"), "line 1"),
		post("unknown fact", segments, rule("orders.cuont > 1"), "cuont"),
		post("type mismatch", segments, rule("orders.count == 'a'"), "line 1"),
		post("not a boolean", segments, rule("orders.count"), "true or false"),
		post("1 MiB rule", segments, rule(strings.Repeat("true&&", 200_000)+"true"), "expression"),
		post("deep parentheses", segments, rule(strings.Repeat("(", 4000)+"true"+strings.Repeat(")", 4000)), "expression"),
		post("personal fact", segments, rule("customer.display_name == 'x'"), "display_name"),
		{name: "64 MiB body", method: "POST", path: customers, body: `{"displayName":"` + strings.Repeat("a", 64<<20) + `"}`, status: 413},
		{name: "no content type", method: "POST", path: customers, body: `{}`, header: map[string]string{"Content-Type": "text/plain"}, status: 415},
		{name: "gzip", method: "POST", path: customers, body: `{}`, header: map[string]string{"Content-Encoding": "gzip"}, status: 415},
		{name: "wrong method", method: "PUT", path: customers, body: `{}`, status: 405},
		{name: "unknown path", method: "GET", path: "/v1/costumers", status: 404},
		{name: "bad If-Match", method: "PATCH", path: "/v1/customers/a?updateMask=city", body: `{"city":"x"}`, header: map[string]string{"If-Match": "nonsense"}, status: 400},
		{name: "empty id", method: "GET", path: "/v1/customers/", status: 400, names: "name"},
		{name: "slash in id", method: "GET", path: "/v1/customers/a%2Fb", status: 400},
		{name: "NUL in id", method: "GET", path: "/v1/customers/a%00b", status: 400},
		{name: "1 MiB id", method: "GET", path: "/v1/customers/" + strings.Repeat("a", 1<<20), status: 431},
		{name: "negative page", method: "GET", path: "/v1/customers?pageSize=-1", status: 400, names: "page_size"},
		{name: "forged cursor", method: "GET", path: "/v1/customers?pageToken=AAAA", status: 400, names: "page_token"},
		{name: "unknown parameter", method: "GET", path: "/v1/customers?pagesize=1", status: 400, names: "pagesize"},
		{name: "bad mask", method: "PATCH", path: "/v1/customers/a?updateMask=nonsense", body: `{"city":"x"}`, status: 400, names: "update_mask"},
		{name: "mask of an output", method: "PATCH", path: "/v1/customers/a?updateMask=createTime", body: `{"city":"x"}`, status: 400, names: "update_mask"},
		{name: "bad order", method: "GET", path: "/v1/valuations?orderBy=revenue%3Bdrop", status: 400, names: "order_by"},
	}
}

func TestHostileRequests(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	url := "http://" + s.addresses["http"]
	client{t, url}.post("/v1/customers?customerId=a", map[string]any{"displayName": "A"})
	before := residentMiB(t, s)
	for _, h := range hostiles() {
		t.Run(h.name, func(t *testing.T) { h.try(t, url) })
	}
	if grown := residentMiB(t, s) - before; grown > 64 {
		t.Errorf("the server has grown by %d MiB", grown)
	}
	client{t, url}.get("/v1/customers").want("", "nextPageToken")
	if n := len((client{t, url}).get("/v1/customers").list("customers")); n != 1 {
		t.Errorf("%d customers are there after the refusals, want 1: something was half written", n)
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Error("the server has panicked")
	}
}

func (h hostile) try(t *testing.T, url string) {
	request, err := http.NewRequestWithContext(t.Context(), h.method, url+h.path, bytes.NewReader([]byte(h.body)))
	if err != nil {
		t.Fatal(err)
	}
	if h.body != "" {
		request.Header.Set("Content-Type", jsonBody)
	}
	for key, value := range h.header {
		request.Header.Set(key, value)
	}
	begun := time.Now()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if h.status == http.StatusRequestEntityTooLarge {
			return // the server hung up on a body that it does not want: as good an answer
		}
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	if took := time.Since(begun); took > time.Second {
		t.Errorf("took %s", took)
	}
	if response.StatusCode != h.status {
		t.Fatalf("status %d, want %d: %.300s", response.StatusCode, h.status, text)
	}
	if h.status == http.StatusRequestHeaderFieldsTooLarge {
		return // answered before there is a request to speak of
	}
	var problem struct{ Reason, Detail string }
	if err := json.Unmarshal(text, &problem); err != nil || problem.Reason == "" || problem.Detail == "" {
		t.Errorf("no problem details: %.300s", text)
	}
	if !strings.Contains(string(text), h.names) {
		t.Errorf("does not name %q: %.300s", h.names, text)
	}
}

// residentMiB is how much memory the process holds.
func residentMiB(t *testing.T, s *server) int64 {
	t.Helper()
	kib, err := statusKiB(s.command.Process.Pid, "VmRSS")
	if err != nil {
		t.Logf("memory is not checked: %v", err) // not Linux
	}
	return kib >> 10
}

// statusKiB is a size of a process, as Linux tells it. One that has ended has none.
func statusKiB(pid int, field string) (kib int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if _, err := fmt.Sscanf(line, field+": %d kB", &kib); err == nil {
			return kib, nil
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}
