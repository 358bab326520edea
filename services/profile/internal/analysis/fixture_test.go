package analysis_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile"
	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// TestMain keeps the server's log of every call out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// onPebble returns an embedded engine in memory, closed when the test ends.
func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	must(t, err)
	t.Cleanup(func() { must(t, e.Close()) })
	return e
}

// onEach runs a test on every engine. Without a MongoDB that half is skipped, and
// says so.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	roomtest.Must(t, err)
}

func at(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

// analyst is the service at work, with what analyses need of it.
type analyst struct {
	customers  profilev1.CustomerServiceClient
	orders     profilev1.OrderServiceClient
	merges     profilev1.MergingServiceClient
	events     profilev1.EventServiceClient
	analyses   profilev1.AnalysisServiceClient
	journeys   profilev1.JourneyServiceClient
	operations profilev1.OperationServiceClient
	consents   profilev1.ConsentServiceClient
}

// members are those of segments, as segmentation answers.
type members struct {
	segmentationv1.UnimplementedSegmentServiceServer
	of map[string][]string
}

func (m *members) GetSegment(_ context.Context, r *segmentationv1.GetSegmentRequest) (*segmentationv1.Segment, error) {
	if m.of[r.GetName()] == nil {
		return nil, fault.New(fault.NotFound, "SEGMENT_NOT_FOUND", "there is no %s", r.GetName())
	}
	return &segmentationv1.Segment{Name: r.GetName()}, nil
}

func (m *members) ListMemberships(_ context.Context, r *segmentationv1.ListMembershipsRequest) (*segmentationv1.ListMembershipsResponse, error) {
	all := m.of[r.GetParent()]
	from := 0
	if r.GetPageToken() != "" {
		from = slices.Index(all, r.GetPageToken())
	}
	answer := &segmentationv1.ListMembershipsResponse{}
	for _, id := range all[from:min(from+2, len(all))] { // pages of two
		answer.Memberships = append(answer.Memberships, &segmentationv1.Membership{Name: r.GetParent() + "/memberships/" + id})
	}
	if from+2 < len(all) {
		answer.NextPageToken = all[from+2]
	}
	return answer, nil
}

// analyze serves the service and its operations on an engine until the test ends.
func analyze(t testing.TB, e docstore.Engine, segments map[string][]string) *analyst {
	t.Helper()
	conn := roomtest.Serve(t, e, func() time.Time { return now }, func(d *profile.Deps) {
		d.Segmentation = segmentation(t, &members{of: segments})
	})
	return &analyst{
		customers: profilev1.NewCustomerServiceClient(conn), orders: profilev1.NewOrderServiceClient(conn),
		events: profilev1.NewEventServiceClient(conn), merges: profilev1.NewMergingServiceClient(conn),
		analyses: profilev1.NewAnalysisServiceClient(conn), journeys: profilev1.NewJourneyServiceClient(conn),
		operations: profilev1.NewOperationServiceClient(conn), consents: profilev1.NewConsentServiceClient(conn),
	}
}

// segmentation serves segments until the test ends.
func segmentation(t testing.TB, m *members) grpc.ClientConnInterface {
	t.Helper()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(t, err)
	server.Register(func(r grpc.ServiceRegistrar) { segmentationv1.RegisterSegmentServiceServer(r, m) })
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("segmentation"))
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		must(t, conn.Close())
		cancel()
		must(t, <-served)
	})
	return conn
}

// ask runs an analysis and returns it.
func (a *analyst) ask(t testing.TB, asked *profilev1.Analysis) *profilev1.Analysis {
	t.Helper()
	op, err := a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{Analysis: asked})
	must(t, err)
	return a.result(t, op)
}

func (a *analyst) result(t testing.TB, op *longrunningpb.Operation) *profilev1.Analysis {
	t.Helper()
	op, err := a.operations.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(30 * time.Second)})
	must(t, err)
	if !op.GetDone() || op.GetError() != nil {
		t.Fatalf("%v", op)
	}
	result := &profilev1.Analysis{}
	must(t, op.GetResponse().UnmarshalTo(result))
	stored, err := a.analyses.GetAnalysis(t.Context(), &profilev1.GetAnalysisRequest{Name: result.GetName()})
	must(t, err)
	if !proto.Equal(stored, result) {
		t.Errorf("the analysis %v is not the operation's response %v", stored, result)
	}
	return result
}

// listed are the ids on a list, page by page.
func (a *analyst) listed(t testing.TB, of *profilev1.Analysis, list string, value *string) []string {
	t.Helper()
	var ids []string
	r := &profilev1.ListAnalysisCustomersRequest{Parent: of.GetName(), List: list, Value: value, PageSize: 2}
	for {
		page, err := a.analyses.ListAnalysisCustomers(t.Context(), r)
		must(t, err)
		for _, c := range page.GetCustomers() {
			ids = append(ids, strings.TrimPrefix(c.GetCustomer(), "customers/"))
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return ids
		}
	}
}

// did is events of a customer, each "type name" a minute after the one before,
// from so many hours before now.
func (a *analyst) did(t testing.TB, customer string, hoursAgo int, what ...string) {
	t.Helper()
	r := &profilev1.IngestEventsRequest{}
	for i, w := range what {
		kind, name, _ := strings.Cut(w, " ")
		e := &profilev1.Event{
			Name:         fmt.Sprintf("customers/%s/events/%d-%d", customer, hoursAgo, i),
			Type:         profilev1.EventType(profilev1.EventType_value["EVENT_TYPE_"+strings.ToUpper(kind)]),
			EventName:    name,
			OriginalTime: at(now.Add(-time.Duration(hoursAgo)*time.Hour + time.Duration(i)*time.Minute)),
		}
		if name, source, ok := strings.Cut(name, "@"); ok {
			e.EventName = name
			var err error
			e.Context, err = structpb.NewStruct(map[string]any{"campaign": map[string]any{"source": source}})
			must(t, err)
		}
		r.Events = append(r.Events, e)
	}
	answer, err := a.events.IngestEvents(t.Context(), r)
	must(t, err)
	for _, s := range answer.GetStatuses() {
		if s.GetStatus().GetCode() != 0 {
			t.Fatalf("%v", s)
		}
	}
}

func (a *analyst) bought(t testing.TB, customer, id string, hoursAgo int, minor int64) {
	t.Helper()
	answer, err := a.orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{{
		Name: "customers/" + customer + "/orders/" + id, OrderTime: at(now.Add(-time.Duration(hoursAgo) * time.Hour)),
		Amount: &apiv1.Money{MinorUnits: minor, CurrencyCode: "CNY"},
	}}})
	must(t, err)
	if s := answer.GetStatuses()[0]; s.GetCode() != 0 {
		t.Fatal(s)
	}
}

func selects(kind, name string) *profilev1.EventSelector {
	return &profilev1.EventSelector{Type: kind, Name: name}
}

func is(field string, values ...any) *profilev1.Condition {
	c := &profilev1.Condition{Field: field, Operator: profilev1.ConditionOperator_CONDITION_OPERATOR_IN}
	for _, v := range values {
		value, _ := structpb.NewValue(v)
		c.Values = append(c.Values, value)
	}
	return c
}

func (a *analyst) create(t testing.TB, id string, c *profilev1.Customer) {
	t.Helper()
	_, err := a.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{Customer: c, CustomerId: id})
	must(t, err)
}

func sorted(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return ids
}
