package templates

// catalogue are the templates, in the order in which they are listed.
var catalogue = []template{
	{
		id: "age", en: "Demographic: age", zh: "人口统计：年龄", disjoint: true,
		about: "Bands of age; those whose birth date is not known are the rest.", aboutZh: "按年龄段划分；出生日期未知者归入其余。",
		parameters: []parameter{
			{"young", "below which age customers are young", "青年上限(岁)", "25", integer},
			{"middle", "below which they are of working age", "中青年上限(岁)", "45", integer},
			{"senior", "from which they are seniors", "老年起点(岁)", "60", integer},
		},
		segments: []segment{
			{"young", "young", "青年", `year(customer.birth_date) > 0 && age(customer.birth_date) < {young}`},
			{"middle", "middle", "中青年", `year(customer.birth_date) > 0 && age(customer.birth_date) < {middle}`},
			{"mature", "mature", "中年", `year(customer.birth_date) > 0 && age(customer.birth_date) < {senior}`},
			{"senior", "senior", "老年", `year(customer.birth_date) > 0`},
		},
		restEn: "age not known", restZh: "年龄未知", outside: []string{"orders.days", "customer.region"},
		reason: "What customers of different ages want and where they can be reached differs.", reasonZh: "不同年龄客户的需求与触达渠道不同。",
	},
	{
		id: "household", en: "Demographic: household", zh: "人口统计：家庭", disjoint: true,
		about: "Who lives alone, as a pair, or as a family.", aboutZh: "独居、二人与家庭。",
		parameters: []parameter{{"family", "persons from which a household is a family", "家庭起点(人)", "3", integer}},
		segments: []segment{
			{"family", "family", "家庭", `customer.household_size >= {family}`},
			{"couple", "couple", "二人", `customer.household_size == 2`},
			{"single", "single", "独居", `customer.household_size == 1`},
		},
		restEn: "household not known", restZh: "家庭人数未知", outside: []string{"orders.days", "customer.region"},
		reason: "Households of different size buy other sizes and other goods.", reasonZh: "家庭规模决定购买规格与品类。",
	},
	{
		id: "geographic", en: "Geographic", zh: "地理", disjoint: true,
		about: "The home region, the great cities elsewhere, other cities, the country.", aboutZh: "本省、外省一线城市、其他城区、乡村。",
		parameters: []parameter{{"region", "the home region, as it is recorded", "本省(按记录)", "广东", phrase}},
		segments: []segment{
			{"home", "home region", "本省", `customer.region == "{region}"`},
			{"metro", "great cities", "一线城市", `customer.city in ["北京", "上海", "广州", "深圳", "北京市", "上海市", "广州市", "深圳市"]`},
			{"urban", "other cities", "其他城区", `customer.area in ["URBAN", "SUBURBAN"]`},
			{"rural", "country", "乡村", `customer.area == "RURAL"`},
		},
		restEn: "elsewhere", restZh: "其他地区", outside: []string{"orders.days", "customer.acquisition"},
		reason: "Delivery, prices and tastes differ by place.", reasonZh: "配送、价格与偏好因地而异。",
	},
	{
		id: "behavioural", en: "Behavioural", zh: "行为", disjoint: true,
		about: "How much customers buy, and who looks without buying.", aboutZh: "按购买强度划分，并区分只浏览者。",
		parameters: []parameter{
			{"heavy", "days with an order within the window from which on a customer is heavy", "重度客户的下单天数", "6", integer},
			{"window", "days looked back", "回看天数", "365", integer},
		},
		segments: []segment{
			{"heavy", "heavy buyers", "重度购买", `orders_within(days({window})) >= {heavy}`},
			{"medium", "medium buyers", "中度购买", `orders_within(days({window})) >= 2`},
			{"light", "light buyers", "轻度购买", `orders_within(days({window})) == 1`},
			{"former", "former buyers", "曾购买", `orders.count > 0`},
			{"visitors", "visitors", "只浏览", `has(customer.last_seen_time) && within(customer.last_seen_time, days({window}))`},
		},
		restEn: "not seen", restZh: "未到访", outside: []string{"customer.region", "feedback.satisfaction"},
		reason: "What to offer next depends on how much somebody buys.", reasonZh: "下一步动作取决于购买强度。",
	},
	{
		id: "psychographic", en: "Psychographic", zh: "心理",
		about: "Interests, lifestyles and preferred brands. A customer can be in several.", aboutZh: "兴趣、生活方式与品牌偏好，可同时属于多个细分。",
		parameters: []parameter{
			{"interest", "an interest, as it is recorded", "兴趣", "hiking", phrase},
			{"lifestyle", "a lifestyle", "生活方式", "health-conscious", phrase},
			{"brand", "a preferred brand", "偏好品牌", "Kehu", phrase},
		},
		segments: []segment{
			{"interest", "share the interest", "有该兴趣", `"{interest}" in customer.interests`},
			{"lifestyle", "live this way", "该生活方式", `"{lifestyle}" in customer.lifestyles`},
			{"brand", "prefer the brand", "偏好该品牌", `"{brand}" in customer.brands`},
		},
	},
	{
		id: "loyalty", en: "Loyalty", zh: "忠诚度", disjoint: true,
		about:   "Loyal customers repeat, are attached and recommend; potential ones have goodwill and have not bought; hesitant ones compare and have not bought; the others who bought are ordinary.",
		aboutZh: "忠诚客户重复购买、有依恋并推荐；潜在客户有好感但未购买；犹豫客户在比较、未购买；其他购买者为一般客户。",
		parameters: []parameter{
			{"repeats", "days with an order from which on a customer repeats", "重复购买天数", "3", integer},
			{"attached_days", "days within which the last order lies", "最近下单天数以内", "180", integer},
			{"goodwill", "satisfaction of goodwill, 0 to 1", "好感的满意度(0–1)", "0.8", decimal},
			{"compare_days", "days within which somebody who compares looked at products, searched or used the cart", "比较中的浏览、搜索或加购天数", "30", integer},
		},
		segments: []segment{
			{"loyal", "loyal", "忠诚客户", `orders.days >= {repeats} && within(orders.last_time, days({attached_days})) && (feedback.satisfaction >= {goodwill} || referral.qualified > 0)`},
			{"potential", "potential", "潜在客户", `orders.count == 0 && (feedback.satisfaction >= {goodwill} || referral.referees > 0)`},
			{"hesitant", "hesitant", "犹豫客户", `orders.count == 0 && (within(behavior.last_view_time, days({compare_days})) || within(behavior.last_search_time, days({compare_days})) || within(behavior.last_cart_time, days({compare_days})))`},
			{"ordinary", "ordinary buyers", "一般客户", `orders.count > 0`},
		},
		restEn: "strangers", restZh: "陌生客户", outside: []string{"customer.region", "referral.invitations"},
		reason: "Each needs another word: thanks, a reason to buy, an answer to doubts.", reasonZh: "感谢、购买理由、解答疑虑，各有所需。",
	},
	{
		id: "lifecycle", en: "Lifecycle", zh: "生命周期", disjoint: true,
		about: "New, active, paying, lapsing, lost, won back.", aboutZh: "新客、活跃、付费、将流失、已流失、已赢回。",
		parameters: []parameter{
			{"new_days", "days for which a customer without an order is new", "新客天数", "30", integer},
			{"paying_days", "days within which somebody who pays has ordered", "付费有效天数", "90", integer},
			{"lost_days", "days without an order after which a customer is lost", "流失天数", "270", integer},
		},
		segments: []segment{
			{"won-back", "won back", "已赢回", `within(orders.last_time, days({paying_days})) && orders_within(days({lost_days})) == orders_within(days({paying_days})) && !within(orders.first_time, days({lost_days}))`},
			{"paying", "paying", "付费", `within(orders.last_time, days({paying_days}))`},
			{"lapsing", "lapsing", "将流失", `within(orders.last_time, days({lost_days}))`},
			{"lost", "lost", "已流失", `orders.count > 0`},
			{"new", "new", "新客", `within(customer.create_time, days({new_days}))`},
			{"active", "active", "活跃未付费", `within(customer.last_seen_time, days({paying_days}))`},
		},
		restEn: "dormant", restZh: "沉睡", outside: []string{"customer.region", "feedback.satisfaction"},
		reason: "Where customers stand decides what is due.", reasonZh: "所处阶段决定应做的动作。",
	},
	{
		id: "target-core", en: "Target and core customers", zh: "目标客户与核心客户", disjoint: true,
		about: "Core customers bring most and come regularly; target customers could become so.", aboutZh: "核心客户贡献最大且稳定；目标客户有望成为核心客户。",
		parameters: []parameter{
			{"currency", "currency of the revenue", "收入币种", "CNY", currency},
			{"core_revenue", "revenue of a core customer within the window, in the currency's major unit", "核心客户收入", "5000", decimal},
			{"core_orders", "orders of a core customer within the window", "核心客户订单数", "4", integer},
			{"target_revenue", "revenue from which on a customer is a target", "目标客户收入", "1000", decimal},
			{"window", "days looked back", "回看天数", "365", integer},
		},
		segments: []segment{
			{"core", "core customers", "核心客户", `revenue_within("{currency}", days({window})) >= {core_revenue} && orders_within(days({window})) >= {core_orders}`},
			{"target", "target customers", "目标客户", `revenue_within("{currency}", days({window})) >= {target_revenue}`},
			{"buyers", "other buyers", "其他购买者", `orders.count > 0`},
		},
		restEn: "without an order", restZh: "未购买", outside: []string{"customer.region", "feedback.satisfaction"},
		reason: "Effort goes where it brings most.", reasonZh: "资源投向回报最高处。",
	},
	rfmTemplate, elevenTemplate, needTemplate, clusterTemplate,
}
