// Package edge stands between the network and the API: it gives each request
// its id and its line in the log, decides which web pages may call, and refuses
// paths that no service could make sense of.
package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"

	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// Edge is the outermost handler.
type Edge struct {
	Logger       *slog.Logger
	Origins      *Origins
	BodyTimeout  time.Duration           // for callers to send a body, or what is left of one that was refused
	WriteTimeout time.Duration           // for callers to take in a piece of an answer
	API          http.Handler            // everything else
	Pages        map[string]http.Handler // what is served by GET at exactly a path
	Intakes      map[string]http.Handler // what is taken by POST at exactly a path
}

// ServeHTTP answers one request.
func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := exchange.New(w, requestID(r.Header), e.WriteTimeout)
	ctx := x.Context(telemetry.With(r.Context(), slog.String("request_id", x.ID)))
	w.Header().Set("X-Request-Id", x.ID)
	w.Header().Set("X-Content-Type-Options", "nosniff")

	if r.ContentLength != 0 {
		x.SetReadDeadline(began.Add(e.BodyTimeout)) // until the body has been read
	}
	defer e.log(ctx, r.Method, x, began)
	defer e.recover(ctx, x)
	e.serve(x, r.WithContext(ctx))
}

func (e *Edge) serve(x *exchange.Exchange, r *http.Request) {
	if done, err := e.Origins.admit(x.Header(), r); err != nil || done {
		if err != nil {
			x.Fail(err)
			return
		}
		x.WriteHeader(http.StatusNoContent)
		return
	}
	if err := checkPath(r.URL); err != nil {
		x.Fail(err)
		return
	}
	if intake, ok := e.Intakes[r.URL.Path]; ok {
		if r.Method != http.MethodPost {
			x.Fail(exchange.MethodNotAllowed(r.Method, "POST"))
			return
		}
		intake.ServeHTTP(x, r)
		return
	}
	page, ok := e.Pages[r.URL.Path]
	switch {
	case !ok:
		e.API.ServeHTTP(x, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		x.Fail(exchange.MethodNotAllowed(r.Method, "GET, HEAD"))
	default:
		x.Route = r.URL.Path
		page.ServeHTTP(x, r)
	}
}

// recover answers a panic, and lets through the one with which net/http is told
// to break off a connection.
func (e *Edge) recover(ctx context.Context, x *exchange.Exchange) {
	value := recover()
	if value == nil {
		return
	}
	if err, ok := value.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
		e.Logger.ErrorContext(ctx, "panic", slog.String("panic", fmt.Sprint(value)), slog.String("stack", string(debug.Stack())))
		x.Fail(fault.New(fault.Internal, "", "panic: %v", value))
		return
	}
	panic(value)
}

// log writes the line of one request: no addresses, no content, and of the path
// only the template, for an id may tell who someone is.
func (e *Edge) log(ctx context.Context, method string, x *exchange.Exchange, began time.Time) {
	status, bytes, failure := x.Outcome()
	level := slog.LevelInfo
	switch {
	case x.Route == "/livez" || x.Route == "/readyz":
		level = slog.LevelDebug // probes would drown the rest
	case failure != nil && exchange.IsOurs(failure):
		level = slog.LevelWarn
	}
	if !e.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("method", method), slog.String("route", x.Route), slog.Int("status", status),
		slog.Int64("bytes", bytes), slog.Duration("duration", time.Since(began)),
	}
	if failure != nil {
		attrs = append(attrs, slog.String("reason", rpc.Reason(rpc.Status(failure))))
	}
	if level == slog.LevelWarn {
		attrs = append(attrs, slog.String("error", failure.Error()))
	}
	e.Logger.LogAttrs(ctx, level, "request", attrs...)
}

// requestID is the caller's, where it is fit for a log line, or a new one.
func requestID(h http.Header) string {
	if given := h["X-Request-Id"]; len(given) == 1 && isRequestID(given[0]) {
		return given[0]
	}
	return ulid.Make().String()
}

func isRequestID(id string) bool {
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return id != "" && len(id) <= 128
}
