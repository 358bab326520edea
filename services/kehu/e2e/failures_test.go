package e2e

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// TestPeerDownAndBack shows a service whose peer is down: it says so within its
// deadline, and works once the peer is back, without a restart.
func TestPeerDownAndBack(t *testing.T) {
	dir := t.TempDir()
	profile := start(t, "kehu-profile", "--data", dir)
	address := profile.addresses["grpc"]
	referral := start(t, "kehu-referral", "--data", dir, "--profile", address)
	valuation := start(t, "kehu-valuation", "--data", dir, "--profile", address)
	gateway := start(t, "kehu-gateway", "--http", "127.0.0.1:0", "--profile", address, "--referral", referral.addresses["grpc"],
		"--valuation", valuation.addresses["grpc"], "--segmentation", valuation.addresses["grpc"], "--feedback", valuation.addresses["grpc"])
	c := client{t, "http://" + gateway.addresses["http"]}
	c.post("/v1/customers?customerId=a", map[string]any{"displayName": "A"})
	c.post("/v1/programs?programId=p", map[string]any{"advocatePoints": "1"})
	c.post("/v1/programs/p:activate", map[string]any{})

	profile.kill()
	begun := time.Now()
	c.do("POST", "/v1/programs/p/codes", map[string]any{"advocateId": "a"}).refused(http.StatusServiceUnavailable, "PEER_UNAVAILABLE")
	if took := time.Since(begun); took > 8*time.Second {
		t.Errorf("took %s to say that a peer is down", took)
	}
	begun = time.Now()
	if _, err := refreshOf(t, valuation); status.Code(err) != codes.Unavailable || time.Since(begun) > 8*time.Second {
		t.Errorf("a refresh without profile: %v after %s", err, time.Since(begun))
	}
	start(t, "kehu-profile", "--data", dir, "--listen", address)
	recovered(t, func() bool {
		return c.do("POST", "/v1/programs/p/codes", map[string]any{"advocateId": "a"}).status == http.StatusOK
	})
	recovered(t, func() bool {
		operation, err := refreshOf(t, valuation)
		return err == nil && waitFor(t, valuation, operation).GetError() == nil
	})
}

// recovered waits until works does, for as long as reconnecting may take.
func recovered(t *testing.T, works func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for begun := time.Now(); !works(); <-tick.C {
		if time.Since(begun) > 10*time.Second {
			t.Fatal("not recovered 10 s after the peer came back")
		}
	}
}

func refreshOf(t *testing.T, valuation *server) (string, error) {
	t.Helper()
	conn, err := rpc.Dial(valuation.addresses["grpc"], rpc.DefaultClientConfig("valuation"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	operation, err := valuationv1.NewValuationServiceClient(conn).RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{
		Policy: &valuationv1.ValuationPolicy{AsOfDate: "2024-01-01"},
	})
	return operation.GetName(), err
}

func waitFor(t *testing.T, valuation *server, operation string) *longrunningpb.Operation {
	t.Helper()
	conn, err := rpc.Dial(valuation.addresses["grpc"], rpc.DefaultClientConfig("valuation"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client := valuationv1.NewOperationServiceClient(conn)
	for {
		done, err := client.WaitOperation(ctx, &longrunningpb.WaitOperationRequest{Name: operation, Timeout: durationpb.New(10 * time.Second)})
		if err != nil && status.Code(err) != codes.DeadlineExceeded {
			t.Fatal(err)
		}
		if done.GetDone() || ctx.Err() != nil {
			return done
		}
	}
}

// TestSIGTERMDrains ends a suite that has work under way.
func TestSIGTERMDrains(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c := client{t, "http://" + s.addresses["http"]}
	c.post("/v1/customers?customerId=kept", map[string]any{"displayName": "Kept"})
	if err := s.stop(t); err != nil {
		t.Fatalf("after SIGTERM: %v\n%s", err, s.log)
	}
	again := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	client{t, "http://" + again.addresses["http"]}.get("/v1/customers/kept").want("Kept", "displayName")
}

func TestASecondProcessOnTheSameDataIsRefused(t *testing.T) {
	dir := t.TempDir()
	start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	_, errs, code := kehu(t, "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	if code == 0 || !strings.Contains(errs, "in use by another process") {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestCommandLineMistakes(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"unknown command", []string{"anlyze"}, 2, "analyze"},
		{"unknown flag", []string{"analyze", "x.csv", "--asof", "1998-06-30"}, 2, "asof"},
		{"no file", []string{"analyze"}, 2, "analyze FILE"},
		{"missing file", []string{"analyze", "nowhere.csv"}, 2, "nowhere.csv"},
		{"bad ties", []string{"analyze", "x.csv", "--rfm-ties", "both"}, 2, "rfm-ties"},
		{"no server", []string{"import", "orders", "cli_test.csv", "--server", "127.0.0.1:1"}, 2, "cli_test.csv"},
		{"no place", []string{"serve"}, 2, "data"},
		{"same place", []string{"store", "copy", "--from", "a", "--to", "a"}, 2, "same place"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, errs, code := kehu(t, c.args...)
			if code != c.code || !strings.Contains(errs, c.says) {
				t.Errorf("exit %d, want %d; says %q, want %q in it", code, c.code, errs, c.says)
			}
		})
	}
}
