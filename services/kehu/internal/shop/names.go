package shop

// word is a Chinese name or part of one with its pinyin.
type word struct{ han, pinyin string }

// The commonest surnames first, as choose prefers them.
var surnames = []word{
	{"王", "Wang"}, {"李", "Li"}, {"张", "Zhang"}, {"刘", "Liu"}, {"陈", "Chen"}, {"杨", "Yang"},
	{"黄", "Huang"}, {"赵", "Zhao"}, {"周", "Zhou"}, {"吴", "Wu"}, {"徐", "Xu"}, {"孙", "Sun"},
	{"马", "Ma"}, {"朱", "Zhu"}, {"胡", "Hu"}, {"郭", "Guo"}, {"何", "He"}, {"林", "Lin"},
	{"罗", "Luo"}, {"郑", "Zheng"}, {"梁", "Liang"}, {"谢", "Xie"}, {"宋", "Song"}, {"唐", "Tang"},
	{"许", "Xu"}, {"邓", "Deng"}, {"韩", "Han"}, {"冯", "Feng"}, {"曹", "Cao"}, {"彭", "Peng"},
	{"曾", "Zeng"}, {"肖", "Xiao"}, {"田", "Tian"}, {"董", "Dong"}, {"潘", "Pan"}, {"袁", "Yuan"},
	{"蔡", "Cai"}, {"蒋", "Jiang"}, {"余", "Yu"}, {"单", "Shan"}, {"欧阳", "Ouyang"}, {"司马", "Sima"},
}

var femaleNames = []word{
	{"静", "jing"}, {"丽", "li"}, {"敏", "min"}, {"芳", "fang"}, {"婷", "ting"}, {"娜", "na"},
	{"雪", "xue"}, {"颖", "ying"}, {"欣", "xin"}, {"怡", "yi"}, {"佳", "jia"}, {"慧", "hui"},
	{"玲", "ling"}, {"月", "yue"}, {"梅", "mei"}, {"琳", "lin"}, {"倩", "qian"}, {"雨", "yu"},
	{"思", "si"}, {"梦", "meng"}, {"诗", "shi"}, {"涵", "han"}, {"晴", "qing"}, {"萍", "ping"},
}

var maleNames = []word{
	{"伟", "wei"}, {"磊", "lei"}, {"强", "qiang"}, {"军", "jun"}, {"洋", "yang"}, {"勇", "yong"},
	{"杰", "jie"}, {"涛", "tao"}, {"明", "ming"}, {"超", "chao"}, {"鹏", "peng"}, {"辉", "hui"},
	{"华", "hua"}, {"飞", "fei"}, {"浩", "hao"}, {"宇", "yu"}, {"轩", "xuan"}, {"博", "bo"},
	{"文", "wen"}, {"俊", "jun"}, {"峰", "feng"}, {"志", "zhi"}, {"建", "jian"}, {"平", "ping"},
}

// homophones are characters that a clerk who types by sound mistakes for another.
var homophones = map[string]string{
	"静": "婧", "丽": "莉", "芳": "方", "婷": "廷", "颖": "莹", "欣": "新", "怡": "宜", "佳": "嘉",
	"玲": "琳", "雨": "羽", "思": "诗", "伟": "玮", "强": "墙", "军": "君", "杰": "洁", "涛": "滔",
	"明": "铭", "辉": "晖", "华": "花", "宇": "羽", "俊": "骏", "峰": "锋", "志": "智", "建": "健",
}

var (
	englishFemale = []string{
		"Emma", "Olivia", "Grace", "Alice", "Hannah", "Lucy", "Chloe", "Sophie", "Ruth", "Clara", "Nora", "Amelia",
	}
	englishMale = []string{
		"James", "Oliver", "Henry", "Daniel", "Thomas", "George", "Samuel", "Edward", "Peter", "Simon", "Hugh", "Walter",
	}
	englishSurnames = []string{
		"Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Walker", "Wright",
		"Thompson", "Green", "Hall", "Clarke", "Baker", "Turner", "Cooper", "Ward", "Morris", "O'Connor",
	}
	companyBrands = []word{
		{"华信", "huaxin"}, {"宏达", "hongda"}, {"恒通", "hengtong"}, {"天成", "tiancheng"},
		{"瑞丰", "ruifeng"}, {"博远", "boyuan"}, {"鼎盛", "dingsheng"}, {"新源", "xinyuan"},
	}
	companyTrades = []string{"科技", "贸易", "电子", "商贸", "食品", "服饰"}
)

// place is a city in its province or state.
type place struct{ region, city string }

var chinesePlaces = []place{
	{"广东", "深圳"}, {"上海", "上海"}, {"北京", "北京"}, {"浙江", "杭州"}, {"广东", "广州"}, {"四川", "成都"},
	{"江苏", "苏州"}, {"江苏", "南京"}, {"重庆", "重庆"}, {"湖北", "武汉"}, {"陕西", "西安"}, {"湖南", "长沙"},
	{"河南", "郑州"}, {"山东", "青岛"}, {"山东", "济南"}, {"天津", "天津"}, {"福建", "厦门"}, {"浙江", "宁波"},
	{"安徽", "合肥"}, {"福建", "福州"}, {"辽宁", "沈阳"}, {"辽宁", "大连"}, {"云南", "昆明"}, {"广西", "南宁"},
	{"黑龙江", "哈尔滨"}, {"吉林", "长春"}, {"贵州", "贵阳"}, {"甘肃", "兰州"},
}

var foreignPlaces = []place{
	{"England", "London"}, {"California", "San Francisco"}, {"Singapore", "Singapore"},
	{"New South Wales", "Sydney"}, {"Ontario", "Toronto"}, {"Scotland", "Edinburgh"},
}

// foreignPayers are the regions whose customers pay in the foreign currency.
var foreignPayers = []string{"California", "Ontario", "Singapore"}

// What the shop sells through and how it is paid, commonest first.
var (
	channels       = []string{"tmall", "wechat_mini", "jd", "douyin", "website", "store"}
	paymentMethods = []string{"wechat_pay", "alipay", "unionpay", "card", "cash"}
	acquisitions   = []string{"organic", "advertising", "promotion", "sales"}
)

// comments are what people add to their answer, by how content they are.
var comments = map[string][3][]string{
	"zh": {
		{"包装破损,等了很久", "客服一直不回复", "尺码不对,退货太麻烦", "和图片差别很大"},
		{"还可以,价格有点高", "质量一般,物流正常", "希望多一些优惠"},
		{"质量很好,会推荐给朋友", "物流很快,客服耐心", "买过好几次了,一直满意", "老客户了,值得信赖"},
	},
	"en": {
		{"Took three weeks and arrived damaged", "Nobody answers the phone", "Not what the picture shows"},
		{"Fine, but a bit expensive", "Good product, slow delivery"},
		{"Great service, will buy again", "Have told all my friends", "Quick and friendly"},
	},
}
