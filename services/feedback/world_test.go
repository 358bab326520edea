package feedback_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"
	"github.com/kehuhq/kehu/services/feedback"
)

// TestMain keeps the servers' lines of every call out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	m.Run()
}

// world is the feedback service behind a real server, with its peers.
type world struct {
	feedbackv1.SurveyServiceClient
	personal     feedbackv1.PersonalDataServiceClient
	satisfaction feedbackv1.SatisfactionServiceClient
	updates      feedbackv1.SatisfactionUpdateServiceClient
	clock        *clock
	profile      *profile
	segmentation *segmentation
}

// onBothEngines runs a test on the embedded engine and on MongoDB.
func onBothEngines(t *testing.T, test func(*testing.T, *world)) {
	t.Run("pebble", func(t *testing.T) { test(t, newWorld(t, openPebble(t))) })
	t.Run("mongo", func(t *testing.T) { test(t, newWorld(t, mongotest.Open(t))) })
}

// onPebble is a world for tests of what does not depend on the engine.
func onPebble(t *testing.T) *world {
	t.Helper()
	return newWorld(t, openPebble(t))
}

func openPebble(t testing.TB) docstore.Engine {
	t.Helper()
	engine, err := pebblestore.Open("feedback", pebblestore.Options{FS: vfs.NewMem()})
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	return engine
}

func newWorld(t testing.TB, engine docstore.Engine) *world {
	t.Helper()
	w := &world{
		clock:        &clock{now: time.Date(2026, 1, 15, 8, 30, 0, 0, time.UTC)},
		profile:      &profile{line: newLine(), known: map[string]bool{}},
		segmentation: &segmentation{line: newLine()},
	}
	serve(t, w.profile.line.listener, func(r grpc.ServiceRegistrar) { profilev1.RegisterCustomerServiceServer(r, w.profile) })
	serve(t, w.segmentation.line.listener, func(r grpc.ServiceRegistrar) { segmentationv1.RegisterSegmentServiceServer(r, w.segmentation) })
	service, err := feedback.New(context.Background(), feedback.DefaultConfig(), feedback.Deps{
		Engine: engine, Vault: vaulttest.On(t, engine), Profile: w.profile.line.dial(t, "profile"), Segmentation: w.segmentation.line.dial(t, "segmentation"),
		Clock: w.clock.Now,
	})
	must(t, err)
	t.Cleanup(func() { must(t, service.Close()) })
	line := newLine()
	serve(t, line.listener, service.Register)
	conn := line.dial(t, "feedback")
	w.SurveyServiceClient = feedbackv1.NewSurveyServiceClient(conn)
	w.personal = feedbackv1.NewPersonalDataServiceClient(conn)
	w.satisfaction = feedbackv1.NewSatisfactionServiceClient(conn)
	w.updates = feedbackv1.NewSatisfactionUpdateServiceClient(conn)
	return w
}

// serve serves until the test ends.
func serve(t testing.TB, listener net.Listener, register func(grpc.ServiceRegistrar)) {
	t.Helper()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(t, err)
	server.Register(register)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		must(t, <-done)
	})
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
	must(t, err)
	t.Cleanup(func() { must(t, conn.Close()) })
	return conn
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

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

// profile knows some customers.
type profile struct {
	profilev1.UnimplementedCustomerServiceServer
	line  *line
	known map[string]bool // all, when it is nil
	fails codes.Code      // what every call is answered, where it is not OK
	asked atomic.Int64    // names, in all calls
}

func (p *profile) BatchGetCustomers(_ context.Context, r *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	if p.fails != codes.OK {
		return nil, status.Error(p.fails, "names[0]: not for your caller's eyes")
	}
	answer := &profilev1.BatchGetCustomersResponse{}
	for _, name := range r.GetNames() {
		p.asked.Add(1)
		if id := strings.TrimPrefix(name, "customers/"); p.known == nil || p.known[id] {
			answer.Customers = append(answer.Customers, &profilev1.Customer{Name: name})
		} else {
			answer.Missing = append(answer.Missing, name)
		}
	}
	return answer, nil
}

