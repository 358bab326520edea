package valuation_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

const (
	classic    = valuationv1.CohortMeasure_COHORT_MEASURE_CLASSIC
	rolling    = valuationv1.CohortMeasure_COHORT_MEASURE_ROLLING
	cumulative = valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE
)

func (c *client) cohorts(r *valuationv1.QueryCohortsRequest) *valuationv1.RetentionTable {
	c.Helper()
	table, err := c.retention.QueryCohorts(c.Context(), r)
	if err != nil {
		c.Fatal(err)
	}
	return table
}

// TestCohortsOnBothEngines: three customers of November, one of whom comes back
// twice, and one of January, which has not ended.
func TestCohortsOnBothEngines(t *testing.T) {
	shanghai := func(text string) time.Time {
		at, err := time.ParseInLocation(time.DateTime, text, time.FixedZone("CST", 8*3600))
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := newShop()
			s.buy("a", shanghai("2025-11-01 00:00:00"), 1000, "CNY", unknown)
			s.buy("a", shanghai("2025-12-31 23:59:59"), 500, "CNY", unknown)
			s.buy("a", shanghai("2026-01-02 08:00:00"), 300, "CNY", unknown)
			s.buy("b", shanghai("2025-11-30 23:59:59"), 2001, "CNY", unknown)
			s.buy("b", shanghai("2025-11-30 10:00:00"), 99, "USD", unknown) // the same day: no repeat
			s.buy("c", shanghai("2025-11-15 10:00:00"), 10, "CNY", unknown)
			s.buy("d", shanghai("2026-01-05 10:00:00"), 40, "CNY", unknown)
			c := serve(t, engine.open(t), serveShop(t, s), frozen)
			_, err := c.retention.QueryCohorts(t.Context(), &valuationv1.QueryCohortsRequest{})
			wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
			c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "2026-01-20", TimeZone: "Asia/Shanghai"})

			table := c.cohorts(&valuationv1.QueryCohortsRequest{})
			if table.GetMeasure() != classic || table.GetPeriod() != valuationv1.CohortPeriod_COHORT_PERIOD_MONTH ||
				table.GetCustomers() != 4 || table.GetTimeZone() != "Asia/Shanghai" || table.GetCurrencyCode() != "CNY" ||
				!table.GetAsOf().AsTime().Equal(shanghai("2026-01-21 00:00:00")) || table.GetDefinition() == "" || table.GetDefinitionZh() == "" {
				t.Errorf("table %v", table)
			}
			if w := table.GetWarnings(); len(w) != 1 || w[0].GetReason() != "MIXED_CURRENCIES" {
				t.Errorf("warnings %v", w)
			}
			if r := table.GetRepeatRate(); r.GetValue() != 0.25 || r.GetN() != 4 || r.GetMethod() != "wilson" || !(r.GetLow() < 0.25 && r.GetHigh() > 0.25) {
				t.Errorf("repeat rate %v", r)
			}
			wantCells(t, table, map[string][]int64{"2025-11": {3, 1}, "2025-12": {0}, "2026-01": nil})
			if last := table.GetCohorts()[2]; last.GetEnded() || last.GetCustomers() != 1 || last.GetStartDate() != "2026-01-01" {
				t.Errorf("the month that has not ended: %v", last)
			}
			if empty := table.GetCohorts()[1]; empty.GetRepeatRate() != nil || empty.GetCells()[0].GetShare() != nil {
				t.Errorf("shares of nobody: %v", empty)
			}
			wantCells(t, c.cohorts(&valuationv1.QueryCohortsRequest{Measure: rolling}), map[string][]int64{"2025-11": {3, 1}, "2025-12": {0}, "2026-01": nil})
			wantCells(t, c.cohorts(&valuationv1.QueryCohortsRequest{Measure: cumulative}), map[string][]int64{"2025-11": {1}, "2025-12": nil, "2026-01": nil})

			money := c.cohorts(&valuationv1.QueryCohortsRequest{Measure: valuationv1.CohortMeasure_COHORT_MEASURE_CUMULATIVE_REVENUE})
			second := money.GetCohorts()[0].GetCells()[1]
			if second.GetRevenue().GetMinorUnits() != 3511 || second.GetRevenuePerCustomer().GetMinorUnits() != 1170 || second.Customers != nil || second.GetBase() != 3 {
				t.Errorf("revenue up to December: %v, want 3,511 and 1,170 a head", second)
			}
			weeks := c.cohorts(&valuationv1.QueryCohortsRequest{Period: valuationv1.CohortPeriod_COHORT_PERIOD_WEEK})
			if first := weeks.GetCohorts()[0]; first.GetPeriod() != "2025-W44" || first.GetStartDate() != "2025-10-27" || len(weeks.GetCohorts()) != 13 || len(first.GetCells()) != 12 {
				t.Errorf("%d weeks from %v", len(weeks.GetCohorts()), first)
			}
		})
	}
}

