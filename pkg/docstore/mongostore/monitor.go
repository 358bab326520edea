package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// newMonitor records the duration of every command, in seconds, under the name
// and attributes of OpenTelemetry's semantic conventions for database clients.
// It looks at no document: they hold personal data.
func newMonitor(provider metric.MeterProvider) (*event.CommandMonitor, error) {
	if provider == nil {
		provider = otel.GetMeterProvider()
	}
	durations, err := provider.Meter("github.com/kehuhq/kehu/pkg/docstore/mongostore").Float64Histogram(
		"db.client.operation.duration",
		metric.WithUnit("s"),
		metric.WithDescription("Duration of database client operations."),
		metric.WithExplicitBucketBoundaries(0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10),
	)
	if err != nil {
		return nil, err
	}
	record := func(ctx context.Context, database, command string, took time.Duration, more ...attribute.KeyValue) {
		attributes := append(more,
			attribute.String("db.system.name", "mongodb"),
			attribute.String("db.namespace", database),
			attribute.String("db.operation.name", command),
		)
		durations.Record(ctx, took.Seconds(), metric.WithAttributes(attributes...))
	}
	return &event.CommandMonitor{
		Succeeded: func(ctx context.Context, e *event.CommandSucceededEvent) {
			record(ctx, e.DatabaseName, e.CommandName, e.Duration)
		},
		Failed: func(ctx context.Context, e *event.CommandFailedEvent) {
			record(ctx, e.DatabaseName, e.CommandName, e.Duration, attribute.String("error.type", "_OTHER"))
		},
	}, nil
}

// joinMonitors tells both monitors; the second may be nil.
func joinMonitors(a, b *event.CommandMonitor) *event.CommandMonitor {
	if b == nil {
		return a
	}
	return &event.CommandMonitor{
		Started: b.Started,
		Succeeded: func(ctx context.Context, e *event.CommandSucceededEvent) {
			a.Succeeded(ctx, e)
			if b.Succeeded != nil {
				b.Succeeded(ctx, e)
			}
		},
		Failed: a.Failed,
	}
}
