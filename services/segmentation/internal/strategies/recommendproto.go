package strategies

import (
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
)

func recommendationProto(asked string, r *Recommendation) *segmentationv1.NextBestAction {
	m := &segmentationv1.NextBestAction{
		Name: "customers/" + asked + "/nextBestAction", CustomerId: r.Customer, AsOf: instant(r.AsOf), TimeZone: "UTC",
		Actions: each(r.Actions, recommendedProto), Rejected: each(r.Rejected, rejectedProto),
		Style: segmentationv1.BehaviorKind(r.Style.Style), StyleAdvice: r.Style.Advice.En, StyleAdviceZh: r.Style.Advice.Zh,
		Warnings: each(r.Warnings, warningProto),
	}
	if r.Style.Style != UnknownStyle {
		m.StyleConfidence = &r.Style.Confidence
	}
	return m
}

func recommendedProto(a Recommended) *segmentationv1.RecommendedAction {
	m := &segmentationv1.RecommendedAction{
		Revision: revisionName(a.Strategy.ID, a.Strategy.Revision), Action: actionProto(a.Action),
		Trigger: &segmentationv1.TriggerFact{
			Segment: segmentName(a.Stay.Segment), Since: instant(a.Stay.Since), Conditions: conditions(&a.Because, true),
		},
		Eligibility: conditions(a.Eligibility, false), Unmeasured: a.Unmeasured, ContactTime: instant(a.Contact),
		Advice: a.Advice.En, AdviceZh: a.Advice.Zh,
	}
	if g := a.Gain; g != nil {
		money := func(minor int64) *apiv1.Money {
			return &apiv1.Money{MinorUnits: minor, CurrencyCode: g.Measured.Currency}
		}
		m.Gain = &segmentationv1.ExpectedGain{
			Campaign: "campaigns/" + g.Campaign, Lift: g.Measured.Lift, LiftLow: g.Measured.Low, LiftHigh: g.Measured.High,
			Level: g.Measured.Level, Method: g.Measured.Method, OrderAmount: money(g.Order),
			Gain: money(g.Gain), GainLow: money(g.Low), GainHigh: money(g.High), CostIncluded: g.CostIncluded,
		}
	}
	return m
}

func rejectedProto(r Rejected) *segmentationv1.RejectedAction {
	return &segmentationv1.RejectedAction{
		Revision: revisionName(r.Strategy.ID, r.Strategy.Revision), Action: r.Action,
		Reason: segmentationv1.SuppressionReason(r.Reason), Detail: r.Detail, Eligibility: conditions(r.Eligibility, false),
	}
}

// conditions are the leaves of an explanation that were asked; of those, where decided
// says so, only such as decided.
func conditions(e *criterion.Explanation, decided bool) (found []*segmentationv1.ActionCondition) {
	if e == nil {
		return nil
	}
	var walk func(*criterion.Condition)
	walk = func(c *criterion.Condition) {
		for i := range c.Children {
			walk(&c.Children[i])
		}
		if len(c.Children) > 0 || c.Skipped || c.Text == "" || decided && !c.Decided {
			return
		}
		found = append(found, &segmentationv1.ActionCondition{
			Text: c.Text, Holds: c.Holds, Change: c.Change, ChangeZh: c.ChangeZh,
			Facts: each(c.Values, func(v criterion.Value) *segmentationv1.ActionFact {
				return &segmentationv1.ActionFact{Fact: v.Fact, Value: v.Text}
			}),
		})
	}
	walk(&e.Conditions)
	return found
}
