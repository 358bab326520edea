package criterion

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// rfm is having certain RFM scores.
type rfm struct {
	definition domain.RFM
	selection  *domain.Selection
}

// OfRFM is the criterion of an RFM definition, which must have passed its Check. It
// is as of the last refresh of the valuations and does not change with time.
func OfRFM(definition domain.RFM) Criterion { return rfm{definition, definition.Select()} }

// Evaluate tells whether the customer has one of the groups or cells.
func (r rfm) Evaluate(c *Case) (Verdict, error) {
	return Verdict{Belongs: r.selection.Has(c.Facts)}, nil
}

// Reads are the scores.
func (rfm) Reads() []string {
	return []string{"has_valuation", "rfm.cell", "rfm.frequency", "rfm.group", "rfm.monetary", "rfm.recency"}
}

// Segments are none.
func (rfm) Segments() []string { return nil }

// Explain asks about the groups and the cells, each by itself.
func (r rfm) Explain(c *Case) Explanation {
	belongs := r.selection.Has(c.Facts)
	whole := Condition{Operator: "or", Holds: belongs, Decided: true}
	parts := []struct {
		fact, label string
		wanted      []string
		only        domain.RFM
		value       string
	}{
		{"rfm.group", "RFM 分组", r.definition.Groups, domain.RFM{Groups: r.definition.Groups}, c.Facts.RFM.Group},
		{"rfm.cell", "RFM 单元", r.definition.Cells, domain.RFM{Cells: r.definition.Cells}, c.Facts.RFM.Cell},
	}
	for i, p := range parts {
		if len(p.wanted) == 0 {
			continue
		}
		wanted := strings.Join(p.wanted, ", ")
		leaf := Condition{Text: p.fact + " in [" + wanted + "]", Holds: p.only.Select().Has(c.Facts), Values: []Value{{p.fact, p.value}}}
		other := domain.RFM{Groups: parts[1-i].only.Groups, Cells: parts[1-i].only.Cells}
		leaf.Decided = !other.Select().Has(c.Facts) // otherwise the other alone suffices
		switch {
		case !c.Facts.Valued:
			leaf.Change, leaf.ChangeZh = "the customer has no valuation and would have to have an order before the next refresh", "客户没有估值，需要在下次估值前有订单"
		case leaf.Holds && wanted == p.value:
			leaf.Change = fmt.Sprintf("%s is %s and would have to be something else", p.fact, p.value)
			leaf.ChangeZh = fmt.Sprintf("%s为 %s，需要为其他值", p.label, p.value)
		case !leaf.Holds && len(p.wanted) == 1:
			leaf.Change = fmt.Sprintf("%s is %s and would have to be %s", p.fact, p.value, wanted)
			leaf.ChangeZh = fmt.Sprintf("%s为 %s，需要为 %s", p.label, p.value, wanted)
		case leaf.Holds:
			leaf.Change = fmt.Sprintf("%s is %s and would have to be none of %s", p.fact, p.value, wanted)
			leaf.ChangeZh = fmt.Sprintf("%s为 %s，需要不是 %s", p.label, p.value, wanted)
		default:
			leaf.Change = fmt.Sprintf("%s is %s and would have to be one of %s", p.fact, p.value, wanted)
			leaf.ChangeZh = fmt.Sprintf("%s为 %s，需要是 %s 之一", p.label, p.value, wanted)
		}
		whole.Children = append(whole.Children, leaf)
	}
	if len(whole.Children) == 1 {
		whole = whole.Children[0]
	} else {
		whole.Text = whole.Children[0].Text + " || " + whole.Children[1].Text
	}
	return Explanation{Belongs: belongs, Conditions: whole}
}

// list is being on a static list.
type list struct{ segment string }

// OfList is the criterion of a static segment, by its id: to have been put on it.
func OfList(segment string) Criterion { return list{segment} }

// Evaluate tells whether the customer has been put on the list.
func (l list) Evaluate(c *Case) (Verdict, error) {
	return Verdict{Belongs: slices.Contains(c.Facts.Lists, l.segment)}, nil
}

// Reads is the list.
func (l list) Reads() []string { return []string{"lists." + l.segment} }

// Segments are none.
func (list) Segments() []string { return nil }

// Explain says that nothing but the list decides.
func (l list) Explain(c *Case) Explanation {
	on := slices.Contains(c.Facts.Lists, l.segment)
	leaf := Condition{Text: "on the list " + l.segment, Holds: on, Decided: true, Values: []Value{{"lists." + l.segment, fmt.Sprint(on)}}}
	if on {
		leaf.Change, leaf.ChangeZh = "the customer is on the list and would have to be taken off it", "客户在名单中，需要移出名单"
	} else {
		leaf.Change, leaf.ChangeZh = "the customer is not on the list and would have to be put on it", "客户不在名单中，需要加入名单"
	}
	return Explanation{Belongs: on, Conditions: leaf}
}
