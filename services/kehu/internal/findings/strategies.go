package findings

import (
	"fmt"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// either is a text in a language, or in the other where there is none in it.
func either(lang, en, zh string) string {
	if lang == "zh" && zh != "" || en == "" {
		return zh
	}
	return en
}

// Strategies lists playbooks.
func Strategies(r *segmentationv1.ListStrategiesResponse, lang string) *Finding {
	f := &Finding{Title: "Strategies 策略", Answer: r, Header: []string{"strategy", "name", "segment", "state", "revision", "actions"}}
	for _, s := range r.GetStrategies() {
		f.Rows = append(f.Rows, []any{
			id(s.GetName()), either(lang, s.GetDisplayName(), s.GetDisplayNameZh()), id(s.GetSegment()), name(s.GetState(), "STRATEGY_STATE_"),
			s.GetRevision(), int64(len(s.GetActions())),
		})
	}
	return f
}

// Strategy shows a playbook.
func Strategy(s *segmentationv1.Strategy, lang string) *Finding {
	f := &Finding{
		Title:  fmt.Sprintf("%s %s: %s, revision %d", said(lang, "Strategy", "策略"), id(s.GetName()), either(lang, s.GetDisplayName(), s.GetDisplayNameZh()), s.GetRevision()),
		Answer: s, Header: []string{"action", "kind", "trigger", "channel", "priority", "cost", "campaign", "eligible"},
	}
	for _, a := range s.GetActions() {
		f.Rows = append(f.Rows, []any{
			a.GetId(), name(a.GetKind(), "ACTION_KIND_"), strings.TrimPrefix(name(a.GetTrigger(), "ACTION_TRIGGER_"), "unspecified"), a.GetChannel(), int64(a.GetPriority()),
			a.GetCost(), id(a.GetCampaign()), cut(a.GetEligibility(), 40),
		})
		f.Notes = append(f.Notes, a.GetId()+": "+either(lang, a.GetText(), a.GetTextZh())+limits(a.GetContact(), a.GetCaps()))
	}
	f.Notes = append(f.Notes, fmt.Sprintf("%s: %s; %s%s", said(lang, "segment", "分群"), id(s.GetSegment()), name(s.GetState(), "STRATEGY_STATE_"), limits(nil, s.GetCaps())))
	if about := either(lang, s.GetDescription(), s.GetDescriptionZh()); about != "" {
		f.Notes = append(f.Notes, about)
	}
	return f
}

// limits are contact rules and caps in words, led by a comma.
func limits(r *segmentationv1.ContactRules, caps []*segmentationv1.FrequencyCap) string {
	var parts []string
	if r.GetPurpose() != "" {
		parts = append(parts, "needs "+r.GetPurpose())
	}
	if r.GetQuietStart() != "" {
		parts = append(parts, fmt.Sprintf("not from %s to %s (%s)", r.GetQuietStart(), r.GetQuietEnd(), zone(r.GetTimeZone())))
	}
	for _, c := range caps {
		parts = append(parts, fmt.Sprintf("%d per %s (%s)", c.GetMax(), strings.ToLower(short(c.GetWindow().String(), "CAP_WINDOW_")), zone(c.GetTimeZone())))
	}
	if len(parts) == 0 {
		return ""
	}
	return " [" + strings.Join(parts, "; ") + "]"
}

func zone(name string) string {
	if name == "" {
		return "UTC"
	}
	return name
}

// StrategyTemplates lists playbooks to start from.
func StrategyTemplates(r *segmentationv1.ListStrategyTemplatesResponse, lang string) *Finding {
	f := &Finding{Title: "Strategy templates 策略模板", Answer: r, Header: []string{"template", "for", "actions", "rule"}}
	for _, t := range r.GetTemplates() {
		var actions []string
		for _, a := range t.GetStrategy().GetActions() {
			actions = append(actions, a.GetId())
		}
		f.Rows = append(f.Rows, []any{id(t.GetName()), either(lang, t.GetAudience(), t.GetAudienceZh()), strings.Join(actions, ", "), t.GetRule()})
	}
	return f
}

// NextBestAction shows what is best done next with a customer, and why.
func NextBestAction(n *segmentationv1.NextBestAction, lang string) *Finding {
	f := &Finding{
		Title: said(lang, "Next best action for ", "下一步最佳动作: ") + n.GetCustomerId(), Answer: n,
		Header: []string{"action", "strategy", "what", "channel", "expected gain", "interval", "cost", "contact from"},
	}
	for _, a := range n.GetActions() {
		row := []any{a.GetAction().GetId(), a.GetRevision(), cut(either(lang, a.GetAction().GetText(), a.GetAction().GetTextZh()), 50), a.GetAction().GetChannel(), strings.ReplaceAll(strings.ToLower(a.GetUnmeasured()), "_", " "), nil, a.GetAction().GetCost(), instant(a.GetContactTime())}
		if g := a.GetGain(); g != nil {
			row[4], row[5] = g.GetGain(), fmt.Sprintf("%s to %s", Amount(g.GetGainLow()), Amount(g.GetGainHigh()))
		}
		f.Rows = append(f.Rows, row)
		f.Notes = append(f.Notes, fmt.Sprintf("%s: %s", a.GetAction().GetId(), trigger(a, lang)))
		if advice := either(lang, a.GetAdvice(), a.GetAdviceZh()); advice != "" {
			f.Notes = append(f.Notes, a.GetAction().GetId()+": "+advice)
		}
	}
	for _, r := range n.GetRejected() {
		f.Notes = append(f.Notes, fmt.Sprintf("%s %s (%s): %s", said(lang, "not", "不做"), r.GetAction(), r.GetRevision(), strings.TrimSpace(name(r.GetReason(), "SUPPRESSION_REASON_")+" — "+r.GetDetail())))
		f.conditions(r.GetEligibility(), lang)
	}
	if advice := either(lang, n.GetStyleAdvice(), n.GetStyleAdviceZh()); advice != "" {
		f.Notes = append(f.Notes, fmt.Sprintf("%s %s: %s", said(lang, "style", "风格"), name(n.GetStyle(), "BEHAVIOR_KIND_"), advice))
	}
	f.warn(n.GetWarnings())
	return f
}

func trigger(a *segmentationv1.RecommendedAction, lang string) string {
	t := a.GetTrigger()
	line := said(lang, "in ", "属于 ") + id(t.GetSegment())
	if t.GetSince() != nil {
		line += fmt.Sprintf(" %s %v", said(lang, "since", "自"), instant(t.GetSince()))
	}
	var because []string
	for _, c := range append(t.GetConditions(), a.GetEligibility()...) {
		because = append(because, c.GetText()+values(c))
	}
	if len(because) > 0 {
		line += ": " + strings.Join(because, "; ")
	}
	return line
}

func values(c *segmentationv1.ActionCondition) string {
	var parts []string
	for _, v := range c.GetFacts() {
		parts = append(parts, v.GetFact()+" = "+v.GetValue())
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// conditions says what would make conditions hold that do not.
func (f *Finding) conditions(all []*segmentationv1.ActionCondition, lang string) {
	for _, c := range all {
		if change := either(lang, c.GetChange(), c.GetChangeZh()); !c.GetHolds() && change != "" {
			f.Notes = append(f.Notes, "  "+change)
		}
	}
}

// ActionEvents lists what transitions have triggered.
func ActionEvents(r *segmentationv1.ListActionEventsResponse, state *segmentationv1.AutomationState, lang string) *Finding {
	f := &Finding{Title: "Action events 动作事件", Answer: r, Header: []string{"time", "customer", "strategy", "action", "trigger", "state", "settled", "why"}}
	for _, e := range r.GetActionEvents() {
		f.Rows = append(f.Rows, []any{
			instant(e.GetTime()), e.GetCustomerId(), e.GetRevision(), e.GetAction().GetId(),
			strings.TrimSpace(name(e.GetTrigger(), "ACTION_TRIGGER_") + " " + id(e.GetSegment())), name(e.GetState(), "ACTION_EVENT_STATE_"), instant(e.GetSettleTime()), e.GetDetail(),
		})
	}
	if state != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("%s %v; %d %s", said(lang, "all transitions worked through at", "全部变动处理至"), instant(state.GetCaughtUpTime()), state.GetWaiting(), said(lang, "events wait", "个事件等待中")))
		if state.GetLastError() != "" {
			f.Notes = append(f.Notes, state.GetLastError())
		}
	}
	return f
}

// ActionEventLine is an event as a line.
func ActionEventLine(e *segmentationv1.ActionEvent, lang string) string {
	return fmt.Sprintf("%v  %s  %s  %s  %s", instant(e.GetSettleTime()), e.GetCustomerId(), e.GetRevision(), e.GetAction().GetId(), either(lang, e.GetAction().GetText(), e.GetAction().GetTextZh()))
}

// StrategyRevisions lists a strategy as it was.
func StrategyRevisions(r *segmentationv1.ListStrategyRevisionsResponse, lang string) *Finding {
	f := &Finding{Title: "Revisions 版本", Answer: r, Header: []string{"revision", "from", "name", "actions"}}
	for _, s := range r.GetRevisions() {
		var actions []string
		for _, a := range s.GetActions() {
			actions = append(actions, a.GetId())
		}
		f.Rows = append(f.Rows, []any{s.GetRevision(), instant(s.GetUpdateTime()), either(lang, s.GetDisplayName(), s.GetDisplayNameZh()), strings.Join(actions, ", ")})
	}
	return f
}
