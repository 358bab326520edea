// Package mongostore keeps docstore tables in MongoDB: a database per service,
// a collection per table.
//
// It needs single-document atomicity, the unique index on _id and ordinary
// indexes, and no more: no transactions, change streams, TTL or other unique
// indexes. So it runs on a standalone server, a replica set or a sharded
// cluster (sharded by _id), and on servers compatible with these.
package mongostore

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.opentelemetry.io/otel/metric"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

const (
	// selectionTimeout is how long an operation waits for a primary. It is
	// shorter than writeDeadline, so that a write to a database that is down is
	// reported as Unavailable and not as a time-out of unknown outcome.
	selectionTimeout = 3 * time.Second
	closeTimeout     = 10 * time.Second
)

// Options tune an engine. The zero value is ready for use.
type Options struct {
	// SkipIndexes makes Table leave the indexes alone, for deployments that
	// create them in a step of their own.
	SkipIndexes bool
	// MeterProvider receives the metrics of commands; nil is the global one.
	MeterProvider metric.MeterProvider
}

type engine struct {
	client   *mongo.Client
	database *mongo.Database
	options  Options
}

// Open returns an engine on a database of the server or cluster at uri. It does
// not wait for a connection: Ping tells whether there is one. A malformed uri
// or database name is an InvalidArgument fault.
//
// Whatever the uri says, reads go to the primary with read concern majority and
// writes are acknowledged by the journals of a majority.
func Open(_ context.Context, uri, database string, opts Options) (docstore.Engine, error) {
	return open(uri, database, opts, nil)
}

// open is Open with one more monitor, to which tests listen.
func open(uri, database string, opts Options, also *event.CommandMonitor) (*engine, error) {
	if err := checkDatabase(database); err != nil {
		return nil, err
	}
	durations, err := newMonitor(opts.MeterProvider)
	if err != nil {
		return nil, err
	}
	journaled := true
	o := options.Client().
		SetAppName("kehu").
		SetServerSelectionTimeout(selectionTimeout).
		ApplyURI(uri). // may change the two above, but none of those below
		SetMonitor(joinMonitors(durations, also)).
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &journaled})
	client, err := mongo.Connect(o)
	if err != nil {
		// The cause may quote the uri and with it a password: it goes no further.
		return nil, fault.Invalid("mongodb_uri", "must be a MongoDB connection string, e.g. \"mongodb://host:27017/\"")
	}
	return &engine{client: client, database: client.Database(database), options: opts}, nil
}

// checkDatabase enforces the server's rule for names, which it would only
// report at the first write.
func checkDatabase(name string) error {
	if name == "" || len(name) > 63 || strings.ContainsAny(name, "/\\. \"$*<>:|?\x00") {
		return fault.Invalid("mongodb_database", "must be 1 to 63 bytes without any of /\\. \"$*<>:|?, e.g. \"kehu_profile\"")
	}
	return nil
}

// Table implements docstore.Engine. A collection comes into being with its
// indexes or its first document.
func (e *engine) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	t := &table{collection: e.database.Collection(layout.Name), indexes: make(map[string]bool, len(layout.Indexes))}
	models := make([]mongo.IndexModel, 0, len(layout.Indexes))
	for _, name := range layout.Indexes {
		t.indexes[name] = true
		// _id makes the order total, so that paging neither repeats nor misses
		// documents that share a key.
		models = append(models, mongo.IndexModel{Keys: bson.D{{Key: keyField(name), Value: 1}, {Key: "_id", Value: 1}}})
	}
	if e.options.SkipIndexes || len(models) == 0 {
		return t, nil
	}
	// Creating an index that exists already does nothing.
	if _, err := t.collection.Indexes().CreateMany(ctx, models); err != nil {
		return nil, translate(ctx, err)
	}
	return t, nil
}

// Ping implements docstore.Engine.
func (e *engine) Ping(ctx context.Context) error {
	if err := e.client.Ping(ctx, readpref.Primary()); err != nil {
		return unavailable(err)
	}
	return nil
}

// Scrub implements docstore.Engine.
func (e *engine) Scrub(ctx context.Context) error { return e.Ping(ctx) }

// Close implements docstore.Engine. It waits for operations under way, for ten
// seconds at most. To close twice does no harm.
func (e *engine) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := e.client.Disconnect(ctx); !errors.Is(err, mongo.ErrClientDisconnected) {
		return translate(ctx, err)
	}
	return nil
}
