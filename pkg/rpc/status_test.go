package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

func TestStatus(t *testing.T) {
	notFound := fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "no customer c1")
	for name, c := range map[string]struct {
		err    error
		code   codes.Code
		reason string
	}{
		"a fault":                       {notFound, codes.NotFound, "CUSTOMER_NOT_FOUND"},
		"a wrapped fault":               {fmt.Errorf("get: %w", notFound), codes.NotFound, "CUSTOMER_NOT_FOUND"},
		"a fault with a cause":          {notFound.Because(context.Canceled), codes.NotFound, "CUSTOMER_NOT_FOUND"},
		"an internal fault":             {fault.New(fault.Internal, "LEDGER_BROKEN", "secret"), codes.Internal, "INTERNAL"},
		"an internal one of a deadline": {fault.New(fault.Internal, "X", "x").Because(context.DeadlineExceeded), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		"an error of ours":              {errors.New("secret"), codes.Internal, "INTERNAL"},
		"cancelled":                     {fmt.Errorf("scan: %w", context.Canceled), codes.Canceled, "CANCELLED"},
		"deadline":                      {fmt.Errorf("scan: %w", context.DeadlineExceeded), codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		"a status":                      {status.Error(codes.Unimplemented, "method Get not implemented"), codes.Unimplemented, "UNIMPLEMENTED"},
		"a status of a defect":          {status.Error(codes.Unknown, "secret"), codes.Internal, "INTERNAL"},
		"a status that says OK":         {okError{}, codes.Internal, "INTERNAL"},
	} {
		st := rpc.Status(c.err)
		if st.Code() != c.code || rpc.Reason(st) != c.reason {
			t.Errorf("%s: %v %s, want %v %s", name, st.Code(), rpc.Reason(st), c.code, c.reason)
		}
		if strings.Contains(st.Message(), "secret") {
			t.Errorf("%s: the caller is told %q", name, st.Message())
		}
	}
	if rpc.Status(nil) != nil {
		t.Error("no error has no status")
	}
}

type okError struct{}

func (okError) Error() string              { return "secret" }
func (okError) GRPCStatus() *status.Status { return status.New(codes.OK, "secret") }

func TestEveryKindHasItsCode(t *testing.T) {
	seen := map[codes.Code]fault.Kind{}
	for kind := fault.Internal; kind <= fault.Unimplemented; kind++ {
		code := rpc.Code(kind)
		if other, taken := seen[code]; taken {
			t.Errorf("kinds %d and %d are both %v", other, kind, code)
		}
		seen[code] = kind
	}
	if rpc.Code(fault.Unimplemented+1) != codes.Internal {
		t.Error("a kind that does not exist is a defect of ours")
	}
}

// Whatever is in a fault, its status can be sent: it is valid UTF-8, small
// enough for trailers, and keeps reason, domain and the first fields.
func TestStatusFitsIntoTrailers(t *testing.T) {
	long := rapid.OneOf(rapid.String(), rapid.StringN(0, 3000, -1), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		f := fault.New(fault.InvalidArgument, "SOME_REASON", "%s", long.Draw(t, "message"))
		for range rapid.IntRange(0, 40).Draw(t, "violations") {
			f.Violations = append(f.Violations, fault.Violation{Field: long.Draw(t, "field"), Description: long.Draw(t, "description")})
		}
		if len(f.Violations) > 0 {
			f.Violations[0].Field = "orders[3].amount"
		}
		f = f.With("customer", long.Draw(t, "metadata"))

		st := rpc.Status(f)
		body, err := proto.Marshal(st.Proto())
		if err != nil {
			t.Fatalf("cannot be sent: %v", err)
		}
		if encoded := len(body)*4/3 + len(st.Message()); encoded > 8000 {
			t.Fatalf("%d bytes", encoded)
		}
		if !utf8.ValidString(st.Message()) || rpc.Reason(st) != "SOME_REASON" {
			t.Fatalf("got %q, reason %q", st.Message(), rpc.Reason(st))
		}
		if len(f.Violations) == 0 {
			return
		}
		bad := st.Details()[1].(*errdetails.BadRequest).FieldViolations
		if bad[0].Field != "orders[3].amount" {
			t.Fatalf("first field %q", bad[0].Field)
		}
		if last := bad[len(bad)-1]; len(f.Violations) > 10 && last.Description != fmt.Sprintf("and %d more", len(f.Violations)-10) {
			t.Fatalf("what is left out is not said: %q", last.Description)
		}
	})
}

func TestUnknownErrorIsLoggedOnceWithItsCause(t *testing.T) {
	s := open(t, echo{unary: func(_ context.Context, text string) (string, error) {
		if text == "fault" {
			return "", fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store is down").Because(errors.New("disk on fire"))
		}
		return "", fmt.Errorf("score: %w", errors.New("disk on fire"))
	}}, siteOptions{client: func(c *rpc.ClientConfig) { c.Attempts = 1 }})
	_, err := call(t.Context(), s.conn, getMethod, "x")
	want(t, err, codes.Internal, "INTERNAL")
	if status.Convert(err).Message() != "internal error" {
		t.Errorf("the caller is told %q", status.Convert(err).Message())
	}
	_, err = call(t.Context(), s.conn, getMethod, "fault")
	want(t, err, codes.Unavailable, "STORE_UNAVAILABLE")
	failures := s.logs.lines("call failed")
	if len(failures) != 2 {
		t.Fatalf("logged: %v", failures)
	}
	for _, line := range failures {
		if !strings.Contains(line["error"].(string), "disk on fire") || line["request_id"] == nil || line["method"] != getMethod {
			t.Errorf("logged: %v", line)
		}
	}
}

func TestItemStatus(t *testing.T) {
	item := rpc.ItemStatus(fault.Invalid("amount.currency_code", "must be an ISO 4217 code"))
	if item.Code != int32(codes.InvalidArgument) || item.Field != "amount.currency_code" || item.Reason != "INVALID_FIELD" || item.Message == "" {
		t.Errorf("got %v", item)
	}
	if ok := rpc.ItemStatus(nil); ok.Code != 0 || ok.Reason != "" || ok.Message != "" {
		t.Errorf("got %v", ok)
	}
	if item := rpc.ItemStatus(errors.New("secret")); item.Code != int32(codes.Internal) || item.Message != "internal error" {
		t.Errorf("got %v", item)
	}
}
