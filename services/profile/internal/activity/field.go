package activity

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/condition"
)

// Field is a field of a step.
type Field struct {
	name string
	path []string // behind "properties" or "context"
	zone *time.Location
}

// maxPath is how deep a path may lead into properties.
const maxPath = 20

// NewField finds a field by its name, with hours and weekdays in a zone. The fault
// names the field of the request in which the name stands.
func NewField(at, name string, zone *time.Location) (Field, error) {
	switch head, path, _ := strings.Cut(name, "."); head {
	case "type", "name", "source", "hour", "weekday", "amount", "net", "currency":
		if path == "" {
			return Field{name: head, zone: zone}, nil
		}
	case "properties", "context":
		parts := strings.Split(path, ".")
		if path != "" && len(parts) <= maxPath {
			return Field{name: head, path: parts, zone: zone}, nil
		}
	}
	f := fault.Invalid(at, "events have no field %q; there are type, name, source, hour, weekday, properties.…, context.…, and of orders amount, net, currency", name)
	f.Reason = "FIELD_UNKNOWN"
	return Field{}, f
}

// Contents reports whether the field can only be read with the contents of events.
func (f Field) Contents() bool { return f.path != nil }

// Of is the field's value in a step, missing where it has none.
func (f Field) Of(ctx context.Context, s *Step) (condition.Value, error) {
	switch f.name {
	case "type":
		return condition.Of(s.Type), nil
	case "name":
		return condition.Of(s.Name), nil
	case "hour":
		return condition.OfNumber(float64(f.local(s).Hour())), nil
	case "weekday":
		return condition.OfNumber(float64((int(f.local(s).Weekday())+6)%7 + 1)), nil
	}
	if s.order != nil {
		return f.ofOrder(s.order), nil
	}
	if f.name == "source" {
		return condition.Of(s.event.Source), nil
	}
	if f.path == nil {
		return condition.Value{}, nil
	}
	if s.opened == nil {
		var err error
		if s.opened, err = s.event.Content(ctx); err != nil {
			return condition.Value{}, err
		}
	}
	if f.name == "context" {
		return within(s.opened.Context, f.path), nil
	}
	return within(s.opened.Properties, f.path), nil
}

func (f Field) local(s *Step) time.Time { return time.UnixMilli(s.TimeMS).In(f.zone) }

func (f Field) ofOrder(o *Order) condition.Value {
	switch f.name {
	case "amount":
		return condition.OfNumber(float64(o.Amount))
	case "net":
		return condition.OfNumber(float64(o.Amount - o.Refunded))
	case "currency":
		return condition.Of(o.Currency)
	}
	return condition.Value{}
}

// within is the value at the end of a path into an object of JSON.
func within(object map[string]any, path []string) condition.Value {
	var value any = object
	for _, name := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return condition.Value{}
		}
		value = object[name]
	}
	switch v := value.(type) {
	case string:
		return condition.Of(v)
	case bool:
		return condition.OfTruth(v)
	case float64:
		return condition.OfNumber(v)
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return condition.Value{}
		}
		return condition.OfNumber(n)
	case []any:
		var texts []string
		for _, one := range v {
			if text, ok := one.(string); ok {
				texts = append(texts, text)
			}
		}
		return condition.OfList(texts)
	}
	return condition.Value{}
}