// wantCells compares how many customers each cell has, cohort by cohort.
func wantCells(t *testing.T, table *valuationv1.RetentionTable, want map[string][]int64) {
	t.Helper()
	if len(table.GetCohorts()) != len(want) {
		t.Errorf("%s: cohorts %v, want %v", table.GetMeasure(), table.GetCohorts(), want)
		return
	}
	for _, cohort := range table.GetCohorts() {
		var got []int64
		for _, cell := range cohort.GetCells() {
			got = append(got, cell.GetCustomers())
		}
		if !slices.Equal(got, want[cohort.GetPeriod()]) {
			t.Errorf("%s, %s: %v, want %v", table.GetMeasure(), cohort.GetPeriod(), got, want[cohort.GetPeriod()])
		}
	}
}

// TestCDNOWRetention: the classic table is that of the summary; rolling and
// cumulative are counted over the rows of the file.
func TestCDNOWRetention(t *testing.T) {
	rows := cdnowRows(t)
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	summary := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "1998-06-30"})
	months := map[string][]string{}
	for _, r := range rows {
		months[r.customer] = append(months[r.customer], r.date[:7])
	}
	for _, measure := range []valuationv1.CohortMeasure{classic, rolling, cumulative} {
		table := c.cohorts(&valuationv1.QueryCohortsRequest{Measure: measure})
		for i, cohort := range table.GetCohorts() {
			begin := 0
			if measure == cumulative {
				begin = 1
			}
			if len(cohort.GetCells()) != len(table.GetCohorts())-i-begin {
				t.Fatalf("%s has %d cells", cohort.GetPeriod(), len(cohort.GetCells()))
			}
			for _, cell := range cohort.GetCells() {
				n := int(cell.GetOffset())
				this := date(t, cohort.GetPeriod()+"-01").AddDate(0, n, 0).Format("2006-01")
				if measure == classic && cell.GetCustomers() != summary.GetCohorts().GetCohorts()[i].GetActiveCustomers()[n] {
					t.Errorf("%s, %d: %d, the summary says %v", cohort.GetPeriod(), n, cell.GetCustomers(), summary.GetCohorts().GetCohorts()[i])
				}
				want := int64(0)
				for _, of := range months {
					if slices.Min(of) == cohort.GetPeriod() && slices.ContainsFunc(of, func(m string) bool {
						return measure == classic && m == this || measure == rolling && m >= this ||
							measure == cumulative && m > cohort.GetPeriod() && m <= this
					}) {
						want++
					}
				}
				if cell.GetCustomers() != want || cell.GetShare().GetValue() != float64(want)/float64(cohort.GetCustomers()) && cohort.GetCustomers() > 0 {
					t.Errorf("%s, %s, %d: %v, want %d", measure, cohort.GetPeriod(), n, cell, want)
				}
			}
		}
	}
}

