package describe

import (
	"fmt"
	"math"
	"strings"
)

// text is the description in sentences: who they are, then what sets them apart.
func (d *Description) text(l language, said []Distinction) string {
	who := fmt.Sprintf(both{"These %s customers (%s)", "这 %s 位客户（占 %s）"}[l], whole(d.Size), share(l, d.Share))
	switch {
	case d.Size < MinSize:
		return who + both{" are too few to be described.", "人数过少，不足以描述。"}[l]
	case d.Population-d.Size < MinSize:
		return who + both{" are nearly everybody: there are too few others to compare with.", "几乎是全部客户：其他客户过少，无法比较。"}[l]
	case len(said) == 0:
		return who + both{" do not differ from the others in anything that was compared.", "在所比较的各方面与其他客户没有明显差异。"}[l]
	}
	var b strings.Builder
	for i, x := range said {
		lead := both{"They ", ""}[l]
		if i == 0 {
			lead = who + both{" ", ""}[l]
		}
		if x.Category == "" {
			b.WriteString(lead + x.number(l))
		} else {
			b.WriteString(x.category(l, i == 0, who))
		}
		if l == english && i < len(said)-1 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// number tells of a number that is higher or lower.
func (x Distinction) number(l language) string {
	p := phraseOf(x.Name)
	verb := p.more[l]
	generic := both{"are higher in " + x.LabelEn, x.LabelZh + "更高"}
	if x.Effect < 0 {
		verb, generic = p.less[l], both{"are lower in " + x.LabelEn, x.LabelZh + "更低"}
	}
	if verb == "" {
		verb = generic[l]
	}
	inside, outside, typical := x.figures()
	how := both{"on average ", "平均为 "}
	if typical {
		how = both{"typically ", "中位数为 "}
	}
	a, b := figurePair(l, x.Variable, inside, outside)
	return verb + fmt.Sprintf(both{": %s%s, against %s for the others.", "：%s%s，其他客户为 %s。"}[l], how[l], a, b)
}

// figures are the medians where they tell the same as the means, which a few large
// numbers move; otherwise the means.
func (x Distinction) figures() (inside, outside float64, typical bool) {
	if (x.MedianInside-x.MedianOutside)*x.Effect > 0 {
		return x.MedianInside, x.MedianOutside, true
	}
	return x.Inside.Value, x.Outside.Value, false
}

// category tells of a category that is more common. who stands at the beginning of
// the first sentence.
func (x Distinction) category(l language, begins bool, who string) string {
	predicate := predicates[x.Name][l]
	name := categoryName(l, x.Name, x.Category)
	switch {
	case predicate != "":
		predicate = strings.Replace(predicate, "%s", name, 1)
	case x.Category == "true":
		predicate = both{"are marked “" + x.LabelEn + "”", "标记为“" + x.LabelZh + "”"}[l]
	case x.Category == "false":
		predicate = both{"are not marked “" + x.LabelEn + "”", "未标记为“" + x.LabelZh + "”"}[l]
	default:
		predicate = both{"have the " + x.LabelEn + " “" + name + "”", x.LabelZh + "为“" + name + "”"}[l]
	}
	against := both{"none of the others", "其他客户中没有"}[l]
	if x.Outside.Value > 0 {
		against = both{share(english, x.Outside.Value) + " of the others", "其他客户为 " + share(chinese, x.Outside.Value)}[l]
	}
	if x.Lift != nil {
		against += fmt.Sprintf(both{" (%s times as many)", "（%s 倍）"}[l], times(*x.Lift))
	}
	inside := share(l, x.Inside.Value)
	if l == chinese {
		of := "其中 "
		if begins {
			of = who + "中，"
		}
		return of + inside + " " + predicate + "，" + against + "。"
	}
	of := ""
	if begins {
		of = " of t" + strings.TrimPrefix(who, "T")
	}
	return inside + of + " " + predicate + ", against " + against + "."
}

// times is how many times as many, to one decimal; large ones whole.
func times(x float64) string {
	if x >= 10 {
		return whole(int64(math.Round(min(x, 1e15))))
	}
	return decimals(x, 1)
}
