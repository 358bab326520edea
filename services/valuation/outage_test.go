package valuation_test

import (
	"fmt"
	"net"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/valuation"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// crowdedShop has so many customers that a refresh takes several chunks.
func crowdedShop(customers int) *shop {
	s := newShop()
	s.batch = 700
	for i := range customers {
		for n := range 1 + i%4 {
			s.buy(fmt.Sprintf("c%05d", i), time.Date(2025, 5, 1+n, 0, 0, 0, 0, time.UTC), int64(i%97), "CNY", int64(n))
		}
	}
	return s
}

// wantSame checks that a refresh came to what one without any trouble comes to.
func wantSame(t *testing.T, c *client, summary *valuationv1.ValuationSummary, s *shop) {
	t.Helper()
	s.setBefore(nil)
	calm := serve(t, openPebble(t), serveShop(t, s), frozen)
	want := calm.refresh(summary.GetPolicy())
	got := proto.CloneOf(summary)
	got.PublishTime = want.GetPublishTime()
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	theirs, err := calm.stream(&valuationv1.StreamValuationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := c.stream(&valuationv1.StreamValuationsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(ours) != len(theirs) {
		t.Fatalf("%d valuations, want %d", len(ours), len(theirs))
	}
	for i := range ours {
		if !proto.Equal(ours[i], theirs[i]) {
			t.Fatalf("got %v, want %v", ours[i], theirs[i])
		}
	}
}

// closedAddress is one on which nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

func TestProfileIsDown(t *testing.T) {
	address := closedAddress(t)
	conn, err := rpc.Dial(address, rpc.DefaultClientConfig("profile"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := serve(t, openPebble(t), conn, time.Now)
	ask := func() (*longrunningpb.Operation, error) {
		return c.RefreshValuations(t.Context(), &valuationv1.RefreshValuationsRequest{Policy: policy("2025-05-31")})
	}
	_, err = ask()
	wantError(t, err, codes.Unavailable, "PEER_UNAVAILABLE", "")

	s := smallShop()
	profileOn(t, address, s)
	var op *longrunningpb.Operation
	for deadline := time.Now().Add(within); op == nil; <-time.After(10 * time.Millisecond) {
		if op, err = ask(); err != nil && time.Now().After(deadline) {
			t.Fatalf("profile is back, and after %s: %v", within, err)
		}
	}
	wantSame(t, c, c.result(c.await(op.GetName())), s)
}

// TestProfileStaysAway: a refresh whose profile goes away and does not come back
// ends with that error, and publishes nothing.
func TestProfileStaysAway(t *testing.T) {
	s := smallShop()
	s.setBefore(func(int, int) error { return status.Error(codes.Unavailable, "gone") })
	c := serve(t, openPebble(t), serveShop(t, s), time.Now, func(cfg *valuation.Config) { cfg.Attempts = 2 })
	op := c.await(c.start(policy("2025-05-31")).GetName())
	wantError(t, status.FromProto(op.GetError()).Err(), codes.Unavailable, "UNAVAILABLE", "")
	_, err := c.GetValuationSummary(t.Context(), &valuationv1.GetValuationSummaryRequest{})
	wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
}

// TestProfileBreaksOff: the refresh goes on where the stream broke off.
func TestProfileBreaksOff(t *testing.T) {
	s := crowdedShop(3000)
	s.setBefore(func(call, message int) error {
		if call == 0 && message == 4 {
			return status.Error(codes.Unavailable, "restarting")
		}
		return nil
	})
	c := serve(t, openPebble(t), serveShop(t, s), time.Now)
	summary := c.refresh(policy("2025-05-31"))
	// What follows from a refresh may call too.
	if froms := s.called(); len(froms) < 2 || froms[1] != `c01999"` {
		t.Errorf("profile was called from %q; want the second from behind the 2,000th customer", froms)
	}
	wantSame(t, c, summary, s)
}

func TestProfileFallsSilent(t *testing.T) {
	s := crowdedShop(3000)
	done := make(chan struct{})
	s.setBefore(func(call, message int) error {
		if call == 0 && message == 2 {
			<-done
		}
		return nil
	})
	defer close(done)
	c := serve(t, openPebble(t), serveShop(t, s), time.Now, func(cfg *valuation.Config) { cfg.Patience = time.Second })
	summary := c.refresh(policy("2025-05-31"))
	if froms := s.called(); summary.GetCustomers() != 3000 || len(froms) < 2 {
		t.Errorf("%d customers after %d calls", summary.GetCustomers(), len(froms))
	}
}

// TestProcessRestarts: the service ends in the middle of a refresh, and the next
// process on the same store finishes it.
func TestProcessRestarts(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s, goOn := crowdedShop(3000), make(chan struct{})
			s.setBefore(func(call, message int) error {
				if call == 0 && message == 3 {
					<-goOn
				}
				return nil
			})
			defer close(goOn)
			e := engine.open(t)
			first := serve(t, e, serveShop(t, s), time.Now)
			name := first.start(policy("2025-05-31")).GetName()
			awaitChunks(t, e, 2) // of 2,100 customers sent
			first.stop()
			second := serve(t, e, serveShop(t, s), time.Now)
			wantSame(t, second, second.result(second.await(name)), s)
			if s.froms[1] != `c01999"` {
				t.Errorf("the second process read from %q, not from behind what was spooled", s.froms[1])
			}
		})
	}
}

// awaitChunks waits until the first refresh has spooled so many chunks.
func awaitChunks(t *testing.T, e docstore.Engine, chunks int) {
	t.Helper()
	s, err := store.Open(t.Context(), e, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(within); ; <-time.After(time.Millisecond) {
		last, found, err := s.Spool.Last(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if found && last.Number+1 >= chunks {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not %d chunks after %s", chunks, within)
		}
	}
}

func TestCancelledRefresh(t *testing.T) {
	s := crowdedShop(3000)
	reached, goOn := make(chan struct{}), make(chan struct{})
	s.setBefore(func(call, message int) error {
		if call == 0 && message == 3 {
			close(reached)
			<-goOn
		}
		return nil
	})
	c := serve(t, openPebble(t), serveShop(t, s), time.Now)
	name := c.start(policy("2025-05-31")).GetName()
	<-reached
	if _, err := c.operations.CancelOperation(t.Context(), &longrunningpb.CancelOperationRequest{Name: name}); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	err := status.FromProto(c.await(name).GetError()).Err()
	wantError(t, err, codes.Canceled, "OPERATION_CANCELLED", "")
	if got := c.refresh(policy("2025-05-31")); got.GetCustomers() != 3000 {
		t.Errorf("the next refresh has %d customers", got.GetCustomers())
	}
}
