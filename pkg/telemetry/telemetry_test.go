package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, change func(*telemetry.Config)) (*telemetry.Telemetry, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	c := telemetry.DefaultConfig()
	c.ServiceName, c.Version, c.Output = "kehu-test", "1.2.3", &out
	if change != nil {
		change(&c)
	}
	tel, err := telemetry.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = tel.Shutdown(ctx)
	})
	return tel, &out
}

func TestLogLineCarriesItsContext(t *testing.T) {
	tel, out := start(t, nil)
	ctx := telemetry.With(t.Context(), slog.String("request_id", "r1"))
	ctx, span := tel.Tracers.Tracer("test").Start(ctx, "work")
	tel.Logger.InfoContext(telemetry.With(ctx, slog.Int("part", 7)), "done")
	tel.Logger.DebugContext(ctx, "below the level")
	span.End()

	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %v\n%s", err, out)
	}
	want := map[string]any{
		"msg": "done", "service": "kehu-test", "version": "1.2.3", "request_id": "r1", "part": 7.0,
		"trace_id": span.SpanContext().TraceID().String(),
	}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("%s is %v, want %v", key, line[key], value)
		}
	}
	if span.IsRecording() {
		t.Error("without an endpoint no span is recorded")
	}
}

func TestSiblingContextsDoNotShareAttributes(t *testing.T) {
	tel, out := start(t, func(c *telemetry.Config) { c.LogFormat = "text" })
	parent := telemetry.With(t.Context(), slog.Int("a", 1), slog.Int("b", 2), slog.Int("c", 3))
	first := telemetry.With(parent, slog.String("who", "first"))
	_ = telemetry.With(parent, slog.String("who", "second"))
	tel.Logger.InfoContext(first, "hello")
	if got := out.String(); !strings.Contains(got, "who=first") || strings.Contains(got, "second") {
		t.Errorf("got %q", got)
	}
}

func TestMetricsAreServed(t *testing.T) {
	tel, _ := start(t, nil)
	orders, err := tel.Meters.Meter("test").Int64Counter("kehu.orders.recorded")
	if err != nil {
		t.Fatal(err)
	}
	orders.Add(t.Context(), 41)
	recorder := httptest.NewRecorder()
	tel.Metrics().ServeHTTP(recorder, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{"kehu_orders_recorded_total 41", "go_goroutines", `service_version="1.2.3"`} {
		if !strings.Contains(recorder.Body.String(), want) {
			t.Errorf("metrics do not say %q", want)
		}
	}
}

type traceSink struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	spans []string
}

func (s *traceSink) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range r.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, span := range ss.Spans {
				s.spans = append(s.spans, span.Name)
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func TestTracesReachTheEndpoint(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink := &traceSink{}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, sink)
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	tel, _ := start(t, func(c *telemetry.Config) { c.OTLPEndpoint = "http://" + listener.Addr().String() })
	_, span := tel.Tracers.Tracer("test").Start(t.Context(), "scored")
	span.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if len(sink.spans) != 1 || sink.spans[0] != "scored" {
		t.Errorf("arrived: %v", sink.spans)
	}
}

func TestStartDoesNotNeedTheEndpoint(t *testing.T) {
	began := time.Now()
	tel, _ := start(t, func(c *telemetry.Config) { c.OTLPEndpoint = "http://127.0.0.1:1" })
	if tel.Tracers == nil || time.Since(began) > 2*time.Second {
		t.Error("start waited for an endpoint that is not there")
	}
}

func TestValidateReportsEverything(t *testing.T) {
	err := telemetry.Config{OTLPEndpoint: "localhost:4317", SampleRatio: 2, LogLevel: "loud", LogFormat: "xml"}.Validate()
	f, ok := fault.As(err)
	if !ok || len(f.Violations) != 4 {
		t.Fatalf("got %v", err)
	}
	if _, err := telemetry.Start(t.Context(), telemetry.Config{}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("start took a configuration that is wrong: %v", err)
	}
}
