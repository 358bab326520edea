// Package schemereport sets what came of a segmentation scheme's run as a report for
// people: its eight steps with their figures, in Chinese or English.
package schemereport

import (
	"fmt"
	"strconv"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// words picks one of two languages.
type words bool

func wordsIn(lang string) words { return lang == "zh" }

func (chinese words) pick(en, zh string) string {
	if chinese {
		return zh
	}
	return en
}

// report sets one run.
type report struct {
	layout.Page
	words
	run *segmentationv1.SchemeRun
}

// Text is the report of a run in a language, zh or en, for so many columns.
func Text(m *segmentationv1.SchemeRun, lang string, columns int) string {
	r := &report{Page: layout.Page{Width: columns}, words: wordsIn(lang), run: m}
	r.Title(or(m.GetScheme().GetDisplayName(), m.GetName()))
	r.Item(fmt.Sprintf(r.pick("%s, version %d, %s; as of %s (%s); %s customers", "%s,第 %d 版,%s;截至 %s(%s);%s 位客户"), m.GetName(), m.GetScheme().GetVersion(),
		strings.ToLower(strings.TrimPrefix(m.GetState().String(), "SCHEME_RUN_STATE_")), m.GetAsOf().AsTime().Format("2006-01-02 15:04 MST"), m.GetTimeZone(), count(m.GetPopulation())))
	if f := m.GetFailure(); f != nil {
		r.Item(f.GetReason() + ": " + f.GetMessage())
	}
	r.objective()
	r.data()
	r.variables()
	r.division()
	r.descriptions()
	r.validity()
	r.targets()
	r.gate()
	return r.String()
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func count(n int64) string { return money.Grouped(strconv.FormatInt(n, 10)) }

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "%" }

func figure(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }

func (r *report) objective() {
	s := r.run.GetScheme()
	r.Heading(r.pick("1 Objective and method", "1 目标与方法"))
	o := s.GetObjective()
	r.Facts([][2]string{
		{r.pick("objective", "目标"), o.GetObjective()}, {r.pick("target market", "目标市场"), o.GetTargetMarket()},
		{r.pick("constraints", "约束"), strings.Join(o.GetConstraints(), "; ")}, {r.pick("resources", "资源"), strings.Join(o.GetResources(), "; ")},
		{r.pick("2 method", "2 方法"), r.run.GetSegmentation().GetMethod()}, {r.pick("why", "理由"), s.GetMethod().GetReason()},
		{r.pick("data", "数据来源"), strings.Join(s.GetData().GetSources(), "; ")},
	})
}

func (r *report) data() {
	r.Heading(r.pick("3 Data", "3 数据有效性"))
	rows := [][]string{{r.pick("variable", "变量"), r.pick("known", "完整度"), r.pick("distinct", "不同值"), r.pick("zero", "零值"), r.pick("far out", "离群"), r.pick("median", "中位数"), r.pick("mean", "均值")}}
	for _, v := range r.run.GetData().GetVariables() {
		row := []string{v.GetFact(), percent(v.GetCompleteness()), count(v.GetDistinct()), "", "", "", ""}
		if v.GetNumeric() {
			row[3], row[4], row[6] = percent(v.GetZeroShare()), percent(v.GetOutlierShare()), figure(v.GetMean())
			if q := v.GetQuantiles(); len(q) == 5 {
				row[5] = figure(q[2])
			}
		}
		rows = append(rows, row)
	}
	r.Table(rows)
	d := r.run.GetData()
	r.Item(fmt.Sprintf(r.pick("formed from %s of %s customers; %s of them active within a year", "由 %s / %s 位客户形成;%s 一年内活跃"), count(d.GetFormedFrom()), count(d.GetPopulation()), percent(d.GetActiveShare())))
}

func (r *report) variables() {
	r.Heading(r.pick("4 Variables", "4 变量稳定性"))
	v := r.run.GetVariables()
	rows := [][]string{{r.pick("variable", "变量"), r.pick("PSI since the last", "与上次 PSI"), r.pick("PSI of halves", "两半 PSI"), "n"}}
	for _, one := range v.GetVariables() {
		psi := ""
		if one.Psi != nil {
			psi = strconv.FormatFloat(one.GetPsi(), 'f', 4, 64)
		}
		rows = append(rows, []string{one.GetFact(), psi, strconv.FormatFloat(one.GetSplitHalfPsi(), 'f', 4, 64), count(one.GetCustomers())})
	}
	r.Table(rows)
	switch {
	case len(v.GetMoved()) > 0:
		r.Item(r.pick("moved too much: ", "偏移过大:") + strings.Join(v.GetMoved(), ", "))
	case v.GetBaselineRun() == "":
		r.Item(r.pick("no run was published before: there is nothing to compare with but chance", "此前没有发布过,只能与随机波动比较"))
	}
}

func (r *report) division() {
	r.Heading(r.pick("5 Segments", "5 细分结果"))
	rows := [][]string{{r.pick("label", "标签"), r.pick("name", "名称"), r.pick("customers", "客户"), r.pick("share", "占比"), r.pick("revenue", "收入占比"), r.pick("before", "上次模型")}}
	s := r.run.GetSegmentation()
	for _, l := range s.GetLabels() {
		row := []string{l.GetLabel(), r.pick(l.GetDisplayName(), l.GetDisplayNameZh()), count(l.GetCustomers()), percent(l.GetShare()), percent(l.GetRevenueShare()), ""}
		if l.PreviousCustomers != nil {
			row[5] = count(l.GetPreviousCustomers())
		}
		rows = append(rows, row)
	}
	r.Table(rows)
	if c := s.GetClusters(); c != nil {
		r.Item(fmt.Sprintf(r.pick("k = %d: %s; of the division made from all, the silhouette is %.3f (%s customers), Davies–Bouldin %.3f, inertia %s", "k = %d:%s;最终划分的轮廓系数 %.3f(%s 位客户),Davies–Bouldin %.3f,惯量 %s"),
			c.GetK(), r.pick(c.GetReason(), c.GetReasonZh()), c.GetSilhouette(), count(c.GetSilhouetteSample()), c.GetDaviesBouldin(), figure(c.GetInertia())))
	}
	for _, c := range s.GetCuts() {
		at := make([]string, len(c.GetAt()))
		for i, x := range c.GetAt() {
			at[i] = figure(x)
		}
		r.Item(c.GetFact() + ": " + strings.Join(at, ", ") + " (" + c.GetBasis() + ")")
	}
	for _, w := range r.run.GetWarnings() {
		r.Item(w.GetReason() + ": " + w.GetMessage())
	}
}

func (r *report) descriptions() {
	r.Heading(r.pick("6 Descriptions", "6 细分描述"))
	for _, d := range r.run.GetDescriptions() {
		if text := r.pick(d.GetText(), d.GetTextZh()); text != "" {
			r.Item(d.GetLabel() + ": " + text)
		}
	}
}

func (r *report) validity() {
	v := r.run.GetValidity()
	r.Heading(r.pick("7 Stability and validity", "7 稳定性与有效性"))
	if note := r.pick(v.GetStabilityNote(), v.GetStabilityNoteZh()); note != "" {
		r.Item(note)
	}
	if len(v.GetStability()) > 0 {
		rows := [][]string{{r.pick("label", "标签"), "Jaccard", r.pick("dissolved", "瓦解")}}
		for _, s := range v.GetStability() {
			rows = append(rows, []string{s.GetLabel(), strconv.FormatFloat(s.GetJaccard(), 'f', 3, 64), percent(s.GetDissolvedShare())})
		}
		r.Table(rows)
		r.Item(fmt.Sprintf(r.pick("%d resamples of %s customers", "%d 次重抽样,每次 %s 位客户"), v.GetResamples(), count(v.GetResampleSize())))
	}
	if v.AdjustedRand != nil {
		r.Item(fmt.Sprintf(r.pick("adjusted Rand index with the last published run: %.3f", "与上次发布的调整兰德指数:%.3f"), v.GetAdjustedRand()))
	}
	rows := [][]string{{r.pick("outside variable", "外部变量"), r.pick("test", "检验"), r.pick("statistic", "统计量"), r.pick("effect", "效应"), r.pick("p (Holm)", "p(Holm)"), "n"}}
	for _, t := range v.GetTests() {
		if t.GetRefusal() != nil {
			rows = append(rows, []string{t.GetFact(), t.GetTest(), t.GetRefusal().GetReason(), "", "", ""})
			continue
		}
		rows = append(rows, []string{t.GetFact(), t.GetTest(), figure(t.GetStatistic()), strconv.FormatFloat(t.GetEffect(), 'f', 3, 64), stat.FormatP(t.GetAdjustedPValue()), count(t.GetCustomers())})
	}
	if len(rows) > 1 {
		r.Table(rows)
	}
	r.criteria()
}

func (r *report) criteria() {
	rows := [][]string{{r.pick("label", "标签"), r.pick("substantial", "足量"), r.pick("reachable", "可达"), r.pick("distinguishable", "可区分"), r.pick("actionable", "可行动")}}
	for _, c := range r.run.GetValidity().GetCriteria() {
		row := []string{c.GetLabel()}
		for i, judged := range []*segmentationv1.JudgedCriterion{c.GetSubstantial(), c.GetReachable(), c.GetDistinguishable(), c.GetActionable()} {
			mark, text := r.pick("no ", "否 "), figure(judged.GetFigure())
			if judged.GetMet() {
				mark = r.pick("yes ", "是 ")
			}
			if i < 2 {
				text = percent(judged.GetFigure())
			}
			row = append(row, mark+text)
		}
		rows = append(rows, row)
	}
	if len(rows) > 1 {
		r.Table(rows)
	}
}

// inWords are the criteria of attractiveness.
var inWords = []struct {
	criterion segmentationv1.AttractivenessCriterion
	en, zh    string
}{
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_SIZE, "size", "规模"},
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_GROWTH, "growth", "增长"},
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_PURCHASING_POWER, "power", "购买力"},
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_NEED, "need", "需求"},
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_FIT, "fit", "匹配"},
	{segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_COMPETITION, "competition", "竞争"},
}

