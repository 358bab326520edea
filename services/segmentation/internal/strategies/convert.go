package strategies

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

func strategyName(id string) string { return "strategies/" + id }
func segmentName(id string) string  { return "segments/" + id }

func revisionName(id string, revision int64) string {
	return fmt.Sprintf("strategies/%s/revisions/%d", id, revision)
}

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

func strategyProto(s *Strategy) *segmentationv1.Strategy {
	m := &segmentationv1.Strategy{
		Name: strategyName(s.ID), DisplayName: s.Name.En, DisplayNameZh: s.Name.Zh,
		Description: s.Description.En, DescriptionZh: s.Description.Zh, Segment: named("segments/", s.Segment),
		Actions: each(s.Actions, func(a Action) *segmentationv1.Action { return actionProto(&a) }), Caps: each(s.Caps, capProto),
		State: segmentationv1.StrategyState_STRATEGY_STATE_ACTIVE, Revision: s.Revision,
		CreateTime: instant(s.CreateTime), UpdateTime: instant(s.UpdateTime), Etag: etag.Of(s.Version),
	}
	if s.Paused {
		m.State = segmentationv1.StrategyState_STRATEGY_STATE_PAUSED
	}
	return m
}

// revisionProto is a strategy as it was: it has no state and no etag.
func revisionProto(s *Strategy) *segmentationv1.Strategy {
	m := strategyProto(s)
	m.Name, m.State, m.Etag = revisionName(s.ID, s.Revision), 0, ""
	return m
}

func actionProto(a *Action) *segmentationv1.Action {
	m := &segmentationv1.Action{
		Id: a.ID, Kind: segmentationv1.ActionKind(a.Kind), Text: a.Text.En, TextZh: a.Text.Zh,
		Trigger: segmentationv1.ActionTrigger(a.Trigger), Channel: a.Channel, SalesMode: segmentationv1.SalesMode(a.SalesMode),
		Eligibility: a.Eligibility, Cost: amountProto(a.Cost), Priority: a.Priority, Campaign: named("campaigns/", a.Campaign),
		Caps: each(a.Caps, capProto),
		Advice: each(a.Advice, func(v Advice) *segmentationv1.StyleAdvice {
			return &segmentationv1.StyleAdvice{Style: segmentationv1.BehaviorKind(v.Style), Text: v.Text.En, TextZh: v.Text.Zh}
		}),
	}
	if o := a.Offer; o != nil {
		m.Offer = &segmentationv1.ActionOffer{Text: o.Text.En, TextZh: o.Text.Zh, Code: o.Code, Value: amountProto(o.Value)}
	}
	if a.Contact != nil {
		m.Contact = contactProto(*a.Contact)
	}
	return m
}

func amountProto(a *Amount) *apiv1.Money {
	if a == nil {
		return nil
	}
	return &apiv1.Money{MinorUnits: a.Minor, CurrencyCode: a.Currency}
}

func contactProto(r ContactRules) *segmentationv1.ContactRules {
	return &segmentationv1.ContactRules{
		Purpose: named("purposes/", r.Purpose), QuietStart: r.QuietStart, QuietEnd: r.QuietEnd, TimeZone: r.Zone,
	}
}

func capProto(c Cap) *segmentationv1.FrequencyCap {
	return &segmentationv1.FrequencyCap{Max: c.Max, Window: segmentationv1.CapWindow(c.Window), TimeZone: c.Zone}
}

// content is what a caller sets of a strategy.
func content(id string, m *segmentationv1.Strategy) *Strategy {
	return &Strategy{
		ID: id, Name: Text{m.GetDisplayName(), m.GetDisplayNameZh()}, Description: Text{m.GetDescription(), m.GetDescriptionZh()},
		Segment: idOf("segments/", m.GetSegment()), Actions: each(m.GetActions(), action), Caps: each(m.GetCaps(), capOf),
	}
}

func action(m *segmentationv1.Action) Action {
	a := Action{
		ID: m.GetId(), Kind: Kind(m.GetKind()), Text: Text{m.GetText(), m.GetTextZh()}, Trigger: Trigger(m.GetTrigger()),
		Channel: m.GetChannel(), SalesMode: uint8(m.GetSalesMode()), Eligibility: m.GetEligibility(),
		Cost: amount(m.GetCost()), Priority: m.GetPriority(), Campaign: idOf("campaigns/", m.GetCampaign()),
		Caps: each(m.GetCaps(), capOf),
		Advice: each(m.GetAdvice(), func(v *segmentationv1.StyleAdvice) Advice {
			return Advice{Style(v.GetStyle()), Text{v.GetText(), v.GetTextZh()}}
		}),
	}
	if o := m.GetOffer(); o != nil {
		a.Offer = &Offer{Text: Text{o.GetText(), o.GetTextZh()}, Code: o.GetCode(), Value: amount(o.GetValue())}
	}
	if m.GetContact() != nil {
		rules := contactRules(m.GetContact())
		a.Contact = &rules
	}
	return a
}

func amount(m *apiv1.Money) *Amount {
	if m == nil {
		return nil
	}
	return &Amount{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()}
}

func contactRules(m *segmentationv1.ContactRules) ContactRules {
	return ContactRules{
		Purpose: idOf("purposes/", m.GetPurpose()), QuietStart: m.GetQuietStart(), QuietEnd: m.GetQuietEnd(), Zone: m.GetTimeZone(),
	}
}

func capOf(m *segmentationv1.FrequencyCap) Cap {
	return Cap{Max: m.GetMax(), Window: Window(m.GetWindow()), Zone: m.GetTimeZone()}
}
