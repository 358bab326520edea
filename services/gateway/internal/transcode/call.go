package transcode

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/metadata"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
	"github.com/kehuhq/kehu/services/gateway/internal/strictjson"
)

// call is one request on its way to its RPC.
type call struct {
	x       *exchange.Exchange
	binding *binding.Binding
	request *http.Request
	path    map[string]string // fields that the URL's path gives

	body  []byte
	found strictjson.Found // in the body
	query map[string][]string

	trailer metadata.MD // of a stream, once it has ended

	ifMatch     string
	ifNoneMatch []string
}

type callKey struct{}

func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// prepare stands before each generated handler: it refuses requests that do not
// fit the RPC, and hands on a request with nothing in it but what the RPC takes.
func (t *Transcoder) prepare(next runtime.HandlerFunc) runtime.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request, path map[string]string) {
		x := exchange.From(r.Context())
		pattern, _ := runtime.HTTPPattern(r.Context())
		x.Route = pattern.String()
		b := t.table.Find(r.Method, x.Route)
		if b == nil {
			x.Fail(fault.New(fault.Internal, "", "no binding for %s %s", r.Method, x.Route))
			return
		}
		c := &call{x: x, binding: b, request: r, path: path}
		timeout, err := t.admit(c)
		if err != nil {
			x.Fail(err)
			return
		}
		ctx := context.WithValue(r.Context(), callKey{}, c)
		if timeout > 0 {
			bounded, cancel := context.WithTimeout(ctx, timeout)
			defer cancel()
			ctx = bounded
		}
		if b.Answer == binding.OneMessage {
			next(x, c.outgoing(ctx, ""), path)
			return
		}
		t.stream(ctx, c, next)
	}
}
