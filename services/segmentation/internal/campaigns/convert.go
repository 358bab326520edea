package campaigns

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/stat"
)

func campaignName(id string) string { return "campaigns/" + id }

// named is a name of a kind, empty without an id.
func named(collection, id string) string {
	if id == "" {
		return ""
	}
	return collection + id
}

// idOf is the id in a name; what is no such name becomes what no id can be.
func idOf(collection, name string) string {
	if id, is := strings.CutPrefix(name, collection); is || name == "" {
		return id
	}
	return "/"
}

func each[From, To any](from []From, convert func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = convert(v)
	}
	return to
}

// instant is unset for the zero time.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// timeOf is the zero time of what is unset, in whole milliseconds otherwise.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Millisecond)
}

func warn(reason, format string, args ...any) *apiv1.Warning {
	return &apiv1.Warning{Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func campaignProto(c *Campaign) *segmentationv1.Campaign {
	m := &segmentationv1.Campaign{
		Name: campaignName(c.ID), DisplayName: c.NameEn, DisplayNameZh: c.NameZh, Description: c.Description,
		HoldoutShare: c.Share, EndTime: instant(c.End), CurrencyCode: c.Currency, Level: c.Level,
		Strata:   each(c.Strata, func(s string) string { return "segments/" + s }),
		Strategy: named("strategies/", c.Strategy), Action: c.Action, State: segmentationv1.CampaignState(c.State),
		StartTime: instant(c.Start), StopTime: instant(c.Stop), PopulationSize: c.Population, Treated: c.Treated,
		HeldOut: c.HeldOut, Generation: c.Generation, Baseline: baselineProto(c.Baseline), Warnings: c.warnings(),
		CreateTime: instant(c.CreateTime), UpdateTime: instant(c.UpdateTime), Etag: etag.Of(c.Version),
	}
	if c.Segment != "" {
		m.Audience = &segmentationv1.Campaign_Segment{Segment: "segments/" + c.Segment}
	} else {
		m.Audience = &segmentationv1.Campaign_Rule{Rule: c.Rule}
	}
	return m
}

func (c *Campaign) warnings() (all []*apiv1.Warning) {
	for _, o := range c.Overlaps {
		all = append(all, warn("OVERLAPPING_CAMPAIGN", "%d customers took part in campaigns/%s too when this one was started; what one brings may depend on the other", o.Customers, o.Campaign))
	}
	if c.MissingAtFreeze > 0 {
		all = append(all, warn("FACTS_MISSING", "nothing was known of %d customers when the population was frozen", c.MissingAtFreeze))
	}
	return all
}

func baselineProto(b *Baseline) *segmentationv1.CampaignBaseline {
	if b == nil {
		return nil
	}
	return &segmentationv1.CampaignBaseline{
		StartTime: instant(b.Start), EndTime: instant(b.End), Customers: b.Revenue.N, Conversion: b.conversion(),
		RevenueMean: b.Revenue.Mean, RevenueDeviation: b.Revenue.SD(),
	}
}

// content is what a caller sets of a campaign.
func content(id string, m *segmentationv1.Campaign) *Campaign {
	return &Campaign{
		ID: id, NameEn: m.GetDisplayName(), NameZh: m.GetDisplayNameZh(), Description: m.GetDescription(),
		Segment: idOf("segments/", m.GetSegment()), Rule: m.GetRule(), Share: m.GetHoldoutShare(), End: timeOf(m.GetEndTime()),
		Currency: m.GetCurrencyCode(), Level: m.GetLevel(),
		Strata:   each(m.GetStrata(), func(s string) string { return idOf("segments/", s) }),
		Strategy: idOf("strategies/", m.GetStrategy()), Action: m.GetAction(),
	}
}

func assignmentProto(c *Campaign, d *assignmentDoc) *segmentationv1.CampaignAssignment {
	m := &segmentationv1.CampaignAssignment{
		Name: campaignName(c.ID) + "/assignments/" + d.customer(), CustomerId: d.customer(), Arm: segmentationv1.CampaignArm(d.arm()),
	}
	for _, j := range d.Strata {
		if int(j) < len(c.Strata) {
			m.Strata = append(m.Strata, "segments/"+c.Strata[j])
		}
	}
	return m
}

func planProto(c *Campaign, p *Plan) *segmentationv1.CampaignPlan {
	m := &segmentationv1.CampaignPlan{
		Campaign: campaignName(c.ID), AsOf: instant(p.AsOf), TimeZone: "UTC", PopulationSize: p.Population, Exact: p.Exact,
		Treated: p.Treated, HeldOut: p.HeldOut, Baseline: baselineProto(&p.Baseline), Power: planPower, Level: c.Level,
		DetectableConversion: p.Conversion, DetectableRevenue: p.Revenue, CurrencyCode: c.Currency,
	}
	if base := p.Baseline.conversion(); base > 0 && p.Conversion != nil {
		relative := *p.Conversion / base
		m.DetectableConversionRelative = &relative
	}
	for _, w := range []struct {
		is              bool
		reason, message string
	}{
		{p.EndPast, "CAMPAIGN_END_PAST", "end_time is past: nothing would be measured"},
		{p.NoBaseline, "NO_BASELINE", "nothing is known of those who would take part, so that it cannot be told what could be found"},
		{p.Undetectable, "UNDETECTABLE", "no effect would be found with that power: too few would take part, or be held out"},
		{p.TooRare && !p.NoBaseline, "FEW_CONVERSIONS", "fewer than 10 of those looked at ordered in the time before; the figures are rough"},
		{p.Sampled, "SAMPLED", "the baseline is that of a sample of the customers"},
	} {
		if w.is {
			m.Warnings = append(m.Warnings, warn(w.reason, "%s", w.message))
		}
	}
	return m
}

func comparisonProto(c Comparison) *segmentationv1.Comparison {
	m := &segmentationv1.Comparison{
		Treated: c.Treated, HeldOut: c.HeldOut, TreatedMean: c.TreatedMean, HeldOutMean: c.HeldOutMean, Reason: c.Reason,
	}
	if c.Lift == nil {
		m.RelativeReason = c.Reason
		return m
	}
	m.Absolute, m.PValue = liftProto(&c.Lift.Absolute), &c.Lift.P
	if m.Relative = liftProto(c.Lift.Relative); m.Relative == nil {
		m.RelativeReason = "HELD_OUT_NEAR_ZERO"
	}
	return m
}

func liftProto(e *stat.Estimate) *segmentationv1.Lift {
	if e == nil {
		return nil
	}
	return &segmentationv1.Lift{Value: e.Value, Low: e.Low, High: e.High, Level: e.Level, Method: string(e.Method)}
}
