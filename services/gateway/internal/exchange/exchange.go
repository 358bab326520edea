// Package exchange is one HTTP request and its answer, from the first header to
// the last byte.
package exchange

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// Exchange takes the answer to a request. It is the http.ResponseWriter of all
// that handle the request, and knows what has been sent. Its methods may be
// called by several goroutines, those of its header excepted.
type Exchange struct {
	ID    string // of the request, for logs and callers
	Route string // path template, e.g. "/v1/{name=customers/*}"; empty where none matched

	// LateError is how a failure is told once the answer has begun, given the
	// problem as JSON. Nil breaks the connection off, so that the caller does not
	// take what it has for the whole.
	LateError func(problem []byte) []byte

	writer  http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration

	mu     sync.Mutex
	status int   // sent; 0 before
	bytes  int64 // of the body
	ended  bool  // what is written from now on is dropped
	quiet  bool  // nothing was written since Beat
	err    error // the failure told to the caller
}

// New begins an exchange. Every write has the timeout to get through to the
// caller.
func New(w http.ResponseWriter, id string, timeout time.Duration) *Exchange {
	x := &Exchange{ID: id, writer: w, control: http.NewResponseController(w), timeout: timeout}
	x.relax() // the connection may have served another request
	return x
}

type contextKey struct{}

// Context returns a context from which From gets the exchange back.
func (x *Exchange) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, x)
}

// From is the exchange ctx belongs to.
func From(ctx context.Context) *Exchange {
	x, _ := ctx.Value(contextKey{}).(*Exchange)
	return x
}

// Header is the header of the answer.
func (x *Exchange) Header() http.Header { return x.writer.Header() }

// WriteHeader begins the answer.
func (x *Exchange) WriteHeader(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.begin(status)
}

func (x *Exchange) begin(status int) {
	if x.ended || x.status != 0 {
		return
	}
	x.status = status
	x.extend()
	x.writer.WriteHeader(status)
}

// extend gives the next write its time, and relax ends it: HTTP/2 would reset a
// stream that is silent. A writer without deadlines needs neither.
func (x *Exchange) extend() { _ = x.control.SetWriteDeadline(time.Now().Add(x.timeout)) }
func (x *Exchange) relax()  { _ = x.control.SetWriteDeadline(time.Time{}) }

// Write writes to the body. After a failure was told it pretends to.
func (x *Exchange) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.write(p)
}

func (x *Exchange) write(p []byte) (int, error) {
	x.begin(http.StatusOK)
	if x.ended || len(p) == 0 {
		return len(p), nil
	}
	x.quiet = false
	x.extend()
	n, err := x.writer.Write(p)
	x.bytes += int64(n)
	return n, err
}

// FlushError sends what was written; http.ResponseController finds it.
func (x *Exchange) FlushError() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return nil
	}
	return x.flush()
}

func (x *Exchange) flush() error {
	x.extend()
	defer x.relax()
	return x.control.Flush()
}

// Finish writes the end of the body, unless a failure was told.
func (x *Exchange) Finish(end []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, _ = x.write(end) // the caller has gone; there is no one to tell
	x.ended = true
}

// Beat writes a sign of life to an answer that has begun, if nothing was
// written since the last Beat.
func (x *Exchange) Beat(sign []byte) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.quiet && x.status != 0 && !x.ended {
		_, _ = x.write(sign) // a caller that has gone ends the request's context
		_ = x.flush()
	}
	x.quiet = true
}

// Limit bounds a request's body to n bytes. Where it is longer net/http closes
// the connection with a delay in which the caller can read why.
func (x *Exchange) Limit(body io.ReadCloser, n int64) io.ReadCloser {
	return http.MaxBytesReader(x.writer, body, n) // finds net/http's own writer only directly
}

// SetReadDeadline bounds the reading of the request; the zero time does not.
func (x *Exchange) SetReadDeadline(at time.Time) { _ = x.control.SetReadDeadline(at) }

// Outcome is what became of the exchange: the status sent (0 for none yet), the
// bytes of the body and the failure told to the caller.
func (x *Exchange) Outcome() (status int, bytes int64, failure error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.status, x.bytes, x.err
}
