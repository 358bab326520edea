package domain

import (
	"slices"
	"time"
)

// Change is one change of a customer's record.
type Change struct {
	// Seq orders the changes of a customer and names each: the time in
	// milliseconds since 1970, or one more than that of the change before it.
	Seq       int64  `json:"seq"`
	Actor     string `json:"actor"`      // "api", "imports/{import}", "system"
	RequestID string `json:"request_id"` // empty for an import
	Created   bool   `json:"created"`    // it made the record; Fields are none
	// Fields are those that changed, "city" or "attributes.tier", and Before and
	// After hold what was in them.
	Fields []string `json:"fields"`
	Before *Details `json:"before"`
	After  *Details `json:"after"`
}

// Time is when the change was made.
func (c *Change) Time() time.Time { return time.UnixMilli(c.Seq).UTC() }

// Changed is the change from one state of a record to another; before is nil for
// a new one. By says who makes it.
func Changed(before, after *Customer, by Change, now time.Time) *Change {
	by.Seq = now.UnixMilli()
	if before == nil {
		by.Created = true
		return &by
	}
	if before.LastChange != nil {
		by.Seq = max(by.Seq, before.LastChange.Seq+1)
	}
	by.Before, by.After = &Details{}, &Details{}
	for i := range Fields {
		f := &Fields[i]
		was, is := f.Of(&before.Details), f.Of(&after.Details)
		switch {
		case same(was, is):
		case f.Name == "attributes":
			by.Fields = append(by.Fields, by.changedAttributes(before.Attributes, after.Attributes)...)
		default:
			by.Fields = append(by.Fields, f.Name)
			f.Of(by.Before).Set(was)
			f.Of(by.After).Set(is)
		}
	}
	return &by
}

func (c *Change) changedAttributes(was, is map[string]Value) []string {
	c.Before.Attributes, c.After.Attributes = map[string]Value{}, map[string]Value{}
	var paths []string
	for _, name := range sortedNames(merged(was, is)) {
		before, had := was[name]
		after, has := is[name]
		if had && has && before.Same(after) {
			continue
		}
		paths = append(paths, "attributes."+name)
		if had {
			c.Before.Attributes[name] = before
		}
		if has {
			c.After.Attributes[name] = after
		}
	}
	return paths
}

func sortedNames(attributes map[string]Value) []string {
	names := make([]string, 0, len(attributes))
	for name := range attributes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
