package profile_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile"
)

var now = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// TestMain keeps the server's log of every call out of the tests' output.
func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	goleak.VerifyTestMain(m)
}

// suite is the service behind a server.
type suite struct {
	customers profilev1.CustomerServiceClient
	orders    profilev1.OrderServiceClient
	rates     profilev1.ExchangeRateServiceClient
	merges    profilev1.MergingServiceClient
	events    profilev1.EventServiceClient
	quality   profilev1.DataQualityServiceClient
	exports   profilev1.ExportServiceClient
	done      profilev1.OperationServiceClient

	attributes  profilev1.AttributeDefinitionServiceClient
	identifiers profilev1.IdentifierServiceClient
	consents    profilev1.ConsentServiceClient
	updates     profilev1.CustomerUpdateServiceClient
	journeys    profilev1.JourneyServiceClient
}

// serve serves the service on an engine until the test ends.
func serve(t testing.TB, e docstore.Engine) *suite {
	t.Helper()
	return serveAt(t, e, func() time.Time { return now })
}

// serveAt is serve with a clock.
func serveAt(t testing.TB, e docstore.Engine, clock func() time.Time) *suite {
	t.Helper()
	s, stop := startAt(t, e, clock)
	t.Cleanup(stop)
	return s
}

func start(t testing.TB, e docstore.Engine) (s *suite, stop func()) {
	t.Helper()
	return startAt(t, e, func() time.Time { return now })
}

func startAt(t testing.TB, e docstore.Engine, clock func() time.Time) (s *suite, stop func()) {
	t.Helper()
	service, err := profile.New(context.Background(), profile.DefaultConfig(), profile.Deps{
		Engine: e, Vault: vaulttest.On(t, e), Clock: clock,
	})
	must(t, err)
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(t, err)
	server.Register(service.Register)
	client := rpc.DefaultClientConfig("profile")
	client.MaxReceive, client.Deadline = 64*config.MiB, time.Minute
	listener, conn, err := rpc.Pipe(client)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served, worked := make(chan error, 1), make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	go func() { worked <- service.Serve(ctx) }()
	return &suite{
			profilev1.NewCustomerServiceClient(conn), profilev1.NewOrderServiceClient(conn), profilev1.NewExchangeRateServiceClient(conn),
			profilev1.NewMergingServiceClient(conn), profilev1.NewEventServiceClient(conn),
			profilev1.NewDataQualityServiceClient(conn), profilev1.NewExportServiceClient(conn), profilev1.NewOperationServiceClient(conn),
			profilev1.NewAttributeDefinitionServiceClient(conn), profilev1.NewIdentifierServiceClient(conn), profilev1.NewConsentServiceClient(conn),
			profilev1.NewCustomerUpdateServiceClient(conn), profilev1.NewJourneyServiceClient(conn),
		}, func() {
			must(t, conn.Close())
			cancel()
			must(t, <-served)
			must(t, <-worked)
			must(t, service.Close())
		}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks the code and reason of an error, and the first field it names
// where one is given.
func refused(t testing.TB, what string, err error, code codes.Code, reason, field string) {
	t.Helper()
	st := status.Convert(err)
	var gotReason, gotField string
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			gotReason = d.Reason
		case *errdetails.BadRequest:
			gotField = d.FieldViolations[0].Field
		}
	}
	if st.Code() != code || gotReason != reason || gotField != field {
		t.Errorf("%.60s: %s %s %q (%s), want %s %s %q", what, st.Code(), gotReason, gotField, st.Message(), code, reason, field)
	}
}

func same(t testing.TB, what string, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

func cny(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: "CNY"} }

func at(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

func mail(address string) *profilev1.Identifier {
	return &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL, Value: address}
}

func phone(number string) *profilev1.Identifier {
	return &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: number}
}

func (s *suite) create(t testing.TB, id string, c *profilev1.Customer) *profilev1.Customer {
	t.Helper()
	created, err := s.customers.CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{Customer: c, CustomerId: id})
	must(t, err)
	return created
}

// record records orders and returns the reasons, empty for what was recorded.
func (s *suite) record(t testing.TB, orders ...*profilev1.Order) []string {
	t.Helper()
	answer, err := s.orders.BatchRecordOrders(t.Context(), &profilev1.BatchRecordOrdersRequest{Orders: orders})
	must(t, err)
	return reasons(answer.GetStatuses())
}

func reasons(statuses []*apiv1.ItemStatus) []string {
	all := make([]string, len(statuses))
	for i, s := range statuses {
		if s.GetCode() != 0 {
			all[i] = s.GetReason() + " " + s.GetField()
		}
	}
	return all
}

func order(name string, amount int64) *profilev1.Order {
	return &profilev1.Order{Name: name, OrderTime: at(now.Add(-time.Hour)), Amount: cny(amount)}
}
