package words

// zhFigures defines the figures of a report: of whom they are, and what they say.
var zhFigures = map[string]string{
	"figure.reconciliation.of":        "行",
	"figure.reconciliation.means":     "行 = 订单行 + 跳过的行（空行、合计行）+ 拒收的行。实付为退款前金额，退款计入订单所在月份，净额 = 实付 − 退款。未付款和已关闭的订单不计入金额。月份按店铺时区。",
	"figure.revenue.of":               "计入的订单",
	"figure.revenue.means":            "收入 = 实付 − 退款。计入的订单：已付款、未关闭、未全额退款、有可识别的买家、下单日不晚于截止日。",
	"figure.repeat_rate.of":           "有计入订单的客户",
	"figure.repeat_rate.means":        "复购率 = 至少在两个不同日期下过单的客户 ÷ 全部客户。同一天的几单只算一次。",
	"figure.rfm.of":                   "有计入订单的客户",
	"figure.rfm.means":                "R 最近一次下单距今天数，F 有订单的天数，M 收入；各按五分位打 1–5 分，高于平均分（或所选中位数）为高，否则为低，三项高低组合成八组。",
	"figure.cohorts.of":               "有计入订单的客户",
	"figure.cohorts.means":            "客户按首单月份分组；第 n 月留存 = 该组在首单后第 n 个自然月又下过单的客户 ÷ 该组客户。未结束的月份留空，不作 0。",
	"figure.outlook.of":               "有计入订单的客户",
	"figure.outlook.means":            "预期订单数与不再下单的概率，由按下单日拟合的 MBG/NBD（或所列模型）给出；同一天的几单只算一次。前提是客户的购买习惯不变。",
	"figure.order_values.of":          "计入的订单",
	"figure.order_values.means":       "每单净额（实付 − 退款）的分布。区间含下限、不含上限；各区间单数精确，分位数为近似值。",
	"figure.purchase_intervals.of":    "相邻两次下单的间隔",
	"figure.purchase_intervals.means": "同一客户相邻两个下单日相隔的天数；只有一个下单日的客户没有间隔，因此这里只反映复购的客户。",
	"figure.concentration.of":         "有计入订单的客户",
	"figure.concentration.means":      "客户按收入从高到低排列，前 1%、5%、20%（向上取整）带来的收入 ÷ 全部收入。",
	"figure.top_customers.of":         "有计入订单的客户",
	"figure.top_customers.means":      "按收入排列。RFM 为三项得分，5 最高；“555” 表示最近、常来、花得多。",
	"figure.quality.of":               "行",
	"figure.quality.means":            "按触及的行数、订单数和金额的比例从高到低排列；只知其一的按所知的排。",
}
