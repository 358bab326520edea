// Package roomtest serves the profile service to the tests of its rooms.
package roomtest

import (
	"context"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile"
)

// Serve serves the service on an engine until the test ends, with a clock.
// Operations run; sweeps do not, unless a test is very slow. What the service is
// given can be changed.
func Serve(t testing.TB, engine docstore.Engine, clock func() time.Time, change ...func(*profile.Deps)) *grpc.ClientConn {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	config := profile.DefaultConfig()
	config.SweepInterval = time.Hour
	deps := profile.Deps{Engine: engine, Vault: vaulttest.On(t, engine), Clock: clock}
	for _, c := range change {
		c(&deps)
	}
	service, err := profile.New(ctx, config, deps)
	Must(t, err)
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	Must(t, err)
	server.Register(service.Register)
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("profile"))
	Must(t, err)
	done := make(chan error, 2)
	go func() { done <- server.Serve(ctx, listener) }()
	go func() { done <- service.Serve(ctx) }()
	t.Cleanup(func() {
		Must(t, conn.Close())
		Must(t, service.Close())
		cancel()
		for range 2 {
			if err := <-done; err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	return conn
}

// Must ends the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Refused checks the code and reason of an error, and the first field it names
// where one is given.
func Refused(t testing.TB, what string, err error, code codes.Code, reason, field string) {
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
		t.Errorf("%s: %s %s %q (%s), want %s %s %q", what, st.Code(), gotReason, gotField, st.Message(), code, reason, field)
	}
}

// Customer creates a customer under an id.
func Customer(t testing.TB, conn *grpc.ClientConn, id string, c *profilev1.Customer) {
	t.Helper()
	_, err := profilev1.NewCustomerServiceClient(conn).CreateCustomer(t.Context(), &profilev1.CreateCustomerRequest{CustomerId: id, Customer: c})
	Must(t, err)
}

// Consent records what a customer has decided about a purpose.
func Consent(t testing.TB, conn *grpc.ClientConn, customer, purpose string, state profilev1.ConsentState) {
	t.Helper()
	_, err := profilev1.NewConsentServiceClient(conn).SetConsent(t.Context(), &profilev1.SetConsentRequest{Consent: &profilev1.Consent{
		Name: "customers/" + customer + "/consents/" + purpose, Decision: &profilev1.ConsentDecision{State: state},
	}})
	Must(t, err)
}
