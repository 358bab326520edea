package importer

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"

	"github.com/kehuhq/kehu/pkg/fault"
)

// names are the values of an enum of the API and what they are called here.
type names[E comparable, T comparable] map[E]T

func (n names[E, T]) of(t T) (e E) {
	for e, of := range n {
		if of == t {
			return e
		}
	}
	return e
}

var rowNames = names[profilev1.OrderRows, mapping.Rows]{
	profilev1.OrderRows_ORDER_ROWS_UNSPECIFIED: mapping.AnyRows,
	profilev1.OrderRows_ORDER_ROWS_ORDER:       mapping.OrderRows,
	profilev1.OrderRows_ORDER_ROWS_ITEM:        mapping.ItemRows,
}

var amountNames = names[profilev1.AmountMeaning, mapping.Meaning]{
	profilev1.AmountMeaning_AMOUNT_MEANING_UNSPECIFIED: mapping.AnyAmount,
	profilev1.AmountMeaning_AMOUNT_MEANING_ORDER:       mapping.OrderAmount,
	profilev1.AmountMeaning_AMOUNT_MEANING_LINE:        mapping.LineAmount,
}

var statusNames = names[profilev1.OrderStatus, domain.Status]{
	profilev1.OrderStatus_ORDER_STATUS_PAID:      domain.Paid,
	profilev1.OrderStatus_ORDER_STATUS_PENDING:   domain.Pending,
	profilev1.OrderStatus_ORDER_STATUS_CANCELLED: domain.Cancelled,
	profilev1.OrderStatus_ORDER_STATUS_RETURNED:  domain.Returned,
}

var encodingNames = names[profilev1.FileEncoding, sheet.Encoding]{
	profilev1.FileEncoding_FILE_ENCODING_UNSPECIFIED: sheet.Open,
	profilev1.FileEncoding_FILE_ENCODING_UTF8:        sheet.UTF8,
	profilev1.FileEncoding_FILE_ENCODING_GB18030:     sheet.GB18030,
}

var syntaxNames = names[profilev1.FileSyntax, sheet.Syntax]{
	profilev1.FileSyntax_FILE_SYNTAX_UNSPECIFIED: sheet.OpenSyntax,
	profilev1.FileSyntax_FILE_SYNTAX_DELIMITED:   sheet.Delimited,
	profilev1.FileSyntax_FILE_SYNTAX_JSON_LINES:  sheet.JSONLines,
}

// mappingFrom reads and checks a mapping; path is the field that holds it.
func mappingFrom(path string, p *profilev1.OrderMapping) (*mapping.Mapping, error) {
	if p.GetVersion() != 1 {
		return nil, fault.Invalid(path+".version", "must be 1, is %d", p.GetVersion())
	}
	m := &mapping.Mapping{
		Name: p.GetName(), Columns: make(map[mapping.Field][]string),
		Rows: rowNames[p.GetRows()], Amount: amountNames[p.GetAmount()],
		Zone: p.GetTimeZone(), Currency: p.GetCurrencyCode(),
	}
	p.GetColumns().ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		for n := range v.List().Len() {
			f := mapping.Field(fd.Name())
			m.Columns[f] = append(m.Columns[f], v.List().Get(n).String())
		}
		return true
	})
	for text, status := range p.GetStatuses() {
		means, ok := statusNames[status]
		if !ok {
			return nil, fault.Invalid(path+".statuses", "must say what %q means", clip(text, 40))
		}
		m.Statuses = append(m.Statuses, mapping.Word{Text: text, Means: means})
	}
	slices.SortFunc(m.Statuses, func(a, b mapping.Word) int { return strings.Compare(a.Text, b.Text) })
	return m, m.Check(path)
}

// mappingProto is unset for our own format.
func mappingProto(m *mapping.Mapping) *profilev1.OrderMapping {
	if m == nil {
		return nil
	}
	p := &profilev1.OrderMapping{
		Version: 1, Name: m.Name, Columns: &profilev1.OrderColumns{},
		Rows: rowNames.of(m.Rows), Amount: amountNames.of(m.Amount),
		TimeZone: m.Zone, CurrencyCode: m.Currency,
	}
	columns := p.GetColumns().ProtoReflect()
	for f, titles := range m.Columns {
		fd := columns.Descriptor().Fields().ByName(protoreflect.Name(f))
		if fd == nil || len(titles) == 0 {
			continue
		}
		list := columns.Mutable(fd).List()
		for _, title := range titles {
			list.Append(protoreflect.ValueOfString(title))
		}
	}
	if len(m.Statuses) > 0 {
		p.Statuses = make(map[string]profilev1.OrderStatus, len(m.Statuses))
	}
	for _, w := range m.Statuses {
		p.Statuses[w.Text] = statusNames.of(w.Means)
	}
	return p
}

// formatFrom reads how a file is written; path is the field that says so.
func formatFrom(path string, p *profilev1.FileFormat) (sheet.Format, error) {
	encoding, ok := encodingNames[p.GetEncoding()]
	if !ok {
		return sheet.Format{}, fault.Invalid(path+".encoding", "must be FILE_ENCODING_UTF8 or FILE_ENCODING_GB18030")
	}
	syntax, ok := syntaxNames[p.GetSyntax()]
	switch {
	case !ok:
		return sheet.Format{}, fault.Invalid(path+".syntax", "must be FILE_SYNTAX_DELIMITED or FILE_SYNTAX_JSON_LINES")
	case syntax == sheet.JSONLines && p.GetDelimiter() != "":
		return sheet.Format{}, fault.Invalid(path+".delimiter", "must be empty for a file of JSON lines")
	}
	if d := p.GetDelimiter(); d != "" && !slices.Contains(sheet.Delimiters, d) {
		return sheet.Format{}, fault.Invalid(path+".delimiter", "must be a comma, a semicolon or a tab, is %q", clip(d, 10))
	}
	return sheet.Format{Syntax: syntax, Encoding: encoding, Delimiter: p.GetDelimiter()}, nil
}

func formatProto(f sheet.Format) *profilev1.FileFormat {
	return &profilev1.FileFormat{Syntax: syntaxNames.of(f.Syntax), Encoding: encodingNames.of(f.Encoding), Delimiter: f.Delimiter}
}
