package call

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"
)

// The fields by which lists are paged (AIP-158).
const (
	pageToken     = "page_token"
	nextPageToken = "next_page_token"
)

// invocation is a call that is being made.
type invocation struct {
	conn   grpc.ClientConnInterface
	method protoreflect.MethodDescriptor
	source *source
	out    printer
}

func (c *invocation) unary(ctx context.Context, request proto.Message) (proto.Message, error) {
	answer := newMessage(c.method.Output()).Interface()
	return answer, c.conn.Invoke(ctx, describe(c.method), request, answer)
}

// pages follows a list to its end and prints its items as they come.
func (c *invocation) pages(ctx context.Context, request proto.Message) error {
	token := c.method.Input().Fields().ByName(pageToken)
	next := c.method.Output().Fields().ByName(nextPageToken)
	for {
		answer, err := c.unary(ctx, request)
		if err != nil {
			return err
		}
		if err := c.out.print(answer); err != nil {
			return err
		}
		following := answer.ProtoReflect().Get(next)
		if following.String() == "" {
			return nil
		}
		if request.ProtoReflect().Get(token).String() == following.String() {
			return fault.New(fault.Internal, "PAGE_REPEATED", "the server answers the same page again")
		}
		request.ProtoReflect().Set(token, following)
	}
}

// paged tells lists, which --all can follow.
func paged(method protoreflect.MethodDescriptor) bool {
	return !method.IsStreamingServer() && !method.IsStreamingClient() && itemsOf(method.Output()) != nil &&
		method.Input().Fields().ByName(pageToken) != nil && method.Output().Fields().ByName(nextPageToken) != nil
}

// stream sends what is to be sent and prints what comes, both at once.
func (c *invocation) stream(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{
		StreamName: string(c.method.Name()), ServerStreams: c.method.IsStreamingServer(), ClientStreams: c.method.IsStreamingClient(),
	}, describe(c.method))
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() {
		err := c.send(stream)
		sent <- err
		if err != nil && !errors.Is(err, io.EOF) {
			cancel() // nothing more will come of it
		}
	}()
	if err := c.receive(stream); err != nil {
		select {
		case local := <-sent: // a stream that we broke off ended for our own reason
			if local != nil && !errors.Is(local, io.EOF) {
				return local
			}
		default:
		}
		return err
	}
	return nil
}

func (c *invocation) send(stream grpc.ClientStream) error {
	send := func(request proto.Message) error { return stream.SendMsg(request) }
	if c.method.IsStreamingClient() {
		if err := c.source.each(send); err != nil {
			return err
		}
		return stream.CloseSend()
	}
	request, err := c.source.one()
	if err != nil {
		return err
	}
	if err := send(request); err != nil {
		return err
	}
	return stream.CloseSend()
}

func (c *invocation) receive(stream grpc.ClientStream) error {
	for {
		answer := newMessage(c.method.Output()).Interface()
		err := stream.RecvMsg(answer)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.out.print(answer); err != nil {
			return err
		}
		if !c.method.IsStreamingServer() {
			return nil // the one answer to a stream of requests
		}
	}
}
