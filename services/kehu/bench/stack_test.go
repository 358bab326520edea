package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"
	"github.com/kehuhq/kehu/services/gateway"
	"github.com/kehuhq/kehu/services/profile"
)

// stack is what stands between a caller and a service: the gRPC server, on TCP,
// and the JSON gateway, on TCP, which reaches the server over a pipe.
type stack struct {
	conn *grpc.ClientConn // over TCP
	url  string           // of the gateway
}

// serve serves until the benchmark ends, with background beside it.
func serve(b *testing.B, register func(grpc.ServiceRegistrar), background func(context.Context) error) stack {
	b.Helper()
	settings := telemetry.DefaultConfig()
	settings.LogLevel, settings.Output = "warn", io.Discard
	reports, err := telemetry.Start(b.Context(), settings)
	must(b, err)
	server, err := rpc.NewServer(rpc.DefaultServerConfig(), rpc.WithTelemetry(reports))
	must(b, err)
	server.Register(register)
	piped, pipe, err := rpc.Pipe(rpc.DefaultClientConfig("suite"))
	must(b, err)
	listener := listen(b)
	conn, err := rpc.Dial(listener.Addr().String(), rpc.DefaultClientConfig("suite"))
	must(b, err)
	handler, err := gateway.New(b.Context(), gateway.DefaultConfig(), gateway.Deps{
		Profile: pipe, Valuation: pipe, Segmentation: pipe, Referral: pipe, Feedback: pipe, Logger: reports.Logger,
	})
	must(b, err)
	web := &http.Server{Handler: handler}
	webListener := listen(b)

	ctx, stop := context.WithCancel(context.WithoutCancel(b.Context()))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return server.Serve(ctx, listener, piped) })
	group.Go(func() error { return background(ctx) })
	group.Go(func() error {
		if err := web.Serve(webListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	b.Cleanup(func() {
		must(b, errors.Join(web.Close(), conn.Close(), pipe.Close()))
		stop()
		must(b, errors.Join(group.Wait(), reports.Shutdown(context.Background())))
	})
	return stack{conn, "http://" + webListener.Addr().String()}
}

func listen(b *testing.B) net.Listener {
	b.Helper()
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	must(b, err)
	return listener
}

// serveProfile serves the profile service on an engine.
func serveProfile(b *testing.B, engine docstore.Engine) stack {
	b.Helper()
	service, err := profile.New(b.Context(), profile.DefaultConfig(), profile.Deps{Engine: engine, Vault: vaulttest.On(b, engine)})
	must(b, err)
	b.Cleanup(func() { must(b, service.Close()) })
	return serve(b, service.Register, service.Serve)
}
