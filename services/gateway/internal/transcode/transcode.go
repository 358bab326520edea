// Package transcode turns JSON over HTTP into the services' RPCs and back, as
// the google.api.http options say. The routes and the decoding are those of
// grpc-gateway; this package holds requests against their types first, and
// shapes answers.
package transcode

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// Limits bound what a request can ask for.
type Limits struct {
	MaxBody        int64         // bytes
	DefaultTimeout time.Duration // of an RPC with one answer, where the caller names none
	MaxTimeout     time.Duration // that a caller may name
	Heartbeat      time.Duration // between signs of life in a silent stream of events
}

// Transcoder serves the RPCs of a table of bindings. Each request must belong to
// an exchange.
type Transcoder struct {
	limits   Limits
	table    binding.Table
	mux      *runtime.ServeMux
	routes   *runtime.ServeMux // knows the routes only, to tell which methods a path has
	stopping <-chan struct{}
}

// New makes a transcoder. Streams end when stopping is closed. The handlers that
// call the services are to be registered at Mux.
func New(limits Limits, table binding.Table, stopping <-chan struct{}) (*Transcoder, error) {
	t := &Transcoder{limits: limits, table: table, stopping: stopping}
	t.mux = runtime.NewServeMux(
		runtime.WithMiddlewares(t.prepare),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, jsonForm{}),
		runtime.WithMarshalerOption(eventsType, eventsForm{}),
		runtime.WithMarshalerOption(linesType, linesForm{}),
		runtime.WithMarshalerOption(rawType, rawForm{}),
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithIncomingHeaderMatcher(noHeader),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		runtime.WithMetadata(requestID),
		runtime.WithForwardResponseOption(beforeAnswer),
		runtime.WithErrorHandler(failed),
		runtime.WithStreamErrorHandler(streamFailed),
		runtime.WithRoutingErrorHandler(t.unrouted),
	)
	var err error
	t.routes, err = routesOf(table)
	return t, err
}

// Mux takes the generated handlers.
func (t *Transcoder) Mux() *runtime.ServeMux { return t.mux }

// ServeHTTP answers one request.
func (t *Transcoder) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// noHeader lets no header through: what the services are told is set here, what
// callers are told as well.
func noHeader(string) (string, bool) { return "", false }

// requestID tells the services which request a call belongs to.
func requestID(ctx context.Context, _ *http.Request) metadata.MD {
	return metadata.Pairs(rpc.RequestIDHeader, exchange.From(ctx).ID)
}

func failed(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, _ http.ResponseWriter, _ *http.Request, err error) {
	exchange.From(ctx).Fail(asPrecondition(ctx, err))
}

// streamFailed tells of the failure itself; what the caller of it writes is dropped.
func streamFailed(ctx context.Context, err error) *status.Status {
	if f, ok := fault.As(context.Cause(ctx)); ok {
		err = f // we ended the stream
	}
	exchange.From(ctx).Fail(err)
	return rpc.Status(err)
}

// beforeAnswer sees each message before it is sent, and nil before a stream.
func beforeAnswer(ctx context.Context, w http.ResponseWriter, answer proto.Message) error {
	c := callFrom(ctx)
	if c.binding.Answer != binding.OneMessage {
		c.beforeChunk(w, answer)
		return nil
	}
	c.condition(w, answer)
	return nil
}

// routesOf makes a router whose handlers only tell that they were found.
func routesOf(table binding.Table) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
		runtime.WithRoutingErrorHandler(func(context.Context, *runtime.ServeMux, runtime.Marshaler, http.ResponseWriter, *http.Request, int) {}),
	)
	for _, b := range table {
		err := mux.HandlePath(b.Method, b.Template, func(w http.ResponseWriter, _ *http.Request, _ map[string]string) {
			w.WriteHeader(http.StatusOK)
		})
		if err != nil {
			return nil, err
		}
	}
	return mux, nil
}

type routeFound struct {
	http.ResponseWriter
	found bool
}

func (f *routeFound) WriteHeader(int) { f.found = true }

// unrouted answers a request that no RPC is for.
func (t *Transcoder) unrouted(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, _ http.ResponseWriter, r *http.Request, _ int) {
	x := exchange.From(ctx)
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other, found := r.WithContext(ctx), &routeFound{}
		other.Method, other.Header = method, http.Header{}
		if t.routes.ServeHTTP(found, other); found.found {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		x.Fail(fault.New(fault.NotFound, "ROUTE_NOT_FOUND", "there is nothing at this path; /openapi.json lists what there is"))
		return
	}
	x.Fail(exchange.MethodNotAllowed(r.Method, strings.Join(allowed, ", ")))
}
