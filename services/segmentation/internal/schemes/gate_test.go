package schemes

import (
	"testing"

	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// passing is a run of which nothing is missing.
func passing() *segmentationv1.SchemeRun {
	met := func() *segmentationv1.JudgedCriterion {
		return &segmentationv1.JudgedCriterion{Met: true, Figure: 1, Threshold: 0.5, FigureName: "figure"}
	}
	return &segmentationv1.SchemeRun{
		Scheme: &segmentationv1.Scheme{
			Objective:  &segmentationv1.SchemeObjective{Objective: "a", TargetMarket: "b", Constraints: []string{"c"}, Resources: []string{"d"}},
			Method:     &segmentationv1.SchemeMethod{Kind: &segmentationv1.SchemeMethod_Kmeans{Kmeans: &segmentationv1.KMeansMethod{K: 2}}, Reason: "e"},
			Data:       &segmentationv1.SchemeData{Sources: []string{"f"}},
			Variables:  &segmentationv1.SchemeVariables{Forming: []*segmentationv1.SchemeVariable{{Fact: "orders.days", Reason: "g"}}, Outside: []*segmentationv1.SchemeVariable{{Fact: "customer.region"}}},
			Thresholds: withDefaults(nil),
		},
		Population:   1000,
		Data:         &segmentationv1.DataReport{Variables: []*segmentationv1.VariableData{{Fact: "orders.days", Forming: true, Completeness: 1}}},
		Variables:    &segmentationv1.VariableReport{BaselineRun: "schemes/s/runs/r", Variables: []*segmentationv1.VariableStability{{Fact: "orders.days", Psi: proto.Float64(0.1), SplitHalfPsi: 0.01}}},
		Segmentation: &segmentationv1.SegmentationReport{Labels: []*segmentationv1.LabelSize{{Label: "cluster-1", Customers: 1000}}, Clusters: &segmentationv1.ClusterReport{Silhouette: 0.5}},
		Descriptions: []*segmentationv1.LabelDescription{{Label: "cluster-1", Text: "x", TextZh: "y"}},
		Validity: &segmentationv1.ValidityReport{
			Stability: []*segmentationv1.LabelStability{{Label: "cluster-1", Jaccard: 0.9}},
			Tests:     []*segmentationv1.OutsideTest{{Fact: "customer.region", Test: "CHI_SQUARED", AdjustedPValue: 0.001, Effect: 0.3}},
			Criteria:  []*segmentationv1.LabelCriteria{{Label: "cluster-1", Substantial: met(), Reachable: met(), Distinguishable: met(), Actionable: met()}},
		},
		Targets: &segmentationv1.TargetReport{Labels: []*segmentationv1.LabelAttractiveness{{Label: "cluster-1", Target: true}}, Positioning: "p", Competitors: []string{"q"}},
	}
}

// Each step left empty, and each threshold missed, keeps a run from being published, and
// is named with its step.
func TestGate(t *testing.T) {
	if g := gateOf(passing(), passing().GetScheme()); !g.GetOpen() {
		t.Fatalf("closed: %v", g)
	}
	missed := func(c **segmentationv1.JudgedCriterion) {
		*c = &segmentationv1.JudgedCriterion{Figure: 0.1, Threshold: 0.5, FigureName: "figure"}
	}
	for name, c := range map[string]struct {
		spoil           func(*segmentationv1.SchemeRun)
		step            segmentationv1.SchemeStep
		reason, subject string
	}{
		"no objective":      {func(m *segmentationv1.SchemeRun) { m.Scheme.Objective.Objective = "" }, objective, "STEP_EMPTY", "objective.objective"},
		"blank objective":   {func(m *segmentationv1.SchemeRun) { m.Scheme.Objective.Objective = " \t\u3000" }, objective, "STEP_EMPTY", "objective.objective"},
		"blank source":      {func(m *segmentationv1.SchemeRun) { m.Scheme.Data.Sources = []string{" "} }, dataStep, "STEP_EMPTY", "data.sources"},
		"blank competitors": {func(m *segmentationv1.SchemeRun) { m.Targets.Competitors = []string{"", " "} }, targets, "STEP_EMPTY", "targets.competitors"},
		"no target market":  {func(m *segmentationv1.SchemeRun) { m.Scheme.Objective.TargetMarket = "" }, objective, "STEP_EMPTY", "objective.target_market"},
		"no constraints":    {func(m *segmentationv1.SchemeRun) { m.Scheme.Objective.Constraints = nil }, objective, "STEP_EMPTY", "objective.constraints"},
		"no resources":      {func(m *segmentationv1.SchemeRun) { m.Scheme.Objective.Resources = nil }, objective, "STEP_EMPTY", "objective.resources"},
		"no reason":         {func(m *segmentationv1.SchemeRun) { m.Scheme.Method.Reason = "" }, method, "STEP_EMPTY", "method.reason"},
		"no method":         {func(m *segmentationv1.SchemeRun) { m.Scheme.Method.Kind = nil }, method, "STEP_EMPTY", "method"},
		"no sources":        {func(m *segmentationv1.SchemeRun) { m.Scheme.Data.Sources = nil }, dataStep, "STEP_EMPTY", "data.sources"},
		"no data report":    {func(m *segmentationv1.SchemeRun) { m.Data = nil }, dataStep, "STEP_EMPTY", "data report"},
		"no variables":      {func(m *segmentationv1.SchemeRun) { m.Scheme.Variables.Forming = nil }, variables, "STEP_EMPTY", "variables.forming"},
		"another variable":  {func(m *segmentationv1.SchemeRun) { m.Scheme.Variables.Forming[0].Fact = "orders.count" }, variables, "STEP_EMPTY", "variables.forming: orders.days"},
		"no why":            {func(m *segmentationv1.SchemeRun) { m.Scheme.Variables.Forming[0].Reason = "" }, variables, "STEP_EMPTY", "variables.forming: reason of orders.days"},
		"no stability":      {func(m *segmentationv1.SchemeRun) { m.Variables = nil }, variables, "STEP_EMPTY", "variable report"},
		"no segmentation":   {func(m *segmentationv1.SchemeRun) { m.Segmentation = nil }, segmentation, "STEP_EMPTY", "segmentation"},
		"no description":    {func(m *segmentationv1.SchemeRun) { m.Descriptions[0].TextZh = "" }, description, "STEP_EMPTY", "description of label cluster-1"},
		"nothing outside":   {func(m *segmentationv1.SchemeRun) { m.Scheme.Variables.Outside = nil }, validity, "STEP_EMPTY", "variables.outside"},
		"no tests":          {func(m *segmentationv1.SchemeRun) { m.Validity.Tests = nil }, validity, "STEP_EMPTY", "validity.tests"},
		"no resampling":     {func(m *segmentationv1.SchemeRun) { m.Validity.Stability = nil }, validity, "STEP_EMPTY", "validity.stability"},
		"no target":         {func(m *segmentationv1.SchemeRun) { m.Targets.Labels[0].Target = false }, targets, "STEP_EMPTY", "targets"},
		"no positioning":    {func(m *segmentationv1.SchemeRun) { m.Targets.Positioning = "" }, targets, "STEP_EMPTY", "targets.positioning"},
		"no competitors":    {func(m *segmentationv1.SchemeRun) { m.Targets.Competitors = nil }, targets, "STEP_EMPTY", "targets.competitors"},
		"incomplete":        {func(m *segmentationv1.SchemeRun) { m.Data.Variables[0].Completeness = 0.5 }, dataStep, "COMPLETENESS_TOO_LOW", "orders.days"},
		"moved":             {func(m *segmentationv1.SchemeRun) { *m.Variables.Variables[0].Psi = 0.3 }, variables, "PSI_TOO_HIGH", "orders.days"},
		"halves differ":     {func(m *segmentationv1.SchemeRun) { m.Variables.Variables[0].SplitHalfPsi = 0.3 }, variables, "SPLIT_HALF_PSI_TOO_HIGH", "orders.days"},
		"many unknown":      {func(m *segmentationv1.SchemeRun) { m.Segmentation.Unknown = 500 }, segmentation, "UNKNOWN_TOO_MANY", "label unknown"},
		"no structure":      {func(m *segmentationv1.SchemeRun) { m.Segmentation.Clusters.Silhouette = 0.2 }, segmentation, "SILHOUETTE_TOO_LOW", "clusters"},
		"unstable":          {func(m *segmentationv1.SchemeRun) { m.Validity.Stability[0].Jaccard = 0.5 }, validity, "JACCARD_TOO_LOW", "label cluster-1"},
		"small effect":      {func(m *segmentationv1.SchemeRun) { m.Validity.Tests[0].Effect = 0.05 }, validity, "DIFFERENCES_TOO_FEW", "variables.outside"},
		"chance":            {func(m *segmentationv1.SchemeRun) { m.Validity.Tests[0].AdjustedPValue = 0.06 }, validity, "DIFFERENCES_TOO_FEW", "variables.outside"},
		"small":             {func(m *segmentationv1.SchemeRun) { missed(&m.Validity.Criteria[0].Substantial) }, validity, "SEGMENT_TOO_SMALL", "label cluster-1"},
		"out of reach":      {func(m *segmentationv1.SchemeRun) { missed(&m.Validity.Criteria[0].Reachable) }, validity, "SEGMENT_NOT_REACHABLE", "label cluster-1"},
		"like the others":   {func(m *segmentationv1.SchemeRun) { missed(&m.Validity.Criteria[0].Distinguishable) }, validity, "SEGMENT_NOT_DISTINGUISHABLE", "label cluster-1"},
		"nothing to act on": {func(m *segmentationv1.SchemeRun) { missed(&m.Validity.Criteria[0].Actionable) }, validity, "SEGMENT_NOT_ACTIONABLE", "label cluster-1"},
	} {
		m := passing()
		c.spoil(m)
		g := gateOf(m, m.GetScheme())
		if len(g.GetFindings()) != 1 || g.GetOpen() {
			t.Errorf("%s: %v", name, g)
			continue
		}
		f := g.GetFindings()[0]
		threshold := c.reason != "STEP_EMPTY"
		if f.GetStep() != c.step || f.GetReason() != c.reason || f.GetSubject() != c.subject || f.GetMessage() == "" || f.GetMessageZh() == "" || f.GetOverridable() != threshold || (f.Figure != nil) != threshold {
			t.Errorf("%s: %v", name, f)
		}
		if err := closed(g, "schemes/s/runs/r"); fault.ReasonOf(err) != "GATE_CLOSED" {
			t.Errorf("%s: %v", name, err)
		}
		left, err := overridden(g, []*segmentationv1.GateOverride{{Reason: c.reason, Subject: c.subject, Justification: "because", DecidedBy: "Li"}})
		if threshold && (err != nil || !left.GetOpen()) || !threshold && err == nil {
			t.Errorf("%s overridden: %v %v", name, left, err)
		}
	}
}

// Findings are told in percent where they are shares, and by the names of labels and
// variables that people know; overrides name them as ever.
func TestGateInWords(t *testing.T) {
	m := passing()
	m.Segmentation.Labels[0].DisplayName, m.Segmentation.Labels[0].DisplayNameZh = "cluster 1", "第 1 类"
	m.Segmentation.Unknown = 500
	m.Data.Variables[0].Completeness = 0.5
	m.Validity.Stability[0].Jaccard = 0.5996
	m.Validity.Criteria[0].Substantial = &segmentationv1.JudgedCriterion{Figure: 0.0001076, Threshold: 0.05, FigureName: "share of customers", FigureNameZh: "客户占比"}
	told := map[string][2]string{}
	for _, f := range gateOf(m, m.GetScheme()).GetFindings() {
		told[f.GetReason()] = [2]string{f.GetMessage(), f.GetMessageZh()}
	}
	for reason, want := range map[string][2]string{
		"UNKNOWN_TOO_MANY":     {"the share of customers who cannot be assigned is 50%, at most 30% is allowed", "无法归类客户的占比为 50%，最多允许 30%"},
		"COMPLETENESS_TOO_LOW": {"the completeness of number of days with orders is 50%, at least 80% is asked for", "下单天数的完整度为 50%，至少需要 80%"},
		"JACCARD_TOO_LOW":      {"the bootstrap Jaccard of cluster 1 is 0.5996, at least 0.6000 is asked for", "第 1 类的自助法 Jaccard为 0.5996，至少需要 0.6000"},
		"SEGMENT_TOO_SMALL":    {"the share of customers of cluster 1 is 0.0108%, at least 5% is asked for", "第 1 类的客户占比为 0.0108%，至少需要 5%"},
	} {
		if told[reason] != want {
			t.Errorf("%s: %q, want %q", reason, told[reason], want)
		}
	}
}

func TestOverridesNeedAReasonAndAName(t *testing.T) {
	m := passing()
	m.Validity.Stability[0].Jaccard = 0.1
	g := gateOf(m, m.GetScheme())
	for _, o := range []*segmentationv1.GateOverride{
		{Reason: "JACCARD_TOO_LOW", DecidedBy: "Li"}, {Reason: "JACCARD_TOO_LOW", Justification: " ", DecidedBy: "Li"}, {Reason: "JACCARD_TOO_LOW", Justification: "because", DecidedBy: "\n"}, {Reason: "JACCARD_TOO_LOW", Justification: "because"},
		{Reason: "PSI_TOO_HIGH", Justification: "because", DecidedBy: "Li"}, {Reason: "JACCARD_TOO_LOW", Subject: "label 9", Justification: "because", DecidedBy: "Li"},
	} {
		if _, err := overridden(g, []*segmentationv1.GateOverride{o}); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", o, err)
		}
	}
	if left, err := overridden(g, nil); err != nil || left.GetOpen() {
		t.Errorf("%v %v", left, err)
	}
}

// What people fill in after a run counts; what would change the run does not.
func TestFilledIn(t *testing.T) {
	m := passing()
	now := proto.CloneOf(m.GetScheme())
	now.Objective.Objective, now.Method.Reason, now.Data.Sources = "new", "new", []string{"new"}
	plan, changed := filledIn(m, now)
	if changed || plan.GetObjective().GetObjective() != "new" || plan.GetMethod().GetReason() != "new" {
		t.Errorf("%v %v", plan, changed)
	}
	now.Thresholds.MinJaccard = proto.Float64(0)
	if plan, _ = filledIn(m, now); plan.GetThresholds().GetMinJaccard() != 0.6 {
		t.Error("thresholds were lowered after the run")
	}
	now.Method.GetKmeans().K = 5
	if _, changed = filledIn(m, now); !changed {
		t.Error("another k passes as the same scheme")
	}
}
