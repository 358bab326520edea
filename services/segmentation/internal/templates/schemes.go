package templates

import (
	"strconv"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/quadrant"
)

var currencyParameter = parameter{"currency", "currency of the revenue", "收入币种", "CNY", currency}

// rfmTemplate is the eight Chinese groups.
var rfmTemplate = template{
	id: "rfm", en: "RFM, eight groups", zh: "RFM 八类", disjoint: true,
	about: "Recency, frequency and monetary value, each high or low against the mean.", aboutZh: "R、F、M 各以均值分高低，共八类。",
	parameters: []parameter{currencyParameter},
	outside:    []string{"customer.region", "customer.acquisition", "feedback.satisfaction"},
	reason:     "Orders are all it needs, and it says who is worth keeping.", reasonZh: "只需订单数据，即可判断应保留的客户。",
	schemeLabels: groupLabels(),
	scheme: func(v map[string]string) *segmentationv1.Scheme {
		return rfmScheme(v["currency"], segmentationv1.RfmGrouping_RFM_GROUPING_EIGHT_GROUPS)
	},
}

// elevenTemplate is the English eleven.
var elevenTemplate = template{
	id: "rfm-eleven", en: "RFM, eleven segments", zh: "RFM 十一类", disjoint: true,
	about: "Champions to Lost, by quintiles of recency and frequency.", aboutZh: "按 R、F 五分位划分：冠军客户至已流失。",
	parameters: []parameter{currencyParameter},
	outside:    []string{"customer.region", "customer.acquisition", "feedback.satisfaction"},
	reason:     "Orders are all it needs, and the names are known to everybody in the trade.", reasonZh: "只需订单数据，名称业内通用。",
	schemeLabels: elevenLabels(),
	scheme: func(v map[string]string) *segmentationv1.Scheme {
		return rfmScheme(v["currency"], segmentationv1.RfmGrouping_RFM_GROUPING_ELEVEN_SEGMENTS)
	},
}

func rfmScheme(currency string, g segmentationv1.RfmGrouping) *segmentationv1.Scheme {
	return &segmentationv1.Scheme{
		Method: &segmentationv1.SchemeMethod{Kind: &segmentationv1.SchemeMethod_Rfm{Rfm: &segmentationv1.RfmMethod{
			CurrencyCode: currency, Grouping: g, Threshold: segmentationv1.RfmThreshold_RFM_THRESHOLD_MEAN,
		}}},
		Variables: forming("orders.recency_days", "orders.days", "revenue_minor."+currency),
	}
}

// forming names variables by which customers are divided.
func forming(names ...string) *segmentationv1.SchemeVariables {
	m := &segmentationv1.SchemeVariables{}
	for _, name := range names {
		m.Forming = append(m.Forming, &segmentationv1.SchemeVariable{Fact: name, Reason: "asked for by the method"})
	}
	return m
}

func groupLabels() (all []segment) {
	for _, g := range stat.Groups() {
		all = append(all, segment{label: slug(g.String()), en: g.String(), zh: g.Chinese()})
	}
	return all
}

func elevenLabels() (all []segment) {
	for _, s := range stat.EnglishSegments() {
		all = append(all, segment{label: slug(s.String()), en: s.String()})
	}
	return all
}

