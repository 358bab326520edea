package schemes

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// The steps, as findings name them.
const (
	objective    = segmentationv1.SchemeStep_SCHEME_STEP_OBJECTIVE
	method       = segmentationv1.SchemeStep_SCHEME_STEP_METHOD
	dataStep     = segmentationv1.SchemeStep_SCHEME_STEP_DATA
	variables    = segmentationv1.SchemeStep_SCHEME_STEP_VARIABLES
	segmentation = segmentationv1.SchemeStep_SCHEME_STEP_SEGMENTATION
	description  = segmentationv1.SchemeStep_SCHEME_STEP_DESCRIPTION
	validity     = segmentationv1.SchemeStep_SCHEME_STEP_VALIDITY
	targets      = segmentationv1.SchemeStep_SCHEME_STEP_TARGETS
)

// gate collects what keeps a run from being published.
type gate struct {
	findings []*segmentationv1.GateFinding
}

// empty is a step of which something is left empty: it can only be filled in.
func (g *gate) empty(step segmentationv1.SchemeStep, subject string, missing bool) {
	if missing {
		g.findings = append(g.findings, &segmentationv1.GateFinding{
			Step: step, Reason: "STEP_EMPTY", Subject: subject,
			Message: subject + " is left empty", MessageZh: subject + " 未填写",
		})
	}
}

// blank tells whether texts say nothing: spaces fill in no step.
func blank(texts ...string) bool { return strings.TrimSpace(strings.Join(texts, "")) == "" }

// figure is what a threshold judges: of what, and how it is written.
type figure struct {
	subject  string // as overrides name it
	of, ofZh string // as people say it, e.g. "label 1" and "第 1 类"
	en, zh   string // e.g. "the share", "占比"
	share    bool   // a fraction, told in percent
}

// text writes a value of the figure so that it differs from another.
func (f figure) text(value, other float64) string {
	unit := ""
	if f.share {
		value, other, unit = 100*value, 100*other, "%"
	}
	for digits := 0; ; digits++ {
		text := strconv.FormatFloat(value, 'f', digits, 64)
		if exact, err := strconv.ParseFloat(text, 64); digits == 6 ||
			err == nil && math.Abs(exact-value) <= 0.005*math.Abs(value) && text != strconv.FormatFloat(other, 'f', digits, 64) {
			return text + unit
		}
	}
}

// most and least are thresholds that a figure may miss.
func (g *gate) most(step segmentationv1.SchemeStep, reason string, f figure, value, threshold float64) {
	if value > threshold {
		a, b := f.text(value, threshold), f.text(threshold, value)
		g.missed(step, reason, f.subject, fmt.Sprintf("%s of %s is %s, at most %s is allowed", f.en, f.of, a, b),
			fmt.Sprintf("%s的%s为 %s，最多允许 %s", f.ofZh, f.zh, a, b), value, threshold)
	}
}

func (g *gate) least(step segmentationv1.SchemeStep, reason string, f figure, value, threshold float64) {
	if value < threshold {
		a, b := f.text(value, threshold), f.text(threshold, value)
		g.missed(step, reason, f.subject, fmt.Sprintf("%s of %s is %s, at least %s is asked for", f.en, f.of, a, b),
			fmt.Sprintf("%s的%s为 %s，至少需要 %s", f.ofZh, f.zh, a, b), value, threshold)
	}
}

// factFigure is one of a variable.
func factFigure(name, en, zh string, share bool) figure {
	v := partition.Of(name)
	if v == nil {
		return figure{name, name, name, en, zh, share}
	}
	return figure{name, v.Label, v.LabelZh, en, zh, share}
}

// labelFigure is one of a label, by the names that the run gave it.
func labelFigure(m *segmentationv1.SchemeRun, label, en, zh string, share bool) figure {
	f := figure{"label " + label, "label " + label, "“" + label + "”类", en, zh, share}
	for _, l := range m.GetSegmentation().GetLabels() {
		if l.GetLabel() == label {
			f.of, f.ofZh = or(l.GetDisplayName(), f.of), or(l.GetDisplayNameZh(), f.ofZh)
		}
	}
	return f
}

func (g *gate) missed(step segmentationv1.SchemeStep, reason, subject, message, messageZh string, figure, threshold float64) {
	g.findings = append(g.findings, &segmentationv1.GateFinding{
		Step: step, Reason: reason, Subject: subject, Figure: &figure, Threshold: &threshold,
		Message: message, MessageZh: messageZh, Overridable: true,
	})
}

// gateOf says what keeps a run from being published. plan is the scheme with what people
// have filled in since the run.
func gateOf(m *segmentationv1.SchemeRun, plan *segmentationv1.Scheme) *segmentationv1.PublishGate {
	g := &gate{}
	g.planned(m, plan)
	g.found(m)
	g.valid(m)
	t := m.GetTargets()
	chosen := slices.ContainsFunc(t.GetLabels(), func(l *segmentationv1.LabelAttractiveness) bool { return l.GetTarget() })
	g.empty(targets, "targets", !chosen)
	g.empty(targets, "targets.positioning", blank(t.GetPositioning()))
	g.empty(targets, "targets.competitors", blank(t.GetCompetitors()...))
	return &segmentationv1.PublishGate{Open: len(g.findings) == 0, Findings: g.findings}
}

