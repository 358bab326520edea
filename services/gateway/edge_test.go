package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/gateway"
)

func TestCORS(t *testing.T) {
	const known, other = "https://console.example.com", "https://evil.example.com"
	w := start(t, func(c *gateway.Config) { c.CORSOrigins = []string{known} })
	preflight := func(origin string) answer {
		return w.send("OPTIONS", "/v1/customers/1", "", "Origin", origin,
			"Access-Control-Request-Method", "PATCH", "Access-Control-Request-Headers", "content-type,if-match")
	}
	a := preflight(known)
	if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != known || a.header.Get("Vary") != "Origin" ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Methods"), "PATCH") ||
		!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "If-Match") {
		t.Errorf("%d %v", a.status, a.header)
	}
	preflight(other).problem(403, "ORIGIN_NOT_ALLOWED", "")
	preflight("null").problem(403, "ORIGIN_NOT_ALLOWED", "")

	a = w.send("POST", createCustomer, `{}`, "Origin", known)
	if a.ok(); a.header.Get("Access-Control-Allow-Origin") != known || !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "ETag") {
		t.Errorf("%v", a.header)
	}
	if a = w.send("GET", "/v1/customers", "", "Origin", other); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read")
	}
	before := w.inbox.count()
	w.send("POST", createCustomer, `{}`, "Origin", other).problem(403, "ORIGIN_NOT_ALLOWED", "")
	w.send("POST", "/v1/surveys/s:publish", "", "Sec-Fetch-Site", "cross-site").problem(403, "ORIGIN_NOT_ALLOWED", "")
	if w.inbox.count() != before {
		t.Error("a page of another origin reached a service")
	}
	w.send("POST", createCustomer, `{}`, "Origin", w.url).ok() // its own page

	none := start(t)
	if a := none.send("GET", "/v1/customers", "", "Origin", known); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("by default no origin may read")
	}
	every := start(t, func(c *gateway.Config) { c.CORSOrigins = []string{"*"} })
	if a := every.send("POST", createCustomer, `{}`, "Origin", other); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != other {
		t.Errorf("with * any may call: %d %v", a.status, a.header)
	}
}

func TestOperatorsPages(t *testing.T) {
	w := start(t)
	for _, path := range []string{"/livez", "/readyz"} {
		if got := w.send("GET", path, "").ok()["status"]; got != "ok" {
			t.Errorf("%s: %v", path, got)
		}
	}
	if got := w.send("GET", "/version", "").ok()["version"]; got != "v1.2.3" {
		t.Errorf("version %v", got)
	}
	if err := w.server.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	for deadline := time.Now().Add(10 * time.Second); recorder.Code != 503 && time.Now().Before(deadline); {
		recorder = httptest.NewRecorder() // what runs on shutdown does so beside it
		w.service.ServeHTTP(recorder, httptest.NewRequest("GET", "/readyz", nil))
	}
	if recorder.Code != 503 {
		t.Error("still ready while stopping")
	}

	unready, err := gateway.New(t.Context(), gateway.DefaultConfig(), gateway.Deps{
		Ready: func(context.Context) error { return errors.New("the store is away") },
	})
	if err != nil {
		t.Fatal(err)
	}
	recorder = httptest.NewRecorder()
	unready.ServeHTTP(recorder, httptest.NewRequest("GET", "/readyz", nil))
	if recorder.Code != 503 || strings.Contains(recorder.Body.String(), "store") {
		t.Errorf("%d %s", recorder.Code, recorder.Body)
	}
}

// The description names every route, and only routes that are there.
func TestOpenAPI(t *testing.T) {
	w := start(t)
	a := w.send("GET", "/openapi.json", "")
	a.ok()
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Responses   map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(a.body, &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1") || len(document.Paths) < 50 {
		t.Errorf("OpenAPI %s with %d paths", document.OpenAPI, len(document.Paths))
	}
	routes, ids := 0, make(map[string]bool)
	for path, methods := range document.Paths {
		for method, operation := range methods {
			routes++
			if ids[operation.OperationID] || operation.Responses["default"] == nil {
				t.Errorf("%s %s: %v", method, path, operation)
			}
			ids[operation.OperationID] = true
			parts := strings.Split(path, "/")
			for i, part := range parts {
				if strings.HasPrefix(part, "{") {
					parts[i] = "x" + part[strings.Index(part, "}")+1:]
				}
			}
			// An unknown parameter is refused before a service is called, and only
			// where there is a route.
			got := w.send(strings.ToUpper(method), strings.Join(parts, "/")+"?none=1", "")
			got.problem(400, "UNKNOWN_PARAMETER", "none")
		}
	}
	if w.inbox.count() > 0 {
		t.Error("a service was called")
	}
	tag := a.header.Get("Etag")
	if got := w.send("GET", "/openapi.json", "", "If-None-Match", tag); tag == "" || got.status != http.StatusNotModified {
		t.Errorf("with etag %q: %d", tag, got.status)
	}
	t.Logf("%d routes", routes)
}

// raw sends bytes as they are and returns all that comes back.
func (w *world) raw(text string) string {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	if _, err := io.WriteString(conn, text); err != nil {
		w.t.Fatal(err)
	}
	got, err := io.ReadAll(conn)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		w.t.Fatal("the connection was left open")
	}
	return string(got)
}

