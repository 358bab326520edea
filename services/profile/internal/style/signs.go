package style

import (
	"cmp"
	"slices"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

const (
	dominant   = profilev1.CustomerStyle_CUSTOMER_STYLE_DOMINANT
	analytical = profilev1.CustomerStyle_CUSTOMER_STYLE_ANALYTICAL
	social     = profilev1.CustomerStyle_CUSTOMER_STYLE_SOCIAL
)

// styles are the styles, in the order of every table here.
var styles = [3]profilev1.CustomerStyle{dominant, analytical, social}

// sign is something a salesperson can see or hear.
type sign struct {
	id     string
	zh, en string
	// likelihood is how often customers of each style show it in a talk: a judgement
	// of salespeople, not a measurement.
	likelihood [3]float64
	words      []string // of notes that are read as it; lower case
}

// signs are the checklist, by id.
var signs = func() []sign {
	all := slices.Concat(dominantSigns, analyticalSigns, socialSigns)
	slices.SortFunc(all, func(a, b sign) int { return cmp.Compare(a.id, b.id) })
	return all
}()

var dominantSigns = []sign{
	{"interrupts", "打断讲解，要求直接说重点", "Interrupts, and wants the point at once", [3]float64{0.45, 0.10, 0.08},
		[]string{"说重点", "讲重点", "直接说", "别废话", "少废话", "没时间", "长话短说", "get to the point", "bottom line", "no time", "cut to the chase"}},
	{"decides-at-once", "当场拍板，只要结果和期限", "Decides on the spot, and asks for results and dates", [3]float64{0.40, 0.08, 0.15},
		[]string{"我说了算", "马上定", "今天就定", "什么时候能交", "立刻办", "i decide", "right now", "make it happen", "by when"}},
	{"challenges", "质问能力：你行不行", "Challenges: can you do it?", [3]float64{0.40, 0.15, 0.05},
		[]string{"行不行", "你们行吗", "能不能做到", "做得到吗", "敢不敢保证", "can you do it", "can you deliver", "guarantee it"}},
	{"talks-loud-and-fast", "声音大、语速快、语气肯定", "Talks loud and fast, without doubt", [3]float64{0.35, 0.08, 0.22}, nil},
	{"runs-the-meeting", "掌控议程、座位和时间", "Runs agenda, seats and time of the meeting", [3]float64{0.35, 0.12, 0.07}, nil},
	{"shows-rank", "强调头衔、规模和成就", "Speaks of rank, size and what was achieved", [3]float64{0.30, 0.08, 0.18},
		[]string{"我们是第一", "行业老大", "我的位置", "我管着", "market leader", "my people", "i run"}},
}

var analyticalSigns = []sign{
	{"asks-for-data", "要数据、参数和证明", "Asks for figures, specifications and proof", [3]float64{0.12, 0.50, 0.06},
		[]string{"数据", "参数", "检测报告", "证明", "依据", "测试结果", "data", "figures", "test report", "specification", "specifications", "proof", "evidence"}},
	{"compares", "逐项与竞品比较", "Compares with competitors point by point", [3]float64{0.15, 0.45, 0.10},
		[]string{"对比", "比较一下", "区别在哪", "性价比", "compare", "comparison", "difference between"}},
	{"asks-how-it-works", "追问原理和细节：你懂不懂", "Asks how it works, in detail: do you understand it?", [3]float64{0.08, 0.45, 0.07},
		[]string{"原理", "怎么算的", "具体流程", "细节", "懂不懂", "how does it work", "in detail", "details", "how is it calculated", "do you understand"}},
	{"takes-notes", "做笔记，核对每一条", "Takes notes, and checks every line", [3]float64{0.08, 0.40, 0.10}, nil},
	{"pauses-to-think", "语速慢、停顿思考、少表情", "Talks slowly, pauses to think, shows little", [3]float64{0.05, 0.35, 0.09}, nil},
	{"weighs-risks", "关注风险、条款和退路", "Weighs risks, terms and ways out", [3]float64{0.14, 0.40, 0.10},
		[]string{"风险", "万一", "违约", "条款", "退路", "质保", "risk", "risks", "what if", "clause", "warranty"}},
}

var socialSigns = []sign{
	{"small-talk", "先聊家常和人，后谈事", "Talks of family and people before business", [3]float64{0.05, 0.06, 0.50},
		[]string{"聊聊天", "孩子", "家里", "吃饭", "老家", "周末", "my kids", "family", "weekend", "have lunch", "have dinner"}},
	{"warm", "热情、爱笑、常夸人", "Warm, laughs, and praises", [3]float64{0.10, 0.05, 0.40},
		[]string{"太好了", "真喜欢", "开心", "辛苦你了", "love it", "wonderful", "so nice"}},
	{"speaks-of-feelings", "谈感受和关系：你爱不爱我", "Speaks of feelings and of the relation: do you care for me?", [3]float64{0.05, 0.05, 0.40},
		[]string{"感觉", "信任", "交个朋友", "朋友", "重视我", "记得我", "爱不爱我", "feel", "trust you", "friend", "friends", "care about"}},
	{"asks-who-else", "在意别人怎么看、还有谁在用", "Asks who else uses it, and what others think", [3]float64{0.12, 0.14, 0.40},
		[]string{"别人都用", "大家都", "谁在用", "朋友推荐", "口碑", "who else", "everyone", "recommended by"}},
	{"comes-close", "主动握手、拍肩、靠近", "Shakes hands, pats shoulders, comes close", [3]float64{0.14, 0.04, 0.35}, nil},
	{"digresses", "话题跳跃，容易跑题", "Jumps from one subject to another", [3]float64{0.08, 0.04, 0.35}, nil},
}

// otherWords hold words of signs and mean something else: as longer words of the
// dictionary they keep a note from being misread.
var otherWords = []string{
	"数据线", "数据库", "大数据公司", "男朋友", "女朋友", "朋友圈", "风险投资", "没感觉", "不信任", "家里电", "证明书费", "孩子王",
	"database", "friendly", "family name", "data line",
}

// byID finds a sign.
var byID = func() map[string]*sign {
	m := make(map[string]*sign, len(signs))
	for i := range signs {
		m[signs[i].id] = &signs[i]
	}
	return m
}()

// best is the style a sign speaks for most, as a place in styles.
func (s *sign) best() int {
	b := 0
	for i, p := range s.likelihood {
		if p > s.likelihood[b] {
			b = i
		}
	}
	return b
}

func (s *sign) text() *profilev1.Bilingual { return &profilev1.Bilingual{Zh: s.zh, En: s.en} }

// message is a sign as the API has it.
func (s *sign) message() *profilev1.StyleSign {
	m := &profilev1.StyleSign{Name: aip.Name(signPattern, s.id), Text: s.text(), SpeaksFor: styles[s.best()], Words: s.words}
	for i, p := range s.likelihood {
		m.Likelihoods = append(m.Likelihoods, &profilev1.StyleProbability{Style: styles[i], Probability: p})
	}
	return m
}
