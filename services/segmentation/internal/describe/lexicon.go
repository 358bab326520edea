package describe

import (
	"strings"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// language is one of two.
type language int

const (
	english language = iota
	chinese
)

// both is a text in the two languages.
type both [2]string

// phrase is how one speaks of customers who have more or less of something.
type phrase struct {
	// subject is what the variable is about, where several are about the same.
	subject string
	// more and less follow "they" or 客户.
	more, less both
	// adjective names such customers, for names of segments.
	moreAdjective, lessAdjective both
	label                        both   // where it is no fact
	unit                         string // where the caller gives none
	share                        bool   // 0 to 1, told as a percentage
}

// phrases are those of facts, and of numbers that are commonly worked out of them.
var phrases = map[string]phrase{
	"orders.count": {subject: "frequency", unit: "orders",
		more: both{"order more often", "下单更多"}, less: both{"order less often", "下单更少"},
		moreAdjective: both{"frequent", "高频"}, lessAdjective: both{"occasional", "低频"}},
	"orders.days": {subject: "frequency", unit: "days",
		more: both{"order on more days", "下单天数更多"}, less: both{"order on fewer days", "下单天数更少"},
		moreAdjective: both{"frequent", "高频"}, lessAdjective: both{"occasional", "低频"}},
	"rfm.frequency": {subject: "frequency",
		more: both{"have a higher frequency score", "F 分更高"}, less: both{"have a lower frequency score", "F 分更低"},
		moreAdjective: both{"frequent", "高频"}, lessAdjective: both{"occasional", "低频"}},
	"orders.recency_days": {subject: "recency", unit: "days", label: both{"days since the last order", "距上次下单天数"},
		more: both{"last ordered longer ago", "上次下单更久远"}, less: both{"ordered more recently", "上次下单更近"},
		moreAdjective: both{"long absent", "久未购买"}, lessAdjective: both{"recent", "近期活跃"}},
	"rfm.recency": {subject: "recency",
		more: both{"have a higher recency score", "R 分更高"}, less: both{"have a lower recency score", "R 分更低"},
		moreAdjective: both{"recent", "近期活跃"}, lessAdjective: both{"long absent", "久未购买"}},
	"orders.first_days": {subject: "tenure", unit: "days", label: both{"days since the first order", "距首次下单天数"},
		more: both{"have been customers for longer", "成为客户的时间更长"}, less: both{"became customers more recently", "成为客户的时间更短"},
		moreAdjective: both{"long-standing", "老"}, lessAdjective: both{"new", "新"}},
	"customer.tenure_days": {subject: "tenure", unit: "days", label: both{"days on record", "建档天数"},
		more: both{"have been on record for longer", "建档时间更长"}, less: both{"have been on record for a shorter time", "建档时间更短"},
		moreAdjective: both{"long-standing", "老"}, lessAdjective: both{"new", "新"}},
	"customer.last_seen_days": {subject: "visit", unit: "days", label: both{"days since the last visit", "距上次到访天数"},
		more: both{"last visited longer ago", "上次到访更久远"}, less: both{"visited more recently", "上次到访更近"},
		moreAdjective: both{"not seen lately", "久未到访"}, lessAdjective: both{"recently seen", "近期到访"}},
	"behavior.last_view_days": {subject: "view", unit: "days", label: both{"days since the last look at a product", "距上次浏览商品天数"},
		more: both{"last looked at products longer ago", "上次浏览商品更久远"}, less: both{"looked at products more recently", "上次浏览商品更近"},
		moreAdjective: both{"not looking", "久未浏览"}, lessAdjective: both{"looking", "近期浏览"}},
	"behavior.last_search_days": {subject: "search", unit: "days", label: both{"days since the last search", "距上次搜索天数"},
		more: both{"last searched longer ago", "上次搜索更久远"}, less: both{"searched more recently", "上次搜索更近"},
		moreAdjective: both{"not searching", "久未搜索"}, lessAdjective: both{"searching", "近期搜索"}},
	"behavior.last_cart_days": {subject: "cart", unit: "days", label: both{"days since the last use of the cart", "距上次加购天数"},
		more: both{"last used the cart longer ago", "上次加购更久远"}, less: both{"used the cart more recently", "上次加购更近"},
		moreAdjective: both{"cart unused", "久未加购"}, lessAdjective: both{"cart in use", "近期加购"}},
	"customer.age_years": {unit: "years", label: both{"age", "年龄"},
		more: both{"are older", "年龄更大"}, less: both{"are younger", "更年轻"},
		moreAdjective: both{"older", "年长"}, lessAdjective: both{"younger", "年轻"}},
	"customer.household_size": {unit: "persons",
		more: both{"live in larger households", "家庭人数更多"}, less: both{"live in smaller households", "家庭人数更少"},
		moreAdjective: both{"family", "大家庭"}, lessAdjective: both{"small-household", "小家庭"}},
	"revenue": {subject: "money", label: both{"revenue", "收入"},
		more: both{"have paid more", "消费金额更高"}, less: both{"have paid less", "消费金额更低"},
		moreAdjective: both{"high-spending", "高消费"}, lessAdjective: both{"low-spending", "低消费"}},
	"rfm.monetary": {subject: "money",
		more: both{"have a higher monetary score", "M 分更高"}, less: both{"have a lower monetary score", "M 分更低"},
		moreAdjective: both{"high-spending", "高消费"}, lessAdjective: both{"low-spending", "低消费"}},
	"value.historic": {subject: "value",
		more: both{"have brought more margin so far", "历史毛利更高"}, less: both{"have brought less margin so far", "历史毛利更低"},
		moreAdjective: both{"high-value", "高价值"}, lessAdjective: both{"low-value", "低价值"}},
	"prediction.residual_value": {subject: "residual",
		more: both{"are expected to bring more in future", "预期未来价值更高"}, less: both{"are expected to bring less in future", "预期未来价值更低"},
		moreAdjective: both{"promising", "高潜力"}, lessAdjective: both{"low-potential", "低潜力"}},
	"prediction.expected_orders": {subject: "expected", unit: "orders",
		more: both{"are expected to order more", "预期下单更多"}, less: both{"are expected to order less", "预期下单更少"},
		moreAdjective: both{"promising", "高潜力"}, lessAdjective: both{"low-potential", "低潜力"}},
	"prediction.alive_probability": {subject: "risk", share: true,
		more: both{"are more likely to order again", "再次购买的可能更高"}, less: both{"are less likely to order again", "再次购买的可能更低"},
		moreAdjective: both{"active", "活跃"}, lessAdjective: both{"fading", "沉睡"}},
	"prediction.churn_risk": {subject: "risk", share: true,
		more: both{"are at higher risk of churn", "流失风险更高"}, less: both{"are at lower risk of churn", "流失风险更低"},
		moreAdjective: both{"at-risk", "有流失风险"}, lessAdjective: both{"active", "活跃"}},
	"prediction.next_order_days": {subject: "next", unit: "days",
		more: both{"will order later", "下次下单更晚"}, less: both{"will order sooner", "下次下单更早"},
		moreAdjective: both{"slow", "慢节奏"}, lessAdjective: both{"soon returning", "即将复购"}},
	"prediction.overdue": {subject: "next",
		more: both{"are more overdue for their rhythm", "相对购买节奏更逾期"}, less: both{"are less overdue for their rhythm", "相对购买节奏更准时"},
		moreAdjective: both{"overdue", "逾期未购"}, lessAdjective: both{"regular", "规律"}},
	"feedback.satisfaction": {
		more: both{"are more satisfied", "更满意"}, less: both{"are less satisfied", "更不满意"},
		moreAdjective: both{"satisfied", "满意"}, lessAdjective: both{"dissatisfied", "不满"}},
	"feedback.responses": {
		more: both{"answer more surveys", "回答问卷更多"}, less: both{"answer fewer surveys", "回答问卷更少"},
		moreAdjective: both{"outspoken", "乐于反馈"}, lessAdjective: both{"silent", "少反馈"}},
	"referral.qualified": {subject: "referral",
		more: both{"bring more customers", "带来的新客更多"}, less: both{"bring fewer customers", "带来的新客更少"},
		moreAdjective: both{"recommending", "乐于推荐"}, lessAdjective: both{"not recommending", "少推荐"}},
	"referral.invitations": {subject: "referral",
		more: both{"invite more people", "邀请更多"}, less: both{"invite fewer people", "邀请更少"},
		moreAdjective: both{"recommending", "乐于推荐"}, lessAdjective: both{"not recommending", "少推荐"}},
	"value.coverage":     {share: true},
	"prediction.churned": {subject: "risk"},
	"rfm.group":          {subject: "rfm"},
	"rfm.cell":           {subject: "rfm"},
	"rfm.segment":        {subject: "rfm"},
}

// phraseOf is that of a variable, also of the same in another form; empty of others.
func phraseOf(name string) phrase {
	if strings.HasPrefix(name, "revenue.") {
		name = "revenue"
	}
	return phrases[strings.TrimSuffix(name, "_minor")]
}

// known is the variable with its labels and its unit, from the tables where the
// caller gave none; what no table has is called by its name.
func (v Variable) known() Variable {
	p := phraseOf(v.Name)
	label := both{v.Name, v.Name}
	if currency, is := strings.CutPrefix(v.Name, "revenue."); is && facts.IsCurrency(currency) {
		label, v.Unit = p.label, first(v.Unit, currency)
	} else if f, ok := facts.Lookup(v.Name); ok {
		label = both{f.LabelEn, f.LabelZh}
		v.Unit = first(v.Unit, f.Unit)
	} else if p.label[english] != "" {
		label = p.label
	}
	v.LabelEn, v.LabelZh = oneLine(first(v.LabelEn, label[english])), oneLine(first(v.LabelZh, label[chinese]))
	v.Unit = first(v.Unit, p.unit)
	return v
}

func (v Variable) label(l language) string { return both{v.LabelEn, v.LabelZh}[l] }

// first is the first text that is not empty.
func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
