package strategies

import (
	"slices"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// template is a playbook to start from.
type template struct {
	id       string
	audience Text
	rule     string
	about    Text
	actions  []Action
}

// The actions that templates are made of. They cost what they cost the company, which
// is for it to say, and their lift is unmeasured until it has tried them.
func act(id string, kind Kind, trigger Trigger, channel string, priority int32, en, zh string) Action {
	a := Action{ID: id, Kind: kind, Text: Text{en, zh}, Trigger: trigger, Channel: channel, Priority: priority}
	if channel != "service" { // serving who comes needs no leave to contact them
		a.Contact = &ContactRules{Purpose: "marketing", QuietStart: "21:00", QuietEnd: "09:00", Zone: "Asia/Shanghai"}
		a.Caps = []Cap{{Max: 1, Window: Month, Zone: "Asia/Shanghai"}}
	}
	return a
}

func (a Action) sold(mode segmentationv1.SalesMode) Action {
	a.SalesMode = uint8(mode)
	return a
}

func (a Action) advised() Action {
	a.Advice = []Advice{
		{Dominant, Text{"Come to the result at once: what is achieved, by when, and let them decide.", "开门见山讲结果：能做到什么、何时做到，让对方拍板。"}},
		{Analytical, Text{"Bring figures and sources, in writing, and leave time to check them.", "准备书面数据和依据，留出核对时间。"}},
		{Social, Text{"Ask after the person first, and follow up as promised.", "先关心人，再谈事；答应的事一定跟进。"}},
		{UnknownStyle, Text{"Ask open questions first, and note what you observe.", "先问开放式问题，并记录观察到的表现。"}},
	}
	return a
}

const (
	product      = segmentationv1.SalesMode_SALES_MODE_PRODUCT
	solution     = segmentationv1.SalesMode_SALES_MODE_SOLUTION
	consultative = segmentationv1.SalesMode_SALES_MODE_CONSULTATIVE
)

// The kinds of actions, as the API numbers them.
const (
	vipService Kind = iota + 1
	exclusiveOffer
	eventInvitation
	nurture
	winBack
	massPromotion
	loyaltyPoints
	successStory
	serviceChannel
	visit
	nextContact
)

func rfmTemplates() []template {
	group := func(name string) string { return `rfm.group == "` + name + `"` }
	return []template{
		{"rfm-important-value", Text{"Important value customers (RFM: high, high, high)", "重要价值客户(RFM 高高高)"}, group("IMPORTANT_VALUE"),
			Text{"Keep who buys recently, often and much: serve better than others, ask for recommendation.", "最近买、常买、买得多：优先服务，邀请转介绍。"},
			[]Action{
				act("vip-manager", vipService, OnEnter, "phone", 90, "Introduce a personal account manager.", "安排专属客户经理并主动致电介绍。").sold(consultative).advised(),
				act("private-event", eventInvitation, OnNothing, "wechat", 70, "Invite to a private event.", "邀请参加会员专场活动。"),
				act("priority-line", serviceChannel, OnEnter, "service", 60, "Open the priority line of service.", "开通优先服务通道。"),
				act("call-on-leaving", nextContact, OnLeave, "phone", 95, "Call and ask what has changed.", "致电了解变化原因，约定下次联系。").advised(),
			}},
		{"rfm-important-develop", Text{"Important customers to develop (high, low, high)", "重要发展客户(高低高)"}, group("IMPORTANT_DEVELOP"),
			Text{"They buy much but seldom: give reasons to come again.", "买得多但不常买：提高购买频次。"},
			[]Action{
				act("next-need", nurture, OnEnter, "wechat", 80, "Show what goes with the last purchase.", "推荐与上次购买搭配的产品。").sold(solution),
				act("points-second", loyaltyPoints, OnNothing, "wechat", 60, "Double points for the next order within 30 days.", "30 天内再次下单双倍积分。"),
			}},
		{"rfm-important-keep", Text{"Important customers to keep (low, high, high)", "重要保持客户(低高高)"}, group("IMPORTANT_KEEP"),
			Text{"They bought often and much, but not lately: contact before they go.", "常买、买得多但近期未买：主动联系，防止流失。"},
			[]Action{
				act("care-call", visit, OnEnter, "phone", 95, "Call or visit: how is it going, what is missing?", "电话或上门回访：使用情况与缺什么。").sold(consultative).advised(),
				act("back-offer", exclusiveOffer, OnNothing, "wechat", 70, "An offer of their own on what they used to buy.", "对常购品类给出专属优惠。").sold(product),
			}},
		{"rfm-important-win-back", Text{"Important customers to win back (low, low, high)", "重要挽留客户(低低高)"}, group("IMPORTANT_WIN_BACK"),
			Text{"They spent much and are about to be lost: find the reason, then make an offer.", "买得多但即将流失：先问原因，再给方案。"},
			[]Action{
				act("win-back-call", winBack, OnEnter, "phone", 100, "Call, ask for the reason of staying away, offer a remedy.", "致电询问未购原因并给出补救方案。").sold(solution).advised(),
				act("win-back-gift", exclusiveOffer, OnNothing, "sms", 60, "A coupon for coming back.", "回归礼券。"),
			}},
		{"rfm-general-value", Text{"General value customers (high, high, low)", "一般价值客户(高高低)"}, group("GENERAL_VALUE"),
			Text{"They buy often in small amounts: raise the amount of an order.", "常买但金额小：提高客单价。"},
			[]Action{
				act("bundle", nurture, OnNothing, "app", 50, "Suggest bundles and larger packs.", "推荐套装与组合装。").sold(product),
				act("free-shipping", exclusiveOffer, OnEnter, "app", 40, "Free shipping from an amount above their usual order.", "高于平均客单价的满额包邮。"),
			}},
		{"rfm-general-develop", Text{"General customers to develop (high, low, low)", "一般发展客户(高低低)"}, group("GENERAL_DEVELOP"),
			Text{"New or trying: make the second order easy.", "新客或尝试者：促成第二单。"},
			[]Action{
				act("welcome", nurture, OnEnter, "wechat", 70, "Welcome, with how to get the most out of the purchase.", "欢迎语与使用指南。"),
				act("second-order", exclusiveOffer, OnNothing, "wechat", 55, "A coupon for the second order.", "第二单优惠券。").sold(product),
				act("stories", successStory, OnNothing, "wechat", 40, "Show what customers like them have achieved.", "分享同类客户的成功案例。"),
			}},
		{"rfm-general-keep", Text{"General customers to keep (low, high, low)", "一般保持客户(低高低)"}, group("GENERAL_KEEP"),
			Text{"They used to buy often in small amounts: remind at low cost.", "曾经常买但金额小：低成本唤醒。"},
			[]Action{
				act("reminder", massPromotion, OnEnter, "sms", 40, "Remind of what they used to buy.", "提醒常购商品补货。").sold(product),
				act("points-expire", loyaltyPoints, OnNothing, "sms", 30, "Tell which points expire soon.", "提醒即将到期的积分。"),
			}},
		{"rfm-general-win-back", Text{"General customers to win back (low, low, low)", "一般挽留客户(低低低)"}, group("GENERAL_WIN_BACK"),
			Text{"They cost more to win back than they bring: mass promotion only.", "挽回成本高于收益：只做大众促销。"},
			[]Action{act("season-sale", massPromotion, OnNothing, "sms", 10, "The seasonal sale, with all others.", "随大众参加季节促销。").sold(product)}},
	}
}

// needTemplates are for the groups of value and need; they have no rule, for schemes
// form them.
func needTemplates() []template {
	return []template{
		{"need-high-high", Text{"High value, high need", "高价值高需求"}, "", Text{"Serve first and propose a solution.", "优先服务，提出整体方案。"},
			[]Action{
				act("solution-visit", visit, OnEnter, "phone", 95, "Visit, assess the need, propose a solution.", "上门评估需求并提出方案。").sold(solution).advised(),
				act("priority-line", serviceChannel, OnEnter, "service", 70, "Open the priority line of service.", "开通优先服务通道。"),
			}},
		{"need-high-low", Text{"High value, low need", "高价值低需求"}, "", Text{"Keep the relation; do not press.", "维护关系，不强推。"},
			[]Action{
				act("thank-you", vipService, OnEnter, "wechat", 60, "Thank, and ask how satisfied they are.", "致谢并做满意度回访。"),
				act("private-event", eventInvitation, OnNothing, "wechat", 50, "Invite to a private event.", "邀请参加会员专场活动。"),
			}},
		{"need-low-high", Text{"Low value, high need", "低价值高需求"}, "", Text{"Answer needs by standard products and self-service.", "以标准产品与自助服务满足需求。"},
			[]Action{act("standard-offer", massPromotion, OnEnter, "app", 45, "Show the standard product that answers the need.", "推荐满足需求的标准产品。").sold(product)}},
		{"need-low-low", Text{"Low value, low need", "低价值低需求"}, "", Text{"Mass promotion only.", "只做大众促销。"},
			[]Action{act("season-sale", massPromotion, OnNothing, "sms", 10, "The seasonal sale, with all others.", "随大众参加季节促销。").sold(product)}},
		{"need-potential-high-high", Text{"Potentially high value, high need", "潜在高价值高需求"}, "", Text{"Win them: this is where growth comes from.", "重点培育，增长来源。"},
			[]Action{
				act("consult", nextContact, OnEnter, "phone", 90, "Agree on a talk about the need.", "约定一次需求沟通。").sold(consultative).advised(),
				act("stories", successStory, OnNothing, "wechat", 60, "Show what customers like them have achieved.", "分享同类客户的成功案例。"),
			}},
		{"need-potential-high-low", Text{"Potentially high value, low need", "潜在高价值低需求"}, "", Text{"Nurture until there is a need.", "长期培育，等待需求出现。"},
			[]Action{act("newsletter", nurture, OnEnter, "wechat", 40, "A monthly note that is of use without buying.", "每月一篇有用内容。")}},
		{"need-potential-low-high", Text{"Potentially low value, high need", "潜在低价值高需求"}, "", Text{"Help at low cost; watch whether value grows.", "低成本协助，观察价值变化。"},
			[]Action{act("self-service", serviceChannel, OnEnter, "service", 30, "Point to self-service and the knowledge base.", "引导使用自助服务与知识库。")}},
		{"need-potential-low-low", Text{"Potentially low value, low need", "潜在低价值低需求"}, "", Text{"Nothing beyond what everybody gets.", "不做额外投入。"},
			[]Action{act("season-sale", massPromotion, OnNothing, "sms", 5, "The seasonal sale, with all others.", "随大众参加季节促销。").sold(product)}},
	}
}

// templates are all of them, in the order of their names.
func templates() []*segmentationv1.StrategyTemplate {
	var all []*segmentationv1.StrategyTemplate
	for _, t := range append(needTemplates(), rfmTemplates()...) {
		s := strategyProto(&Strategy{Name: t.audience, Description: t.about, Actions: t.actions})
		s.Name, s.State, s.Etag = "", 0, ""
		all = append(all, &segmentationv1.StrategyTemplate{
			Name: "strategyTemplates/" + t.id, Audience: t.audience.En, AudienceZh: t.audience.Zh, Rule: t.rule, Strategy: s,
		})
	}
	sortByName(all)
	return all
}

func sortByName(all []*segmentationv1.StrategyTemplate) {
	slices.SortFunc(all, func(a, b *segmentationv1.StrategyTemplate) int { return strings.Compare(a.GetName(), b.GetName()) })
}
