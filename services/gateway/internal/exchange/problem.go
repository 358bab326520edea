package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// ProblemType is the media type of an error.
const ProblemType = "application/problem+json"

// Problem is an error as callers get it: problem details of RFC 9457, with what
// a gRPC status carries as extensions.
type Problem struct {
	Type       string            `json:"type"`     // always about:blank: the reason says more than a URI would
	Title      string            `json:"title"`    // the HTTP status in words
	Status     int               `json:"status"`   // HTTP status
	Detail     string            `json:"detail"`   // plain English: what is wrong and what would be right
	Instance   string            `json:"instance"` // id of the request
	Reason     string            `json:"reason"`   // stable, UPPER_SNAKE
	Domain     string            `json:"domain"`   // who defines the reason
	Metadata   map[string]string `json:"metadata,omitempty"`
	Violations []Violation       `json:"violations,omitempty"`
}

// Violation is one field that is wrong.
type Violation struct {
	Field       string `json:"field"` // path, e.g. "customer.identifiers[0].type"
	Description string `json:"description"`
}

// Refusal is a fault found at the HTTP level, with an HTTP status of its own.
type Refusal struct {
	Status int
	Fault  *fault.Fault
	Header http.Header // added to the answer's; may be nil
}

func (r *Refusal) Error() string { return r.Fault.Error() }

// Unwrap returns the fault.
func (r *Refusal) Unwrap() error { return r.Fault }

// Fail answers with err as a problem, or tells of it where the answer has begun.
// What is written afterwards is dropped.
func (x *Exchange) Fail(err error) {
	problem, header := x.problem(err)
	text := problem.json()
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return
	}
	x.err = err
	if x.status != 0 {
		x.failLate(text)
		return
	}
	h := x.writer.Header()
	for _, name := range []string{"Etag", "Content-Disposition", "Content-Length", "Trailer", "Transfer-Encoding", "X-Accel-Buffering"} {
		h.Del(name)
	}
	for name, values := range header {
		h[name] = values
	}
	h.Set("Content-Type", ProblemType)
	h.Set("Cache-Control", "no-store")
	x.begin(problem.Status)
	_, _ = x.write(text) // the caller has gone; there is no one to tell
	x.ended = true
}

// failLate tells of a failure in the midst of an answer.
func (x *Exchange) failLate(problem []byte) {
	if x.LateError == nil {
		x.ended = true
		panic(http.ErrAbortHandler) // how net/http is told to break off
	}
	_, _ = x.write(x.LateError(problem)) // as above
	x.ended = true
}

func (x *Exchange) problem(err error) (Problem, http.Header) {
	st := rpc.Status(err)
	p := Problem{
		Type:     "about:blank",
		Status:   runtime.HTTPStatusFromCode(st.Code()),
		Detail:   st.Message(),
		Instance: x.ID,
	}
	p.describe(st)
	header := http.Header{}
	var refusal *Refusal
	if errors.As(err, &refusal) {
		p.Status = refusal.Status
		maps.Copy(header, refusal.Header)
	}
	if p.Title = http.StatusText(p.Status); p.Title == "" {
		p.Title = "Client Closed Request" // 499, for the log: the caller has gone
	}
	switch p.Status {
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", "1")
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", "Bearer")
	}
	return p, header
}

func (p *Problem) describe(st *status.Status) {
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			p.Reason, p.Domain, p.Metadata = d.Reason, d.Domain, d.Metadata
		case *errdetails.BadRequest:
			for _, v := range d.FieldViolations {
				p.Violations = append(p.Violations, Violation{Field: v.Field, Description: v.Description})
			}
		}
	}
}

func (p Problem) json() []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(p) // a struct of texts always encodes
	return text.Bytes()
}

// IsOurs tells a failure that is for operators to look at.
func IsOurs(err error) bool {
	switch rpc.Status(err).Code() {
	case codes.Internal, codes.Unknown, codes.DataLoss, codes.Unimplemented, codes.Unavailable:
		return true
	}
	return false
}

// MethodNotAllowed is the refusal of a method that a path does not have; allowed
// are those it has.
func MethodNotAllowed(method, allowed string) error {
	if len(method) > 16 {
		method = "this method"
	}
	return &Refusal{
		Status: http.StatusMethodNotAllowed,
		Fault:  fault.New(fault.InvalidArgument, "METHOD_NOT_ALLOWED", "%s is not possible here, but %s", method, allowed),
		Header: http.Header{"Allow": {allowed}},
	}
}