// planned is what people decide before a run.
func (g *gate) planned(m *segmentationv1.SchemeRun, plan *segmentationv1.Scheme) {
	o := plan.GetObjective()
	g.empty(objective, "objective.objective", blank(o.GetObjective()))
	g.empty(objective, "objective.target_market", blank(o.GetTargetMarket()))
	g.empty(objective, "objective.constraints", blank(o.GetConstraints()...))
	g.empty(objective, "objective.resources", blank(o.GetResources()...))
	g.empty(method, "method", plan.GetMethod().GetKind() == nil)
	g.empty(method, "method.reason", blank(plan.GetMethod().GetReason()))
	g.empty(dataStep, "data.sources", blank(plan.GetData().GetSources()...))
	g.empty(variables, "variables.forming", len(plan.GetVariables().GetForming()) == 0)
	var needs []string
	for _, v := range m.GetData().GetVariables() {
		if v.GetForming() {
			needs = append(needs, v.GetFact())
		}
	}
	if len(plan.GetVariables().GetForming()) > 0 {
		for _, missing := range missingVariables(plan, needs) {
			g.empty(variables, "variables.forming: "+missing, true)
		}
	}
	for _, v := range plan.GetVariables().GetForming() {
		g.empty(variables, "variables.forming: reason of "+v.GetFact(), blank(v.GetReason()))
	}
	g.empty(validity, "variables.outside", len(plan.GetVariables().GetOutside()) == 0)
}

// found is what the run found of data, variables, division and descriptions.
func (g *gate) found(m *segmentationv1.SchemeRun) {
	h := m.GetScheme().GetThresholds()
	g.empty(dataStep, "data report", m.GetData() == nil)
	for _, v := range m.GetData().GetVariables() {
		if v.GetForming() {
			g.least(dataStep, "COMPLETENESS_TOO_LOW", factFigure(v.GetFact(), "the completeness", "完整度", true), v.GetCompleteness(), h.GetMinCompleteness())
		}
	}
	g.empty(variables, "variable report", m.GetVariables() == nil)
	for _, v := range m.GetVariables().GetVariables() {
		if v.Psi != nil {
			g.most(variables, "PSI_TOO_HIGH", factFigure(v.GetFact(), "the PSI against "+m.GetVariables().GetBaselineRun(), "与上次发布相比的 PSI", false), v.GetPsi(), h.GetMaxPsi())
		}
		g.most(variables, "SPLIT_HALF_PSI_TOO_HIGH", factFigure(v.GetFact(), "the PSI between two halves", "两半之间的 PSI", false), v.GetSplitHalfPsi(), h.GetMaxPsi())
	}
	s := m.GetSegmentation()
	g.empty(segmentation, "segmentation", len(s.GetLabels()) == 0)
	if len(s.GetLabels()) > 0 {
		g.most(segmentation, "UNKNOWN_TOO_MANY", figure{"label unknown", "customers who cannot be assigned", "无法归类客户", "the share", "占比", true}, ratio(s.GetUnknown(), m.GetPopulation()), h.GetMaxUnknownShare())
	}
	if c := s.GetClusters(); c != nil {
		g.least(segmentation, "SILHOUETTE_TOO_LOW", figure{"clusters", "the division into clusters", "聚类划分", "the mean silhouette", "平均轮廓系数", false}, c.GetSilhouette(), h.GetMinSilhouette())
	}
	for _, l := range s.GetLabels() {
		described := slices.ContainsFunc(m.GetDescriptions(), func(d *segmentationv1.LabelDescription) bool {
			return d.GetLabel() == l.GetLabel() && d.GetText() != "" && d.GetTextZh() != ""
		})
		g.empty(description, "description of label "+l.GetLabel(), !described)
	}
	g.empty(description, "descriptions", len(m.GetDescriptions()) == 0)
}

// valid is what the run found of stability and validity.
func (g *gate) valid(m *segmentationv1.SchemeRun) {
	v, h := m.GetValidity(), m.GetScheme().GetThresholds()
	g.empty(validity, "validity.tests", len(v.GetTests()) == 0 && len(m.GetScheme().GetVariables().GetOutside()) > 0)
	g.empty(validity, "validity.stability", len(v.GetStability()) == 0 && v.GetStabilityNote() == "")
	for _, s := range v.GetStability() {
		g.least(validity, "JACCARD_TOO_LOW", labelFigure(m, s.GetLabel(), "the bootstrap Jaccard", "自助法 Jaccard", false), s.GetJaccard(), h.GetMinJaccard())
	}
	different := make(map[string]bool)
	for _, t := range v.GetTests() {
		if differs(t, h) {
			different[t.GetFact()] = true
		}
	}
	if len(v.GetTests()) > 0 {
		g.least(validity, "DIFFERENCES_TOO_FEW", figure{"variables.outside", "the outside variables", "外部变量", "the number with a difference", "有差异个数", false}, float64(len(different)), float64(h.GetMinOutsideVariables()))
	}
	for _, c := range v.GetCriteria() {
		for _, judged := range []struct {
			reason string
			c      *segmentationv1.JudgedCriterion
			share  bool
		}{
			{"SEGMENT_TOO_SMALL", c.GetSubstantial(), true}, {"SEGMENT_NOT_REACHABLE", c.GetReachable(), true},
			{"SEGMENT_NOT_DISTINGUISHABLE", c.GetDistinguishable(), false}, {"SEGMENT_NOT_ACTIONABLE", c.GetActionable(), false},
		} {
			if !judged.c.GetMet() {
				g.least(validity, judged.reason, labelFigure(m, c.GetLabel(), "the "+judged.c.GetFigureName(), judged.c.GetFigureNameZh(), judged.share),
					judged.c.GetFigure(), judged.c.GetThreshold())
			}
		}
	}
}

