package strategies

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

func vipStrategy() *segmentationv1.Strategy {
	return &segmentationv1.Strategy{
		DisplayName: "VIP", Segment: "segments/vip",
		Caps: []*segmentationv1.FrequencyCap{{Max: 3, Window: segmentationv1.CapWindow_CAP_WINDOW_WEEK, TimeZone: "Asia/Shanghai"}},
		Actions: []*segmentationv1.Action{{
			Id: "call", Kind: segmentationv1.ActionKind_ACTION_KIND_VISIT, TextZh: "致电", Channel: "phone",
			Trigger: segmentationv1.ActionTrigger_ACTION_TRIGGER_ENTER, Eligibility: "orders.count >= 2", Priority: 7, Campaign: "campaigns/spring",
			Offer:   &segmentationv1.ActionOffer{Text: "Ten off", Code: "TEN", Value: &apiv1.Money{MinorUnits: 1000, CurrencyCode: "CNY"}},
			Contact: &segmentationv1.ContactRules{Purpose: "purposes/marketing", QuietStart: "22:00", QuietEnd: "08:00", TimeZone: "Asia/Shanghai"},
			Cost:    &apiv1.Money{MinorUnits: 200, CurrencyCode: "CNY"}, SalesMode: segmentationv1.SalesMode_SALES_MODE_SOLUTION,
			Advice: []*segmentationv1.StyleAdvice{{Style: segmentationv1.BehaviorKind_BEHAVIOR_KIND_SOCIAL, TextZh: "先寒暄"}},
		}},
	}
}

