package valuation_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"

	"github.com/kehuhq/kehu/services/valuation"
)

// within is how long a test waits for what has to happen.
const within = 30 * time.Second

// today is the day on which the tests take place.
var today = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func frozen() time.Time { return today }

// engines are the storage engines a test runs on.
var engines = []struct {
	name string
	open func(testing.TB) docstore.Engine
}{
	{"pebble", openPebble},
	{"mongo", func(t testing.TB) docstore.Engine { return mongotest.Open(t) }},
}

func openPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return e
}

// client calls a service under test.
type client struct {
	valuationv1.ValuationServiceClient
	operations valuationv1.OperationServiceClient
	personal   valuationv1.PersonalDataServiceClient
	retention  valuationv1.RetentionServiceClient
	economics  valuationv1.EconomicsServiceClient
	lifetime   valuationv1.LifetimeValueServiceClient
	models     valuationv1.ModelServiceClient
	alerts     valuationv1.AlertServiceClient
	aggregates valuationv1.AggregateServiceClient
	testing.TB
	stop func() // ends the service as a signal would; the engine stays
}

// serve runs a valuation service on an engine until the test ends.
func serve(t testing.TB, engine docstore.Engine, profile grpc.ClientConnInterface, clock func() time.Time, change ...func(*valuation.Config)) *client {
	t.Helper()
	cfg := valuation.DefaultConfig()
	for _, c := range change {
		c(&cfg)
	}
	svc, err := valuation.New(t.Context(), cfg, valuation.Deps{
		Engine: engine, Profile: profile, Clock: clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, stopServer := run(t, svc.Register)
	stopService := background(t, svc.Serve)
	return &client{
		ValuationServiceClient: valuationv1.NewValuationServiceClient(conn),
		operations:             valuationv1.NewOperationServiceClient(conn),
		personal:               valuationv1.NewPersonalDataServiceClient(conn),
		retention:              valuationv1.NewRetentionServiceClient(conn),
		economics:              valuationv1.NewEconomicsServiceClient(conn),
		lifetime:               valuationv1.NewLifetimeValueServiceClient(conn),
		models:                 valuationv1.NewModelServiceClient(conn),
		alerts:                 valuationv1.NewAlertServiceClient(conn),
		aggregates:             valuationv1.NewAggregateServiceClient(conn),
		TB:                     t,
		stop: func() {
			stopServer()
			stopService()
			if err := svc.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		},
	}
}

// run serves RPCs over a pipe, with the interceptors of production.
func run(t testing.TB, register func(grpc.ServiceRegistrar)) (conn *grpc.ClientConn, stop func()) {
	t.Helper()
	quiet, err := telemetry.Start(t.Context(), telemetry.Config{LogLevel: "error", LogFormat: "text", Output: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	server, err := rpc.NewServer(rpc.DefaultServerConfig(), rpc.WithTelemetry(quiet))
	if err != nil {
		t.Fatal(err)
	}
	server.Register(register)
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("profile"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn, background(t, func(ctx context.Context) error { return server.Serve(ctx, listener) })
}

// background runs work until the test ends, or the function returned is called.
func background(t testing.TB, work func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := work(ctx); err != nil {
			t.Errorf("background: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// profileOn serves a profile on an address, as another process would.
func profileOn(t testing.TB, address string, p profilev1.OrderServiceServer) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	profilev1.RegisterOrderServiceServer(server, p)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
}

// start begins a refresh.
func (c *client) start(policy *valuationv1.ValuationPolicy) *longrunningpb.Operation {
	c.Helper()
	op, err := c.RefreshValuations(c.Context(), &valuationv1.RefreshValuationsRequest{Policy: policy})
	if err != nil {
		c.Fatal(err)
	}
	return op
}

// await waits until an operation is done.
func (c *client) await(name string) *longrunningpb.Operation {
	c.Helper()
	op, err := c.operations.WaitOperation(c.Context(), &longrunningpb.WaitOperationRequest{Name: name, Timeout: durationpb.New(within)})
	if err != nil {
		c.Fatal(err)
	}
	if !op.GetDone() {
		c.Fatalf("%s is not done after %s", name, within)
	}
	return op
}

// refresh makes a refresh that succeeds, and waits for what follows from it.
func (c *client) refresh(policy *valuationv1.ValuationPolicy) *valuationv1.ValuationSummary {
	c.Helper()
	summary := c.result(c.await(c.start(policy).GetName()))
	c.await(fmt.Sprintf("operations/valuation/take-indicators-%d", summary.GetGeneration()))
	return summary
}

func (c *client) result(op *longrunningpb.Operation) *valuationv1.ValuationSummary {
	c.Helper()
	if e := op.GetError(); e != nil {
		c.Fatalf("the refresh failed: %v", e)
	}
	summary := new(valuationv1.ValuationSummary)
	if err := op.GetResponse().UnmarshalTo(summary); err != nil {
		c.Fatal(err)
	}
	return summary
}

// list returns all valuations in an order, by pages of a size.
func (c *client) list(orderBy string, size int32) []*valuationv1.Valuation {
	c.Helper()
	var all []*valuationv1.Valuation
	request := &valuationv1.ListValuationsRequest{PageSize: size, OrderBy: orderBy}
	for {
		answer, err := c.ListValuations(c.Context(), request)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, answer.GetValuations()...)
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			if int64(len(all)) != answer.GetTotalSize() {
				c.Errorf("by %q there are %d valuations, total_size says %d", orderBy, len(all), answer.GetTotalSize())
			}
			return all
		}
	}
}

// stream returns all valuations of a request.
func (c *client) stream(r *valuationv1.StreamValuationsRequest) ([]*valuationv1.Valuation, error) {
	c.Helper()
	stream, err := c.StreamValuations(c.Context(), r)
	if err != nil {
		return nil, err
	}
	var all []*valuationv1.Valuation
	for {
		batch, err := stream.Recv()
		if err != nil {
			return all, ended(err)
		}
		all = append(all, batch.GetValuations()...)
	}
}

// reason is the code of an error, its reason, and the first field it names.
func reason(err error) (code codes.Code, reason, field string) {
	st := status.Convert(err)
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			reason = d.GetReason()
		case *errdetails.BadRequest:
			if len(d.GetFieldViolations()) > 0 {
				field = d.GetFieldViolations()[0].GetField()
			}
		}
	}
	return st.Code(), reason, field
}

func wantError(t testing.TB, err error, code codes.Code, why, field string) {
	t.Helper()
	gotCode, gotReason, gotField := reason(err)
	if gotCode != code || gotReason != why || gotField != field {
		t.Errorf("error %v (%s, field %q), want %s %s, field %q", err, gotReason, gotField, code, why, field)
	}
}