// What is no HTTP, or may be read in two ways, is refused and the connection closed.
func TestRawRequests(t *testing.T) {
	w := start(t, func(c *gateway.Config) {
		c.HeaderTimeout, c.BodyTimeout = 50*time.Millisecond, 50*time.Millisecond
	})
	const host = "Host: a\r\n"
	post := "POST " + createCustomer + " HTTP/1.1\r\n" + host + "Content-Type: application/json\r\n"
	for _, c := range []struct{ name, text, want string }{
		{"bad escape", "GET /v1/customers/%zz HTTP/1.1\r\n" + host + "\r\n", "HTTP/1.1 400 "},
		{"64 KiB header", "GET / HTTP/1.1\r\n" + host + "A: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		{"1 MiB id", "GET /v1/customers/" + strings.Repeat("a", 64<<10), "HTTP/1.1 431 "},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"line break in a value", "GET / HTTP/1.1\r\n" + host + "A: b\rc\r\n\r\n", "HTTP/1.1 400 "},
		{"space before the colon", "GET / HTTP/1.1\r\n" + host + "Content-Length : 3\r\n\r\n", "HTTP/1.1 400 "},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", "HTTP/1.1 400 "},
		{"negative length", post + "Content-Length: -2\r\n\r\n{}", "HTTP/1.1 400 "},
		{"other transfer coding", post + "Transfer-Encoding: gzip\r\n\r\n{}", "HTTP/1.1 501 "},
		{"broken chunk", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", "HTTP/1.1 400 "},
		{"HTTP/2 in clear text", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 "},
		{"slow header", "GET / HTTP/1.1\r\n" + host + "A: ", ""},
		{"slow body", post + "Content-Length: 20\r\n\r\n{", "HTTP/1.1 408 "},
		{"slow body of a request that is refused", "POST /nowhere HTTP/1.1\r\n" + host + "Content-Length: 20\r\n\r\n{", "HTTP/1.1 404 "},
		{"slow chunks", post + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "HTTP/1.1 408 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			if got := w.raw(c.text); !strings.HasPrefix(got, c.want) || c.want == "" && got != "" {
				t.Errorf("got %q", got)
			}
		})
	}
	w.t = t
	if w.inbox.count() != 0 {
		t.Error("a service was called")
	}
	// With both, the length does not count (RFC 9112), and what follows the last
	// chunk is a request of its own, not part of the first.
	got := w.raw(post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n" +
		"GET /nowhere HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n")
	statuses := make([]int, 0, 2)
	for answers := bufio.NewReader(strings.NewReader(got)); ; {
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			break
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		statuses = append(statuses, response.StatusCode)
	}
	if fmt.Sprint(statuses) != "[200 404]" {
		t.Errorf("statuses %v: %q", statuses, got)
	}
}

// While a service is away its callers are told so, and which one.
func TestServiceAway(t *testing.T) {
	client := rpc.DefaultClientConfig("profile")
	conn, err := rpc.Dial("127.0.0.1:1", client)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	service, err := gateway.New(t.Context(), gateway.DefaultConfig(), gateway.Deps{
		Profile: conn, Valuation: conn, Segmentation: conn, Referral: conn, Feedback: conn, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/v1/customers/1", streamCustomers} {
		recorder := httptest.NewRecorder()
		service.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		a := answer{t, recorder.Code, recorder.Header(), recorder.Body.Bytes()}
		p := a.problem(503, "PEER_UNAVAILABLE", "")
		if p.Metadata["peer"] != "profile" || strings.Contains(string(a.body), "127.0.0.1") || a.header.Get("Retry-After") != "1" {
			t.Errorf("%v %s", a.header, a.body)
		}
	}
}

// A defect of the gateway itself is answered, and logged with its stack.
func TestPanic(t *testing.T) {
	var log strings.Builder
	service, err := gateway.New(t.Context(), gateway.DefaultConfig(), gateway.Deps{
		Profile: panics{}, Valuation: panics{}, Segmentation: panics{}, Referral: panics{}, Feedback: panics{},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	recorder := httptest.NewRecorder()
	service.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/customers/secret-id", nil))
	p := answer{t, recorder.Code, recorder.Header(), recorder.Body.Bytes()}.problem(500, "INTERNAL", "")
	if p.Detail != "internal error" || !strings.Contains(log.String(), "a defect") || !strings.Contains(log.String(), "edge_test.go") {
		t.Errorf("%s\n%s", recorder.Body, &log)
	}
	if !strings.Contains(log.String(), "route=\"/v1/{name=customers/*}\"") || strings.Contains(log.String(), "secret-id") {
		t.Errorf("the log names ids, or not the route: %s", &log)
	}
}

type panics struct{ grpc.ClientConnInterface }

func (panics) Invoke(context.Context, string, any, any, ...grpc.CallOption) error { panic("a defect") }

func TestConfig(t *testing.T) {
	if err := gateway.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	err := gateway.Config{CORSOrigins: []string{"console.example.com/x"}, MaxBody: config.Bytes(1)}.Validate()
	f, _ := fault.As(err)
	if f == nil || len(f.Violations) != 9 {
		t.Errorf("got %v", err)
	}
	if _, err := gateway.New(t.Context(), gateway.Config{}, gateway.Deps{}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("got %v", err)
	}
}
