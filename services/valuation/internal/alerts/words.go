package alerts

import (
	"fmt"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/money"
)

// reasons say why an alert was raised.
func (a *alert) reasons() []*valuationv1.Reading {
	f := &a.Figures
	said := []*valuationv1.Reading{{
		Reason: "DAYS_SINCE_LAST_ORDER",
		En:     fmt.Sprintf("The last of %d orders was %d days ago.", f.Orders, f.RecencyDays),
		Zh:     fmt.Sprintf("共 %d 笔订单，最后一笔在 %d 天前。", f.Orders, f.RecencyDays),
	}, {
		Reason: "PROBABLY_LEFT",
		En:     fmt.Sprintf("With a probability of %.0f %% the customer has left.", 100*f.Loss),
		Zh:     fmt.Sprintf("客户已流失的概率为 %.0f%%。", 100*f.Loss),
	}}
	if f.Churn != nil {
		said = append(said, &valuationv1.Reading{
			Reason: "CHURN_RISK",
			En:     fmt.Sprintf("With a probability of %.0f %% no order comes within the horizon.", 100**f.Churn),
			Zh:     fmt.Sprintf("在预测期内不再下单的概率为 %.0f%%。", 100**f.Churn),
		})
	}
	if f.Overdue != nil && *f.Overdue > 1 {
		said = append(said, &valuationv1.Reading{
			Reason: "OVERDUE",
			En:     fmt.Sprintf("By the customer's own rhythm an order is overdue: %.1f times the days it allows have passed.", *f.Overdue),
			Zh:     fmt.Sprintf("按该客户自己的购买节奏已逾期：已过容许天数的 %.1f 倍。", *f.Overdue),
		})
	}
	if a.Kind == valueFallen && f.Before != nil {
		was, is := amount(*f.Before, f.Currency), amount(f.Residual, f.Currency)
		said = append(said, &valuationv1.Reading{
			Reason: "VALUE_FALLEN",
			En:     fmt.Sprintf("The residual value has fallen from %s to %s.", was, is),
			Zh:     fmt.Sprintf("剩余价值由 %s 降至 %s。", was, is),
		})
		if f.OtherModels {
			said = append(said, &valuationv1.Reading{
				Reason: "OTHER_MODELS",
				En:     "The two refreshes predicted with different models: part of the fall may be theirs.",
				Zh:     "两次评估使用了不同的模型，部分下降可能由此造成。",
			})
		}
		return said
	}
	at := amount(f.AtRisk, f.Currency)
	return append(said, &valuationv1.Reading{
		Reason: "VALUE_AT_RISK",
		En:     fmt.Sprintf("At stake is %s of margin: what the customer would still bring if alive, times the probability that it is not.", at),
		Zh:     fmt.Sprintf("面临流失的毛利为 %s：若客户仍活跃所能带来的价值 × 已流失的概率。", at),
	})
}

// advice says what could be done.
func (a *alert) advice() []*valuationv1.Reading {
	f := &a.Figures
	spend := amount(f.AtRisk/10, f.Currency)
	switch {
	case a.Kind == valueFallen && f.Loss < 0.5:
		return []*valuationv1.Reading{{
			Reason: "ASK_WHY",
			En:     "The customer has probably not left: ask what has changed (service, assortment, price, a competitor) before anything is offered.",
			Zh:     "客户很可能尚未流失：在给出优惠之前，先了解发生了什么变化（服务、品类、价格或竞争对手）。",
		}}
	case f.Loss >= 0.9:
		return []*valuationv1.Reading{{
			Reason: "WIN_BACK",
			En:     fmt.Sprintf("Treat as a win-back: one personal offer, and no more than about %s spent on it; close as LOST where it is not answered.", spend),
			Zh:     fmt.Sprintf("按挽回客户处理：一次个性化邀约，投入不宜超过约 %s；若无回应，以“已流失”关闭。", spend),
		}}
	}
	return []*valuationv1.Reading{{
		Reason: "CONTACT_PERSONALLY",
		En:     "Contact the customer personally within days: thank for past orders, ask what is missing, offer what was bought before.",
		Zh:     "数日内由专人联系：感谢以往订单，询问不足之处，推荐其以往购买的品类。",
	}, {
		Reason: "SPEND_LESS_THAN_AT_STAKE",
		En:     fmt.Sprintf("Measure the offer against what is at stake: about %s, a tenth of it, is a prudent limit.", spend),
		Zh:     fmt.Sprintf("优惠投入应与风险金额相称：约 %s（其十分之一）为稳妥上限。", spend),
	}}
}

// amount is money in words, e.g. "1234.50 CNY".
func amount(minor int64, currency string) string {
	decimals, _ := money.Decimals(currency)
	return money.Decimal(minor, decimals) + " " + currency
}