func (r *report) targets() {
	t := r.run.GetTargets()
	r.Heading(r.pick("8 Target segments", "8 目标细分选择"))
	header := []string{r.pick("label", "标签")}
	for _, c := range inWords {
		header = append(header, r.pick(c.en, c.zh))
	}
	rows := [][]string{append(header, r.pick("score", "总分"), r.pick("target", "目标"))}
	for _, l := range t.GetLabels() {
		row := []string{l.GetLabel()}
		for _, c := range inWords {
			cell := "–"
			for _, s := range l.GetScores() {
				if s.GetCriterion() == c.criterion && s.Score != nil {
					cell = strconv.FormatFloat(s.GetScore(), 'f', 1, 64)
					if s.GetEntered() {
						cell += "*"
					}
				}
			}
			row = append(row, cell)
		}
		score, target := "–", ""
		if l.Score != nil {
			score = strconv.FormatFloat(l.GetScore(), 'f', 2, 64)
		}
		if l.GetTarget() {
			target = r.pick("yes ", "是 ") + l.GetReason()
		}
		rows = append(rows, append(row, score, target))
	}
	if len(rows) > 1 {
		r.Table(rows)
		r.Item(r.pick("* entered by people; – neither data nor people tell", "* 人工评分;– 无数据且未评分"))
	}
	if t.GetPositioning() != "" {
		r.Item(r.pick("positioning: ", "定位:") + t.GetPositioning() + r.pick(" (against ", "(对比 ") + strings.Join(t.GetCompetitors(), ", ") + ")")
	}
}