// segmentation has segments, of which those with members are published.
type segmentation struct {
	segmentationv1.UnimplementedSegmentServiceServer
	line     *line
	segments []segment // in the order of their ids
	short    bool      // answers leave out a customer
	calls    atomic.Int64
}

type segment struct {
	id     string
	member func(customer string) bool // nil in a draft
}

// ListSegments answers in pages of two.
func (s *segmentation) ListSegments(_ context.Context, r *segmentationv1.ListSegmentsRequest) (*segmentationv1.ListSegmentsResponse, error) {
	answer := &segmentationv1.ListSegmentsResponse{}
	for _, segment := range s.segments {
		if segment.id <= r.GetPageToken() {
			continue
		}
		if len(answer.Segments) == 2 {
			answer.NextPageToken = strings.TrimPrefix(answer.Segments[1].GetName(), "segments/")
			break
		}
		state := segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED
		if segment.member == nil {
			state = segmentationv1.SegmentState_SEGMENT_STATE_DRAFT
		}
		answer.Segments = append(answer.Segments, &segmentationv1.Segment{Name: "segments/" + segment.id, State: state})
	}
	return answer, nil
}

func (s *segmentation) BatchGetMemberships(_ context.Context, r *segmentationv1.BatchGetMembershipsRequest) (*segmentationv1.BatchGetMembershipsResponse, error) {
	s.calls.Add(1)
	answer := &segmentationv1.BatchGetMembershipsResponse{}
	for _, id := range r.GetCustomerIds() {
		// One has been published since the list was made.
		c := &segmentationv1.CustomerMemberships{CustomerId: id, SegmentIds: []string{"published-since"}}
		for _, segment := range s.segments {
			if segment.member != nil && segment.member(id) {
				c.SegmentIds = append(c.SegmentIds, segment.id)
			}
		}
		answer.Customers = append(answer.Customers, c)
	}
	if s.short {
		answer.Customers = answer.Customers[1:]
	}
	return answer, nil
}

// open makes a published survey.
func (w *world) open(t testing.TB, id string) string {
	t.Helper()
	name := w.draft(t, id).GetName()
	_, err := w.PublishSurvey(t.Context(), &feedbackv1.PublishSurveyRequest{Name: name})
	must(t, err)
	return name
}

func (w *world) draft(t testing.TB, id string) *feedbackv1.Survey {
	t.Helper()
	made, err := w.CreateSurvey(t.Context(), &feedbackv1.CreateSurveyRequest{SurveyId: id, Survey: nps("您有多大可能把我们推荐给朋友？")})
	must(t, err)
	return made
}

func nps(question string) *feedbackv1.Survey {
	return &feedbackv1.Survey{DisplayName: "推荐意愿", Kind: feedbackv1.SurveyKind_SURVEY_KIND_NPS, Question: question}
}

func answerOf(customer string, score int32) *feedbackv1.Response {
	return &feedbackv1.Response{CustomerId: customer, Score: proto.Int32(score)}
}

func (w *world) submit(t testing.TB, survey, id, customer string, score int32) *feedbackv1.Response {
	t.Helper()
	stored, err := w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: id, Response: answerOf(customer, score)})
	must(t, err)
	return stored
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantFault checks code and reason, and that exactly the fields are named.
func wantFault(t *testing.T, err error, code codes.Code, reason string, fields ...string) *errdetails.ErrorInfo {
	t.Helper()
	st, info := status.Convert(err), &errdetails.ErrorInfo{}
	var named []string
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			info = d
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				named = append(named, v.GetField())
			}
		}
	}
	slices.Sort(named)
	slices.Sort(fields)
	if st.Code() != code || info.GetReason() != reason || !slices.Equal(named, fields) {
		t.Fatalf("got %v %s %q (%s), want %v %s %q", st.Code(), info.GetReason(), named, st.Message(), code, reason, fields)
	}
	return info
}

func wantEqual(t *testing.T, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
}
