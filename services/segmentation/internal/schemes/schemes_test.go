package schemes_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/fault"
)

func onBothEngines(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("pebble", func(t *testing.T) { test(t, memory(t)) })
	t.Run("mongo", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

// A scheme goes through its eight steps, is published, and its next version starts from
// the last.
func TestEightSteps(t *testing.T) {
	onBothEngines(t, func(t *testing.T, engine docstore.Engine) {
		w := newWorld(t, engine)
		w.people(400, 1)
		made := w.create("buyers", plan())
		if made.GetThresholds().GetMinJaccard() != 0.6 || math.Abs(made.GetWeights().GetFit()-1./6) > 1e-12 || made.GetMethod().GetDecideTime() == nil {
			t.Errorf("defaults: %v %v", made.GetThresholds(), made.GetWeights())
		}
		m := w.run("buyers")
		if m.GetPopulation() != 400 || m.GetData().GetFormedFrom() != 400 || m.GetSegmentation().GetClusters().GetK() < 2 {
			t.Fatalf("run %v", m)
		}
		sum := int64(0)
		for _, l := range m.GetSegmentation().GetLabels() {
			sum += l.GetCustomers()
		}
		if sum != 400 {
			t.Errorf("labels add up to %d", sum)
		}
		for _, test := range m.GetValidity().GetTests() {
			if test.GetRefusal() != nil || test.GetAdjustedPValue() > 1e-6 || test.GetEffect() < 0.3 || test.GetReading() == "" || test.GetReadingZh() == "" {
				t.Errorf("test %v", test)
			}
		}
		if len(m.GetValidity().GetTests()) != 3 || len(m.GetValidity().GetStability()) < 2 {
			t.Errorf("validity %v", m.GetValidity())
		}
		wantFindings(t, m.GetGate(), "STEP_EMPTY targets", "STEP_EMPTY targets.positioning", "STEP_EMPTY targets.competitors")
		_, err := w.publish(m.GetName())
		wantReason(t, err, "GATE_CLOSED")
		m = w.target(m)
		if !m.GetGate().GetOpen() {
			t.Fatalf("gate %v", m.GetGate())
		}
		m = must[*segmentationv1.SchemeRun](t)(w.publish(m.GetName()))
		if m.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_PUBLISHED || len(w.shelf.put) != len(m.GetPublishedLabels()) || !slices.Contains(w.shelf.formed, "buyers-cluster-1") {
			t.Errorf("published %v, segments %v", m.GetState(), w.shelf.put)
		}
		nextVersion(t, w, m)
	})
}

func nextVersion(t *testing.T, w *world, first *segmentationv1.SchemeRun) {
	t.Helper()
	changed := plan()
	changed.Name = "schemes/buyers"
	_, err := w.UpdateScheme(t.Context(), &segmentationv1.UpdateSchemeRequest{Scheme: changed})
	wantReason(t, err, "SCHEME_PUBLISHED")
	next := must[*segmentationv1.Scheme](t)(w.NewSchemeVersion(t.Context(), &segmentationv1.NewSchemeVersionRequest{Name: "schemes/buyers", Note: "three are better"}))
	if next.GetVersion() != 2 || next.GetPublishedRun() != first.GetName() || next.GetState() != segmentationv1.SchemeState_SCHEME_STATE_REVISING || next.GetObjective().GetObjective() != "more second orders" {
		t.Errorf("next version %v", next)
	}
	health := must[*segmentationv1.SchemeHealth](t)(w.MonitorScheme(t.Context(), &segmentationv1.MonitorSchemeRequest{Name: "schemes/buyers"}))
	if health.GetRerunRecommended() || health.GetSampleSize() != 400 || health.GetLabelPsi() > 1e-9 {
		t.Errorf("health %v", health)
	}
	w.clock.advance(200 * 24 * time.Hour)
	w.people(300, 2)
	health = must[*segmentationv1.SchemeHealth](t)(w.MonitorScheme(t.Context(), &segmentationv1.MonitorSchemeRequest{Name: "schemes/buyers"}))
	if !health.GetRerunRecommended() || health.GetDaysSince() < 200 {
		t.Errorf("health after 200 days %v", health)
	}
	method := plan().GetMethod()
	method.GetKmeans().K = 3
	must[*segmentationv1.Scheme](t)(w.UpdateScheme(t.Context(), &segmentationv1.UpdateSchemeRequest{
		Scheme: &segmentationv1.Scheme{Name: "schemes/buyers", Method: method}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"method"}},
	}))
	second := w.run("buyers")
	if second.GetValidity().AdjustedRand == nil || second.GetVariables().GetBaselineRun() != first.GetName() || second.GetVariables().GetVariables()[0].Psi == nil {
		t.Errorf("no comparison with the first run: %v", second.GetVariables())
	}
	if sizes := second.GetSegmentation().GetLabels(); sizes[0].PreviousCustomers == nil {
		t.Errorf("no label goes on: %v", sizes)
	}
	second = w.target(second)
	var overrides []*segmentationv1.GateOverride
	for _, f := range second.GetGate().GetFindings() {
		overrides = append(overrides, &segmentationv1.GateOverride{Reason: f.GetReason(), Subject: f.GetSubject(), Justification: "we know", DecidedBy: "Li"})
	}
	second = must[*segmentationv1.SchemeRun](t)(w.publish(second.GetName(), overrides...))
	if len(second.GetOverrides()) != len(overrides) || len(overrides) > 0 && second.GetOverrides()[0].GetDecideTime() == nil {
		t.Errorf("overrides %v", second.GetOverrides())
	}
	before := must[*segmentationv1.SchemeRun](t)(w.GetSchemeRun(t.Context(), &segmentationv1.GetSchemeRunRequest{Name: first.GetName()}))
	after := must[*segmentationv1.Scheme](t)(w.GetScheme(t.Context(), &segmentationv1.GetSchemeRequest{Name: "schemes/buyers"}))
	if before.GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_SUPERSEDED || after.GetPublishedRun() != second.GetName() || len(after.GetVersions()) != 2 {
		t.Errorf("after: %v, %v", before.GetState(), after)
	}
	list := must[*segmentationv1.ListSchemeRunsResponse](t)(w.ListSchemeRuns(t.Context(), &segmentationv1.ListSchemeRunsRequest{Parent: "schemes/buyers"}))
	if len(list.GetSchemeRuns()) != 2 || list.GetSchemeRuns()[0].GetName() != second.GetName() {
		t.Errorf("list %v", list)
	}
	_, err = w.DeleteSchemeRun(t.Context(), &segmentationv1.DeleteSchemeRunRequest{Name: second.GetName()})
	wantReason(t, err, "RUN_SERVES")
	_, err = w.DeleteScheme(t.Context(), &segmentationv1.DeleteSchemeRequest{Name: "schemes/buyers"})
	wantReason(t, err, "SCHEME_SERVES")
}

