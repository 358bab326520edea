package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/httpbody"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway"
)

const streamCustomers = "/v1/customers:stream"

type sendCustomers = func(*profilev1.StreamCustomersResponse) error

func batch(names ...string) *profilev1.StreamCustomersResponse {
	answer := &profilev1.StreamCustomersResponse{}
	for _, name := range names {
		answer.Customers = append(answer.Customers, &profilev1.Customer{Name: name, DisplayName: "a\nb"})
	}
	return answer
}

// streamed makes the service send two batches and then end as it is told.
func streamed(w *world, end error) {
	w.customers.stream = func(_ context.Context, send sendCustomers) error {
		return errors.Join(send(batch("customers/1", "customers/2")), send(batch("customers/3")), end)
	}
}

// lines are the answer's lines without white space that JSON leaves open.
func (a answer) lines() []string {
	return strings.Split(strings.ReplaceAll(strings.TrimSpace(string(a.body)), ", ", ","), "\n")
}

func TestEvents(t *testing.T) {
	w := start(t)
	streamed(w, nil)
	for _, accept := range []string{"", "*/*", "application/json", "text/event-stream", "text/event-stream, application/x-ndjson"} {
		a := w.send("GET", streamCustomers, "", "Accept", accept)
		if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", a.status, a.header)
		}
		events := strings.Split(strings.TrimSpace(string(a.body)), "\n\n")
		if len(events) != 3 || !strings.HasPrefix(events[0], `data: {"customers":`) || !strings.Contains(events[0], `a\nb`) ||
			!strings.Contains(events[1], "customers/3") || events[2] != "event: end\ndata: {}" {
			t.Errorf("got %q", events)
		}
	}
	w.customers.stream = func(context.Context, sendCustomers) error { return nil }
	a := w.send("GET", streamCustomers, "")
	if a.status != 200 || a.header.Get("Content-Type") != "text/event-stream" || string(a.body) != "event: end\ndata: {}\n\n" {
		t.Errorf("an empty stream: %d %q", a.status, a.body)
	}
	if watched := w.send("GET", "/v1/operations/profile/1:watch", ""); strings.Count(string(watched.body), "data: ") != 3 {
		t.Errorf("an operation: %q", watched.body)
	}
}

func TestLines(t *testing.T) {
	w := start(t)
	streamed(w, nil)
	a := w.send("GET", streamCustomers, "", "Accept", "application/x-ndjson")
	lines := a.lines()
	if a.header.Get("Content-Type") != "application/x-ndjson" || len(lines) != 2 ||
		!strings.HasPrefix(lines[0], `{"result":{"customers":`) || !strings.HasSuffix(lines[1], "}}") {
		t.Errorf("%v %q", a.header, lines)
	}
	w.customers.stream = func(context.Context, sendCustomers) error { return nil }
	if a := w.send("GET", streamCustomers, "", "Accept", "application/x-ndjson"); a.status != 200 || len(a.body) != 0 {
		t.Errorf("an empty stream: %d %q", a.status, a.body)
	}
}

// A failure before the first message is an answer like any other; behind it, the
// stream's last event tells of it.
func TestFailingStreams(t *testing.T) {
	w := start(t)
	gone := fault.New(fault.Aborted, "GENERATION_GONE", "the data has changed")
	streamed(w, gone)
	a := w.send("GET", streamCustomers, "")
	events := strings.Split(strings.TrimSpace(string(a.body)), "\n\n")
	if len(events) != 3 || !strings.HasPrefix(events[2], "event: error\ndata: {") ||
		!strings.Contains(events[2], `"reason":"GENERATION_GONE"`) || !strings.Contains(events[2], `"status":409`) {
		t.Errorf("got %q", events)
	}
	lines := w.send("GET", streamCustomers, "", "Accept", "application/x-ndjson").lines()
	if len(lines) != 3 || !strings.HasPrefix(lines[2], `{"error":{`) || !strings.Contains(lines[2], `"reason":"GENERATION_GONE"`) {
		t.Errorf("got %q", lines)
	}
	w.customers.stream = func(context.Context, sendCustomers) error { return gone }
	for _, accept := range []string{"text/event-stream", "application/x-ndjson"} {
		w.send("GET", streamCustomers, "", "Accept", accept).problem(409, "GENERATION_GONE", "")
	}
	w.send("GET", streamCustomers+"?vip=1", "").problem(400, "UNKNOWN_PARAMETER", "vip")
}

// open begins a stream and returns its lines as they come.
func (w *world) open(ctx context.Context, path string) *bufio.Reader {
	w.t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", w.url+path, http.NoBody)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = response.Body.Close() })
	return bufio.NewReader(response.Body)
}

