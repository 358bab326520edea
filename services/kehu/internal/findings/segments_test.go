package findings_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// tells wants texts in what a finding comes to, and others not.
func tells(t *testing.T, f *findings.Finding, wanted []string, others ...string) {
	t.Helper()
	text := written(t, f, "text")
	for _, want := range wanted {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, other := range others {
		if strings.Contains(text, other) {
			t.Errorf("%q is in\n%s", other, text)
		}
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines[1:] {
		if strings.TrimSpace(line) == "" && strings.TrimSpace(lines[i]) != "" && i < 2 {
			t.Errorf("a blank line below the title:\n%s", text)
		}
	}
}

// loyal is a published segment of which it cannot be told of some.
func loyal() *segmentationv1.Segment {
	at := &timestamppb.Timestamp{Seconds: 1772355600} // 2026-03-01 09:00 UTC
	return &segmentationv1.Segment{
		Name: "segments/loyal", DisplayName: "忠诚客户", State: segmentationv1.SegmentState_SEGMENT_STATE_PUBLISHED, MemberCount: 12345, Revision: 3,
		Definition:  &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{Expression: "orders.count >= 3 &&\n  in_segment(\"rich\")"}},
		ComputeTime: at, FreshAsOf: at, References: []string{"segments/rich"}, Labels: map[string]string{"team": "crm"}, Facts: []string{"orders.count"},
		Sources:   []*segmentationv1.SourceFreshness{{Service: "profile", SyncedTo: at}, {Service: "valuation", LastError: "PEER_UNAVAILABLE"}},
		LastError: &apiv1.ItemStatus{Code: 9, Reason: "RULE_EVALUATION_FAILED", Message: "division by zero"}, FailingCount: 7,
	}
}

func TestSegmentInBothLanguages(t *testing.T) {
	tells(t, findings.Segment(loyal(), "en"), []string{
		"Segment 客户分群 loyal", "忠诚客户", `orders.count >= 3 && in_segment("rich")`, "12,345", "2026-03-01 09:00:00Z", "asks about", "segments/rich", "team",
		"read up to 2026-03-01 09:00:00Z", "not read yet; PEER_UNAVAILABLE", "loyal: it cannot be told of 7 customers", "[RULE_EVALUATION_FAILED]",
	}, "asked about by", "引用分群")
	tells(t, findings.Segment(loyal(), "zh"), []string{
		"引用分群", "成员数", "已读至 2026-03-01 09:00:00Z", "尚未读取; PEER_UNAVAILABLE", "有 7 位客户无法判定",
	}, "asks about", "read up to")
}

// A file for other programs has no line of empty titles, and no text that is cut short.
func TestSegmentsAsCSV(t *testing.T) {
	if got := written(t, findings.Segment(loyal(), "en"), "csv"); !strings.HasPrefix(got, "name,忠诚客户\n") {
		t.Errorf("as CSV:\n%s", got)
	}
	long := loyal()
	long.Definition = &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{Expression: strings.Repeat("orders.count > 1 && ", 10) + "orders.days > 77"}}
	list := findings.Segments(&segmentationv1.ListSegmentsResponse{Segments: []*segmentationv1.Segment{long}}, "en")
	if got := written(t, list, "csv"); !strings.Contains(got, "orders.days > 77") {
		t.Errorf("as CSV:\n%s", got)
	}
	tells(t, list, []string{"…"}, "orders.days > 77")
}

// What speaks against a cluster by next to nothing is no minus zero.
func TestDistancesInWords(t *testing.T) {
	e := &segmentationv1.MembershipExplanation{CustomerId: "c1", Distances: []*segmentationv1.CentreDistance{
		{Label: "cluster-1", Distance: 1},
		{Label: "cluster-2", Distance: 2, Features: []*segmentationv1.FeatureContribution{
			{Feature: "orders.days", Value: 7, Centre: 1.25, Share: 1.004}, {Feature: "orders.recency_days", Value: 5, Centre: 6, Share: -0.004},
		}},
	}}
	tells(t, findings.Explanation("buyers", e, "en"), []string{"100 % of the difference", ": 0 % of the difference", "result"}, "-0 %")
}

func TestSegmentsInBothLanguages(t *testing.T) {
	scored := &segmentationv1.Segment{
		Name: "segments/vip", State: segmentationv1.SegmentState_SEGMENT_STATE_DRAFT,
		Definition: &segmentationv1.Segment_Rfm{Rfm: &segmentationv1.RfmDefinition{Groups: []valuationv1.RfmGroup{valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE}, Cells: []string{"5**"}}},
	}
	of := &segmentationv1.Segment{
		Name:       "segments/buyers-1",
		Definition: &segmentationv1.Segment_Partition{Partition: &segmentationv1.PartitionDefinition{Run: "schemes/buyers/runs/r1", Label: "cluster-1"}},
	}
	r := &segmentationv1.ListSegmentsResponse{Segments: []*segmentationv1.Segment{loyal(), scored, of}, NextPageToken: "x"}
	tells(t, findings.Segments(r, "en"), []string{"loyal", "12,345", "RFM important-value, 5**", "schemes/buyers/runs/r1: cluster-1", "there are more", "it cannot be told of 7 customers"})
	tells(t, findings.Segments(r, "zh"), []string{"还有更多", "有 7 位客户无法判定"}, "there are more")
	answer := &segmentationv1.RecomputeSegmentsResponse{Segments: r.GetSegments(), Customers: 20, Entered: 3, Left: 1}
	tells(t, findings.Recomputed(answer, "zh"), []string{"共检查 20 位客户，进入 3，离开 1"})
}

