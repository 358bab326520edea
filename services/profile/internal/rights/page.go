package rights

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

//go:embed page.html
var pageText string

// pages are the pieces of a page: head, section, record, foot.
var pages = template.Must(template.New("page").Parse(pageText))

// page is an export as one page of HTML.
type page struct {
	out  *bytes.Buffer
	last string // service and kind of the section that is open
	seen int    // records of it
}

func (p *page) contentType() string { return "text/html; charset=utf-8" }

func (p *page) begin(e *profilev1.PersonalDataExport) error {
	return pages.ExecuteTemplate(p.out, "head", map[string]any{
		"Customer": strings.TrimPrefix(e.GetCustomer(), "customers/"),
		"Time":     e.GetCreateTime().AsTime().Format("2006-01-02 15:04 UTC"),
		"Sections": e.GetSections(),
	})
}

func (p *page) part(service string, part *apiv1.PersonalDataPart) error {
	if this := service + "/" + part.GetSection(); this != p.last {
		p.last, p.seen = this, 0
		err := pages.ExecuteTemplate(p.out, "section", map[string]any{
			"ID": service + "-" + part.GetSection(), "Service": service, "Title": part.GetTitle(), "TitleZh": part.GetTitleZh(),
		})
		if err != nil {
			return err
		}
	}
	for _, record := range part.GetRecords() {
		p.seen++
		err := pages.ExecuteTemplate(p.out, "record", map[string]any{"Number": p.seen, "Lines": linesOf(record)})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *page) end() error { return pages.ExecuteTemplate(p.out, "foot", nil) }

// line is one value of a record and where it stands, e.g. "items 2 · amount".
type line struct{ Name, Value string }

// linesOf lists the values of a record in the order of their fields' names.
func linesOf(record *structpb.Struct) (all []line) {
	for _, name := range slices.Sorted(maps.Keys(record.GetFields())) {
		all = append(all, lines(words(name), record.GetFields()[name])...)
	}
	return all
}

func lines(name string, v *structpb.Value) (all []line) {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_StructValue:
		for _, inner := range linesOf(kind.StructValue) {
			all = append(all, line{name + " · " + inner.Name, inner.Value})
		}
		return all
	case *structpb.Value_ListValue:
		if plain, ok := plainList(kind.ListValue); ok {
			return []line{{name, plain}}
		}
		for i, inner := range kind.ListValue.GetValues() {
			all = append(all, lines(fmt.Sprintf("%s %d", name, i+1), inner)...)
		}
		return all
	}
	return []line{{name, plainValue(v)}}
}

// plainList is a list of simple values as one text.
func plainList(l *structpb.ListValue) (string, bool) {
	texts := make([]string, len(l.GetValues()))
	for i, v := range l.GetValues() {
		switch v.GetKind().(type) {
		case *structpb.Value_StructValue, *structpb.Value_ListValue:
			return "", false
		}
		texts[i] = plainValue(v)
	}
	return strings.Join(texts, ", "), true
}

func plainValue(v *structpb.Value) string {
	switch kind := v.GetKind().(type) {
	case *structpb.Value_StringValue:
		return kind.StringValue
	case *structpb.Value_NumberValue:
		return strconv.FormatFloat(kind.NumberValue, 'f', -1, 64)
	case *structpb.Value_BoolValue:
		return strconv.FormatBool(kind.BoolValue)
	}
	return ""
}

// words are those of a field's name: "displayName" is "display name".
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return strings.ReplaceAll(b.String(), "_", " ")
}
