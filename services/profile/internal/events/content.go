package events

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Content is what describes the person of an event.
type Content struct {
	// Properties are those of the event, in an identify event the traits.
	Properties map[string]any `json:"p,omitempty"`
	// Context is where it happened: page, device, campaign, library.
	Context map[string]any `json:"c,omitempty"`
	// Details are what the typed fields say. Read from the store they are filled
	// up from the properties.
	Details Details `json:"d,omitzero"`
}

const (
	maxContent = 32 << 10 // bytes as JSON
	maxDepth   = 20
)

// SetContent gives an event its content, or reports what is wrong with it.
func (e *Event) SetContent(c *Content) error {
	f := fault.Merge(checkValue("properties", c.Properties, 1), checkValue("context", c.Context, 1), c.Details.check())
	if f != nil {
		return f
	}
	if len(c.Properties) == 0 && len(c.Context) == 0 && c.Details.empty() {
		e.plain = nil
		return nil
	}
	text, err := appendContent(make([]byte, 0, 512), c)
	if err != nil {
		return fault.Invalid("properties", "must be values of JSON").Because(err)
	}
	if len(text) > maxContent {
		f := fault.Invalid("properties", "must have at most %d bytes as JSON together with the context, have %d", maxContent, len(text))
		f.Reason = "EVENT_TOO_LARGE"
		return f
	}
	e.plain = text
	return nil
}

// Content is the content of an event, which must have been read with it. It is
// opened anew each time: who counts the steps of a funnel opens nothing.
func (e *Event) Content(ctx context.Context) (*Content, error) {
	text := e.plain
	if text == nil && len(e.sealed) > 0 {
		var err error
		if text, err = e.keeper.open(ctx, e); err != nil {
			return nil, err
		}
	}
	return e.parse(text)
}

// Contents are the contents of events that were read with them, in their order.
// It costs less than asking each.
func Contents(ctx context.Context, events []*Event) ([]*Content, error) {
	if len(events) == 0 {
		return nil, nil
	}
	texts, err := events[0].keeper.openAll(ctx, events)
	if err != nil {
		return nil, err
	}
	contents := make([]*Content, len(events))
	for i, e := range events {
		if contents[i], err = e.parse(texts[i]); err != nil {
			return nil, err
		}
	}
	return contents, nil
}

func (e *Event) parse(text []byte) (*Content, error) {
	c := &Content{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, c); err != nil {
			return nil, fmt.Errorf("event %s of %s: %w", e.ID, e.Sender, err)
		}
	}
	c.Details.fill(e, c.Properties)
	return c, nil
}

// checkValue reports nesting that is too deep and text that is not fit to be kept.
func checkValue(field string, value any, depth int) *fault.Fault {
	if depth > maxDepth {
		f := fault.Invalid(field, "must not be nested more than %d deep", maxDepth)
		f.Reason = "EVENT_TOO_DEEP"
		return f
	}
	switch v := value.(type) {
	case map[string]any:
		for _, part := range v {
			if f := checkValue(field, part, depth+1); f != nil {
				return f
			}
		}
	case []any:
		for _, part := range v {
			if f := checkValue(field, part, depth+1); f != nil {
				return f
			}
		}
	}
	return nil
}
