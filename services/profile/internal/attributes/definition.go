package attributes

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// types are the API's types as the domain calls them.
var types = map[profilev1.AttributeType]domain.ValueType{
	profilev1.AttributeType_ATTRIBUTE_TYPE_STRING:    domain.TextValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_NUMBER:    domain.NumberValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_INTEGER:   domain.IntegerValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_BOOL:      domain.BoolValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_DATE:      domain.DateValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_TIMESTAMP: domain.TimestampValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_LIST:      domain.ListValue,
	profilev1.AttributeType_ATTRIBUTE_TYPE_MONEY:     domain.MoneyValue,
}

// definition is one that can judge.
type definition struct {
	id      string
	proto   *profilev1.AttributeDefinition
	kind    domain.ValueType
	pattern *regexp.Regexp // nil for any text
}

func (r *record) definition() (*definition, error) {
	d := &profilev1.AttributeDefinition{}
	id := docstore.ParseID(r.ID)[0]
	if err := proto.Unmarshal(r.Content, d); err != nil {
		return nil, fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "attribute definition %q cannot be read", id).Because(err)
	}
	d.Name, d.Etag = aip.Name(pattern, id), etag.Of(r.Version)
	d.CreateTime, d.UpdateTime = timestamppb.New(r.CreatedAt), timestamppb.New(r.UpdatedAt)
	return compile(id, d)
}

// compile checks a definition and makes it ready for judging.
func compile(id string, d *profilev1.AttributeDefinition) (*definition, error) {
	c := &definition{id: id, proto: d, kind: types[d.GetType()]}
	text := c.kind == domain.TextValue || c.kind == domain.ListValue
	number := c.kind == domain.NumberValue || c.kind == domain.IntegerValue
	var faults []*fault.Fault
	refuse := func(wrong bool, field, format string, args ...any) {
		if wrong {
			faults = append(faults, fault.Invalid(field, format, args...))
		}
	}
	refuse(c.kind == "", "type", "must be one of the types the API defines")
	refuse(!text && len(d.GetAllowedValues()) > 0, "allowed_values", "must be empty for type %s: only texts and lists have some", c.kind)
	refuse(!text && d.GetPattern() != "", "pattern", "must be empty for type %s: only texts and lists have one", c.kind)
	refuse(!number && d.Min != nil, "min", "must not be set for type %s: only numbers have one", c.kind)
	refuse(!number && d.Max != nil, "max", "must not be set for type %s: only numbers have one", c.kind)
	refuse(d.Min != nil && d.Max != nil && d.GetMin() > d.GetMax(), "max", "must not be less than min")
	refuse(!number && d.GetUnit() != "", "unit", "must be empty for type %s: only numbers have one", c.kind)
	for field, s := range map[string]string{"display_name": d.GetDisplayName(), "unit": d.GetUnit()} {
		refuse(strings.ContainsFunc(s, unicode.IsControl), field, "must hold no control characters or line breaks")
	}
	for i, v := range d.GetAllowedValues() {
		field := fmt.Sprintf("allowed_values[%d]", i)
		refuse(v == "" || strings.TrimSpace(v) != v || strings.ContainsFunc(v, unicode.IsControl), field, "must be text of one line without spaces around it")
		refuse(slices.Index(d.GetAllowedValues(), v) < i, field, "is there twice")
	}
	if d.GetPattern() != "" {
		var err error
		c.pattern, err = regexp.Compile(`^(?:` + d.GetPattern() + `)$`)
		refuse(err != nil, "pattern", "must be a regular expression in RE2 syntax: %v", err)
	}
	return c, fault.Merge(faults...)
}

func (d *definition) sensitive() bool {
	return d.proto.GetSensitivity() == apiv1.Sensitivity_SENSITIVITY_SENSITIVE
}

// check reports a value that the attribute cannot hold.
func (d *definition) check(v domain.Value) *fault.Fault {
	field := "attributes." + d.id
	refuse := func(reason, format string, args ...any) *fault.Fault {
		f := fault.Invalid(field, format, args...)
		f.Reason = reason
		return f
	}
	switch {
	case d.proto.GetDeprecated():
		return refuse("ATTRIBUTE_DEPRECATED", "takes no new values: attributeDefinitions/%s is deprecated", d.id)
	case v.Type != d.kind:
		return refuse("ATTRIBUTE_TYPE_MISMATCH", "must be of type %s, is of type %s", d.kind, v.Type)
	}
	texts, number, isNumber := v.List, v.Number, v.Type == domain.NumberValue
	switch v.Type {
	case domain.TextValue:
		texts = []string{v.Text}
	case domain.IntegerValue:
		number, isNumber = float64(v.Integer), true
	}
	for _, text := range texts {
		switch allowed := d.proto.GetAllowedValues(); {
		case len(allowed) > 0 && !slices.Contains(allowed, text):
			return refuse("ATTRIBUTE_VALUE_REFUSED", "must be one of %.300q, is %.40q", allowed, text)
		case d.pattern != nil && !d.pattern.MatchString(text):
			return refuse("ATTRIBUTE_VALUE_REFUSED", "must match %q, is %.40q", d.proto.GetPattern(), text)
		}
	}
	switch {
	case !isNumber:
	case d.proto.Min != nil && number < d.proto.GetMin():
		return refuse("ATTRIBUTE_VALUE_REFUSED", "must be at least %v, is %v", d.proto.GetMin(), number)
	case d.proto.Max != nil && number > d.proto.GetMax():
		return refuse("ATTRIBUTE_VALUE_REFUSED", "must be at most %v, is %v", d.proto.GetMax(), number)
	}
	return nil
}

// holdFor is how long definitions are judged by before they are read again: what
// another process has changed counts from then on.
const holdFor = 2 * time.Second
