package partition

import (
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// variables are those with a fixed name.
var variables = []*Variable{
	{
		Name: "orders.recency_days", Label: "days since the last order", LabelZh: "距上次下单天数", Unit: "days", Reads: []string{"orders.last_time"},
		Number: daysSince(func(f *facts.Facts) time.Time { return f.Orders.LastTime }), Days: true,
	},
	{Name: "orders.count", Label: "orders", LabelZh: "订单数", Reads: []string{"orders.count"}, Number: always(func(f *facts.Facts) float64 { return float64(f.Orders.Count) })},
	{Name: "orders.days", Label: "days with an order", LabelZh: "下单天数", Reads: []string{"orders.days"}, Number: always(func(f *facts.Facts) float64 { return float64(f.Orders.Days) })},
	{
		Name: "orders.first_days", Label: "days since the first order", LabelZh: "距首次下单天数", Unit: "days", Reads: []string{"orders.first_time"},
		Number: daysSince(func(f *facts.Facts) time.Time { return f.Orders.FirstTime }), Days: true,
	},
	{Name: "rfm.recency", Label: "recency score", LabelZh: "R 分", Reads: []string{"rfm.recency"}, Number: scored(func(f *facts.Facts) int { return f.RFM.Recency })},
	{Name: "rfm.frequency", Label: "frequency score", LabelZh: "F 分", Reads: []string{"rfm.frequency"}, Number: scored(func(f *facts.Facts) int { return f.RFM.Frequency })},
	{Name: "rfm.monetary", Label: "monetary score", LabelZh: "M 分", Reads: []string{"rfm.monetary"}, Number: scored(func(f *facts.Facts) int { return f.RFM.Monetary })},
	{
		Name: "value.historic", Label: "historic value", LabelZh: "历史价值", Reads: []string{"value.historic"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) { return f.Value.Historic.Major(), f.Value.Known },
	},
	{
		Name: "prediction.residual", Label: "value still to come", LabelZh: "未来价值", Reads: []string{"prediction.residual"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			if f.Prediction.Residual == nil {
				return 0, false
			}
			return f.Prediction.Residual.Major(), true
		},
	},
	{Name: "prediction.alive", Label: "probability of still being a customer", LabelZh: "活跃概率", Reads: []string{"prediction.alive"}, Number: given(func(f *facts.Facts) *float64 { return f.Prediction.Alive })},
	{Name: "prediction.churn_risk", Label: "risk of leaving", LabelZh: "流失风险", Reads: []string{"prediction.churn_risk"}, Number: given(func(f *facts.Facts) *float64 { return f.Prediction.ChurnRisk })},
	{Name: "prediction.expected_orders", Label: "expected orders", LabelZh: "预期订单数", Reads: []string{"prediction.expected_orders"}, Number: given(func(f *facts.Facts) *float64 { return f.Prediction.ExpectedOrders })},
	{
		Name: "feedback.satisfaction", Label: "satisfaction", LabelZh: "满意度", Reads: []string{"feedback.satisfaction", "feedback.responses"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) { return f.Feedback.Satisfaction, f.Feedback.Responses > 0 },
	},
	{Name: "feedback.responses", Label: "answers to surveys", LabelZh: "问卷回复数", Reads: []string{"feedback.responses"}, Number: always(func(f *facts.Facts) float64 { return float64(f.Feedback.Responses) })},
	{
		Name: "feedback.last_response_days", Label: "days since the last answer", LabelZh: "距上次回复天数", Unit: "days", Reads: []string{"feedback.last_response_time"},
		Number: daysSince(func(f *facts.Facts) time.Time { return f.Feedback.LastResponseTime }), Days: true,
	},
	{Name: "referral.referees", Label: "customers brought", LabelZh: "推荐注册数", Reads: []string{"referral.referees"}, Number: always(func(f *facts.Facts) float64 { return float64(f.Referral.Referees) })},
	{Name: "referral.qualified", Label: "customers brought who bought", LabelZh: "有效推荐数", Reads: []string{"referral.qualified"}, Number: always(func(f *facts.Facts) float64 { return float64(f.Referral.Qualified) })},
	{
		Name: "customer.last_seen_days", Label: "days since the last visit", LabelZh: "距上次到访天数", Unit: "days", Reads: []string{"customer.last_seen_time"},
		Number: daysSince(func(f *facts.Facts) time.Time { return f.Customer.LastSeenTime }), Days: true,
	},
	{
		Name: "customer.tenure_days", Label: "days on record", LabelZh: "建档天数", Unit: "days", Reads: []string{"customer.create_time"},
		Number: daysSince(func(f *facts.Facts) time.Time { return f.Customer.CreateTime }), Days: true,
	},
	{Name: "customer.age_years", Label: "age", LabelZh: "年龄", Unit: "years", Reads: []string{"customer.birth_date"}, Number: age, Next: birthday},
	{
		Name: "customer.household_size", Label: "household size", LabelZh: "家庭人数", Reads: []string{"customer.household_size"},
		Number: func(f *facts.Facts, _ Moment) (float64, bool) {
			return float64(f.Customer.HouseholdSize), f.Customer.HouseholdSize > 0
		},
	},
	category("customer.kind", "kind", "客户类型", func(f *facts.Facts) string { return f.Customer.Kind }),
	category("customer.gender", "gender", "性别", func(f *facts.Facts) string { return f.Customer.Gender }),
	category("customer.country", "country", "国家", func(f *facts.Facts) string { return f.Customer.Country }),
	category("customer.region", "region", "地区", func(f *facts.Facts) string { return f.Customer.Region }),
	category("customer.city", "city", "城市", func(f *facts.Facts) string { return f.Customer.City }),
	category("customer.area", "area", "城乡", func(f *facts.Facts) string { return f.Customer.Area }),
	category("customer.acquisition", "acquisition", "获客方式", func(f *facts.Facts) string { return f.Customer.Acquisition }),
	category("customer.education", "education", "学历", func(f *facts.Facts) string { return f.Customer.Education }),
	category("customer.occupation", "occupation", "职业", func(f *facts.Facts) string { return f.Customer.Occupation }),
	category("customer.marital_status", "marital status", "婚姻状况", func(f *facts.Facts) string { return f.Customer.MaritalStatus }),
	category("customer.income_band", "income band", "收入档", func(f *facts.Facts) string { return f.Customer.IncomeBand }),
	category("customer.stage", "stage", "旅程阶段", func(f *facts.Facts) string { return f.Customer.Stage }),
	category("rfm.group", "RFM group", "RFM 八类", func(f *facts.Facts) string { return f.RFM.Group }),
	category("rfm.segment", "RFM segment", "RFM 十一类", func(f *facts.Facts) string { return f.RFM.Segment }),
}

func category(name, label, labelZh string, of func(*facts.Facts) string) *Variable {
	return &Variable{Name: name, Label: label, LabelZh: labelZh, Reads: []string{name}, Category: text(of)}
}
