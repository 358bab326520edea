package findings

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// said is a text in a language.
func said(lang, en, zh string) string {
	if lang == "zh" {
		return zh
	}
	return en
}

// instant is a time for people, nil where there is none.
func instant(t *timestamppb.Timestamp) any {
	if t == nil {
		return nil
	}
	return t.AsTime().Format("2006-01-02 15:04:05Z")
}

// defined is a message with the definition of a segment.
type defined interface {
	GetRule() *segmentationv1.RuleDefinition
	GetRfm() *segmentationv1.RfmDefinition
	GetPartition() *segmentationv1.PartitionDefinition
}

// definition says who belongs to a segment.
func definition(d defined) string {
	switch {
	case d.GetRule() != nil:
		return strings.Join(strings.Fields(d.GetRule().GetExpression()), " ")
	case d.GetRfm() != nil:
		var parts []string
		for _, g := range d.GetRfm().GetGroups() {
			parts = append(parts, name(g, "RFM_GROUP_"))
		}
		return "RFM " + strings.Join(append(parts, d.GetRfm().GetCells()...), ", ")
	case d.GetPartition() != nil:
		return d.GetPartition().GetRun() + ": " + d.GetPartition().GetLabel()
	}
	return "list kept by hand 名单"
}

// Segments lists segments.
func Segments(r *segmentationv1.ListSegmentsResponse, lang string) *Finding {
	f := &Finding{
		Title: "Segments 客户分群", Answer: r,
		Header: []string{"segment", "name", "state", "members", "fresh as of", "definition"},
	}
	for _, s := range r.GetSegments() {
		f.Rows = append(f.Rows, []any{
			id(s.GetName()), s.GetDisplayName(), name(s.GetState(), "SEGMENT_STATE_"), s.GetMemberCount(), instant(s.GetFreshAsOf()), Long(definition(s)),
		})
		if e := s.GetLastError(); e != nil {
			f.Notes = append(f.Notes, failing(s, lang))
		}
	}
	if r.GetNextPageToken() != "" {
		f.Notes = append(f.Notes, said(lang, "there are more", "还有更多"))
	}
	return f
}

func failing(s *segmentationv1.Segment, lang string) string {
	e := s.GetLastError()
	if n := s.GetFailingCount(); n > 0 {
		return fmt.Sprintf(said(lang, "%s: it cannot be told of %d customers, who stay as they were: %s [%s]", "%s：有 %d 位客户无法判定，保持原状：%s [%s]"),
			id(s.GetName()), n, e.GetMessage(), e.GetReason())
	}
	return fmt.Sprintf("%s: %s [%s]", id(s.GetName()), e.GetMessage(), e.GetReason())
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Segment shows one segment.
func Segment(s *segmentationv1.Segment, lang string) *Finding {
	f := &Finding{Title: "Segment 客户分群 " + id(s.GetName()), Header: []string{"", ""}, Answer: s}
	row := func(en, zh string, value any) {
		if value != nil && value != "" {
			f.Rows = append(f.Rows, []any{said(lang, en, zh), value})
		}
	}
	row("name", "名称", s.GetDisplayName())
	row("description", "说明", s.GetDescription())
	row("definition", "定义", definition(s))
	row("revision", "版本", s.GetRevision())
	row("state", "状态", name(s.GetState(), "SEGMENT_STATE_"))
	row("members", "成员数", s.GetMemberCount())
	row("formed by revision", "成员所依版本", s.GetFormedRevision())
	row("published", "发布时间", instant(s.GetComputeTime()))
	row("fresh as of", "数据截至", instant(s.GetFreshAsOf()))
	row("valuations as of", "估值截至", instant(s.GetAsOf()))
	row("asks about", "引用分群", strings.Join(s.GetReferences(), ", "))
	row("asked about by", "被引用于", strings.Join(s.GetReferencedBy(), ", "))
	row("scheme", "方案", s.GetScheme())
	for _, label := range slices.Sorted(maps.Keys(s.GetLabels())) {
		row(label, label, s.GetLabels()[label])
	}
	row("facts", "所用事实", strings.Join(s.GetFacts(), ", "))
	if s.GetCost() > 0 {
		row("cost", "计算成本", fmt.Sprintf("%d / 10000", s.GetCost()))
	}
	for _, source := range s.GetSources() {
		text := said(lang, "not read yet", "尚未读取")
		if at := instant(source.GetSyncedTo()); at != nil {
			text = fmt.Sprintf(said(lang, "read up to %v", "已读至 %v"), at)
		}
		if source.GetLastError() != "" {
			text += "; " + source.GetLastError()
		}
		row(source.GetService(), source.GetService(), text)
	}
	if s.GetLastError() != nil {
		f.Notes = append(f.Notes, failing(s, lang))
	}
	if e := s.GetEstimate(); e != nil {
		f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "it would have about %d members, %d to %d at a level of %g %% (%s of %d in %d)",
			"预计约有 %d 名成员，区间 %d 至 %d，置信水平 %g %%（%s，总体 %[6]d 中抽取 %[7]d）"), e.GetSize(), e.GetLow(), e.GetHigh(), 100*e.GetLevel(), e.GetMethod(), e.GetSampleSize(), e.GetPopulation()))
	}
	return f
}