func slug(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// needTemplate is value by need.
var needTemplate = template{
	id: "value-need", en: "Value by need", zh: "价值×需求", disjoint: true,
	about:   "Eight groups: high, low, potentially high and potentially low value, each with high or low need. " + advice(false),
	aboutZh: "八类：高、低、潜在高、潜在低价值 × 高、低需求。" + advice(true),
	parameters: []parameter{
		currencyParameter,
		{"value_quantile", "share of customers below high value, 0 to 1", "高价值分位(0–1)", "0.8", decimal},
		{"min_orders", "days with an order from which on the value so far decides", "以现有价值判断所需下单天数", "3", integer},
		{"visit_days", "days within which a visit tells of need", "表明需求的到访天数", "30", integer},
	},
	outside: []string{"customer.region", "customer.acquisition"},
	reason:  "What to do depends on what somebody is worth and on whether there is a need now.", reasonZh: "行动取决于客户价值与当前需求。",
	schemeLabels: quadrantLabels(),
	scheme: func(v map[string]string) *segmentationv1.Scheme {
		quantile, _ := strconv.ParseFloat(v["value_quantile"], 64)
		quantile = min(max(quantile, 0.01), 0.99)
		orders, _ := strconv.ParseInt(v["min_orders"], 10, 64)
		visit, _ := strconv.ParseFloat(v["visit_days"], 64)
		at := func() *segmentationv1.QuadrantThreshold {
			return &segmentationv1.QuadrantThreshold{At: &segmentationv1.QuadrantThreshold_Quantile{Quantile: quantile}}
		}
		value := "revenue." + v["currency"]
		return &segmentationv1.Scheme{
			Method: &segmentationv1.SchemeMethod{Kind: &segmentationv1.SchemeMethod_Quadrants{Quadrants: &segmentationv1.QuadrantsMethod{
				ValueFact: value, ValueThreshold: at(), MinOrders: min(orders, 1000), PotentialThreshold: at(), NeedSignals: 1,
				Need: []*segmentationv1.NeedSignal{
					{Fact: "behavior.last_view_days", Threshold: visit, AtMost: true},
					{Fact: "behavior.last_search_days", Threshold: visit, AtMost: true},
					{Fact: "behavior.last_cart_days", Threshold: visit, AtMost: true},
					{Fact: "feedback.last_response_days", Threshold: visit, AtMost: true},
				},
			}}},
			Variables: forming("orders.days", value, "prediction.residual_value", "behavior.last_view_days", "behavior.last_search_days", "behavior.last_cart_days",
				"feedback.last_response_days"),
		}
	},
}

func quadrantLabels() (all []segment) {
	for _, g := range quadrant.Groups() {
		all = append(all, segment{label: g.ID, en: g.En, zh: g.Zh})
	}
	return all
}

// advice is what to do with each of the eight.
func advice(zh bool) string {
	var all []string
	for _, g := range quadrant.Groups() {
		if zh {
			all = append(all, g.Zh+":"+g.DoZh+g.MindZh)
		} else {
			all = append(all, g.En+": "+g.Do+" "+g.Mind)
		}
	}
	if zh {
		return strings.Join(all, "")
	}
	return strings.Join(all, " ")
}

// clusterTemplate is k-means.
var clusterTemplate = template{
	id: "clusters", en: "Clusters", zh: "聚类", disjoint: true,
	about: "Groups of similar customers by recency, frequency and revenue, as many as set themselves apart best.", aboutZh: "按 R、F、M 相似性聚类，类数由轮廓系数决定。",
	parameters: []parameter{currencyParameter},
	outside:    []string{"customer.region", "customer.acquisition", "feedback.satisfaction"},
	reason:     "Nobody has to know the groups beforehand.", reasonZh: "无需事先假定群体。",
	scheme: func(v map[string]string) *segmentationv1.Scheme {
		return &segmentationv1.Scheme{
			Method: &segmentationv1.SchemeMethod{Kind: &segmentationv1.SchemeMethod_Kmeans{Kmeans: &segmentationv1.KMeansMethod{
				LogVariables: []string{"orders.days", "revenue." + v["currency"]}, Seed: 1,
				Scaling: segmentationv1.FeatureScaling_FEATURE_SCALING_STANDARD, Outliers: segmentationv1.OutlierPolicy_OUTLIER_POLICY_WINSORISE,
				Missing: segmentationv1.MissingPolicy_MISSING_POLICY_UNKNOWN,
			}}},
			Variables: forming("orders.recency_days", "orders.days", "revenue."+v["currency"]),
		}
	},
}
