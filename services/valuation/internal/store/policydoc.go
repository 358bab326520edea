package store

import (
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

type predictionPolicyDoc struct {
	Disabled         bool                   `bson:"disabled,omitempty"`
	Models           []string               `bson:"models,omitempty"`
	HorizonDays      int64                  `bson:"horizon_days,omitempty"`
	ValueHorizonDays int64                  `bson:"value_horizon_days,omitempty"`
	DiscountRate     float64                `bson:"annual_discount_rate,omitempty"`
	MarginRate       float64                `bson:"margin_rate,omitempty"`
	Churn            domain.ChurnDefinition `bson:"churn_definition,omitempty"`
	ChurnThreshold   float64                `bson:"churn_threshold,omitempty"`
	OverdueFactor    float64                `bson:"overdue_factor,omitempty"`
}

type alertPolicyDoc struct {
	Disabled bool    `bson:"disabled,omitempty"`
	Most     int64   `bson:"most,omitempty"`
	MinRisk  float64 `bson:"min_risk,omitempty"`
	MinFall  float64 `bson:"min_fall,omitempty"`
	MinMinor int64   `bson:"min_minor,omitempty"`
}

// predictionsDoc is a domain.PredictionSummary as it is stored.
type predictionsDoc struct {
	Models    []string       `bson:"models"`
	Rate      float64        `bson:"margin_rate"`
	Why       domain.Absence `bson:"margin_absence,omitempty"`
	Stated    bool           `bson:"margin_stated,omitempty"`
	Coverage  float64        `bson:"margin_coverage"`
	Customers int64          `bson:"customers"`
	Churned   int64          `bson:"churned"`
	Orders    float64        `bson:"orders"`
	Valued    int64          `bson:"valued"`
	Residual  int64          `bson:"residual"`
	AtRisk    int64          `bson:"at_risk"`
	Warnings  []warningDoc   `bson:"warnings,omitempty"`
}

func newPolicyDoc(p domain.Policy) policyDoc {
	return policyDoc{
		AsOfDate: p.AsOfDate, Zone: p.Zone, Currency: p.Currency, Reporting: p.Reporting, Ties: p.Ties, Threshold: p.Threshold,
		Prediction: predictionPolicyDoc(p.Prediction), Alerts: alertPolicyDoc(p.Alerts),
	}
}

func (d policyDoc) domain() domain.Policy {
	return domain.Policy{
		AsOfDate: d.AsOfDate, Zone: d.Zone, Currency: d.Currency, Reporting: d.Reporting, Ties: d.Ties, Threshold: d.Threshold,
		Prediction: domain.PredictionPolicy(d.Prediction), Alerts: domain.AlertPolicy(d.Alerts),
	}
}

func newPredictionsDoc(s *domain.PredictionSummary) *predictionsDoc {
	if s == nil {
		return nil
	}
	return &predictionsDoc{
		Models: s.Models, Rate: s.Margin.Rate, Why: s.Margin.Why, Stated: s.Margin.Stated, Coverage: s.Margin.Coverage,
		Customers: s.Sums.Customers, Churned: s.Sums.Churned, Orders: s.Sums.Orders,
		Valued: s.Sums.Valued, Residual: s.Sums.Residual, AtRisk: s.Sums.AtRisk,
		Warnings: each(s.Warnings, func(w domain.Warning) warningDoc { return warningDoc(w) }),
	}
}

func (d *predictionsDoc) domain() *domain.PredictionSummary {
	if d == nil {
		return nil
	}
	return &domain.PredictionSummary{
		Models: d.Models,
		Margin: domain.Margin{Rate: d.Rate, Why: d.Why, Stated: d.Stated, Coverage: d.Coverage},
		Sums: domain.PredictionSums{
			Customers: d.Customers, Churned: d.Churned, Orders: d.Orders, Valued: d.Valued, Residual: d.Residual, AtRisk: d.AtRisk,
		},
		Warnings: each(d.Warnings, func(w warningDoc) domain.Warning { return domain.Warning(w) }),
	}
}
