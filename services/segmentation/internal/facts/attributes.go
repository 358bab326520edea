package facts

import "strings"

// Attribute is the definition of an attribute of the company's own.
type Attribute struct {
	Name  string // e.g. "tier": a fact attributes.tier
	Label string // what the company calls it, e.g. "会员等级"; empty is the name
	Unit  string // of its numbers
	Type  Type   // Bool, Int, Double, Text, Timestamp, Calendar or Texts; rules cannot read another
	// Sensitive ones need the person's separate consent, and so are no facts.
	Sensitive bool
}

// The most characters of an attribute's text, of each of its texts, and the most texts.
const (
	attributeText  = 1024
	attributeItem  = 256
	attributeItems = 100
)

// Field is the attribute as a fact. It is known of who has a value of the type.
func (a Attribute) Field() Field {
	f := Field{
		Name: "attributes." + a.Name, Type: a.Type, Section: FromProfile,
		LabelEn: a.Label, LabelZh: a.Label, Unit: a.Unit,
		DocEn: "attribute of the company's own", DocZh: "自定义属性",
		Size: attributeText,
		at:   func(x *Facts) any { return x.Customer.Attributes[a.Name] },
	}
	if a.Label == "" {
		f.LabelEn, f.LabelZh = a.Name, a.Name
	}
	if a.Type == Texts {
		f.Size, f.Items = attributeItem, attributeItems
	}
	return f
}

func (f *Field) isAttribute() bool { return strings.HasPrefix(f.Name, attributes) }

// isOf tells whether a value is of a type and says something.
func isOf(t Type, value any) bool {
	switch v := value.(type) {
	case bool:
		return t == Bool
	case int64:
		return t == Int
	case float64:
		return t == Double
	case string:
		return t == Text && v != ""
	case []string:
		return t == Texts && len(v) > 0
	case Date:
		return t == Calendar && v != Date{}
	case interface{ IsZero() bool }: // time.Time
		return t == Timestamp && !v.IsZero()
	}
	return false
}
