package segmentation_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation"
)

// within is how long a test waits for what has to happen.
const within = 30 * time.Second

// clock is the service's.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is the service behind a real server, with its peers.
type world struct {
	testing.TB
	segmentationv1.SegmentServiceClient
	revisions  segmentationv1.SegmentRevisionServiceClient
	estimates  segmentationv1.SegmentEstimateServiceClient
	who        segmentationv1.MembershipServiceClient
	operations segmentationv1.OperationServiceClient
	personal   segmentationv1.PersonalDataServiceClient
	strategies segmentationv1.StrategyServiceClient
	actions    segmentationv1.ActionServiceClient
	campaigns  segmentationv1.CampaignServiceClient
	schemes    segmentationv1.SchemeServiceClient
	templates  segmentationv1.SegmentTemplateServiceClient
	kpis       segmentationv1.SegmentKpiServiceClient
	shop       *shop
	profile    *line
	valuation  *line
	feedback   *line // nil: no part of the installation
	survey     *survey
	clock      *clock
	engine     docstore.Engine
	sweep      time.Duration // the interval of sweeps where it is not the usual one
	stop       func()        // ends the service as a signal would; the engine stays
}

// onBothEngines runs a test on the embedded engine and on MongoDB.
func onBothEngines(t *testing.T, test func(*world)) {
	t.Run("pebble", func(t *testing.T) { test(newWorld(t, openPebble(t))) })
	t.Run("mongo", func(t *testing.T) { test(newWorld(t, mongotest.Open(t))) })
}

// onPebble is a world for tests of what does not depend on the engine.
func onPebble(t testing.TB) *world {
	t.Helper()
	return newWorld(t, openPebble(t))
}

func openPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
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

func newWorld(t testing.TB, engine docstore.Engine) *world {
	t.Helper()
	w := prepared(t, engine)
	w.start()
	return w
}

// prepared is a world in which the service does not run yet.
func prepared(t testing.TB, engine docstore.Engine) *world {
	t.Helper()
	w := &world{TB: t, shop: newShop(), profile: newLine(), valuation: newLine(), clock: newClock(), engine: engine}
	w.shop.now = w.clock.Now
	serve(t, w.profile.listener, func(r grpc.ServiceRegistrar) {
		profilev1.RegisterCustomerServiceServer(r, w.shop)
		profilev1.RegisterCustomerUpdateServiceServer(r, w.shop)
		profilev1.RegisterOrderServiceServer(r, w.shop)
		profilev1.RegisterAttributeDefinitionServiceServer(r, w.shop)
		profilev1.RegisterConsentServiceServer(r, w.shop)
		profilev1.RegisterJourneyServiceServer(r, w.shop)
	})
	serve(t, w.valuation.listener, func(r grpc.ServiceRegistrar) { valuationv1.RegisterValuationServiceServer(r, w.shop) })
	return w
}

// start serves the service, until stop or the end of the test.
func (w *world) start() {
	w.Helper()
	cfg := segmentation.DefaultConfig()
	cfg.Attempts = 2
	if w.sweep > 0 {
		cfg.SweepInterval = w.sweep
	}
	deps := segmentation.Deps{
		Engine: w.engine, Vault: vaulttest.On(w, w.engine), Profile: w.profile.dial(w, "profile"), Valuation: w.valuation.dial(w, "valuation"),
		Clock: w.clock.Now, Logger: slog.New(slog.DiscardHandler),
	}
	if w.feedback != nil {
		deps.Feedback = w.feedback.dial(w, "feedback")
	}
	service, err := segmentation.New(w.Context(), cfg, deps)
	if err != nil {
		w.Fatal(err)
	}
	own := newLine()
	stopServer := serve(w, own.listener, service.Register)
	stopService := background(w, service.Serve)
	conn := own.dial(w, "segmentation")
	w.SegmentServiceClient = segmentationv1.NewSegmentServiceClient(conn)
	w.revisions = segmentationv1.NewSegmentRevisionServiceClient(conn)
	w.estimates = segmentationv1.NewSegmentEstimateServiceClient(conn)
	w.who = segmentationv1.NewMembershipServiceClient(conn)
	w.operations = segmentationv1.NewOperationServiceClient(conn)
	w.personal = segmentationv1.NewPersonalDataServiceClient(conn)
	w.strategies = segmentationv1.NewStrategyServiceClient(conn)
	w.actions = segmentationv1.NewActionServiceClient(conn)
	w.campaigns = segmentationv1.NewCampaignServiceClient(conn)
	w.schemes = segmentationv1.NewSchemeServiceClient(conn)
	w.kpis = segmentationv1.NewSegmentKpiServiceClient(conn)
	w.templates = segmentationv1.NewSegmentTemplateServiceClient(conn)
	w.stop = func() {
		stopServer()
		stopService()
		if err := service.Close(); err != nil {
			w.Errorf("Close: %v", err)
		}
	}
}

