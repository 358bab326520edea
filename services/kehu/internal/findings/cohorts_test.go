package findings_test

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

func customersCell(offset int32, base, customers int64) *valuationv1.RetentionCell {
	cell := &valuationv1.RetentionCell{Offset: offset, Base: base, Customers: &customers}
	if base > 0 {
		cell.Share = &valuationv1.EstimatedShare{Value: float64(customers) / float64(base)}
	}
	return cell
}

func TestPeriodsThatHaveNotEndedStayEmpty(t *testing.T) {
	table := &valuationv1.RetentionTable{
		Measure: valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE, Customers: 15, TimeZone: "Asia/Shanghai",
		AsOf:       &timestamppb.Timestamp{Seconds: 1751299200}, // the end of 30 June in Shanghai
		Definition: "what it is", DefinitionZh: "是什么", OmittedCohorts: 3, OmittedCustomers: 2,
		Cohorts: []*valuationv1.RetentionCohort{
			{Period: "2025-04", Customers: 10, Cells: []*valuationv1.RetentionCell{customersCell(1, 10, 0), customersCell(2, 10, 5)}},
			{Period: "2025-05", Cells: []*valuationv1.RetentionCell{customersCell(1, 0, 0)}},
			{Period: "2025-06", Customers: 3, RepeatRate: &valuationv1.EstimatedShare{Value: 0.5}},
		},
		Overall: []*valuationv1.RetentionCell{customersCell(1, 10, 0), customersCell(2, 10, 5)},
	}
	f := findings.Cohorts(table)
	rows, err := csv.NewReader(strings.NewReader(written(t, f, "csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{
		{"first order", "customers", "repeat", "1", "2"}, {"2025-04", "10", "", "0", "0.5"}, {"2025-05", "0", "", "", ""},
		{"2025-06", "3", "0.5", "", ""}, {"all", "15", "", "0", "0.5"},
	} {
		if !slices.Equal(rows[i], want) {
			t.Errorf("row %q, want %q", rows[i], want)
		}
	}
	text := written(t, f, "text")
	for _, want := range []string{"as of 2025-06-30", "累计复购", "是什么", "3 older cohorts with 2 customers"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestCurveAtEveryTenDays(t *testing.T) {
	median := 12.0
	curve := &valuationv1.SurvivalCurve{
		Observations: 9, Events: 5, Censored: 4, Customers: 4, Level: 0.95, MedianDays: &median, TimeZone: "UTC", AsOf: &timestamppb.Timestamp{},
		Points: []*valuationv1.SurvivalPoint{
			{Days: 1, AtRisk: 9, Events: 1, Survival: 0.9}, {Days: 10, AtRisk: 8, Events: 2, Survival: 0.7}, {Days: 31, AtRisk: 3, Events: 2, Survival: 0.25},
		},
	}
	for every, want := range map[int32][]string{
		0: {"1 9 1 0.9", "10 8 2 0.7", "31 3 2 0.25"}, 10: {"10 9 3 0.7", "40 3 2 0.25"},
	} {
		rows, err := csv.NewReader(strings.NewReader(written(t, findings.SurvivalCurve(curve, every), "csv"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, row := range rows[1:] {
			got = append(got, strings.Join(row[:4], " "))
		}
		if !slices.Equal(got, want) {
			t.Errorf("every %d: %q, want %q", every, got, want)
		}
	}
	if text := written(t, findings.SurvivalCurve(curve, 10), "text"); !strings.Contains(text, "within 12.0 days") {
		t.Error(text)
	}
}

func TestEconomicsShowsWhatWasRefused(t *testing.T) {
	cny := func(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: "CNY"} }
	f := findings.Economics(&valuationv1.CustomerEconomics{
		CustomerId: "hans", StartDate: "2025-01-01", TimeZone: "UTC", AsOf: &timestamppb.Timestamp{Seconds: 1751328000}, DiscountRate: 0.1,
		CustomerSide: &valuationv1.EconomicSide{Net: cny(123456), Items: []*valuationv1.EconomicItem{
			{Kind: valuationv1.EconomicKind_ECONOMIC_KIND_TIME_COST, Line: "economicLines/l", DisplayName: "queues", Occurrences: 3, Stated: cny(300), Amount: cny(280)},
		}},
		CompanySide: &valuationv1.EconomicSide{
			Refusal:      &apiv1.Warning{Reason: "COST_UNKNOWN", Message: "no order has a known cost"},
			MissingKinds: []valuationv1.EconomicKind{valuationv1.EconomicKind_ECONOMIC_KIND_SERVING_COST},
		},
	})
	text := written(t, f, "text")
	for _, want := range []string{"1,234.56 CNY", "queues", "net: not known", "COST_UNKNOWN", "服务成本", "discounted to 2025-01-01 at 10%"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