func (r *report) gate() {
	r.Heading(r.pick("Publishing", "发布"))
	for _, o := range r.run.GetOverrides() {
		r.Item(fmt.Sprintf(r.pick("overridden by %s: %s %s: %s", "%s 放行:%s %s:%s"), o.GetDecidedBy(), o.GetReason(), o.GetSubject(), o.GetJustification()))
	}
	g := r.run.GetGate()
	if g.GetOpen() {
		r.Item(r.pick("the gate is open", "闸门已通过"))
	}
	for _, f := range g.GetFindings() {
		step := strconv.Itoa(int(f.GetStep()))
		r.Item(r.pick("step ", "步骤 ") + step + ", " + f.GetReason() + ": " + r.pick(f.GetMessage(), f.GetMessageZh()))
	}
	for _, l := range r.run.GetPublishedLabels() {
		text := l.GetLabel() + " → " + l.GetSegment()
		if l.GetContinues() != "" {
			text += fmt.Sprintf(r.pick(", continues %s (%s of its customers)", ",延续 %s(保留其 %s 客户)"), l.GetContinues(), percent(l.GetAgreement()))
		}
		r.Item(text)
	}
}

// Health is how a published run holds, as text.
func Health(h *segmentationv1.SchemeHealth, lang string, columns int) string {
	r := &report{Page: layout.Page{Width: columns}, words: wordsIn(lang)}
	r.Title(h.GetRun())
	r.Item(r.pick(h.GetRecommendation(), h.GetRecommendationZh()))
	r.Item(fmt.Sprintf(r.pick("%s of %s customers looked at, %d days after the run; %s outside its range, %s without a label; PSI of the sizes %.4f", "查看 %s / %s 位客户,距运行 %d 天;超出范围 %s,无标签 %s;规模 PSI %.4f"),
		count(h.GetSampleSize()), count(h.GetPopulation()), h.GetDaysSince(), percent(h.GetOutOfRangeShare()), percent(h.GetUnknownShare()), h.GetLabelPsi()))
	rows := [][]string{{r.pick("variable", "变量"), "PSI", "n"}}
	for _, v := range h.GetVariables() {
		rows = append(rows, []string{v.GetFact(), strconv.FormatFloat(v.GetPsi(), 'f', 4, 64), count(v.GetCustomers())})
	}
	if len(rows) > 1 {
		r.Table(rows)
	}
	rows = [][]string{{r.pick("label", "标签"), r.pick("then", "当时"), r.pick("now", "现在"), r.pick("95 % interval", "95% 区间")}}
	for _, l := range h.GetLabels() {
		rows = append(rows, []string{l.GetLabel(), percent(l.GetShareThen()), percent(l.GetShareNow()), percent(l.GetLower()) + " – " + percent(l.GetUpper())})
	}
	r.Table(rows)
	return r.String()
}

// Template is a ready plan, as text.
func Template(m *segmentationv1.SegmentTemplate, lang string, columns int) string {
	r := &report{Page: layout.Page{Width: columns}, words: wordsIn(lang)}
	r.Title(strings.TrimPrefix(m.GetName(), "segmentTemplates/") + ": " + r.pick(m.GetDisplayName(), m.GetDisplayNameZh()))
	r.Item(r.pick(m.GetDescription(), m.GetDescriptionZh()))
	for _, p := range m.GetParameters() {
		r.Item(p.GetParameter() + " = " + p.GetValue() + ": " + r.pick(p.GetDescription(), p.GetDescriptionZh()))
	}
	var facts [][2]string
	for _, s := range m.GetSegments() {
		facts = append(facts, [2]string{s.GetLabel(), r.pick(s.GetDisplayName(), or(s.GetDisplayNameZh(), s.GetDisplayName())) + "  " + s.GetExpression()})
	}
	r.Facts(facts)
	return r.String()
}
