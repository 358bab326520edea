package rpc_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// The tests call a service whose proto is built here, so that it can have
// validation rules and an HTTP verb without being part of the suite's API:
//
//	message Text { string text = 1 [min_len: 1]; repeated Item items = 2; }
//	message Item { int64 amount = 1 [gt: 0]; }
//	service Echo {
//	  rpc Get(Text) returns (Text) { option (google.api.http).get = "/echo"; }
//	  rpc Put(Text) returns (Text);
//	  rpc Watch(Text) returns (stream Text);
//	  rpc Chat(stream Text) returns (stream Text);
//	}
const (
	getMethod   = "/kehu.rpctest.v1.Echo/Get"
	putMethod   = "/kehu.rpctest.v1.Echo/Put"
	watchMethod = "/kehu.rpctest.v1.Echo/Watch"
	chatMethod  = "/kehu.rpctest.v1.Echo/Chat"
)

var textType = func() protoreflect.MessageDescriptor {
	field := func(name string, number int32, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		return &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Type: kind.Enum(),
			Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(), Options: &descriptorpb.FieldOptions{}}
	}
	text := field("text", 1, descriptorpb.FieldDescriptorProto_TYPE_STRING)
	proto.SetExtension(text.Options, validate.E_Field, &validate.FieldRules{Type: &validate.FieldRules_String_{
		String_: &validate.StringRules{MinLen: proto.Uint64(1)}}})
	items := field("items", 2, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE)
	items.TypeName, items.Label = proto.String(".kehu.rpctest.v1.Item"), descriptorpb.FieldDescriptorProto_LABEL_REPEATED.Enum()
	amount := field("amount", 1, descriptorpb.FieldDescriptorProto_TYPE_INT64)
	proto.SetExtension(amount.Options, validate.E_Field, &validate.FieldRules{Type: &validate.FieldRules_Int64{
		Int64: &validate.Int64Rules{GreaterThan: &validate.Int64Rules_Gt{Gt: 0}}}})
	method := func(name string, client, server bool) *descriptorpb.MethodDescriptorProto {
		return &descriptorpb.MethodDescriptorProto{Name: proto.String(name), InputType: proto.String(".kehu.rpctest.v1.Text"),
			OutputType: proto.String(".kehu.rpctest.v1.Text"), ClientStreaming: proto.Bool(client), ServerStreaming: proto.Bool(server)}
	}
	get := method("Get", false, false)
	get.Options = &descriptorpb.MethodOptions{}
	proto.SetExtension(get.Options, annotations.E_Http, &annotations.HttpRule{Pattern: &annotations.HttpRule_Get{Get: "/echo"}})
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("kehu/rpctest/v1/echo.proto"), Package: proto.String("kehu.rpctest.v1"), Syntax: proto.String("proto3"),
		Dependency: []string{"buf/validate/validate.proto", "google/api/annotations.proto"},
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("Text"), Field: []*descriptorpb.FieldDescriptorProto{text, items}},
			{Name: proto.String("Item"), Field: []*descriptorpb.FieldDescriptorProto{amount}},
		},
		Service: []*descriptorpb.ServiceDescriptorProto{{Name: proto.String("Echo"), Method: []*descriptorpb.MethodDescriptorProto{
			get, method("Put", false, false), method("Watch", false, true), method("Chat", true, true)}}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		panic(err)
	}
	if err := protoregistry.GlobalFiles.RegisterFile(file); err != nil {
		panic(err)
	}
	return file.Messages().ByName("Text")
}()

func newText(text string, amounts ...int64) *dynamicpb.Message {
	m := dynamicpb.NewMessage(textType)
	m.Set(textType.Fields().ByName("text"), protoreflect.ValueOfString(text))
	items := textType.Fields().ByName("items")
	for _, amount := range amounts {
		item := dynamicpb.NewMessage(items.Message())
		item.Set(items.Message().Fields().ByName("amount"), protoreflect.ValueOfInt64(amount))
		m.Mutable(items).List().Append(protoreflect.ValueOfMessage(item))
	}
	return m
}

func textOf(m *dynamicpb.Message) string {
	return m.Get(textType.Fields().ByName("text")).String()
}

// echo is the service. A nil function echoes.
type echo struct {
	unary func(ctx context.Context, text string) (string, error)
	watch func(text string, stream grpc.ServerStream) error
	chat  func(stream grpc.ServerStream) error
}

