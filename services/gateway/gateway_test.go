package gateway_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/gateway"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	// net/http waits half a second before it closes a connection with unread input.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// world is a gateway on a TCP port before services that keep a little in memory,
// behind the interceptors that real services have.
type world struct {
	t       testing.TB
	url     string
	address string
	service *gateway.Service
	server  *http.Server
	client  *http.Client
	services
}

// services record what reaches them.
type services struct {
	customers *customers
	imports   *imports
	inbox     *inbox
}

// inbox keeps the requests that services got.
type inbox struct {
	mu       sync.Mutex
	requests []proto.Message
}

func (i *inbox) take(request proto.Message) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests = append(i.requests, request)
}

func (i *inbox) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.requests)
}

// last is the newest request, which must be of type M.
func last[M proto.Message](t testing.TB, i *inbox) M {
	t.Helper()
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.requests) == 0 {
		t.Fatal("no request reached a service")
	}
	m, ok := i.requests[len(i.requests)-1].(M)
	if !ok {
		t.Fatalf("the last request is a %T", i.requests[len(i.requests)-1])
	}
	return m
}

func start(t testing.TB, change ...func(*gateway.Config)) *world {
	t.Helper()
	c := gateway.DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	box := &inbox{}
	w := &world{t: t, services: services{inbox: box, customers: newCustomers(box), imports: &imports{inbox: box}}}
	conn := serveServices(t, w.services)
	var err error
	w.service, err = gateway.New(t.Context(), c, gateway.Deps{
		Profile: conn, Valuation: conn, Segmentation: conn, Referral: conn, Feedback: conn,
		Logger: slog.New(slog.DiscardHandler), Version: "v1.2.3",
	})
	if err != nil {
		t.Fatal(err)
	}
	w.server = w.service.HTTPServer(w.service)
	w.url = listen(t, w.server.Serve, w.server.Close)
	w.address = strings.TrimPrefix(w.url, "http://")
	transport := &http.Transport{DisableCompression: true, ExpectContinueTimeout: time.Minute}
	w.client = &http.Client{Transport: transport}
	t.Cleanup(transport.CloseIdleConnections)
	return w
}

// listen serves on a free port until the test ends, and returns its URL.
func listen(t testing.TB, serve func(net.Listener) error, stop func() error) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = serve(listener) // says no more than that it was stopped
	}()
	t.Cleanup(func() {
		_ = stop()
		<-served
	})
	return "http://" + listener.Addr().String()
}

// serveServices serves them over a pipe, as the suite in one process does.
func serveServices(t testing.TB, s services) grpc.ClientConnInterface {
	t.Helper()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	server.Register(func(r grpc.ServiceRegistrar) {
		profilev1.RegisterCustomerServiceServer(r, s.customers)
		profilev1.RegisterImportServiceServer(r, s.imports)
		profilev1.RegisterExportServiceServer(r, exports{})
		profilev1.RegisterOrderServiceServer(r, &orders{inbox: s.inbox})
		profilev1.RegisterEventServiceServer(r, &events{inbox: s.inbox})
		profilev1.RegisterOperationServiceServer(r, &operations{inbox: s.inbox})
		referralv1.RegisterLedgerServiceServer(r, &ledger{inbox: s.inbox})
		feedbackv1.RegisterSurveyServiceServer(r, &surveys{inbox: s.inbox})
		segmentationv1.RegisterSegmentServiceServer(r, &segments{inbox: s.inbox})
	})
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("suite"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		_ = conn.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

type problem struct {
	Type, Title, Detail, Instance, Reason, Domain string
	Status                                        int
	Metadata                                      map[string]string
	Violations                                    []struct{ Field, Description string }
}

func (p problem) field() string {
	if len(p.Violations) == 0 {
		return ""
	}
	return p.Violations[0].Field
}

// send sends a request; headers are name, value, name, value…
func (w *world) send(method, path, body string, headers ...string) answer {
	w.t.Helper()
	var reader io.Reader = http.NoBody
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch name, value := headers[i], headers[i+1]; value {
		case "":
			r.Header.Del(name)
		default:
			if name == "Content-Type" {
				r.Header.Del(name)
			}
			r.Header.Add(name, value)
		}
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	response, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{w.t, response.StatusCode, response.Header, text}
}

// ok wants a 200 and its JSON.
func (a answer) ok() map[string]any {
	a.t.Helper()
	if a.status != http.StatusOK {
		a.t.Fatalf("status %d: %s", a.status, a.body)
	}
	var object map[string]any
	if err := json.Unmarshal(a.body, &object); err != nil {
		a.t.Fatalf("%v: %s", err, a.body)
	}
	return object
}

// problem wants problem details with the status, the reason and the first field
// at fault.
func (a answer) problem(status int, reason, field string) problem {
	a.t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("status %d, no JSON: %q", a.status, a.body)
	}
	if a.status != status || p.Status != status || p.Reason != reason || p.field() != field {
		a.t.Errorf("got %d %s of %q, want %d %s of %q: %s", a.status, p.Reason, p.field(), status, reason, field, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.t.Errorf("content type %q", got)
	}
	if p.Type != "about:blank" || p.Title == "" || p.Detail == "" || p.Domain != "kehu" ||
		p.Instance == "" || p.Instance != a.header.Get("X-Request-Id") {
		a.t.Errorf("incomplete problem: %s", a.body)
	}
	return p
}
