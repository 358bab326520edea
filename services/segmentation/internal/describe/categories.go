package describe

import (
	"strings"
	"unicode"
)

// categoryNames are what values of enumerations are called, by fact.
var categoryNames = map[string]map[string]both{
	"customer.kind": {
		"INDIVIDUAL": {"individuals", "个人"}, "ENTERPRISE": {"enterprises", "企业"}, "GOVERNMENT": {"public bodies", "政府机构"},
	},
	"customer.gender": {"FEMALE": {"women", "女性"}, "MALE": {"men", "男性"}, "OTHER": {"of another gender", "其他性别"}},
	"customer.area":   {"URBAN": {"in the city", "城区"}, "SUBURBAN": {"in the suburbs", "郊区"}, "RURAL": {"in the country", "乡村"}},
	"customer.acquisition": {
		"ORGANIC": {"of their own accord", "自然到访"}, "ADVERTISING": {"through advertising", "广告"}, "REFERRAL": {"by referral", "推荐"},
		"PROMOTION": {"through a promotion", "促销"}, "SALES": {"through sales", "销售"},
	},
	"customer.marital_status": {
		"SINGLE": {"single", "单身"}, "MARRIED": {"married", "已婚"}, "PARTNERED": {"living with a partner", "与伴侣同居"}, "DIVORCED": {"divorced", "离异"}, "WIDOWED": {"widowed", "丧偶"},
	},
	"customer.education": {
		"PRIMARY": {"primary school", "小学及以下"}, "LOWER_SECONDARY": {"lower secondary school", "初中"}, "UPPER_SECONDARY": {"upper secondary school", "高中或中专"},
		"SHORT_TERTIARY": {"a shorter tertiary degree", "大专"}, "BACHELOR": {"bachelor", "本科"}, "MASTER": {"master", "硕士"}, "DOCTORATE": {"doctorate", "博士"},
	},
	"prediction.churned": {"true": {"lost", "已流失"}, "false": {"not lost", "未流失"}},
	"has_valuation":      {"true": {"with orders", "有订单"}, "false": {"without orders", "无订单"}},
	"rfm.group": {
		"IMPORTANT_VALUE": {"important to keep up", "重要价值"}, "IMPORTANT_DEVELOP": {"important to develop", "重要发展"},
		"IMPORTANT_KEEP": {"important to keep", "重要保持"}, "IMPORTANT_WIN_BACK": {"important to win back", "重要挽留"},
		"GENERAL_VALUE": {"general, good", "一般价值"}, "GENERAL_DEVELOP": {"general, to develop", "一般发展"},
		"GENERAL_KEEP": {"general, to keep", "一般保持"}, "GENERAL_WIN_BACK": {"general, to win back", "一般挽留"},
	},
}

// predicates say of a share of customers what they have or are; %s is the category.
var predicates = map[string]both{
	"customer.kind":           {"are %s", "为%s客户"},
	"customer.gender":         {"are %s", "为%s"},
	"customer.country":        {"live in %s", "来自%s"},
	"customer.region":         {"live in %s", "来自%s"},
	"customer.city":           {"live in %s", "来自%s"},
	"customer.area":           {"live %s", "居住在%s"},
	"customer.acquisition":    {"came %s", "获客方式为%s"},
	"customer.marital_status": {"are %s", "%s"},
	"customer.occupation":     {"work as %s", "职业为%s"},
	"prediction.churned":      {"count as %s", "%s"},
	"has_valuation":           {"are %s", "%s"},
}

// categoryName is what a category is called; one that no table has is its value.
func categoryName(l language, fact, value string) string {
	if name, ok := categoryNames[fact][value]; ok {
		return name[l]
	}
	return oneLine(value)
}

// longestName is how many characters of a value a sentence shows.
const longestName = 60

// oneLine is a value that somebody entered, as it can stand in a sentence: without
// what breaks lines or turns the direction of writing, and cut where it is long.
func oneLine(value string) string {
	var b strings.Builder
	shown := 0
	for _, r := range value {
		if shown == longestName {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.IsControl(r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			b.WriteByte(' ')
		case unicode.Is(unicode.Bidi_Control, r):
			continue
		default:
			b.WriteRune(r)
		}
		shown++
	}
	return strings.TrimSpace(b.String())
}
