package describe

import "strings"

// name suggests a name: what the strongest differences make of a customer.
func (d *Description) name(l language, said []Distinction) string {
	if d.Size < MinSize || d.Population-d.Size < MinSize || len(said) == 0 {
		return both{"Customers", "客户"}[l]
	}
	var adjectives, in []string
	for _, x := range said {
		switch {
		case x.Category != "" && len(in) == 0:
			if name := x.categoryInName(l); name != "" {
				in = append(in, name)
			}
		case x.Category == "" && len(adjectives) < 2:
			if a := x.adjective(l); len(adjectives) == 0 || adjectives[0] != a {
				adjectives = append(adjectives, a)
			}
		}
	}
	var name string
	if l == chinese {
		name = strings.Join(adjectives, "、") + "客户"
	} else {
		name = capital(strings.TrimSpace(strings.Join(adjectives, ", ") + " customers"))
	}
	if len(in) > 0 {
		name += both{" (" + in[0] + ")", "（" + in[0] + "）"}[l]
	}
	return name
}

func (x Distinction) adjective(l language) string {
	p := phraseOf(x.Name)
	if x.Effect < 0 {
		return first(p.lessAdjective[l], both{"low " + x.LabelEn, x.LabelZh + "偏低的"}[l])
	}
	return first(p.moreAdjective[l], both{"high " + x.LabelEn, x.LabelZh + "偏高的"}[l])
}

// categoryInName is a category as it stands in a name; empty of one that is not there.
func (x Distinction) categoryInName(l language) string {
	if _, named := categoryNames[x.Name][x.Category]; !named {
		switch x.Category {
		case "true":
			return x.label(l)
		case "false":
			return ""
		}
	}
	return categoryName(l, x.Name, x.Category)
}

func capital(s string) string {
	return strings.ToUpper(s[:1]) + s[1:]
}