// line is a way to a server of this process that can be cut.
type line struct {
	listener *bufconn.Listener
	cut      atomic.Bool
}

func newLine() *line { return &line{listener: bufconn.Listen(1 << 20)} }

func (l *line) dial(t testing.TB, peer string) *grpc.ClientConn {
	t.Helper()
	c := rpc.DefaultClientConfig(peer)
	c.MaxBackoff = 100 * time.Millisecond
	conn, err := rpc.Dial("passthrough:///"+peer, c, grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		if l.cut.Load() {
			return nil, errors.New("no route to 10.1.2.3")
		}
		return l.listener.DialContext(ctx)
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// serve serves RPCs with the interceptors of production.
func serve(t testing.TB, listener net.Listener, register func(grpc.ServiceRegistrar)) (stop func()) {
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
	return background(t, func(ctx context.Context) error { return server.Serve(ctx, listener) })
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

// ruled is a segment by a rule.
func ruled(expression string) *segmentationv1.Segment {
	return &segmentationv1.Segment{Definition: &segmentationv1.Segment_Rule{
		Rule: &segmentationv1.RuleDefinition{Expression: expression},
	}}
}

func (w *world) create(id, expression string) *segmentationv1.Segment {
	w.Helper()
	s, err := w.CreateSegment(w.Context(), &segmentationv1.CreateSegmentRequest{SegmentId: id, Segment: ruled(expression)})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) get(id string) *segmentationv1.Segment {
	w.Helper()
	s, err := w.GetSegment(w.Context(), &segmentationv1.GetSegmentRequest{Name: "segments/" + id})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// await waits until an operation is done. The clock goes on while it waits, so
// that attempts that were put off are made.
func (w *world) await(op *longrunningpb.Operation, err error) *longrunningpb.Operation {
	w.Helper()
	for deadline := time.Now().Add(within); err == nil && !op.GetDone(); w.clock.advance(time.Second) {
		if time.Now().After(deadline) {
			w.Fatalf("%s is not done after %s: %v", op.GetName(), within, op)
		}
		op, err = w.operations.WaitOperation(w.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(time.Second)})
	}
	if err != nil {
		w.Fatal(err)
	}
	return op
}

func (w *world) result(op *longrunningpb.Operation, into proto.Message) {
	w.Helper()
	if e := op.GetError(); e != nil {
		w.Fatalf("%s failed: %v", op.GetName(), e)
	}
	if err := op.GetResponse().UnmarshalTo(into); err != nil {
		w.Fatal(err)
	}
}

// publish publishes a segment, which must succeed.
func (w *world) publish(id string) *segmentationv1.Segment {
	w.Helper()
	s := new(segmentationv1.Segment)
	w.result(w.await(w.PublishSegment(w.Context(), &segmentationv1.PublishSegmentRequest{Name: "segments/" + id})), s)
	return s
}

// recompute recomputes segments, all of them without any, which must succeed.
func (w *world) recompute(ids ...string) *segmentationv1.RecomputeSegmentsResponse {
	w.Helper()
	request := &segmentationv1.RecomputeSegmentsRequest{}
	for _, id := range ids {
		request.Names = append(request.Names, "segments/"+id)
	}
	answer := new(segmentationv1.RecomputeSegmentsResponse)
	w.result(w.await(w.RecomputeSegments(w.Context(), request)), answer)
	return answer
}

// members lists all members, by pages of two.
func (w *world) members(id string) []*segmentationv1.Membership {
	w.Helper()
	var all []*segmentationv1.Membership
	request := &segmentationv1.ListMembershipsRequest{Parent: "segments/" + id, PageSize: 2}
	for {
		answer, err := w.ListMemberships(w.Context(), request)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, answer.GetMemberships()...)
		if request.PageToken = answer.GetNextPageToken(); request.PageToken == "" {
			if int64(len(all)) != answer.GetTotalSize() {
				w.Errorf("there are %d members, total_size says %d", len(all), answer.GetTotalSize())
			}
			return all
		}
	}
}

func (w *world) memberIDs(id string) []string {
	w.Helper()
	ids := []string{}
	for _, m := range w.members(id) {
		ids = append(ids, m.GetCustomerId())
	}
	return ids
}

// wantError checks code, reason, and the first field at fault.
func wantError(t testing.TB, err error, code codes.Code, reason, field string) *status.Status {
	t.Helper()
	st := status.Convert(err)
	var gotReason, gotField string
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			gotReason = d.GetReason()
		case *errdetails.BadRequest:
			gotField = d.GetFieldViolations()[0].GetField()
		}
	}
	if st.Code() != code || gotReason != reason || gotField != field {
		t.Errorf("error %v (%s, field %q), want %s %s, field %q", err, gotReason, gotField, code, reason, field)
	}
	return st
}
