package referral_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/referral"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

// suite is the service behind a real server, with a profile service of the test's.
type suite struct {
	referralv1.ProgramServiceClient
	ledger  referralv1.LedgerServiceClient
	person  referralv1.PersonalDataServiceClient
	brought referralv1.AdvocateServiceClient
	updates referralv1.AdvocateUpdateServiceClient
	profile *profileStub
	service *referral.Service
	clock   atomic.Int64 // seconds since epoch
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func (s *suite) now() time.Time          { return epoch.Add(time.Duration(s.clock.Load()) * time.Second) }
func (s *suite) advance(d time.Duration) { s.clock.Add(int64(d / time.Second)) }

func memory(t *testing.T) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("referral", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func onBothEngines(t *testing.T, test func(t *testing.T, s *suite)) {
	t.Run("Pebble", func(t *testing.T) { test(t, start(t, memory(t))) })
	t.Run("MongoDB", func(t *testing.T) { test(t, start(t, mongotest.Open(t))) })
}

func start(t *testing.T, e docstore.Engine) *suite {
	t.Helper()
	s := &suite{profile: &profileStub{orders: map[string]*profilev1.Order{}}}
	peer := serve(t, "profile", func(r grpc.ServiceRegistrar) {
		profilev1.RegisterCustomerServiceServer(r, s.profile)
		profilev1.RegisterOrderServiceServer(r, orderStub{profileStub: s.profile})
	})
	var err error
	s.service, err = referral.New(t.Context(), referral.DefaultConfig(), referral.Deps{Engine: e, Vault: vaulttest.On(t, e), Profile: peer, Clock: s.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.service.Close() })
	conn := serve(t, "referral", s.service.Register)
	s.ProgramServiceClient, s.ledger = referralv1.NewProgramServiceClient(conn), referralv1.NewLedgerServiceClient(conn)
	s.person = referralv1.NewPersonalDataServiceClient(conn)
	s.brought = referralv1.NewAdvocateServiceClient(conn)
	s.updates = referralv1.NewAdvocateUpdateServiceClient(conn)
	return s
}

// serve runs a server in this process and returns a connection to it.
func serve(t *testing.T, name string, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	if err != nil {
		t.Fatal(err)
	}
	server.Register(register)
	client := rpc.DefaultClientConfig(name)
	client.Deadline = 20 * time.Second
	listener, conn, err := rpc.Pipe(client)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, []net.Listener{listener}...) }()
	t.Cleanup(func() {
		_ = conn.Close()
		stop()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return conn
}

// profileStub is a profile service in which every customer is known whose id
// does not begin with "stranger".
type profileStub struct {
	profilev1.UnimplementedCustomerServiceServer
	mu     sync.Mutex
	down   bool
	orders map[string]*profilev1.Order
}

func (p *profileStub) available() error {
	if p.down {
		return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is not open")
	}
	return nil
}

func (p *profileStub) GetCustomer(_ context.Context, r *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if strings.HasPrefix(r.GetName(), "customers/stranger") {
		return nil, fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no such customer")
	}
	return &profilev1.Customer{Name: r.GetName()}, p.available()
}

type orderStub struct {
	profilev1.UnimplementedOrderServiceServer
	*profileStub
}

func (p orderStub) GetOrder(_ context.Context, r *profilev1.GetOrderRequest) (*profilev1.Order, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.available(); err != nil {
		return nil, err
	}
	o := p.orders[r.GetName()]
	if o == nil {
		return nil, fault.New(fault.NotFound, "ORDER_NOT_FOUND", "there is no such order")
	}
	return o, nil
}

func (p *profileStub) record(name string, at time.Time, status profilev1.OrderStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders[name] = &profilev1.Order{Name: name, OrderTime: timestamppb.New(at), Status: status}
}

func (p *profileStub) setDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// want fails unless err is a fault with the reason that names the fields.
func want(t *testing.T, err error, kind fault.Kind, reason string, fields ...string) {
	t.Helper()
	f, ok := fault.As(err)
	if !ok || f.Kind != kind || f.Reason != reason {
		t.Errorf("got %v (%s), want %s", err, fault.ReasonOf(err), reason)
		return
	}
	var got []string
	for _, v := range f.Violations {
		got = append(got, v.Field)
	}
	if strings.Join(got, " ") != strings.Join(fields, " ") {
		t.Errorf("%s names %q, want %q", reason, got, fields)
	}
}
