package words

// zhAdvice says what to do with each of the eight groups.
var zhAdvice = map[string]string{
	"advice.important_value.who":     "最近来过、买得勤、花得多的老客，是店铺的基本盘。",
	"advice.important_value.offer":   "给身份和服务，少给折扣：新品优先购、专属客服、生日礼、免费退换；邀请他们晒单、带新客。",
	"advice.important_value.channel": "企业微信一对一或电话，固定客服跟进；不进群发短信名单。",
	"advice.important_value.when":    "新品开售前 3–5 天先告知；超过平常的购买间隔还没来，两天内回访。",

	"advice.important_develop.who":     "最近刚花了大钱、但买的次数还少的客户，最有希望成为老客。",
	"advice.important_develop.offer":   "促成下一单：配件、耗材、同系列的搭配券，满额赠礼；不必直接降价。",
	"advice.important_develop.channel": "包裹卡引导加企业微信或会员，短信作补充。",
	"advice.important_develop.when":    "签收后 7 天问使用感受，第 14–30 天推荐搭配；下单即升会员等级。",

	"advice.important_keep.who":     "以前买得勤、花得多，近来却不见了的老客，流失一个伤一个。",
	"advice.important_keep.offer":   "先问原因（缺货、服务、换了别家），再给老客回归礼、常购商品补货价。",
	"advice.important_keep.channel": "由熟悉的客服打电话或发企业微信，按金额从高到低逐个联系。",
	"advice.important_keep.when":    "本周就做；两周没有回应再联系一次，之后转入大促名单。",

	"advice.important_win_back.who":     "花过大钱，但次数少、很久没来的客户。",
	"advice.important_win_back.offer":   "给一个像样的理由：当初所购品类的换代新品，加限时大额券（先算毛利底线）。",
	"advice.important_win_back.channel": "短信加广告平台的人群包定向投放。",
	"advice.important_win_back.when":    "大促前 2–3 周；一轮最多联系三次，都没有回应就停。",

	"advice.general_value.who":     "最近来、常来、但每单金额小的客户，热闹靠他们。",
	"advice.general_value.offer":   "提高客单：组合装、加价购、满减门槛设在平均客单价之上一点，推荐大包装。",
	"advice.general_value.channel": "购物车和店铺首页推荐、包裹卡、会员群。",
	"advice.general_value.when":    "下单的当时，以及常购商品快用完时。",

	"advice.general_develop.who":     "最近才来、买得少的新客，大多还没记住你。",
	"advice.general_develop.offer":   "小额二单券（7–14 天有效），推口碑最好的一两款。",
	"advice.general_develop.channel": "包裹卡、公众号或短信，引导关注与入会；用自动流程，不占人工。",
	"advice.general_develop.when":    "签收后 3–7 天发第一次，券到期前两天提醒一次；不再追加。",

	"advice.general_keep.who":     "从前常来买小件、近来少见的客户。",
	"advice.general_keep.offer":   "常购商品的补货提醒、凑单满减；成本要低于这类客户一单的毛利。",
	"advice.general_keep.channel": "自动短信或公众号消息。",
	"advice.general_keep.when":    "超过平常购买间隔时一次，之后跟着大促走。",

	"advice.general_win_back.who":     "来得少、花得少、又很久没来的客户，多半已经离开。",
	"advice.general_win_back.offer":   "不做专项预算；清仓和大促时顺带通知。",
	"advice.general_win_back.channel": "成本最低的群发。",
	"advice.general_win_back.when":    "一年两三次大促；连续三次没有反应就不再发。",
}
