package transcode

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The media types of answers. Those of one message are application/json.
const (
	eventsType = "text/event-stream"
	linesType  = "application/x-ndjson"
	rawType    = "application/octet-stream"
)

// Zeros and empty lists are written, so that a reader sees every field that has
// a value; messages and optional fields that are not set are left out.
var jsonOut = protojson.MarshalOptions{EmitDefaultValues: true}

// jsonForm reads requests, and writes answers of one message.
type jsonForm struct{}

func (jsonForm) ContentType(any) string { return "application/json" }

func (jsonForm) Marshal(v any) ([]byte, error) {
	message, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("no JSON form for %T", v)
	}
	return jsonOut.Marshal(message)
}

func (jsonForm) Unmarshal(text []byte, v any) error {
	message, ok := v.(proto.Message)
	if !ok {
		// A pointer to the field that the body is, which is itself a pointer.
		field := reflect.ValueOf(v).Elem()
		if field.Kind() != reflect.Pointer {
			return fmt.Errorf("no JSON form for %T", v)
		}
		field.Set(reflect.New(field.Type().Elem()))
		if message, ok = field.Interface().(proto.Message); !ok {
			return fmt.Errorf("no JSON form for %T", v)
		}
	}
	return protojson.Unmarshal(text, message)
}

func (j jsonForm) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		text, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if len(text) == 0 {
			return io.EOF
		}
		return j.Unmarshal(text, v)
	})
}

func (j jsonForm) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		text, err := j.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(text)
		return err
	})
}

var errNoResult = errors.New("a stream's chunk without a message")

// result is the message in a chunk of a stream, as grpc-gateway wraps it.
func result(chunk any) ([]byte, error) {
	wrapped, ok := chunk.(map[string]any)
	if !ok {
		return nil, errNoResult
	}
	message, ok := wrapped["result"].(proto.Message)
	if !ok {
		return nil, errNoResult
	}
	return jsonOut.Marshal(message)
}

// eventsForm writes server-sent events: the messages as events without a name,
// and at the end an event "end", or "error" with the problem. Without the end a
// browser would connect again.
type eventsForm struct{ jsonForm }

func (eventsForm) ContentType(any) string { return eventsType }
func (eventsForm) Delimiter() []byte      { return nil }

func (eventsForm) Marshal(chunk any) ([]byte, error) {
	text, err := result(chunk)
	if err != nil {
		return nil, err
	}
	return event("", text), nil
}

var (
	eventsEnd  = event("end", []byte("{}"))
	eventsSign = []byte(":\n\n")
)

func event(name string, data []byte) []byte {
	text := make([]byte, 0, len(data)+32)
	if name != "" {
		text = append(append(append(text, "event: "...), name...), '\n')
	}
	text = append(append(text, "data: "...), bytes.TrimSpace(data)...)
	return append(text, "\n\n"...)
}

func eventOfError(problem []byte) []byte { return event("error", problem) }

// linesForm writes one JSON object a line: {"result": message}, and as the last
// {"error": problem} where it failed.
type linesForm struct{ jsonForm }

func (linesForm) ContentType(any) string { return linesType }
func (linesForm) Delimiter() []byte      { return nil }

func (linesForm) Marshal(chunk any) ([]byte, error) {
	text, err := result(chunk)
	if err != nil {
		return nil, err
	}
	return line("result", text), nil
}

func line(name string, value []byte) []byte {
	text := make([]byte, 0, len(value)+32)
	text = append(append(append(text, `{"`...), name...), `":`...)
	text = append(text, bytes.TrimSpace(value)...)
	return append(text, "}\n"...)
}

func lineOfError(problem []byte) []byte { return line("error", problem) }

// rawForm lets bytes through as they are; grpc-gateway takes them from the
// google.api.HttpBody by itself.
type rawForm struct{ jsonForm }

func (rawForm) Delimiter() []byte { return nil }

func (rawForm) ContentType(v any) string {
	if body, ok := v.(interface{ GetContentType() string }); ok && body.GetContentType() != "" {
		return body.GetContentType()
	}
	return rawType
}