// TestRevisions changes a strategy, and reads it as it was.
func TestRevisions(t *testing.T) {
	b := newBase()
	h := &Server{Store: openStore(t, b), Rules: b, Segments: b}
	made, err := h.CreateStrategy(t.Context(), &segmentationv1.CreateStrategyRequest{Strategy: vipStrategy(), StrategyId: "vip", RequestId: "r1"})
	if err != nil {
		t.Fatal(err)
	}
	want := vipStrategy()
	want.Name, want.State, want.Revision, want.Etag = "strategies/vip", segmentationv1.StrategyState_STRATEGY_STATE_ACTIVE, 1, `"1"`
	want.CreateTime, want.UpdateTime = made.GetCreateTime(), made.GetUpdateTime()
	if !proto.Equal(made, want) {
		t.Errorf("made is %v, want %v", made, want)
	}
	again, err := h.CreateStrategy(t.Context(), &segmentationv1.CreateStrategyRequest{Strategy: vipStrategy(), StrategyId: "vip", RequestId: "r1"})
	if err != nil || !proto.Equal(again, made) {
		t.Errorf("again: %v, %v", again, err)
	}
	if _, err := h.CreateStrategy(t.Context(), &segmentationv1.CreateStrategyRequest{Strategy: vipStrategy(), StrategyId: "vip"}); fault.ReasonOf(err) != "STRATEGY_EXISTS" {
		t.Errorf("another of the same id: %v", err)
	}
	update := &segmentationv1.UpdateStrategyRequest{
		Strategy: &segmentationv1.Strategy{Name: "strategies/vip", DisplayNameZh: "贵宾", Etag: made.GetEtag()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name_zh"}},
	}
	changed, err := h.UpdateStrategy(t.Context(), update)
	if err != nil || changed.GetRevision() != 2 || changed.GetDisplayNameZh() != "贵宾" || changed.GetDisplayName() != "VIP" {
		t.Fatalf("changed is %v, %v", changed, err)
	}
	if _, err := h.UpdateStrategy(t.Context(), update); fault.ReasonOf(err) != "ETAG_MISMATCH" {
		t.Errorf("changed on the old etag: %v", err)
	}
	paused, err := h.PauseStrategy(t.Context(), &segmentationv1.PauseStrategyRequest{Name: "strategies/vip"})
	if err != nil || paused.GetState() != segmentationv1.StrategyState_STRATEGY_STATE_PAUSED || paused.GetRevision() != 2 {
		t.Errorf("paused is %v, %v", paused, err)
	}
	old, err := h.GetStrategyRevision(t.Context(), &segmentationv1.GetStrategyRevisionRequest{Name: "strategies/vip/revisions/1"})
	if err != nil || old.GetDisplayNameZh() != "" || old.GetName() != "strategies/vip/revisions/1" || len(old.GetActions()) != 1 {
		t.Errorf("the first revision is %v, %v", old, err)
	}
	list, err := h.ListStrategyRevisions(t.Context(), &segmentationv1.ListStrategyRevisionsRequest{Parent: "strategies/vip", PageSize: 1})
	if err != nil || len(list.GetRevisions()) != 1 || list.GetRevisions()[0].GetRevision() != 2 || list.GetNextPageToken() == "" {
		t.Errorf("the revisions are %v, %v", list, err)
	}
	if _, err := h.DeleteStrategy(t.Context(), &segmentationv1.DeleteStrategyRequest{Name: "strategies/vip"}); err != nil {
		t.Error(err)
	}
	if _, err := h.GetStrategyRevision(t.Context(), &segmentationv1.GetStrategyRevisionRequest{Name: "strategies/vip/revisions/1"}); fault.ReasonOf(err) != "STRATEGY_REVISION_NOT_FOUND" {
		t.Errorf("a revision of what is deleted: %v", err)
	}
}

// TestBadStrategies are refused with the field that is wrong.
func TestBadStrategies(t *testing.T) {
	b := newBase()
	h := &Server{Store: openStore(t, b), Rules: b, Segments: b}
	action := func(change func(*segmentationv1.Action)) func(*segmentationv1.Strategy) {
		return func(s *segmentationv1.Strategy) { change(s.GetActions()[0]) }
	}
	for field, spoil := range map[string]func(*segmentationv1.Strategy){
		"strategy.display_name":                   func(s *segmentationv1.Strategy) { s.DisplayName = "" },
		"strategy.segment":                        func(s *segmentationv1.Strategy) { s.Segment = "vip" },
		"strategy.actions":                        func(s *segmentationv1.Strategy) { s.Actions = nil },
		"strategy.actions[1].id":                  func(s *segmentationv1.Strategy) { s.Actions = append(s.Actions, s.Actions[0]) },
		"strategy.caps[1].window":                 func(s *segmentationv1.Strategy) { s.Caps = append(s.Caps, s.Caps[0]) },
		"strategy.caps[0].time_zone":              func(s *segmentationv1.Strategy) { s.Caps[0].TimeZone = "Local" },
		"strategy.actions[0].kind":                action(func(a *segmentationv1.Action) { a.Kind = 99 }),
		"strategy.actions[0].text":                action(func(a *segmentationv1.Action) { a.TextZh = "" }),
		"strategy.actions[0].eligibility":         action(func(a *segmentationv1.Action) { a.Eligibility = "orders.count >" }),
		"strategy.actions[0].campaign":            action(func(a *segmentationv1.Action) { a.Campaign = "spring" }),
		"strategy.actions[0].cost.minor_units":    action(func(a *segmentationv1.Action) { a.Cost.MinorUnits = -1 }),
		"strategy.actions[0].cost.currency_code":  action(func(a *segmentationv1.Action) { a.Cost.CurrencyCode = "XXY" }),
		"strategy.actions[0].offer.text":          action(func(a *segmentationv1.Action) { a.Offer.Text = "" }),
		"strategy.actions[0].contact.purpose":     action(func(a *segmentationv1.Action) { a.Contact.Purpose = "Marketing" }),
		"strategy.actions[0].contact.quiet_end":   action(func(a *segmentationv1.Action) { a.Contact.QuietEnd = "" }),
		"strategy.actions[0].contact.quiet_start": action(func(a *segmentationv1.Action) { a.Contact.QuietStart = "25:00" }),
		"strategy.actions[0].contact.time_zone":   action(func(a *segmentationv1.Action) { a.Contact.TimeZone = "Mars/Olympus" }),
		"strategy.actions[0].advice[1].style":     action(func(a *segmentationv1.Action) { a.Advice = append(a.Advice, a.Advice[0]) }),
		"strategy.actions[0].caps[0].max":         action(func(a *segmentationv1.Action) { a.Caps = []*segmentationv1.FrequencyCap{{Max: -1, Window: 1}} }),
	} {
		s := vipStrategy()
		spoil(s)
		_, err := h.CreateStrategy(t.Context(), &segmentationv1.CreateStrategyRequest{Strategy: s, StrategyId: "vip"})
		f, ok := fault.As(err)
		if !ok || f.Kind != fault.InvalidArgument || len(f.Violations) == 0 || f.Violations[0].Field != field || !strings.Contains(f.Message, field) {
			t.Errorf("%s: %v", field, err)
		}
	}
	s := vipStrategy()
	s.Segment = "segments/nowhere"
	if _, err := h.CreateStrategy(t.Context(), &segmentationv1.CreateStrategyRequest{Strategy: s, StrategyId: "vip"}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("for a segment that is not there: %v", err)
	}
	if found, _, err := h.Store.Page(t.Context(), "", nil, 10); err != nil || len(found) != 0 {
		t.Errorf("something was written: %v, %v", found, err)
	}
}
