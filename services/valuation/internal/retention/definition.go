package retention

import "github.com/kehuhq/kehu/services/valuation/internal/domain"

// text is a definition in both languages.
type text struct{ en, zh string }

var measured = map[Measure]text{
	Classic: {
		"Classic retention: the share of the cohort's customers with a counting order in the nth period itself.",
		"经典留存：同期客户中，在第 n 期当期有有效订单的比例。",
	},
	Rolling: {
		"Rolling retention: the share of the cohort's customers with a counting order in the nth period or in a later one, up to the as-of date. It can still rise.",
		"滚动留存：同期客户中，在第 n 期或之后（截至统计日）有有效订单的比例；日后仍可能上升。",
	},
	Cumulative: {
		"Cumulative retention: the share of the cohort's customers with a counting order in at least one of the periods 1 to n. Orders in the period of the first one are no return.",
		"累计复购：同期客户中，在第 1 至第 n 期中至少一期有有效订单的比例；首单当期的再次下单不计。",
	},
	Revenue: {
		"Revenue of the nth period: paid less refunded. It is revenue, not value.",
		"第 n 期收入：实付减退款；是收入，不是客户价值。",
	},
	CumulativeRevenue: {
		"Revenue from the first order to the end of the nth period: paid less refunded, and per customer of the cohort. It is revenue, not value.",
		"自首单至第 n 期末的累计收入：实付减退款，并按同期客户人均；是收入，不是客户价值。",
	},
}

var periods = map[domain.Period]text{
	domain.Month: {
		" Cohorts are customers by the calendar month of their first counting order in the shop's zone; a month that has not ended has no figure.",
		"同期客户按店铺时区内首个有效订单所在自然月划分；未结束的月份不给出数字。",
	},
	domain.Week: {
		" Cohorts are customers by the week (Monday to Sunday) of their first counting order in the shop's zone; a week that has not ended has no figure.",
		"同期客户按店铺时区内首个有效订单所在周（周一至周日）划分；未结束的周不给出数字。",
	},
}

// define says what the entries of a table are.
func define(m Measure, p domain.Period) text {
	return text{measured[m].en + periods[p].en, measured[m].zh + periods[p].zh}
}

var gapDefinitions = map[Gaps]text{
	AllGaps: {
		"Survival without a purchase: the probability that more than t days pass from one day with a counting order to the customer's next. Every gap of every customer counts; gaps of one customer are taken as independent, so that the interval is too narrow where customers differ. A gap still open at the end of the as-of date is censored there. Days are whole days of the shop's calendar.",
		"无购买存续：从一个有有效订单的日期起，超过 t 天客户仍未再次购买的概率。计入每位客户的每一次间隔，同一客户的间隔视为相互独立，客户差异大时区间偏窄；统计日末尚未结束的间隔在该日删失。以店铺日历的整日计。",
	},
	FirstGaps: {
		"Survival without a second purchase: the probability that more than t days pass from a customer's first day with a counting order to the second. One gap per customer; of customers with one such day it is censored at the end of the as-of date. Days are whole days of the shop's calendar.",
		"首购后未复购的存续：从客户首个有有效订单的日期起，超过 t 天仍无第二个下单日的概率。每位客户一次间隔；只有一个下单日的客户在统计日末删失。以店铺日历的整日计。",
	},
}
