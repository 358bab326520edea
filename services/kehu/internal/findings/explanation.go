package findings

import (
	"fmt"
	"math"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// causes say what made a customer be looked at, in both languages.
var causes = map[segmentationv1.TransitionCauseKind][2]string{
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_PROFILE:    {"the record changed", "资料变更"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_ORDERS:     {"orders changed", "订单变化"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_VALUATION:  {"valuations were refreshed", "估值刷新"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_FEEDBACK:   {"a survey was answered", "问卷作答"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_REFERRAL:   {"referrals changed", "推荐变化"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_MERGED:     {"records were merged", "档案合并"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_DELETED:    {"the customer was deleted", "客户已删除"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_OBJECTED:   {"the customer objected", "客户反对"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_LIST:       {"the list was changed", "名单变更"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_TIME:       {"time passed", "时间推移"},
	segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_DEFINITION: {"the definition was published", "定义发布"},
}

func because(c *segmentationv1.TransitionCause, lang string) string {
	texts, known := causes[c.GetKind()]
	if !known {
		return ""
	}
	if c.GetDetail() == "" {
		return said(lang, texts[0], texts[1])
	}
	return said(lang, texts[0], texts[1]) + " (" + c.GetDetail() + ")"
}

// Explanation says why a customer is in a segment or is not.
func Explanation(segment string, e *segmentationv1.MembershipExplanation, lang string) *Finding {
	f := &Finding{
		Title: fmt.Sprintf(said(lang, "%s and segment %s: %s", "%s 与分群 %s：%s"), e.GetCustomerId(), segment, standing(e, lang)), Answer: e,
		Header: []string{said(lang, "condition", "条件"), said(lang, "result", "结果"), said(lang, "decided", "决定"), said(lang, "values", "数值")},
	}
	f.condition(e.GetCondition(), 0, lang)
	for i, d := range e.GetDistances() {
		f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "distance to %s: %.3f", "到“%s”中心的距离：%.3f"), d.GetLabel(), d.GetDistance()))
		if i == 0 {
			continue // of the own centre there is nothing to compare
		}
		for _, c := range d.GetFeatures() {
			text := fmt.Sprintf(said(lang, "%s is %.4g, the centre %.4g: %.0f %% of the difference", "%s 为 %.4g，中心 %.4g：占差异的 %.0f %%"), c.GetFeature(), c.GetValue(), c.GetCentre(), percent(c.GetShare()))
			if c.Flip != nil {
				text += fmt.Sprintf(said(lang, "; at %.4g it would be the nearer one", "；达到 %.4g 时更接近该中心"), c.GetFlip())
			}
			f.Notes = append(f.Notes, "    "+text)
		}
	}
	f.history(e, lang)
	return f
}

// percent is a share in whole percent, which is never −0.
func percent(share float64) float64 { return math.Round(100*share) + 0 }

func standing(e *segmentationv1.MembershipExplanation, lang string) string {
	switch {
	case e.GetFailure() != "":
		return said(lang, "it cannot be told: ", "无法判定：") + e.GetFailure()
	case e.GetMember() && e.GetBelongs():
		return said(lang, "is in it", "在其中")
	case e.GetMember():
		return said(lang, "is in it, and will leave", "在其中，将离开")
	case e.GetBelongs():
		return said(lang, "is not in it yet, and will enter", "尚不在其中，将进入")
	}
	return said(lang, "is not in it", "不在其中")
}

// condition adds a row for a condition and each of its parts.
func (f *Finding) condition(c *segmentationv1.ExplainedCondition, depth int, lang string) {
	if c == nil {
		return
	}
	text := c.GetText()
	if c.GetOperator() != "" {
		text = c.GetOperator()
	}
	var came any
	switch {
	case c.GetSkipped():
		came = said(lang, "not asked", "未评估")
	case c.GetFailure() != "":
		came = said(lang, "failed: ", "失败：") + c.GetFailure()
	case c.GetHolds():
		came = said(lang, "holds", "成立")
	default:
		came = said(lang, "does not", "不成立")
	}
	var decided any
	if c.GetDecided() {
		decided = said(lang, "yes", "是")
	}
	f.Rows = append(f.Rows, []any{Long(strings.Repeat("  ", depth) + text), came, decided, Long(factValues(c.GetValues()))})
	// What would have to change is of those that decided: of others it would change nothing.
	change := said(lang, c.GetChange(), c.GetChangeZh())
	if at := instant(c.GetChangeTime()); at != nil {
		by := fmt.Sprintf(said(lang, "changes by itself at %v", "将于 %v 自动改变"), at)
		change = strings.TrimPrefix(change+"; "+by, "; ")
	}
	if c.GetDecided() && change != "" && len(c.GetParts()) == 0 {
		f.Notes = append(f.Notes, change)
	}
	for _, part := range c.GetParts() {
		f.condition(part, depth+1, lang)
	}
}

func (f *Finding) history(e *segmentationv1.MembershipExplanation, lang string) {
	if at := instant(e.GetSince()); at != nil {
		f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "a member since %v", "自 %v 起为成员"), at))
	}
	if e.GetRecorded() {
		f.Notes = append(f.Notes, said(lang, "the values are those recorded when it was decided", "数值为判定当时的记录"))
	}
	if at := instant(e.GetUntil()); at != nil {
		f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "if no fact changes, looked at again at %v", "若事实不变，将于 %v 重新判定"), at))
	}
	for _, t := range e.GetTransitions() {
		f.Notes = append(f.Notes, strings.TrimSpace(fmt.Sprintf("%v  %s  %s", instant(t.GetTransitionTime()), way(t, lang), because(t.GetCause(), lang))))
	}
	for _, s := range e.GetSources() {
		if at := instant(s.GetSyncedTo()); at != nil {
			f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "%s is read up to %v", "%s 已读至 %v"), s.GetService(), at))
		}
	}
}
