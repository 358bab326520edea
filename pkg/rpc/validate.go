package rpc

import (
	"context"
	"errors"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/fault"
)

// validation holds messages against the rules in their protos. All servers of a
// process share the rules, whose compilation takes longer than anything they do.
type validation struct{}

func (v validation) unary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if err := v.check(request); err != nil {
		return nil, err
	}
	return handler(ctx, request)
}

func (v validation) stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(srv, &validatingStream{stream, v})
}

type validatingStream struct {
	grpc.ServerStream
	validation
}

func (s *validatingStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.check(m)
}

func (validation) check(message any) error {
	m, ok := message.(proto.Message)
	if !ok {
		return nil
	}
	err := protovalidate.Validate(m)
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) {
		return err // nil, or a rule that is itself wrong: a defect of ours
	}
	f := &fault.Fault{Kind: fault.InvalidArgument, Reason: "INVALID_FIELD"}
	for _, violation := range broken.Violations {
		field := protovalidate.FieldPathString(violation.Proto.GetField())
		description := violation.Proto.GetMessage()
		if description == "" {
			description = "breaks the rule " + violation.Proto.GetRuleId()
		}
		f.Violations = append(f.Violations, fault.Violation{Field: field, Description: description})
	}
	f.Message = f.Violations[0].Description
	if field := f.Violations[0].Field; field != "" {
		f.Message = field + ": " + f.Message
	}
	return f
}
