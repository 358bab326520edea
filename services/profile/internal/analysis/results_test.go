package analysis_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

func TestRetentionOfOrdersByHand(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	// now is 2026-03-01 10:00 UTC, 18:00 in Shanghai. Twenty hours before is 22:00
	// of 28 February there, twelve hours before 06:00 of 1 March.
	for id, hours := range map[string][]int{"a": {44, 20}, "b": {44, 12}, "c": {44}, "d": {20, 12}} {
		for i, h := range hours {
			a.bought(t, id, fmt.Sprintf("%s%d", id, i), h, 100)
		}
	}
	got := a.ask(t, &profilev1.Analysis{TimeZone: "Asia/Shanghai", Definition: &profilev1.Analysis_Retention{Retention: &profilev1.Retention{
		Unit: profilev1.CalendarUnit_CALENDAR_UNIT_DAY, StartTime: at(now.Add(-44 * time.Hour)), Periods: 3,
	}}}).GetRetentionResult()
	var told []string
	for _, c := range got.GetCohorts() {
		line := fmt.Sprintf("%s %d %t", c.GetPeriod(), c.GetSize(), c.GetEnded())
		for _, cell := range c.GetCells() {
			line += fmt.Sprintf(" %d:%d/%d/%d", cell.GetPeriod(), cell.GetClassic(), cell.GetRolling(), cell.GetCumulative())
		}
		told = append(told, line)
	}
	// 28 February has ended; of the cohort of that day, and of 1 March, no period
	// after it has: no cells, and not cells of 0.
	want := []string{"2026-02-27 3 true 1:1/2/1", "2026-02-28 1 true", "2026-03-01 0 false"}
	if !slices.Equal(told, want) {
		t.Errorf("got  %q\nwant %q", told, want)
	}
	if r := got.GetOverall()[0].GetRollingRate(); r.GetN() != 3 || r.GetMethod() != "wilson" {
		t.Errorf("%v", r)
	}
}

func TestPathsByHand(t *testing.T) {
	a := analyze(t, onPebble(t), nil)
	a.shop(t)
	got := a.ask(t, &profilev1.Analysis{Definition: &profilev1.Analysis_Paths{Paths: &profilev1.Paths{
		Direction: profilev1.PathDirection_PATH_DIRECTION_FROM, Anchor: selects("page", "Home"), Depth: 2,
	}}}).GetPathsResult()
	var told []string
	for _, p := range got.GetPaths() {
		told = append(told, fmt.Sprintf("%s %d %.3f", strings.Join(p.GetSteps(), ">"), p.GetSessions(), p.GetShare()))
	}
	want := []string{"Home>Product Added 3 0.500", "Home 2 0.333", "Home>Chat 1 0.167"}
	if !slices.Equal(told, want) || got.GetSessions() != 6 || got.GetSessionsWithPath() != 6 || got.GetMaxCountError() != 0 {
		t.Errorf("%q of %v", told, got)
	}
}

func TestPortraitByHand(t *testing.T) {
	south := []string{}
	for i := range 40 {
		if i%2 == 0 {
			south = append(south, fmt.Sprintf("c%02d", i))
		}
	}
	a := analyze(t, onPebble(t), map[string][]string{"segments/even": south})
	for i := range 40 {
		c := &profilev1.Customer{Region: "北京"}
		switch {
		case i < 20 && i%2 == 0, i == 21, i == 23, i == 25, i == 27, i == 29: // ten of the even, five of the odd
			c.Region = "广东"
		case i == 20, i == 22:
			c.Region = "四川"
		}
		a.create(t, fmt.Sprintf("c%02d", i), c)
		if i < 30 {
			a.bought(t, fmt.Sprintf("c%02d", i), fmt.Sprint(i), 24*(1+i%3), int64(1000*(1+i%4)))
		}
	}
	asked := &profilev1.Analysis{Definition: &profilev1.Analysis_Portrait{Portrait: &profilev1.Portrait{
		Group: &profilev1.Population{Segment: "segments/even"},
		Attributes: []*profilev1.PortraitAttribute{
			{Field: "customer.region"}, {Field: "orders.revenue.CNY", Edges: []float64{2000}}, {Field: "orders.count"}, {Field: "journey.stage"},
		},
	}}}
	got := a.ask(t, asked)
	r := got.GetPortraitResult()
	if r.GetGroupSize() != 20 || r.GetBaseSize() != 40 || got.GetPopulationSize() != 40 || len(a.listed(t, got, r.GetGroupList(), nil)) != 20 {
		t.Errorf("%v", r)
	}
	var told []string
	for _, d := range r.GetDistributions()[:2] {
		for _, b := range d.GetBins() {
			if b.GetSuppressed() {
				told = append(told, b.GetValue()+" suppressed")
				if b.GetBaseCount() != 0 || b.GetIndex() != nil || b.GetGroupShare() != 0 {
					t.Errorf("a suppressed bin tells %v", b)
				}
				continue
			}
			told = append(told, fmt.Sprintf("%s%v %d/%d %.0f", b.GetValue(), b.GetLower(), b.GetGroupCount(), b.GetBaseCount(), b.GetIndex().GetValue()))
		}
	}
	// Two of Sichuan are too few; of Guangdong and Beijing the smaller goes with them.
	// Revenue: 1,000, 2,000, 3,000, 4,000 in turn, to the first thirty.
	want := []string{"北京0 8/23 70", "广东 suppressed", "四川 suppressed", "0 8/8 200", "2000 7/22 64", "0 5/10 100"}
	if !slices.Equal(told, want) {
		t.Errorf("got  %q\nwant %q", told, want)
	}
	asked.Population = &profilev1.Population{Customers: []string{"customers/c00", "customers/c01", "customers/c02"}}
	op, err := a.analyses.CreateAnalysis(t.Context(), &profilev1.CreateAnalysisRequest{Analysis: asked, AnalysisId: "small"})
	must(t, err)
	op, err = a.operations.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(30 * time.Second)})
	must(t, err)
	failed, err := a.analyses.GetAnalysis(t.Context(), &profilev1.GetAnalysisRequest{Name: "analyses/small"})
	must(t, err)
	if codes.Code(op.GetError().GetCode()) != codes.FailedPrecondition || failed.GetError().GetReason() != "GROUP_TOO_SMALL" ||
		failed.GetState() != profilev1.AnalysisState_ANALYSIS_STATE_FAILED {
		t.Errorf("%v, %v", op, failed)
	}
	_, err = a.analyses.ListAnalysisCustomers(t.Context(), &profilev1.ListAnalysisCustomersRequest{Parent: "analyses/small", List: "group"})
	roomtest.Refused(t, "the list of a failed analysis", err, codes.FailedPrecondition, "ANALYSIS_NOT_DONE", "")
}
