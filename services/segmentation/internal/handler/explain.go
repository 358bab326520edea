package handler

import (
	"context"
	"time"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// Memberships answers the MembershipService.
type Memberships struct{ *Segments }

// ExplainMembership says why a customer is in a segment, or is not.
func (h *Memberships) ExplainMembership(ctx context.Context, r *segmentationv1.ExplainMembershipRequest) (*segmentationv1.MembershipExplanation, error) {
	segment, customer, err := membershipID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	var at time.Time
	if r.GetAsOf() != nil {
		if r.GetAsOf().CheckValid() != nil {
			return nil, fault.Invalid("as_of", "must be a time from year 1 to 9999")
		}
		at = r.GetAsOf().AsTime().Truncate(time.Millisecond)
	}
	e, err := h.app.Explain(ctx, segment, h.customers.Root(ctx, customer), at)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.MembershipExplanation{
		Name: membershipName(segment, e.Customer), CustomerId: e.Customer, AsOf: timestamp(e.At), Member: e.Member, Belongs: e.Reason.Belongs,
		Since: timestamp(e.Since), Revision: e.Revision, Failure: e.Reason.Failure, Until: timestamp(e.Until), Recorded: e.Recorded,
	}
	if e.Told && e.Reason.Conditions.Text != "" {
		answer.Condition = conditionProto(&e.Reason.Conditions)
	}
	for _, d := range e.Reason.Distances {
		answer.Distances = append(answer.Distances, distanceProto(d))
	}
	if answer.Transitions, err = h.transitions(ctx, e.Moves); err != nil {
		return nil, err
	}
	if e.Decided != nil {
		decided, err := h.transitions(ctx, []standing.Move{*e.Decided})
		if err != nil {
			return nil, err
		}
		answer.DecidedBy = decided[0]
	}
	if at.IsZero() {
		views, err := h.app.View(ctx, e.Segment)
		if err != nil {
			return nil, err
		}
		answer.Sources = sourceProtos(views[0].Sources)
	}
	return answer, nil
}

func conditionProto(c *criterion.Condition) *segmentationv1.ExplainedCondition {
	p := &segmentationv1.ExplainedCondition{
		Text: c.Text, Operator: c.Operator, Holds: c.Holds, Decided: c.Decided, Skipped: c.Skipped, Failure: c.Failure,
		Values: valueProtos(c.Values), Change: c.Change, ChangeZh: c.ChangeZh, ChangeTime: timestamp(c.At),
	}
	for i := range c.Children {
		p.Parts = append(p.Parts, conditionProto(&c.Children[i]))
	}
	return p
}

func valueProtos(values []criterion.Value) []*segmentationv1.FactValue {
	var protos []*segmentationv1.FactValue
	for _, v := range values {
		protos = append(protos, &segmentationv1.FactValue{Fact: v.Fact, Value: v.Text})
	}
	return protos
}

func distanceProto(d criterion.Distance) *segmentationv1.CentreDistance {
	p := &segmentationv1.CentreDistance{Label: d.Label, Distance: d.Distance}
	for _, c := range d.Features {
		p.Features = append(p.Features, &segmentationv1.FeatureContribution{
			Feature: c.Feature, Value: c.Value, Centre: c.Centre, Share: c.Share, Flip: c.Flip,
		})
	}
	return p
}
