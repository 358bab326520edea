package segment

import (
	"bytes"
	"encoding/json"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/strictjson"
)

// body is what a request brings, its messages not looked into yet.
type body struct {
	whole  json.RawMessage
	fields map[string]json.RawMessage
}

// message is one of a body, with what the body says for all of them.
type message struct {
	text    json.RawMessage
	kind    string // empty where the message says it itself
	sentAt  json.RawMessage
	context json.RawMessage
}

// parse reads the outside of a body: an object in which no field is given twice,
// for one of them would be lost unsaid.
func parse(text []byte) (body, error) {
	b := body{whole: text, fields: map[string]json.RawMessage{}}
	if err := strictjson.Text(text); err != nil {
		return b, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return b, fault.Invalid("body", "must be a JSON object")
	}
	for decoder.More() {
		var value json.RawMessage
		key, err := decoder.Token()
		if err == nil {
			err = decoder.Decode(&value)
		}
		if err != nil {
			return b, fault.Invalid("body", "must be a JSON object of messages nested less deep")
		}
		name, _ := key.(string)
		if _, twice := b.fields[name]; twice {
			f := fault.Invalid("body", "has %q twice", clip(name))
			f.Reason = "DUPLICATE_FIELD"
			return b, f
		}
		b.fields[name] = value
	}
	return b, nil
}

// text is a field of the body that is a text; empty where it is none.
func (b body) text(name string) (text string) {
	if json.Unmarshal(b.fields[name], &text) != nil {
		return ""
	}
	return text
}

// single is the one message that the body is.
func (b body) single(kind string) ([]message, error) {
	return []message{{text: b.whole, kind: kind}}, nil
}

// batch is the messages of the body's list.
func (b body) batch() ([]message, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(b.fields["batch"], &list); err != nil || list == nil {
		return nil, fault.Invalid("batch", "must be a list of messages")
	}
	if len(list) > maxMessages {
		return nil, fault.Invalid("batch", "must have at most %d messages, has %d", maxMessages, len(list))
	}
	messages := make([]message, len(list))
	for i, text := range list {
		messages[i] = message{text: text, sentAt: b.fields["sentAt"], context: b.fields["context"]}
	}
	return messages, nil
}

func clip(name string) string {
	if len(name) > 64 {
		return name[:64] + "…"
	}
	return name
}