// TestCDNOWSurvivalCurve computes the curve of the first gaps over the rows.
func TestCDNOWSurvivalCurve(t *testing.T) {
	rows := cdnowRows(t)
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "1998-06-30"})
	got, err := c.retention.GetSurvivalCurve(t.Context(), &valuationv1.GetSurvivalCurveRequest{Gaps: valuationv1.SurvivalGaps_SURVIVAL_GAPS_FIRST})
	if err != nil {
		t.Fatal(err)
	}
	dates := map[string][]string{}
	for _, r := range rows {
		dates[r.customer] = append(dates[r.customer], r.date)
	}
	type gap struct {
		days   int
		closed bool
	}
	var gaps []gap
	for _, of := range dates {
		slices.Sort(of)
		of = slices.Compact(of)
		end := date(t, "1998-06-30")
		if len(of) > 1 {
			end = date(t, of[1])
		}
		gaps = append(gaps, gap{int(end.Sub(date(t, of[0])).Hours() / 24), len(of) > 1})
	}
	survival, steps := 1.0, 0
	for day := 1; day < 600; day++ {
		atRisk, events := 0, 0
		for _, g := range gaps {
			if g.days >= day {
				atRisk++
				if g.days == day && g.closed {
					events++
				}
			}
		}
		if events == 0 {
			continue
		}
		survival *= 1 - float64(events)/float64(atRisk)
		p := got.GetPoints()[steps]
		steps++
		if int(p.GetDays()) != day || p.GetAtRisk() != int64(atRisk) || p.GetEvents() != int64(events) || math.Abs(p.GetSurvival()-survival) > 1e-9 {
			t.Errorf("%v, want day %d, %d of %d, %g", p, day, events, atRisk, survival)
		}
	}
	if steps != len(got.GetPoints()) || got.GetObservations() != 2357 || got.GetEvents()+got.GetCensored() != 2357 || got.GetLevel() != 0.95 {
		t.Errorf("%d steps, want %d; %d observations", len(got.GetPoints()), steps, got.GetObservations())
	}
	all, err := c.retention.GetSurvivalCurve(t.Context(), &valuationv1.GetSurvivalCurveRequest{Level: 0.99})
	if err != nil || all.GetEvents() != summaryGaps(t, c) || all.GetLevel() != 0.99 || all.GetGaps() != valuationv1.SurvivalGaps_SURVIVAL_GAPS_ALL {
		t.Errorf("%v, %v", all, err)
	}
}

func summaryGaps(t *testing.T, c *client) int64 {
	t.Helper()
	return c.summary().GetPurchaseIntervals().GetCount()
}

// TestRetentionOfNobody: a shop without orders has empty tables, and no curve.
func TestRetentionOfNobody(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	c.refresh(policy("2026-02-28"))
	if table := c.cohorts(&valuationv1.QueryCohortsRequest{Measure: valuationv1.CohortMeasure_COHORT_MEASURE_REVENUE}); len(table.GetCohorts()) != 0 || table.GetRepeatRate() != nil {
		t.Errorf("of nobody: %v", table)
	}
	curve, err := c.retention.GetSurvivalCurve(t.Context(), &valuationv1.GetSurvivalCurveRequest{})
	if err != nil || len(curve.GetPoints()) != 0 || curve.MedianDays != nil || len(curve.GetWarnings()) != 1 {
		t.Errorf("of nobody: %v, %v", curve, err)
	}
	for _, wrong := range []proto.Message{
		&valuationv1.QueryCohortsRequest{Level: 1}, &valuationv1.QueryCohortsRequest{Level: math.NaN()},
		&valuationv1.QueryCohortsRequest{Measure: 77}, &valuationv1.GetSurvivalCurveRequest{Level: -1}, &valuationv1.GetSurvivalCurveRequest{Gaps: 9},
	} {
		switch r := wrong.(type) {
		case *valuationv1.QueryCohortsRequest:
			_, err = c.retention.QueryCohorts(t.Context(), r)
		case *valuationv1.GetSurvivalCurveRequest:
			_, err = c.retention.GetSurvivalCurve(t.Context(), r)
		}
		if code, why, _ := reason(err); code != codes.InvalidArgument || why != "INVALID_FIELD" {
			t.Errorf("%v: %v", wrong, err)
		}
	}
}
