package segment

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/gateway/internal/strictjson"
)

// kinds of message that stand for a type of event; a track is what its name says.
var kinds = map[string]profilev1.EventType{
	"track":    profilev1.EventType_EVENT_TYPE_UNSPECIFIED,
	"page":     profilev1.EventType_EVENT_TYPE_PAGE,
	"screen":   profilev1.EventType_EVENT_TYPE_SCREEN,
	"identify": profilev1.EventType_EVENT_TYPE_IDENTIFY,
	"group":    profilev1.EventType_EVENT_TYPE_GROUP,
	"alias":    profilev1.EventType_EVENT_TYPE_ALIAS,
}

// known are the fields of a message that have a place of their own in an event;
// others are kept in its context.
var known = map[string]bool{
	"type": true, "messageId": true, "userId": true, "anonymousId": true, "previousId": true, "groupId": true,
	"event": true, "name": true, "category": true, "properties": true, "traits": true, "context": true,
	"timestamp": true, "originalTimestamp": true, "sentAt": true, "receivedAt": true, "writeKey": true,
}

// event turns a message into an event, and returns its message id as far as it
// is known.
func (m message) event(source string) (*profilev1.Event, string, *fault.Fault) {
	if len(m.text) > maxMessage {
		f := fault.Invalid("message", "must have at most %d bytes, has %d", maxMessage, len(m.text))
		f.Reason = "EVENT_TOO_LARGE"
		return nil, "", f
	}
	if err := strictjson.Object(m.text); err != nil {
		f, _ := fault.As(err)
		return nil, "", f
	}
	fields, err := decode(m.text)
	if err != nil {
		return nil, "", fault.Invalid("message", "must be a JSON object")
	}
	r := &reading{fields: fields}
	kind := m.kind
	if kind == "" {
		kind = r.text("type")
	}
	eventType, ok := kinds[kind]
	if !ok {
		r.fail(fault.Invalid("type", "must be track, page, screen, identify, group or alias"))
	}
	e := &profilev1.Event{Type: eventType, Source: source}
	id := r.id("messageId")
	r.times(e, m.sentAt)
	if id == "" {
		id = derived(fields, e.OriginalTime != nil)
	}
	r.who(e, id, kind)
	r.what(e, kind)
	r.content(e, kind, m.context)
	f, _ := fault.As(fault.Merge(r.faults...))
	return e, id, f
}

// derived is the id of a message that has none. With a time of its own the same
// message again is the same event, whenever it is sent; without, it is another
// each time.
func derived(fields map[string]any, timed bool) string {
	content := maps.Clone(fields)
	delete(content, "sentAt")
	text, err := json.Marshal(content)
	if err != nil || !timed {
		return ulid.Make().String()
	}
	return fmt.Sprintf("sha256-%x", sha256.Sum256(text))[:39]
}

// decode reads an object, keeping numbers as they are written.
func decode(text []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var fields map[string]any
	err := decoder.Decode(&fields)
	return fields, err
}

// reading is one message being read.
type reading struct {
	fields map[string]any
	faults []*fault.Fault
}

func (r *reading) fail(f *fault.Fault) {
	if f != nil {
		r.faults = append(r.faults, f)
	}
}

// text is a field that is a text, or a number where an id is written as one.
func (r *reading) text(name string) string {
	switch v := r.fields[name].(type) {
	case nil:
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		r.fail(fault.Invalid(name, "must be a string"))
	}
	return ""
}

func (r *reading) id(name string) string {
	id := r.text(name)
	if id != "" {
		if f := ident.Check(name, id); f != nil {
			r.fail(f)
			return "x" // any: the message is refused
		}
	}
	return id
}

// addressed tells a user id that is an e-mail address or an international phone
// number: what identifies a person is no id (it is looked up, and sealed).
var addressed = map[profilev1.IdentifierType]*regexp.Regexp{
	profilev1.IdentifierType_IDENTIFIER_TYPE_EMAIL: regexp.MustCompile(`^[^@\s/]+@[^@\s/]+\.[^@\s/]+$`),
	profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE: regexp.MustCompile(`^\+[0-9]{7,15}$`),
}

// who reads whose event it is.
func (r *reading) who(e *profilev1.Event, id, kind string) {
	user, visitor := strings.TrimSpace(r.text("userId")), r.id("anonymousId")
	if previous := r.id("previousId"); kind == "alias" && previous != "" {
		visitor = previous
	}
	for of, form := range addressed {
		if form.MatchString(user) {
			e.Identifier = &profilev1.Identifier{Type: of, Value: user}
		}
	}
	switch {
	case e.Identifier != nil:
		e.Name = "customers/-/events/" + id
	case user != "" && user == "-":
		r.fail(fault.Invalid("userId", `must not be "-"`))
	case user != "":
		r.fail(ident.Check("userId", user))
		e.Name = "customers/" + user + "/events/" + id
	case kind == "alias":
		r.fail(fault.Invalid("userId", "must be given in an alias"))
	case visitor != "":
		e.Name = "visitors/" + visitor + "/events/" + id
		return
	default:
		r.fail(fault.Invalid("userId", "must be given, or anonymousId"))
	}
	if visitor != "" {
		e.Visitor = "visitors/" + visitor
	}
}

