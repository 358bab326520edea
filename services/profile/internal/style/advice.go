package style

import profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

func say(zh, en string) *profilev1.Bilingual { return &profilev1.Bilingual{Zh: zh, En: en} }

// advice is how to deal with each style.
var advice = map[profilev1.CustomerStyle]*profilev1.Bilingual{
	dominant: say(
		"主导型（你行不行）：先说结论、结果和期限，给两三个方案让客户自己选；承诺要肯定，用业绩证明能力；尊重其决定权，不争对错，会面短而准时。",
		"Dominant (can you do it?): begin with the conclusion, the result and the date, and give two or three options to choose from; promise firmly and prove ability by results; leave the decision to the customer, do not argue, keep meetings short and on time."),
	analytical: say(
		"分析型（你懂不懂）：准备数据、参数、对比表和书面资料，按步骤讲清原理；说明风险和应对，不夸大；给时间核实，答应补充的资料按时送到。",
		"Analytical (do you understand it?): bring figures, specifications, comparisons and papers, and explain step by step; name risks and what is done about them, and do not exaggerate; allow time to check, and deliver what was promised on the day."),
	social: say(
		"社交型（你爱不爱我）：先建立关系，记住其家人、爱好和说过的话；多讲人和故事，用熟人的使用经历作证；温和地把话题带回并约定下一步，成交后保持联系。",
		"Social (do you care for me?): build the relation first, remember family, interests and what was said; speak of people and stories, and let acquaintances vouch; lead gently back to the subject and agree on the next step, and keep in touch after the sale."),
}

// mistakes are those typically made with each style.
var mistakes = map[profilev1.CustomerStyle][]*profilev1.Bilingual{
	dominant: {
		say("铺垫太长、闲聊太多", "Long preambles and small talk"),
		say("与客户争论或当众否定其看法", "Arguing, or contradicting in front of others"),
		say("回答含糊，不给期限和承诺", "Vague answers, without dates and promises"),
	},
	analytical: {
		say("只讲感受和故事，没有数据", "Feelings and stories instead of figures"),
		say("催促当场决定", "Pressing for a decision on the spot"),
		say("对细节答不上来，或夸大其词", "Not knowing the details, or exaggerating"),
	},
	social: {
		say("一见面就谈产品和条款", "Talking product and terms from the first minute"),
		say("冷淡、只发资料不联系人", "Being cool, and sending papers instead of calling"),
		say("忘记客户说过的事和重要日子", "Forgetting what the customer said, and the days that matter"),
	},
}