// overridden takes out the findings that overrides name. An override of what is not
// missed, or cannot be overridden, is refused.
func overridden(g *segmentationv1.PublishGate, overrides []*segmentationv1.GateOverride) (*segmentationv1.PublishGate, error) {
	left := slices.Clone(g.GetFindings())
	for i, o := range overrides {
		matches := func(f *segmentationv1.GateFinding) bool {
			return f.GetReason() == o.GetReason() && (o.GetSubject() == "" || o.GetSubject() == f.GetSubject())
		}
		field := fmt.Sprintf("overrides[%d]", i)
		if blank(o.GetJustification()) || blank(o.GetDecidedBy()) {
			return nil, fault.Invalid(field, "must have a justification and who decided")
		}
		at := slices.IndexFunc(g.GetFindings(), matches)
		if at < 0 {
			return nil, fault.Invalid(field, "must name a finding of the gate: there is no %s of %q", o.GetReason(), o.GetSubject())
		}
		if !g.GetFindings()[at].GetOverridable() {
			return nil, fault.Invalid(field, "must name a threshold: a step that is left empty has to be filled in")
		}
		left = slices.DeleteFunc(left, matches)
	}
	return &segmentationv1.PublishGate{Open: len(left) == 0, Findings: left}, nil
}

// closed is the fault of a gate that is not open; it has a violation for each finding.
func closed(g *segmentationv1.PublishGate, run string) error {
	if g.GetOpen() {
		return nil
	}
	f := fault.New(fault.FailedPrecondition, "GATE_CLOSED", "%s may not be published: %s", run, g.GetFindings()[0].GetMessage()).With("run", run)
	if n := len(g.GetFindings()); n > 1 {
		f.Message += fmt.Sprintf(", and %d more", n-1)
	}
	for _, found := range g.GetFindings() {
		f.Violations = append(f.Violations, fault.Violation{Field: stepName(found.GetStep()) + ": " + found.GetSubject(), Description: found.GetReason() + ": " + found.GetMessage()})
	}
	return f
}

// filledIn is the scheme of a run with the texts that people have written since: they do
// not change what was computed. changed tells that the scheme would now be carried out
// otherwise. Thresholds stay as they were declared before the run.
func filledIn(m *segmentationv1.SchemeRun, now *segmentationv1.Scheme) (plan *segmentationv1.Scheme, changed bool) {
	then := m.GetScheme()
	plan = proto.CloneOf(then)
	if now == nil || now.GetVersion() != then.GetVersion() {
		return plan, false
	}
	if !proto.Equal(computed(then), computed(now)) {
		return plan, true
	}
	plan.Objective, plan.Method, plan.Data, plan.Variables = now.GetObjective(), now.GetMethod(), now.GetData(), now.GetVariables()
	return plan, false
}

// computed is what of a scheme decides on what a run computes.
func computed(m *segmentationv1.Scheme) *segmentationv1.Scheme {
	c := proto.CloneOf(&segmentationv1.Scheme{Method: m.GetMethod(), Data: m.GetData(), Variables: m.GetVariables()})
	if c.Method != nil {
		c.Method.Reason, c.Method.DecideTime = "", nil
	}
	if c.Data == nil {
		c.Data = &segmentationv1.SchemeData{}
	}
	c.Data.Sources, c.Data.DecideTime = nil, nil
	if c.Variables == nil {
		c.Variables = &segmentationv1.SchemeVariables{}
	}
	c.Variables.DecideTime = nil
	if c.GetMethod().GetKmeans() == nil {
		c.Variables.Forming = nil // the method itself says what it asks for
	}
	for _, v := range slices.Concat(c.Variables.GetForming(), c.Variables.GetOutside()) {
		v.Reason = ""
	}
	return c
}

func stepName(s segmentationv1.SchemeStep) string {
	return s.String()[len("SCHEME_STEP_"):]
}

func stateName(s segmentationv1.SchemeRunState) string {
	return s.String()[len("SCHEME_RUN_STATE_"):]
}

// published labels are all but unknown.
func published(l string) bool { return l != partition.Unknown }
