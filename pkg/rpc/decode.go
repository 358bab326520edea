package rpc

import (
	"context"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers the codec that is wrapped here
	"google.golang.org/grpc/mem"

	"github.com/kehuhq/kehu/pkg/fault"
)

// gRPC answers INTERNAL to a message that does not decode, before any
// interceptor can object. So messages are received in a parcel, whose decoding
// never fails as far as gRPC can see, and the error is dealt with afterwards.
type parcel struct {
	message any
	err     error
}

type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	p, ok := v.(*parcel)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	p.err = c.CodecV2.Unmarshal(data, p.message)
	return nil
}

// unpack receives one message by way of a parcel.
func unpack(receive func(any) error, message any) error {
	p := parcel{message: message}
	if err := receive(&p); err != nil {
		return err
	}
	if p.err != nil {
		return fault.New(fault.InvalidArgument, "MALFORMED_MESSAGE", "the message is no valid protobuf of its type").Because(p.err)
	}
	return nil
}

// decodeStream is the outermost stream interceptor.
func decodeStream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	return handler(srv, &unpackingStream{stream})
}

type unpackingStream struct{ grpc.ServerStream }

func (s *unpackingStream) RecvMsg(m any) error { return unpack(s.ServerStream.RecvMsg, m) }

// registrar registers services with unary methods that receive by way of a
// parcel. A message that does not decode still passes the interceptors, so
// that it is logged and answered as any other error.
type registrar struct{ servers []*grpc.Server }

func (r registrar) RegisterService(desc *grpc.ServiceDesc, impl any) {
	unpacking := *desc
	unpacking.Methods = slices.Clone(desc.Methods)
	for i, method := range desc.Methods {
		unpacking.Methods[i].Handler = unpackingHandler("/"+desc.ServiceName+"/"+method.MethodName, method.Handler)
	}
	for _, server := range r.servers {
		server.RegisterService(&unpacking, impl)
	}
}

func unpackingHandler(fullMethod string, handler grpc.MethodHandler) grpc.MethodHandler {
	return func(srv any, ctx context.Context, receive func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
		var broken error
		answer, err := handler(srv, ctx, func(message any) error {
			broken = unpack(receive, message)
			return broken
		}, interceptor)
		if broken == nil || interceptor == nil {
			return answer, err
		}
		return interceptor(ctx, nil, &grpc.UnaryServerInfo{Server: srv, FullMethod: fullMethod},
			func(context.Context, any) (any, error) { return nil, broken })
	}
}