func (e echo) register(r grpc.ServiceRegistrar) {
	unary := func(name string) grpc.MethodDesc {
		return grpc.MethodDesc{MethodName: name, Handler: func(srv any, ctx context.Context, dec func(any) error, chain grpc.UnaryServerInterceptor) (any, error) {
			in := dynamicpb.NewMessage(textType)
			if err := dec(in); err != nil {
				return nil, err
			}
			handler := func(ctx context.Context, request any) (any, error) {
				text := textOf(request.(*dynamicpb.Message))
				if e.unary == nil {
					return newText(text), nil
				}
				answer, err := e.unary(ctx, text)
				return newText(answer), err
			}
			if chain == nil {
				return handler(ctx, in)
			}
			return chain(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/kehu.rpctest.v1.Echo/" + name}, handler)
		}}
	}
	r.RegisterService(&grpc.ServiceDesc{
		ServiceName: "kehu.rpctest.v1.Echo",
		Methods:     []grpc.MethodDesc{unary("Get"), unary("Put")},
		Streams: []grpc.StreamDesc{
			{StreamName: "Watch", ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				in := dynamicpb.NewMessage(textType)
				if err := stream.RecvMsg(in); err != nil {
					return err
				}
				return e.watch(textOf(in), stream)
			}},
			{StreamName: "Chat", ServerStreams: true, ClientStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
				return e.chat(stream)
			}},
		},
		Metadata: "kehu/rpctest/v1/echo.proto",
	}, nil)
}

func call(ctx context.Context, conn grpc.ClientConnInterface, method, text string, options ...grpc.CallOption) (string, error) {
	answer := dynamicpb.NewMessage(textType)
	err := conn.Invoke(ctx, method, newText(text), answer, options...)
	return textOf(answer), err
}

// plainConn is a connection that adds nothing of its own to a call.
func plainConn(t testing.TB, target string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// logBook takes log lines from many goroutines.
type logBook struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// lines returns the entries whose message is msg.
func (l *logBook) lines(msg string) []map[string]any {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []map[string]any
	for line := range strings.Lines(l.buf.String()) {
		entry := map[string]any{}
		if json.Unmarshal([]byte(line), &entry) == nil && entry["msg"] == msg {
			found = append(found, entry)
		}
	}
	return found
}

// site is a server under test with a connection to it.
type site struct {
	conn   *grpc.ClientConn
	logs   *logBook
	tel    *telemetry.Telemetry
	target string
	stop   func() error // stops serving, returns what Serve did
}

type siteOptions struct {
	config  func(*rpc.ServerConfig)
	client  func(*rpc.ClientConfig)
	options []rpc.ServerOption
	tcp     bool
	listen  net.Listener
}

func open(t testing.TB, service echo, o siteOptions) *site {
	t.Helper()
	s := &site{logs: &logBook{}}
	tc := telemetry.DefaultConfig()
	tc.Output, tc.LogLevel = s.logs, "debug"
	var err error
	if s.tel, err = telemetry.Start(t.Context(), tc); err != nil {
		t.Fatal(err)
	}
	sc := rpc.DefaultServerConfig()
	if o.config != nil {
		o.config(&sc)
	}
	server, err := rpc.NewServer(sc, append([]rpc.ServerOption{rpc.WithTelemetry(s.tel)}, o.options...)...)
	if err != nil {
		t.Fatal(err)
	}
	server.Register(service.register)
	cc := rpc.DefaultClientConfig("echo")
	cc.Telemetry = s.tel
	if o.client != nil {
		o.client(&cc)
	}
	listener := o.listen
	if listener == nil && o.tcp {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	if listener != nil {
		s.target = listener.Addr().String()
		s.conn, err = rpc.Dial(s.target, cc)
	} else {
		listener, s.conn, err = rpc.Pipe(cc)
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-served:
			return err
		case <-time.After(30 * time.Second):
			return fmt.Errorf("Serve did not return")
		}
	})
	t.Cleanup(func() {
		_ = s.conn.Close()
		if err := s.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
		_ = s.tel.Shutdown(context.Background())
	})
	return s
}

// eventually polls until ok, for at most ten seconds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(10 * time.Second)
	for !ok() {
		select {
		case <-late:
			t.Fatalf("did not come to pass: %s", what)
		case <-tick.C:
		}
	}
}
