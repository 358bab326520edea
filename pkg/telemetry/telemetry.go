// Package telemetry gives a process its logger, traces and metrics.
//
// Metrics are served to Prometheus; traces go to an OTLP endpoint where one is
// configured. Nothing is global, save OpenTelemetry's own error handler.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/kehuhq/kehu/pkg/config"
)

// Config says what a process reports of itself and where to.
type Config struct {
	ServiceName  string  `koanf:"-"` // e.g. "kehu-profile"
	Version      string  `koanf:"-"`
	OTLPEndpoint string  `koanf:"otlp_endpoint" usage:"URL that takes traces by OTLP over gRPC, e.g. http://localhost:4317; empty sends none"`
	SampleRatio  float64 `koanf:"sample_ratio" usage:"share of the traces begun here that is sent, 0 to 1"`
	LogLevel     string  `koanf:"log_level" usage:"debug, info, warn or error"`
	LogFormat    string  `koanf:"log_format" usage:"text, json or auto (text on a terminal)"`
	// Output takes the log; nil is standard error.
	Output io.Writer `koanf:"-"`
}

// DefaultConfig logs from level info and sends no traces.
func DefaultConfig() Config {
	return Config{SampleRatio: 1, LogLevel: "info", LogFormat: "auto"}
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	if c.OTLPEndpoint != "" {
		check.URL("otlp_endpoint", c.OTLPEndpoint, "http", "https")
	}
	check.Require(c.SampleRatio >= 0 && c.SampleRatio <= 1, "sample_ratio", "must be between 0 and 1")
	var level slog.Level
	check.Require(level.UnmarshalText([]byte(c.LogLevel)) == nil, "log_level", "must be debug, info, warn or error")
	switch c.LogFormat {
	case "auto", "text", "json":
	default:
		check.Fail("log_format", "must be auto, text or json")
	}
	return check.Err()
}

// Telemetry is what a process logs, traces and measures with.
type Telemetry struct {
	Logger     *slog.Logger
	Tracers    trace.TracerProvider
	Meters     metric.MeterProvider
	Propagator propagation.TextMapPropagator
	Registry   *prometheus.Registry

	stop []func(context.Context) error
}

// Start builds the telemetry of a process. It never waits for the endpoint:
// where that cannot be reached, traces are dropped and the log says so.
func Start(ctx context.Context, c Config) (*Telemetry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	out := c.Output
	if out == nil {
		out = os.Stderr
	}
	t := &Telemetry{
		Logger:     newLogger(out, c),
		Propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
		Registry:   prometheus.NewRegistry(),
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		t.Logger.Warn("telemetry", slog.Any("error", err))
	}))
	about := resource.NewSchemaless(
		attribute.String("service.name", c.ServiceName),
		attribute.String("service.version", c.Version),
	)
	if err := t.startMetrics(about); err != nil {
		return nil, err
	}
	if err := t.startTraces(ctx, c, about); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

func (t *Telemetry) startMetrics(about *resource.Resource) error {
	t.Registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(t.Registry), otelprometheus.WithoutScopeInfo())
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	meters := sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter), sdkmetric.WithResource(about))
	t.Meters = meters
	t.stop = append(t.stop, meters.Shutdown)
	return nil
}

func (t *Telemetry) startTraces(ctx context.Context, c Config, about *resource.Resource) error {
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(about)}
	if c.OTLPEndpoint == "" {
		// Spans are not recorded, yet carry ids that tie log lines together.
		options = append(options, sdktrace.WithSampler(sdktrace.NeverSample()))
	} else {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(c.OTLPEndpoint))
		if err != nil {
			return fmt.Errorf("traces: %w", err)
		}
		options = append(options,
			sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(c.SampleRatio))),
			sdktrace.WithBatcher(exporter))
	}
	tracers := sdktrace.NewTracerProvider(options...)
	t.Tracers = tracers
	t.stop = append(t.stop, tracers.Shutdown)
	return nil
}

// Metrics serves what Prometheus scrapes.
func (t *Telemetry) Metrics() http.Handler {
	return promhttp.HandlerFor(t.Registry, promhttp.HandlerOpts{
		ErrorLog: slog.NewLogLogger(t.Logger.Handler(), slog.LevelError),
	})
}

// Shutdown sends what is buffered, within ctx, and stops. The logger lives on.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var errs []error
	for _, stop := range t.stop {
		errs = append(errs, stop(ctx))
	}
	t.stop = nil
	return errors.Join(errs...)
}
