package transcode

import (
	"context"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
)

var errStopping = fault.New(fault.Unavailable, "SERVER_STOPPING", "the server is stopping; connect again to go on")

// stream answers with a stream of messages or bytes. It goes on until the RPC or
// the caller ends it, or the server stops.
func (t *Transcoder) stream(ctx context.Context, c *call, next runtime.HandlerFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	form := c.form()
	var sign, end []byte
	switch form {
	case eventsType:
		sign, end = eventsSign, eventsEnd
		c.x.LateError = eventOfError
	case linesType:
		c.x.LateError = lineOfError
	}
	var attendance sync.WaitGroup
	defer attendance.Wait()
	defer cancel(nil)
	attendance.Go(func() { t.attend(ctx, cancel, c, sign) })
	next(c.x, c.outgoing(ctx, form), c.path)
	c.tellBehind()
	c.x.Finish(end)
}

// attend ends the stream when the server stops, and keeps proxies from taking a
// silent stream for a dead one.
func (t *Transcoder) attend(ctx context.Context, cancel context.CancelCauseFunc, c *call, sign []byte) {
	beat := time.NewTicker(t.limits.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.stopping:
			cancel(errStopping)
			return
		case <-beat.C:
			if sign != nil {
				c.x.Beat(sign)
			}
		}
	}
}

// form is the media type of a stream: raw bytes where the RPC sends such, else
// the first that the caller accepts of events and lines; events by default.
func (c *call) form() string {
	if c.binding.Answer == binding.Raw {
		return rawType
	}
	for accepted := range strings.SplitSeq(strings.Join(c.request.Header["Accept"], ","), ",") {
		if media, _, err := mime.ParseMediaType(accepted); err == nil && (media == eventsType || media == linesType) {
			return media
		}
	}
	return eventsType
}

// beforeChunk sets the headers of a stream; chunk is nil before the first message.
func (c *call) beforeChunk(w http.ResponseWriter, chunk proto.Message) {
	if chunk == nil {
		w.Header().Set("Content-Type", c.form())
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Accel-Buffering", "no") // proxies that know it pass on at once
		return
	}
	if body, ok := chunk.(*httpbody.HttpBody); ok && w.Header().Get("Content-Disposition") == "" {
		w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(c.request.URL.Path, body.GetContentType())+`"`)
	}
}

// fileName makes a name for a download from the last part of its path:
// "/v1/imports/17:rejectedRows" gives 17-rejectedRows.csv.
func fileName(path, contentType string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, path[strings.LastIndexByte(path, '/')+1:])
	if media, _, err := mime.ParseMediaType(contentType); err == nil && media == "text/csv" {
		name += ".csv"
	}
	return name
}
