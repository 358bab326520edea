package transcode

import (
	"context"
	"net/http"

	"google.golang.org/grpc"
)

// behind are the trailers of streams that callers are told, by their names in HTTP.
var behind = map[string]string{"Kehu-Excluded-Without-Consent": "kehu-excluded-without-consent"}

// Trailing is a connection whose streams hand on what a service tells behind its
// last message: it is known only then.
func Trailing(conn grpc.ClientConnInterface) grpc.ClientConnInterface { return trailing{conn} }

type trailing struct{ grpc.ClientConnInterface }

func (t trailing) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if c := callFrom(ctx); c != nil {
		opts = append(opts, grpc.Trailer(&c.trailer))
	}
	return t.ClientConnInterface.NewStream(ctx, desc, method, opts...)
}

// tellBehind sets the trailers of an answer that has come to its end. One that has
// failed has none, and its stream may still be ending.
func (c *call) tellBehind() {
	if _, _, failure := c.x.Outcome(); failure != nil {
		return
	}
	for name, told := range behind {
		if values := c.trailer.Get(told); len(values) == 1 {
			c.x.Header().Set(http.TrailerPrefix+name, values[0])
		}
	}
}
