package importer

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// content reads what a row says of an event beyond its known columns.
func (r *eventRows) content(item *events.Item, row sheet.Row) *fault.Fault {
	to := &gathered{segment: r.segment}
	if r.columns.json {
		for _, at := range r.columns.at["message_id"] {
			to.segment = to.segment || row.Fields[at] != "" && mapping.Fold(r.columns.header[at]) == segmentID
		}
	}
	if name := tidy(r.columns.in(row.Fields, "name")); name != "" && !takesName(item.Event.Type, tidy(r.columns.in(row.Fields, "event"))) {
		to.put(&to.properties, "name", name)
	}
	if f := r.named(to, row); f != nil {
		return f
	}
	for _, x := range r.columns.further {
		text := unescaped(row.Fields[x.at])
		if text == "" {
			continue
		}
		value, f := typed(x.title, text)
		if f == nil {
			f = to.add(x.title, value)
		}
		if f != nil {
			return f
		}
	}
	for _, m := range row.Others {
		if f := to.add(m.Name, m.Value); f != nil {
			return f
		}
	}
	item.Content.Properties, item.Content.Context = to.properties, to.context
	return nil
}

// named reads the properties to which a mapping gives columns.
func (r *eventRows) named(to *gathered, row sheet.Row) *fault.Fault {
	for name := range r.columns.at {
		property, is := strings.CutPrefix(name, ofProperties)
		if !is {
			continue
		}
		text := unescaped(r.columns.in(row.Fields, name))
		if text == "" {
			continue
		}
		value, f := typed(property, text)
		if f != nil {
			return f
		}
		to.put(&to.properties, property, value)
	}
	return nil
}

// ofProperties is what the name of a column begins with that is a property.
const ofProperties = "properties."

// propertyOf is what a column is shown as that is a property, or something in the context.
func propertyOf(title string) string {
	folded := mapping.Fold(title)
	switch _, rest, _ := strings.Cut(tidy(title), "."); {
	case folded == "context" || strings.HasPrefix(folded, "context."):
		return tidy(title)
	case folded == "properties" || folded == "traits" || folded == "属性":
		return "properties"
	case strings.HasPrefix(folded, ofProperties), strings.HasPrefix(folded, "traits."), strings.HasPrefix(folded, "属性."):
		return ofProperties + rest
	}
	return ofProperties + tidy(title)
}

// gathered is the content of an event so far.
type gathered struct {
	segment             bool
	properties, context map[string]any
}

// add puts the value of a column, or of a member of an object, where it belongs.
func (g *gathered) add(title string, value any) *fault.Fault {
	folded := mapping.Fold(title)
	for _, whole := range []struct {
		titles []string
		to     *map[string]any
	}{{[]string{"properties", "traits", "属性"}, &g.properties}, {[]string{"context"}, &g.context}} {
		for _, name := range whole.titles {
			if folded == name {
				object, is := value.(sheet.Object)
				if !is {
					return invalid(title, "PROPERTIES_MALFORMED", "must be a JSON object")
				}
				for _, m := range object {
					g.put(whole.to, m.Name, m.Value)
				}
				return nil
			}
			if strings.HasPrefix(folded, name+".") {
				g.place(whole.to, strings.Split(title, ".")[1:], value)
				return nil
			}
		}
	}
	if g.segment {
		g.put(&g.context, title, value)
	} else {
		g.put(&g.properties, title, value)
	}
	return nil
}

// place puts a value at a path: context.page.url is the url in the object page. Where
// something else stands there, the rest of the path is a name.
func (g *gathered) place(to *map[string]any, path []string, value any) {
	inner := *to
	for len(path) > 1 {
		object, is := inner[path[0]].(map[string]any)
		if inner[path[0]] != nil && !is {
			break
		}
		if !is {
			object = make(map[string]any)
			g.put(to, path[0], object)
		}
		to, inner, path = &object, object, path[1:]
	}
	g.put(to, strings.Join(path, "."), value)
}

func (g *gathered) put(to *map[string]any, name string, value any) {
	if value = plainValue(value); value == nil {
		return
	}
	if *to == nil {
		*to = make(map[string]any)
	}
	(*to)[name] = value
}

// plainValue is a value of JSON lines in the types that events have. Whole numbers
// that a double cannot hold become texts, so that no digit is lost.
func plainValue(value any) any {
	switch v := value.(type) {
	case json.Number:
		n, err := v.Float64()
		if err != nil || !exact(v.String(), n) {
			return v.String()
		}
		return n
	case sheet.Object:
		object := make(map[string]any, len(v))
		for _, m := range v {
			object[m.Name] = plainValue(m.Value)
		}
		return object
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plainValue(v[i])
		}
		return list
	}
	return value
}

// exact reports whether a double holds a number as it is written, where that is a
// whole one.
func exact(text string, n float64) bool {
	if strings.Trim(strings.TrimPrefix(text, "-"), "0123456789") != "" {
		return true
	}
	whole, err := strconv.ParseInt(text, 10, 64)
	return err == nil && math.Abs(n) <= 1<<53 && int64(n) == whole
}

// naming finds titles of columns whose numbers count nothing.
var naming = regexp.MustCompile(`(^|[_\-. ])(id|sku|code|no|number|phone|mobile|zip)$|[a-z]I[dD]$|(号|码|电话|手机|邮编)$`)

// typed is the value of a property in a CSV file: true and false, a number as it is
// written without more digits than are exact, or JSON; anything else, and what names
// something, is text.
func typed(title, text string) (any, *fault.Fault) {
	switch text[0] {
	case '{', '[':
		value, f := sheet.ParseValue(text)
		if f != nil && text[0] == '{' && (mapping.Fold(title) == "properties" || mapping.Fold(title) == "context") {
			return nil, invalid(title, "PROPERTIES_MALFORMED", "must be a JSON object: %s", f.Message)
		}
		if f == nil {
			return value, nil
		}
		return text, nil
	case 't', 'T', 'f', 'F':
		switch strings.ToLower(text) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
		return text, nil
	}
	if isNumber(text) && !namesSomething(title) {
		return json.Number(text), nil
	}
	return text, nil
}

func namesSomething(title string) bool {
	return naming.MatchString(title) || naming.MatchString(mapping.Fold(title))
}

// isNumber reports a number as JSON has it, without exponent, of at most as many digits as
// a double holds.
func isNumber(text string) bool {
	bare := strings.TrimPrefix(text, "-")
	whole, fraction, point := strings.Cut(bare, ".")
	return whole != "" && digits(whole) && digits(fraction) && (!point || fraction != "") &&
		(len(whole) == 1 || whole[0] != '0') && len(whole)+len(fraction) <= maxExactDigits
}
