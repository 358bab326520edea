package quadrant

// Group is one of the eight.
type Group int

// The eight groups: value that is there before value that is predicted, high before
// low, high need before low.
const (
	HighHigh Group = iota
	HighLow
	LowHigh
	LowLow
	PotentialHighHigh
	PotentialHighLow
	PotentialLowHigh
	PotentialLowLow
)

// GroupOf is the group of customers with established, or predicted, high or low value,
// and high or low need.
func GroupOf(established, highValue, highNeed bool) Group {
	g := HighHigh
	if !established {
		g += 4
	}
	if !highValue {
		g += 2
	}
	if !highNeed {
		g++
	}
	return g
}

// Established tells whether the value is there and not predicted.
func (g Group) Established() bool { return g < PotentialHighHigh }

// HighValue tells whether value, there or predicted, is high.
func (g Group) HighValue() bool { return g%4 < 2 }

// HighNeed tells whether need is high.
func (g Group) HighNeed() bool { return g%2 == 0 }

// Words are the names of a group and what to do with it.
type Words struct {
	ID           string // a label
	En, Zh       string
	Do, DoZh     string // what to do
	Mind, MindZh string // what to mind
}

// Groups lists the eight in order.
func Groups() []Words { return append([]Words(nil), groups[:]...) }

// Words are the group's.
func (g Group) Words() Words { return groups[g] }

var groups = [8]Words{
	{
		"high-value-high-need", "high value, high need", "高价值·高需求",
		"Serve first and in person: a fixed contact, the offer that meets the need now, no discount they did not ask for.",
		"优先并专人服务：固定对接人，立即给出满足需求的方案，不主动打折。",
		"Losing one of them costs most: answer within the day.", "流失代价最高：当天必须回应。",
	},
	{
		"high-value-low-need", "high value, low need", "高价值·低需求",
		"Keep the relationship without selling: care, privileges, a look at needs that may arise.",
		"维系关系而非推销：关怀、权益，挖掘潜在需求。",
		"Too many offers drive them away.", "过度推销会把他们推走。",
	},
	{
		"low-value-high-need", "low value, high need", "低价值·高需求",
		"Meet the need with what costs little to deliver: standard offers, self-service, bundles that raise the basket.",
		"用低成本方式满足需求：标准化产品、自助服务、组合销售提高客单价。",
		"Check whether price or range is what keeps value low.", "检查价值低是因价格还是因品类。",
	},
	{
		"low-value-low-need", "low value, low need", "低价值·低需求",
		"Spend nothing beyond mass communication; let them come.",
		"仅做大众化触达，不投入额外成本。",
		"Look again when need shows.", "出现需求信号时再评估。",
	},
	{
		"potential-high-value-high-need", "potentially high value, high need", "潜在高价值·高需求",
		"Win the next orders: the best first experience, a guided second purchase, a quick answer to doubts.",
		"争取后续订单：最佳首单体验、引导第二次购买、快速解答疑虑。",
		"Their value is a prediction: test what an effort brings before repeating it.", "价值为预测值：先小规模验证投入产出。",
	},
	{
		"potential-high-value-low-need", "potentially high value, low need", "潜在高价值·低需求",
		"Nurture: show what else there is, wake needs by examples of customers like them.",
		"培育：展示更多产品，用相似客户案例唤起需求。",
		"No pressure before a need shows.", "需求出现前不要施压。",
	},
	{
		"potential-low-value-high-need", "potentially low value, high need", "潜在低价值·高需求",
		"Serve the need at standard terms and see whether the value grows.",
		"以标准条件满足需求，观察价值是否成长。",
		"The prediction may be wrong: let orders decide.", "预测可能有误，以后续订单为准。",
	},
	{
		"potential-low-value-low-need", "potentially low value, low need", "潜在低价值·低需求",
		"Automated welcome only.", "仅用自动化欢迎流程。",
		"Most newcomers without a sign of interest stay so.", "多数无兴趣信号的新客会维持现状。",
	},
}
