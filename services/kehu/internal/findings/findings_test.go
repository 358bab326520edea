package findings_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func rate(value float64, n int64) *profilev1.Rate {
	return &profilev1.Rate{Value: value, Low: value / 2, High: min(1, 2*value), Level: 0.95, Method: "wilson", N: n}
}

func written(t *testing.T, f *findings.Finding, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b, format, 100); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// funnel has the last instant of 30 June in Shanghai behind it.
func funnel() *profilev1.Analysis {
	return &profilev1.Analysis{
		Name: "analyses/a", TimeZone: "Asia/Shanghai", AsOf: &timestamppb.Timestamp{Seconds: 1751299200}, PopulationSize: 12345,
		Result: &profilev1.Analysis_FunnelResult{FunnelResult: &profilev1.FunnelResult{
			Steps: []*profilev1.FunnelStepResult{
				{DisplayName: "=page", Reached: 1200, FromFirst: rate(1, 1200), Dropped: 900, DroppedList: "dropped-1"},
				{DisplayName: "support", Optional: true, Reached: 7, FromFirst: rate(7.0/1200, 1200)},
				{DisplayName: "订单", Reached: 300, FromFirst: rate(0.25, 1200), FromPrevious: rate(0.25, 1200)},
			},
			Conversion: rate(0.25, 1200),
			Groups:     []*profilev1.FunnelGroup{{Value: "广东", Reached: []int64{200, 100}, Conversion: rate(0.5, 200)}},
		}},
	}
}

func TestFormatsTellTheSame(t *testing.T) {
	f, err := findings.Of(funnel())
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, f, "text")
	for _, want := range []string{"12,345 customers", "as of 2025-06-30", "1,200", "25.0%", "support (optional)", "of 广东", "--parent analyses/a --list dropped-1"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(written(t, f, "csv"))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("%v: %q", err, rows)
	}
	if want := []string{"'=page", "1200", "1", "", "900", "0", ""}; !slices.Equal(rows[1], want) {
		t.Errorf("row %q, want %q", rows[1], want)
	}
	if rows[3][2] != "0.25" {
		t.Errorf("share %q", rows[3][2])
	}
	var answer struct {
		FunnelResult struct{ Steps []struct{ Reached string } }
	}
	if err := json.Unmarshal([]byte(written(t, f, "json")), &answer); err != nil || answer.FunnelResult.Steps[2].Reached != "300" {
		t.Errorf("%v: %+v", err, answer)
	}
}

func TestRetentionLeavesOpenWhatHasNotEnded(t *testing.T) {
	cell := func(period int32, classic int64) *profilev1.RetentionCell {
		return &profilev1.RetentionCell{Period: period, Size: 10, Classic: classic, ClassicRate: rate(float64(classic)/10, 10)}
	}
	f, err := findings.Of(&profilev1.Analysis{Result: &profilev1.Analysis_RetentionResult{RetentionResult: &profilev1.RetentionResult{
		Cohorts: []*profilev1.RetentionCohort{
			{Period: "2025-01", Size: 10, Cells: []*profilev1.RetentionCell{cell(1, 0), cell(2, 5)}},
			{Period: "2025-02", Size: 10, Cells: []*profilev1.RetentionCell{cell(1, 2)}},
		},
		Overall: []*profilev1.RetentionCell{cell(1, 1), cell(2, 5)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(written(t, f, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// Nobody came back is a 0; not known yet is empty.
	if rows[1][2] != "0" || rows[2][3] != "" {
		t.Errorf("rows %q", rows)
	}
}

func TestSuppressedBinsAreCountedAndNotShown(t *testing.T) {
	lower := 18.0
	f, err := findings.Of(&profilev1.Analysis{Result: &profilev1.Analysis_PortraitResult{PortraitResult: &profilev1.PortraitResult{
		Distributions: []*profilev1.PortraitDistribution{{Field: "age", Bins: []*profilev1.PortraitBin{
			{Kind: profilev1.PortraitBinKind_PORTRAIT_BIN_KIND_INTERVAL, Lower: &lower, GroupCount: 6, GroupShare: 0.6, BaseCount: 30, BaseShare: 0.3},
			{Kind: profilev1.PortraitBinKind_PORTRAIT_BIN_KIND_UNKNOWN, Suppressed: true},
		}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	text := written(t, f, "text")
	if !strings.Contains(text, "18 and up") || strings.Contains(text, "not known") || !strings.Contains(text, "1 values are not shown") {
		t.Errorf("%s", text)
	}
}

func TestForecastKeepsCurrenciesApart(t *testing.T) {
	sum := func(currency string, leads, minor int64) *profilev1.ForecastSum {
		m := &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
		return &profilev1.ForecastSum{CurrencyCode: currency, Leads: leads, Pipeline: m, Expected: m, Low: m, High: m}
	}
	f := findings.Forecast(&profilev1.LeadForecast{
		Months: []*profilev1.ForecastMonth{{Month: "2026-12", Sums: []*profilev1.ForecastSum{sum("CNY", 2, 1234567), sum("JPY", 1, 5000)}}},
		Totals: []*profilev1.ForecastSum{sum("CNY", 2, 1234567), sum("JPY", 1, 5000)}, Leads: 3, LeadsWithoutValue: 4,
	})
	text := written(t, f, "text")
	for _, want := range []string{"12,345.67 CNY", "5,000 JPY", "4 leads have no expected value"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if len(f.Rows) != 4 {
		t.Errorf("%d rows", len(f.Rows))
	}
}

func TestAnAnalysisWithoutResultIsAnError(t *testing.T) {
	if f, err := findings.Of(&profilev1.Analysis{}); err == nil {
		t.Errorf("%+v", f)
	}
}