// Recomputed shows what a recomputation came to.
func Recomputed(r *segmentationv1.RecomputeSegmentsResponse, lang string) *Finding {
	f := Segments(&segmentationv1.ListSegmentsResponse{Segments: r.GetSegments()}, lang)
	f.Answer = r
	f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "%d customers looked at, %d entered, %d left", "共检查 %d 位客户，进入 %d，离开 %d"),
		r.GetCustomers(), r.GetEntered(), r.GetLeft()))
	return f
}

// SegmentRevisions lists what a segment's definitions were.
func SegmentRevisions(r *segmentationv1.ListSegmentRevisionsResponse) *Finding {
	f := &Finding{Title: "Revisions 版本", Header: []string{"revision", "since", "definition", "remark"}, Answer: r}
	for _, v := range r.GetRevisions() {
		var remark any
		switch {
		case v.GetCurrent() && v.GetRestoredRevision() > 0:
			remark = fmt.Sprintf("current, brought back %d", v.GetRestoredRevision())
		case v.GetCurrent():
			remark = "current"
		case v.GetRestoredRevision() > 0:
			remark = fmt.Sprintf("brought back %d", v.GetRestoredRevision())
		}
		f.Rows = append(f.Rows, []any{v.GetRevision(), instant(v.GetCreateTime()), Long(definition(v)), remark})
	}
	return f
}

// SegmentEstimate shows how large a segment would be.
func SegmentEstimate(e *segmentationv1.SegmentEstimate) *Finding {
	f := &Finding{
		Title: "Estimated size 预计规模", Answer: e,
		Header: []string{"customers", "low", "high", "share", "level", "method", "sample", "of"},
		Rows:   [][]any{{e.GetSize(), e.GetLow(), e.GetHigh(), Share(e.GetShare()), Share(e.GetLevel()), e.GetMethod(), e.GetSampleSize(), e.GetPopulation()}},
	}
	if e.GetFailingShare() > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("it cannot be told of %.2f %% of the sample: %s", 100*e.GetFailingShare(), e.GetFailure()))
	}
	if len(e.GetFacts()) > 0 {
		f.Notes = append(f.Notes, "reads "+strings.Join(e.GetFacts(), ", "))
	}
	return f
}

// Members lists who is in a segment.
func Members(segment string, r *segmentationv1.ListMembershipsResponse) *Finding {
	f := &Finding{Title: "Members of 分群成员 " + segment, Header: []string{"customer", "since"}, Answer: r}
	for _, m := range r.GetMemberships() {
		f.Rows = append(f.Rows, []any{m.GetCustomerId(), instant(m.GetSince())})
	}
	f.Notes = append(f.Notes, fmt.Sprintf("%d of %d", len(r.GetMemberships()), r.GetTotalSize()))
	return f
}

// Listed shows what became of ids that were put on a list or taken off.
func Listed(ids []string, results []*apiv1.ItemStatus, answer proto.Message) *Finding {
	f := &Finding{Title: "List 名单", Header: []string{"customer", "result"}, Answer: answer}
	for i, r := range results {
		text := "done"
		if r.GetCode() != 0 {
			text = r.GetMessage() + " [" + r.GetReason() + "]"
		}
		if i < len(ids) {
			f.Rows = append(f.Rows, []any{ids[i], text})
		}
	}
	return f
}

// Transitions lists who entered and left.
func Transitions(segment string, r *segmentationv1.ListTransitionsResponse, lang string) *Finding {
	f := &Finding{Title: "Transitions of 进出记录 " + segment, Header: []string{"time", "customer", said(lang, "change", "变化"), "because", "values"}, Answer: r}
	for _, t := range r.GetTransitions() {
		f.Rows = append(f.Rows, []any{instant(t.GetTransitionTime()), t.GetCustomerId(), way(t, lang), because(t.GetCause(), lang), Long(factValues(t.GetValues()))})
	}
	return f
}

// TransitionLine is a transition in one line.
func TransitionLine(t *segmentationv1.Transition, lang string) string {
	segment, _, _ := strings.Cut(strings.TrimPrefix(t.GetName(), "segments/"), "/")
	return strings.Join([]string{
		t.GetTransitionTime().AsTime().Format(time.RFC3339), segment, t.GetCustomerId(), way(t, lang), because(t.GetCause(), lang), cut(factValues(t.GetValues()), 200),
	}, "\t")
}

func way(t *segmentationv1.Transition, lang string) string {
	if t.GetKind() == segmentationv1.TransitionKind_TRANSITION_KIND_LEFT {
		return said(lang, "left", "离开")
	}
	return said(lang, "entered", "进入")
}

func factValues(values []*segmentationv1.FactValue) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, v.GetFact()+" = "+v.GetValue())
	}
	return strings.Join(parts, ", ")
}