// what reads what the event is called.
func (r *reading) what(e *profilev1.Event, kind string) {
	switch kind {
	case "track":
		if e.EventName = r.text("event"); e.EventName == "" {
			r.fail(fault.Invalid("event", "must be the name of what is tracked"))
		}
	case "page", "screen":
		e.EventName = r.text("name")
	case "group":
		if e.Group = r.text("groupId"); e.Group == "" {
			r.fail(fault.Invalid("groupId", "must be given in a group"))
		}
	}
}

// times reads when it happened and when it was sent, both by the sender's clock.
func (r *reading) times(e *profilev1.Event, sentAt json.RawMessage) {
	e.OriginalTime = r.instant("originalTimestamp")
	if e.OriginalTime == nil {
		e.OriginalTime = r.instant("timestamp")
	}
	if e.SentTime = r.instant("sentAt"); e.SentTime == nil && len(sentAt) > 0 {
		var given any
		if json.Unmarshal(sentAt, &given) == nil && given != nil {
			r.fields["sentAt"] = given
			e.SentTime = r.instant("sentAt")
		}
	}
}

// layouts in which SDKs write times: ISO 8601 with or without a colon in the zone.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700"}

func (r *reading) instant(name string) *timestamppb.Timestamp {
	given, ok := r.fields[name]
	if !ok || given == nil {
		return nil
	}
	text, _ := given.(string)
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return timestamppb.New(t)
		}
	}
	r.fail(fault.Invalid(name, `must be a time of ISO 8601 with its zone, e.g. "2026-03-01T10:00:00.000Z"`))
	return nil
}

// content reads what the sender says of the event, and where it happened.
func (r *reading) content(e *profilev1.Event, kind string, shared json.RawMessage) {
	properties := r.object("properties")
	if kind == "identify" || kind == "group" {
		properties = r.object("traits")
	}
	if category := r.text("category"); category != "" && properties["category"] == nil {
		if properties == nil {
			properties = map[string]any{}
		}
		properties["category"] = category
	}
	around := r.object("context")
	if around == nil && len(shared) > 0 {
		if err := strictjson.Object(shared); err == nil {
			around, _ = decode(shared)
		}
	}
	for name, value := range r.fields {
		if !known[name] && value != nil {
			if around == nil {
				around = map[string]any{}
			}
			if _, taken := around[name]; !taken {
				around[name] = value
			}
		}
	}
	e.Properties, e.Context = structOf(properties), structOf(around)
}

func (r *reading) object(name string) map[string]any {
	switch v := r.fields[name].(type) {
	case nil:
	case map[string]any:
		return v
	default:
		r.fail(fault.Invalid(name, "must be an object"))
	}
	return nil
}

func structOf(fields map[string]any) *structpb.Struct {
	if len(fields) == 0 {
		return nil
	}
	return valueOf(fields).GetStructValue()
}

// valueOf is a value of decode as a proto. Whole numbers that a double cannot
// hold become texts, so that no digit is lost.
func valueOf(value any) *structpb.Value {
	switch v := value.(type) {
	case bool:
		return structpb.NewBoolValue(v)
	case string:
		return structpb.NewStringValue(v)
	case json.Number:
		n, err := v.Float64()
		if err != nil || !exact(v.String(), n) {
			return structpb.NewStringValue(v.String())
		}
		return structpb.NewNumberValue(n)
	case map[string]any:
		s := &structpb.Struct{Fields: make(map[string]*structpb.Value, len(v))}
		for name, field := range v {
			s.Fields[name] = valueOf(field)
		}
		return structpb.NewStructValue(s)
	case []any:
		list := &structpb.ListValue{Values: make([]*structpb.Value, len(v))}
		for i, element := range v {
			list.Values[i] = valueOf(element)
		}
		return structpb.NewListValue(list)
	}
	return structpb.NewNullValue()
}

// exact reports whether a double holds a number as it is written, where that is a
// whole one; of any other it holds as much as the sender's did.
func exact(digits string, n float64) bool {
	if strings.Trim(strings.TrimPrefix(digits, "-"), "0123456789") != "" {
		return true
	}
	whole, err := strconv.ParseInt(digits, 10, 64)
	return err == nil && math.Abs(n) <= 1<<53 && int64(n) == whole
}
