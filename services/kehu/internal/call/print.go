package call

import (
	"bytes"
	"encoding/json"
	"io"

	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The values of --output.
const (
	formatJSON  = "json"
	formatLines = "jsonl"
)

// printer writes answers, in the JSON that the gateway gives.
type printer struct {
	out   io.Writer
	lines bool // one object a line, and the items of a list by themselves
}

// print writes one answer. Bytes are written as they are.
func (p printer) print(answer proto.Message) error {
	if body, ok := answer.(*httpbody.HttpBody); ok {
		_, err := p.out.Write(body.GetData())
		return err
	}
	if !p.lines {
		return p.write(answer)
	}
	message := answer.ProtoReflect()
	items := itemsOf(message.Descriptor())
	if items == nil {
		return p.write(answer)
	}
	list := message.Get(items).List()
	for i := range list.Len() {
		if err := p.write(list.Get(i).Message().Interface()); err != nil {
			return err
		}
	}
	return nil
}

func (p printer) write(message proto.Message) error {
	text, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(message)
	if err != nil {
		return err
	}
	// protojson varies its spaces at random; output that can be compared must not.
	var b bytes.Buffer
	if p.lines {
		err = json.Compact(&b, text)
	} else {
		err = json.Indent(&b, text, "", "  ")
	}
	if err != nil {
		return err
	}
	b.WriteByte('\n')
	_, err = p.out.Write(b.Bytes())
	return err
}

// excluded is how many items were left out for want of consent: it stands in lists
// and in the messages of streams.
const excluded = "excluded_without_consent"

// itemsOf is the field with the items of an answer that is a list: a page, or a
// batch of a stream. Nil where an answer is more than its items.
func itemsOf(answer protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	var items protoreflect.FieldDescriptor
	for i := range answer.Fields().Len() {
		field := answer.Fields().Get(i)
		switch {
		case field.IsList() && field.Message() != nil && items == nil:
			items = field
		case field.Name() == nextPageToken, field.Name() == excluded:
		default:
			if answer.Fields().ByName(nextPageToken) == nil || field.IsList() {
				return nil
			}
		}
	}
	return items
}
