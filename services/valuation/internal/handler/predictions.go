package handler

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// predictionBlock is a prediction with the messages in it, made by one allocation.
type predictionBlock struct {
	prediction                            valuationv1.Prediction
	alive, churn, orders, next, overdue   float64
	churned                               bool
	value, residual, ifAlive, valueAtRisk apiv1.Money
}

// prediction is nil where none was made.
func (p protos) prediction(v *domain.Valuation) *valuationv1.Prediction {
	own := &v.Prediction
	if !own.Made {
		return nil
	}
	b := new(predictionBlock)
	m := &b.prediction
	m.Models = p.models
	figure := func(name string, f domain.Figure, into *float64) *float64 {
		if !f.Known() {
			m.Absences = append(m.Absences, &valuationv1.Absence{Field: name, Reason: f.Why.String()})
			return nil
		}
		*into = f.Value
		return into
	}
	currency := v.Revenue[0].Currency
	money := func(name string, a domain.Amount, into *apiv1.Money) *apiv1.Money {
		if !a.Known() {
			m.Absences = append(m.Absences, &valuationv1.Absence{Field: name, Reason: a.Why.String()})
			return nil
		}
		into.MinorUnits, into.CurrencyCode = a.Minor, currency
		return into
	}
	m.AliveProbability = figure("alive_probability", own.Alive, &b.alive)
	m.ChurnRisk = figure("churn_risk", own.Churn, &b.churn)
	if own.ChurnKnown {
		b.churned = own.Churned
		m.Churned = &b.churned
	}
	m.ExpectedOrders = figure("expected_orders", own.Orders, &b.orders)
	m.NextOrderDays = figure("next_order_days", own.NextDays, &b.next)
	m.OverdueRatio = figure("overdue_ratio", own.Overdue, &b.overdue)
	m.ExpectedOrderValue = money("expected_order_value", own.OrderValue, &b.value)
	m.ResidualValue = money("residual_value", own.Residual, &b.residual)
	m.ValueIfAlive = money("value_if_alive", own.IfAlive, &b.ifAlive)
	m.ValueAtRisk = money("value_at_risk", own.AtRisk, &b.valueAtRisk)
	return m
}

var churnOf = map[valuationv1.ChurnDefinition]domain.ChurnDefinition{
	valuationv1.ChurnDefinition_CHURN_DEFINITION_NO_PURCHASE_WITHIN: domain.NoPurchaseWithin,
	valuationv1.ChurnDefinition_CHURN_DEFINITION_OVERDUE:            domain.Overdue,
}

func predictionPolicyOf(p *valuationv1.PredictionPolicy) domain.PredictionPolicy {
	policy := domain.PredictionPolicy{
		Disabled: p.GetDisabled(), HorizonDays: int64(p.GetHorizonDays()), ValueHorizonDays: int64(p.GetValueHorizonDays()),
		DiscountRate: domain.DefaultDiscountRate, MarginRate: p.GetMarginRate(), Churn: churnOf[p.GetChurnDefinition()],
		ChurnThreshold: p.GetChurnThreshold(), OverdueFactor: p.GetOverdueFactor(),
	}
	if p != nil && p.AnnualDiscountRate != nil {
		policy.DiscountRate = p.GetAnnualDiscountRate()
	}
	for _, name := range p.GetModels() {
		policy.Models = append(policy.Models, name[len(modelPrefix):])
	}
	return policy
}

const modelPrefix = "models/"

func modelNames(ids []string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, modelPrefix+id)
	}
	return names
}

func predictionPolicyProto(p domain.PredictionPolicy) *valuationv1.PredictionPolicy {
	m := &valuationv1.PredictionPolicy{
		Disabled: p.Disabled, Models: modelNames(p.Models), HorizonDays: int32(p.HorizonDays), ValueHorizonDays: int32(p.ValueHorizonDays),
		AnnualDiscountRate: &p.DiscountRate, ChurnDefinition: keyOf(churnOf, p.Churn), ChurnThreshold: p.ChurnThreshold, OverdueFactor: p.OverdueFactor,
	}
	if p.MarginRate > 0 {
		m.MarginRate = &p.MarginRate
	}
	return m
}

func alertPolicyOf(p *valuationv1.AlertPolicy) domain.AlertPolicy {
	return domain.AlertPolicy{
		Disabled: p.GetDisabled(), Most: int64(p.GetMaxAlerts()), MinRisk: p.GetMinRisk(), MinFall: p.GetMinFall(), MinMinor: p.GetMinValueMinorUnits(),
	}
}

func alertPolicyProto(p domain.AlertPolicy) *valuationv1.AlertPolicy {
	return &valuationv1.AlertPolicy{
		Disabled: p.Disabled, MaxAlerts: int32(p.Most), MinRisk: p.MinRisk, MinFall: p.MinFall, MinValueMinorUnits: p.MinMinor,
	}
}

func predictionsProto(s *domain.Summary) *valuationv1.PredictionSummary {
	own := s.Predictions
	if own == nil {
		return nil
	}
	m := &valuationv1.PredictionSummary{
		Policy: predictionPolicyProto(s.Policy.Prediction), Alerts: alertPolicyProto(s.Policy.Alerts),
		MarginCoverage: own.Margin.Coverage,
		Customers:      own.Sums.Customers, ChurnedCustomers: own.Sums.Churned, ExpectedOrders: own.Sums.Orders,
	}
	if own.Margin.Why == domain.Present {
		m.MarginRate, m.MarginSource = &own.Margin.Rate, "COSTS"
		if own.Margin.Stated {
			m.MarginSource = "STATED"
		}
	}
	if own.Sums.Valued > 0 {
		m.ResidualValue = moneyProto(s.Policy.Currency, own.Sums.Residual)
		m.ValueAtRisk = moneyProto(s.Policy.Currency, own.Sums.AtRisk)
	}
	for _, w := range own.Warnings {
		m.Warnings = append(m.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	return m
}