func TestTransitionsInBothLanguages(t *testing.T) {
	r := &segmentationv1.ListTransitionsResponse{Transitions: []*segmentationv1.Transition{{
		Name: "segments/loyal/transitions/1", CustomerId: "王芳", Kind: segmentationv1.TransitionKind_TRANSITION_KIND_LEFT, TransitionTime: &timestamppb.Timestamp{Seconds: 1772355600},
		Cause:  &segmentationv1.TransitionCause{Kind: segmentationv1.TransitionCauseKind_TRANSITION_CAUSE_KIND_TIME},
		Values: []*segmentationv1.FactValue{{Fact: "orders.count", Value: "3"}},
	}}}
	tells(t, findings.Transitions("loyal", r, "en"), []string{"2026-03-01 09:00:00Z", "王芳", "left", "time passed", "orders.count = 3"}, "离开")
	tells(t, findings.Transitions("loyal", r, "zh"), []string{"离开", "时间推移", "变化"}, "left")
	if got := written(t, findings.Transitions("loyal", r, "en"), "csv"); !strings.HasPrefix(got, "time,customer,change,because,values\n") {
		t.Errorf("as CSV:\n%s", got)
	}
	if got := findings.TransitionLine(r.GetTransitions()[0], "zh"); got != "2026-03-01T09:00:00Z\tloyal\t王芳\t离开\t时间推移\torders.count = 3" {
		t.Errorf("%q", got)
	}
}

// Amounts of campaigns are told in the major unit with their currency, whatever it is.
func TestCampaignAmounts(t *testing.T) {
	plan := &segmentationv1.CampaignPlan{
		Campaign: "campaigns/spring", PopulationSize: 1000, DetectableRevenue: proto.Float64(123456.4), CurrencyCode: "CNY", Power: 0.8, Level: 0.95,
		Baseline: &segmentationv1.CampaignBaseline{Customers: 1000, Conversion: 0.25, RevenueMean: 5050},
	}
	tells(t, findings.CampaignPlan(plan, "en"), []string{"least increase of revenue per customer", "1,234.56 CNY", "for 50.50 CNY each"}, "minor")
	tells(t, findings.CampaignPlan(plan, "zh"), []string{"可检出的人均收入提升", "1,234.56 CNY", "人均 50.50 CNY"}, "最小")
	lift := func(currency string) *findings.Finding {
		return findings.CampaignLift(&segmentationv1.CampaignLift{
			Campaign: "campaigns/spring", CurrencyCode: currency, Conversion: &segmentationv1.Comparison{TreatedMean: 0.5, HeldOutMean: 0.25},
			Revenue: &segmentationv1.Comparison{TreatedMean: 123450, HeldOutMean: 100000, Absolute: &segmentationv1.Lift{Value: 23450, Low: -1050, High: 48000}},
		}, "en")
	}
	tells(t, lift("CNY"), []string{"revenue each, CNY", "1,234.50", "1,000.00", "50.00", "25.00", "+234.50", "-10.50", "+480.00"}, "minor")
	tells(t, lift("JPY"), []string{"revenue each, JPY", "123,450", "100,000"}, "123,450.0")
}

// Key figures are told with shares and amounts; what is not known stays empty, and the
// first day has nobody who came or went.
func TestSegmentKpis(t *testing.T) {
	r := &segmentationv1.ListSegmentKpisResponse{Kpis: []*segmentationv1.SegmentKpi{
		{
			Name: "segments/loyal/kpis/2026-11-22", TimeZone: "Asia/Shanghai", WindowDays: 30, MemberCount: 2000, Entered: 41, Left: 17, Buyers: 500, Orders: 730,
			PreviousTime: &timestamppb.Timestamp{Seconds: 1772355600}, Satisfaction: proto.Float64(0.82),
			Revenue: []*apiv1.Money{{MinorUnits: 1234567, CurrencyCode: "CNY"}, {MinorUnits: 990, CurrencyCode: "JPY"}},
		},
		{Name: "segments/loyal/kpis/2026-11-21", MemberCount: 0},
	}}
	told := findings.SegmentKpis("loyal", r, "en")
	tells(t, told, []string{"2026-11-22", "2,000", "41", "17", "25.0%", "730", "12,345.67 CNY, 990 JPY", "82.0%", "30 days", "Asia/Shanghai"}, "loyal/kpis")
	if first := told.Rows[1]; first[2] != nil || first[3] != nil || first[5] != nil || first[8] != nil || first[9] != nil {
		t.Errorf("the first day: %v", first)
	}
	tells(t, findings.SegmentKpis("loyal", r, "zh"), []string{"关键指标 loyal", "30 天"}, "days are")
	tells(t, findings.SegmentKpis("loyal", &segmentationv1.ListSegmentKpisResponse{}, "en"), []string{"not measured yet"}, "30 days")
}
