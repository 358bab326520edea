package loyalty

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/valuation/internal/facts"
)

func policyName(id string) string { return "loyaltyPolicies/" + id }

func policyProto(p *Policy, e *edition) *valuationv1.LoyaltyPolicy {
	m := &valuationv1.LoyaltyPolicy{
		Name: policyName(p.ID), DisplayName: p.NameEN, DisplayNameZh: p.NameZH,
		MinKnownComponents: int32(p.MinKnown), Automatic: p.Automatic,
		CreateTime: instant(p.CreateTime), UpdateTime: instant(p.UpdateTime), Etag: etag.Of(p.Version),
		Components: each(p.Components, func(c Component) *valuationv1.LoyaltyComponent {
			return &valuationv1.LoyaltyComponent{
				Factor: valuationv1.LoyaltyFactor(c.Factor), Weight: c.Weight, Floor: c.Floor, Saturation: c.Saturation,
			}
		}),
		Tiers: each(p.Tiers, func(t Tier) *valuationv1.LoyaltyTier {
			return &valuationv1.LoyaltyTier{Tier: t.ID, Threshold: t.Threshold, NameEn: t.NameEN, NameZh: t.NameZH}
		}),
	}
	if e != nil {
		m.LastEvaluation = EvaluationProto(e)
	}
	return m
}

// content is what a caller sets of a policy.
func content(id string, p *valuationv1.LoyaltyPolicy) *Policy {
	return &Policy{
		ID: id, NameEN: p.GetDisplayName(), NameZH: p.GetDisplayNameZh(),
		MinKnown: int(p.GetMinKnownComponents()), Automatic: p.GetAutomatic(),
		Components: each(p.GetComponents(), func(c *valuationv1.LoyaltyComponent) Component {
			return Component{factorOf(c.GetFactor()), c.GetWeight(), c.GetFloor(), c.GetSaturation()}
		}),
		Tiers: each(p.GetTiers(), func(t *valuationv1.LoyaltyTier) Tier {
			return Tier{t.GetTier(), t.GetThreshold(), t.GetNameEn(), t.GetNameZh()}
		}),
	}
}

// factorOf is 0 for what is none.
func factorOf(f valuationv1.LoyaltyFactor) Factor {
	if f < 0 || f > Factors {
		return 0
	}
	return Factor(f)
}

// EvaluationProto is an evaluation as the API shows it.
func EvaluationProto(e *edition) *valuationv1.LoyaltyEvaluation {
	i := &e.Info
	m := &valuationv1.LoyaltyEvaluation{
		Number: e.Number, Generation: i.Generation, AsOf: instant(i.AsOf), TimeZone: i.Zone,
		EvaluateTime: instant(e.PublishedAt), Customers: i.Customers, Scored: i.Scored,
		Sources: SourcesProto(i.statuses()),
	}
	for _, t := range i.Tiers {
		m.Tiers = append(m.Tiers, &valuationv1.LoyaltyTierCount{Tier: t.ID, NameEn: t.NameEN, NameZh: t.NameZH, Customers: t.Customers})
	}
	if i.Scored < i.Customers {
		m.Warnings = append(m.Warnings, &apiv1.Warning{
			Reason: "TOO_FEW_KNOWN", Message: "of some customers too little is known for a score; they are in no tier",
		})
	}
	return m
}

var factKinds = map[facts.Kind]valuationv1.FactKind{
	facts.Satisfaction: valuationv1.FactKind_FACT_KIND_SATISFACTION,
	facts.Referrals:    valuationv1.FactKind_FACT_KIND_REFERRALS,
	facts.Prices:       valuationv1.FactKind_FACT_KIND_PRICES,
}

// SourcesProto says how current facts were, as the API shows it.
func SourcesProto(all []facts.Status) []*valuationv1.FactSource {
	return each(all, func(s facts.Status) *valuationv1.FactSource {
		return &valuationv1.FactSource{Kind: factKinds[s.Kind], Peer: s.Peer, Reason: s.Reason, CopyTime: instant(s.Time), Records: s.Records}
	})
}

func standingProto(policy string, e *edition, s *Standing) *valuationv1.Loyalty {
	m := &valuationv1.Loyalty{
		Name: "customers/" + s.Customer + "/loyalty", CustomerId: s.Customer, Policy: policyName(policy),
		Evaluation: e.Number, AsOf: instant(e.Info.AsOf), Score: s.score(), Tier: s.Tier,
		Contributions: each(s.Contributions, contributionProto),
	}
	if !s.Scored {
		m.Reason = "TOO_FEW_KNOWN"
	}
	if i := slices.IndexFunc(e.Info.Tiers, func(t TierCount) bool { return t.ID == s.Tier }); i >= 0 {
		m.TierNameEn, m.TierNameZh = e.Info.Tiers[i].NameEN, e.Info.Tiers[i].NameZH
	}
	return m
}

func contributionProto(c Contribution) *valuationv1.LoyaltyContribution {
	m := &valuationv1.LoyaltyContribution{
		Factor: valuationv1.LoyaltyFactor(c.Factor), Value: c.value(), Reason: c.Reason, Weight: c.Weight,
	}
	if c.Known {
		m.WeightShare, m.ComponentScore, m.Points = &c.Share, &c.Score, &c.Points
	}
	return m
}

func changeProto(policy string, c Change) *valuationv1.LoyaltyTierChange {
	return &valuationv1.LoyaltyTierChange{
		Policy: policyName(policy), Evaluation: c.Evaluation, AsOf: instant(c.AsOf), ChangeTime: instant(c.Time),
		FromTier: c.From, ToTier: c.To, FromScore: c.FromScore, ToScore: c.ToScore, Reasons: c.Reasons,
		Causes: each(c.Causes, func(c Cause) *valuationv1.LoyaltyPointsChange {
			return &valuationv1.LoyaltyPointsChange{
				Factor: valuationv1.LoyaltyFactor(c.Factor), FromValue: c.FromValue, ToValue: c.ToValue,
				FromPoints: c.FromPoints, ToPoints: c.ToPoints,
			}
		}),
	}
}

// instant is unset for the zero time.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