func line(t *testing.T, lines *bufio.Reader) string {
	t.Helper()
	text, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(text, "\n")
}

// Each message is there when the service has sent it; a silent stream shows that
// it lives; and when the server stops the stream says so and ends.
func TestLiveStream(t *testing.T) {
	w := start(t, func(c *gateway.Config) { c.Heartbeat = 5 * time.Millisecond })
	w.customers.stream = func(ctx context.Context, send sendCustomers) error {
		if err := send(batch("customers/1")); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	lines := w.open(t.Context(), streamCustomers)
	if got := line(t, lines); !strings.Contains(got, "customers/1") {
		t.Errorf("got %q", got)
	}
	for range 3 {
		if got := line(t, lines) + line(t, lines); got != ":" {
			t.Fatalf("got %q instead of a sign of life", got)
		}
	}
	stopped := make(chan error, 1)
	go func() { stopped <- w.server.Shutdown(context.Background()) }()
	rest, err := io.ReadAll(lines)
	if err != nil {
		t.Error(err)
	}
	end := strings.TrimLeft(string(rest), ":\n")
	if !strings.HasPrefix(end, "event: error\ndata: ") || !strings.Contains(end, `"reason":"SERVER_STOPPING"`) {
		t.Errorf("the end is %q", end)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// When the caller goes the service hears of it.
func TestCallerLeavesStream(t *testing.T) {
	w := start(t)
	left := make(chan struct{})
	w.customers.stream = func(ctx context.Context, send sendCustomers) error {
		defer close(left)
		if err := send(batch("customers/1")); err != nil {
			return err
		}
		<-ctx.Done()
		return ctx.Err()
	}
	ctx, leave := context.WithCancel(t.Context())
	line(t, w.open(ctx, streamCustomers))
	leave()
	<-left
}

// A caller that does not read holds up its stream only for so long.
func TestCallerDoesNotRead(t *testing.T) {
	w := start(t, func(c *gateway.Config) { c.WriteTimeout = 50 * time.Millisecond })
	ended := make(chan struct{})
	w.customers.stream = func(_ context.Context, send sendCustomers) (err error) {
		defer close(ended)
		large := &profilev1.StreamCustomersResponse{Customers: []*profilev1.Customer{{DisplayName: strings.Repeat("a", 256<<10)}}}
		for err == nil {
			err = send(large)
		}
		return err
	}
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET "+streamCustomers+" HTTP/1.1\r\nHost: a\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-ended
}

func TestRejectedRows(t *testing.T) {
	w := start(t)
	chunk := func(text string) *httpbody.HttpBody {
		return &httpbody.HttpBody{ContentType: "text/csv; charset=utf-8", Data: []byte(text)}
	}
	var end error
	w.imports.rows = func(send func(*httpbody.HttpBody) error) error {
		return errors.Join(send(chunk("row,column\n1,am")), send(chunk("ount\n")), end)
	}
	const path = "/v1/imports/17:rejectedRows"
	a := w.send("GET", path, "", "Accept", "text/event-stream")
	if string(a.body) != "row,column\n1,amount\n" || a.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		a.header.Get("Content-Disposition") != `attachment; filename="17-rejectedRows.csv"` {
		t.Errorf("%v %q", a.header, a.body)
	}
	if got := last[*profilev1.DownloadRejectedRowsRequest](t, w.inbox).Name; got != "imports/17" {
		t.Errorf("name %q", got)
	}

	// Half of a file must not look like the whole.
	end = fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is away")
	r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := w.client.Do(r); err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil {
			t.Error("a file that broke off looks whole")
		}
	}
	w.imports.rows = func(func(*httpbody.HttpBody) error) error { return end }
	a = w.send("GET", path, "")
	a.problem(503, "STORE_UNAVAILABLE", "")
	if a.header.Get("Content-Disposition") != "" || a.header.Get("Retry-After") == "" {
		t.Errorf("headers of a problem: %v", a.header)
	}
}

// What a service tells behind a file comes behind it over HTTP too, and nothing else.
func TestTrailersOfExports(t *testing.T) {
	w := start(t)
	for path, body := range map[string]string{
		"/v1/exports:download?kind=EXPORT_KIND_CUSTOMERS&purpose=purposes/marketing": "customer_id\n",
		"/v1/exports:download?kind=EXPORT_KIND_CUSTOMERS":                            "",
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", w.url+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := w.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || string(got) != body || len(response.Trailer) != 1 || response.Trailer.Get("Kehu-Excluded-Without-Consent") != "3" {
			t.Errorf("%s: %q, %v, %v", path, got, response.Trailer, err)
		}
	}
}
