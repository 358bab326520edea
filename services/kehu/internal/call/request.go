package call

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/kehuhq/kehu/pkg/fault"
)

// maxRequest bounds a request that is read as JSON, in bytes: no server takes
// a larger one.
const maxRequest = 64 << 20

// newMessage is an empty message of the type that is compiled in.
func newMessage(d protoreflect.MessageDescriptor) protoreflect.Message {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		panic(err) // the descriptor comes from the same registry
	}
	return kind.New()
}

// source is where requests come from: --json, and the flags over it.
type source struct {
	request protoreflect.MessageDescriptor
	json    string // of --json
	flags   []*fieldFlag
	in      io.Reader // what "-" means
}

// one reads the single request of a call.
func (s *source) one() (proto.Message, error) {
	text := s.json
	if strings.HasPrefix(text, "@") || text == "-" {
		content, err := s.open(text)
		if err != nil {
			return nil, err
		}
		defer func() { _ = content.Close() }()
		all, err := io.ReadAll(io.LimitReader(content, maxRequest+1))
		if err != nil {
			return nil, err
		}
		if len(all) > maxRequest {
			return nil, fault.Invalid("--json", "must be %d MiB at most", maxRequest>>20)
		}
		text = string(all)
	}
	return s.decode(text)
}

// each reads the requests of a stream, one a line, and gives them to send.
func (s *source) each(send func(proto.Message) error) error {
	content, err := s.open(s.json)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	lines := bufio.NewScanner(content)
	lines.Buffer(nil, maxRequest)
	for n := 1; lines.Scan(); n++ {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		request, err := s.decode(lines.Text())
		if f, ok := fault.As(err); ok {
			return fault.Invalid("--json", "line %d of the input: %s", n, strings.TrimPrefix(f.Message, "--json: "))
		}
		if err != nil {
			return err
		}
		if err := send(request); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fault.Invalid("--json", "a line must be %d MiB at most", maxRequest>>20)
	}
	return lines.Err()
}

// open is the text of --json: itself, a file, or what is piped in.
func (s *source) open(text string) (io.ReadCloser, error) {
	if path, ok := strings.CutPrefix(text, "@"); ok {
		return os.Open(path)
	}
	if text == "" || text == "-" {
		return io.NopCloser(s.in), nil
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

// decode makes a request of JSON, strictly, and of the flags, which win.
func (s *source) decode(text string) (proto.Message, error) {
	request := newMessage(s.request)
	if text != "" {
		if err := protojson.Unmarshal([]byte(text), request.Interface()); err != nil {
			return nil, fault.Invalid("--json", "%s", plain(err))
		}
	}
	chosen := make(map[string]string) // a oneof to the flag that has set it
	for _, f := range s.flags {
		if len(f.texts) == 0 {
			continue
		}
		if one := f.field().ContainingOneof(); one != nil && !one.IsSynthetic() {
			place := flagName(f.path[:len(f.path)-1]) + "." + string(one.Name())
			if other := chosen[place]; other != "" {
				return nil, fault.Invalid("--"+f.name, "cannot go with --%s: only one of them can be set", other)
			}
			chosen[place] = f.name
		}
		if err := f.apply(request); err != nil {
			return nil, err
		}
	}
	return request.Interface(), nil
}

// checkOutput refuses an --output that there is not.
func checkOutput(output string) error {
	switch output {
	case "", formatJSON, formatLines:
		return nil
	default:
		return fault.Invalid("--output", "must be %s or %s, is %q", formatJSON, formatLines, output)
	}
}

func describe(d protoreflect.MethodDescriptor) string {
	service := d.Parent().(protoreflect.ServiceDescriptor)
	return fmt.Sprintf("/%s/%s", service.FullName(), d.Name())
}