func wantFindings(t *testing.T, g *segmentationv1.PublishGate, want ...string) {
	t.Helper()
	var got []string
	for _, f := range g.GetFindings() {
		got = append(got, f.GetReason()+" "+f.GetSubject())
		if f.GetMessage() == "" || f.GetMessageZh() == "" || f.GetStep() == 0 {
			t.Errorf("finding %v", f)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("findings %q, want %q", got, want)
	}
}

func TestRefusedSchemes(t *testing.T) {
	w := newWorld(t, memory(t))
	for name, c := range map[string]struct {
		id     string
		change func(*segmentationv1.Scheme)
		field  string
	}{
		"id":       {"Buyers", func(*segmentationv1.Scheme) {}, "scheme_id"},
		"variable": {"a", func(m *segmentationv1.Scheme) { m.Variables.Forming[0].Fact = "orders.dayz" }, "variables.forming"},
		"outside":  {"a", func(m *segmentationv1.Scheme) { m.Variables.Outside[0].Fact = "nothing" }, "variables.outside[0].fact"},
		"both":     {"a", func(m *segmentationv1.Scheme) { m.Variables.Outside[0].Fact = "orders.days" }, "variables.outside[0].fact"},
		"zone":     {"a", func(m *segmentationv1.Scheme) { m.Data.TimeZone = "Mars" }, "data.time_zone"},
		"rule": {"a", func(m *segmentationv1.Scheme) {
			m.Method.Kind = &segmentationv1.SchemeMethod_Rules{Rules: &segmentationv1.RulesMethod{Rules: []*segmentationv1.LabelRule{{Label: "x", Expression: "1 +"}}}}
			m.Variables.Forming = nil
		}, "method.rules.rules[0].expression"},
		"forming of RFM": {"a", func(m *segmentationv1.Scheme) {
			m.Method.Kind = &segmentationv1.SchemeMethod_Rfm{Rfm: &segmentationv1.RfmMethod{CurrencyCode: "CNY", Grouping: segmentationv1.RfmGrouping_RFM_GROUPING_CELLS}}
		}, "variables.forming[1].fact"},
		"long": {"abcdefghijklmnopqrstuvwxyzabcdef", func(m *segmentationv1.Scheme) {
			m.Method.Kind = &segmentationv1.SchemeMethod_Rules{Rules: &segmentationv1.RulesMethod{Rules: []*segmentationv1.LabelRule{{Label: "abcdefghijklmnopqrstuvwxyz-abcdefgh", Expression: "true"}}}}
			m.Variables.Forming = nil
		}, "method"},
	} {
		m := plan()
		c.change(m)
		_, err := w.CreateScheme(t.Context(), &segmentationv1.CreateSchemeRequest{Scheme: m, SchemeId: c.id})
		f, _ := fault.As(err)
		if f == nil || f.Kind != fault.InvalidArgument || len(f.Violations) == 0 || f.Violations[0].Field != c.field {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A run of nobody fails, and says why; a repeated request is the same.
func TestRunsThatCannotBe(t *testing.T) {
	w := newWorld(t, memory(t))
	w.create("buyers", plan())
	o, err := w.done(w.CreateSchemeRun(t.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/buyers", RequestId: "one"}))
	if err != nil || o.GetError() == nil {
		t.Fatalf("%v %v", o, err)
	}
	list := must[*segmentationv1.ListSchemeRunsResponse](t)(w.ListSchemeRuns(t.Context(), &segmentationv1.ListSchemeRunsRequest{Parent: "schemes/buyers"}))
	if runs := list.GetSchemeRuns(); len(runs) != 1 || runs[0].GetState() != segmentationv1.SchemeRunState_SCHEME_RUN_STATE_FAILED || runs[0].GetFailure().GetReason() != "NO_CUSTOMERS" {
		t.Fatalf("runs %v", list)
	}
	again := must2(w.CreateSchemeRun(t.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/buyers", RequestId: "one"}))
	if again.GetName() != o.GetName() {
		t.Errorf("%s and %s", again.GetName(), o.GetName())
	}
	_, err = w.publish(list.GetSchemeRuns()[0].GetName())
	wantReason(t, err, "RUN_NOT_READY")
	w.create("empty", &segmentationv1.Scheme{})
	_, err = w.CreateSchemeRun(t.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/empty"})
	wantReason(t, err, "SCHEME_WITHOUT_METHOD")
	_, err = w.MonitorScheme(t.Context(), &segmentationv1.MonitorSchemeRequest{Name: "schemes/buyers"})
	wantReason(t, err, "SCHEME_NOT_PUBLISHED")
	_, err = w.GetScheme(t.Context(), &segmentationv1.GetSchemeRequest{Name: "schemes/nobody"})
	wantReason(t, err, "SCHEME_NOT_FOUND")
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
