package leads

import profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

func say(zh, en string) *profilev1.Bilingual { return &profilev1.Bilingual{Zh: zh, En: en} }

// modeAdvice is what each sales mode asks of the salesperson.
var modeAdvice = map[profilev1.SalesMode]*profilev1.Bilingual{
	profilev1.SalesMode_SALES_MODE_PRODUCT: say(
		"客户清楚自己要买什么：突出价格、交期和供货便利，缩短流程，尽快给出明确报价；不要反复追问需求。",
		"The buyer knows what to buy: make price, delivery and ordering easy, keep the process short and quote firmly; do not probe for needs again and again."),
	profilev1.SalesMode_SALES_MODE_SOLUTION: say(
		"客户清楚问题、不清楚解法：先与使用部门和技术部门一起确认问题，把产品组合成方案，用数字说明方案的价值，再谈价格。",
		"The buyer knows the problem but not the answer: agree on the problem with users and technology first, combine products into a solution, show its value in figures, and only then speak of price."),
	profilev1.SalesMode_SALES_MODE_CONSULTATIVE: say(
		"客户还没有意识到问题：以顾问身份与决策层讨论业务目标，用提问让客户自己看到代价，先建立信任，不急于推荐产品。",
		"The buyer does not see the problem yet: discuss business aims with those who decide, as an adviser; ask until the buyer sees the cost of doing nothing, build trust first, and do not push products."),
}

// Advice on opportunities.
var (
	pursue = say(
		"值得投入：尽早安排资源，锁定决策链，确定下一步日期。",
		"Worth the effort: commit people early, reach those who decide, and fix a date for the next step.")
	gainAccess = say(
		"市场空间大于我们参与的可能：先解决资格、渠道和决策人接触问题，再投入方案工作。",
		"There is more to be sold than we are let in to: settle qualification, access and contact with those who decide before working on a solution.")
	widen = say(
		"容易参与但空间有限：控制投入，以标准产品成交，同时寻找客户的其他部门和项目。",
		"Easy to take part in, but small: keep the effort low, close with standard products, and look for other departments and projects of this buyer.")
	leave = say(
		"机会不大：停止主动投入，保持低成本联系，情况变化时再评估。",
		"Little to be had: stop active work, keep in touch at low cost, and judge again when things change.")
)
