package segmentation_test

import (
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc/codes"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// A published segment is measured by itself, each day once, with who came and went
// since the day before.
func TestSegmentsAreMeasuredEveryDay(t *testing.T) {
	onBothEngines(t, func(w *world) {
		w.stop()
		w.sweep = time.Second
		w.start()
		w.shop.fill(8)
		w.create("buyers", `orders.count > 2`)
		w.create("idle", `orders.count == 0`)
		w.publish("buyers")
		first := w.measured("buyers", 1)[0]
		if first.GetMemberCount() != 5 || first.GetName() != "segments/buyers/kpis/2026-03-01" || first.GetPreviousTime() != nil || first.GetEntered() != 0 ||
			first.GetWindowDays() != 30 || first.GetTimeZone() != "UTC" || first.Satisfaction != nil {
			t.Errorf("the first day: %v", first)
		}
		w.clock.advance(24 * time.Hour)
		w.measured("buyers", 2)
		for _, id := range []string{"c06", "c07"} { // their orders were returned
			w.shop.bought(id, &valuationv1.Valuation{Orders: 1})
		}
		w.shop.refresh()
		w.recompute()
		w.clock.advance(24 * time.Hour)
		days := w.measured("buyers", 3)
		third := days[0]
		if third.GetMemberCount() != 3 || third.GetLeft() != 2 || third.GetEntered() != 0 || !third.GetPreviousTime().AsTime().Equal(days[1].GetAsOf().AsTime()) {
			t.Errorf("the third day: %v", third)
		}
		one, err := w.kpis.GetSegmentKpi(w.Context(), &segmentationv1.GetSegmentKpiRequest{Name: third.GetName()})
		if err != nil || one.GetGeneration() != third.GetGeneration() {
			t.Errorf("got %v, %v", one, err)
		}
		if n := len(w.measured("idle", 0)); n != 0 {
			t.Errorf("a draft was measured on %d days", n)
		}
		some, err := w.kpis.ListSegmentKpis(w.Context(), &segmentationv1.ListSegmentKpisRequest{
			Parent: "segments/buyers", From: &date.Date{Year: 2026, Month: 3, Day: 2}, To: &date.Date{Year: 2026, Month: 3, Day: 3}, PageSize: 1,
		})
		if err != nil || len(some.GetKpis()) != 1 || some.GetKpis()[0].GetName() != third.GetName() || some.GetNextPageToken() == "" {
			t.Errorf("the page is %v, %v", some, err)
		}
		_, err = w.kpis.GetSegmentKpi(w.Context(), &segmentationv1.GetSegmentKpiRequest{Name: "segments/buyers/kpis/2026-02-27"})
		wantError(w, err, codes.NotFound, "KPI_NOT_FOUND", "")
		_, err = w.kpis.GetSegmentKpi(w.Context(), &segmentationv1.GetSegmentKpiRequest{Name: "segments/buyers/kpis/today"})
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		_, err = w.kpis.ListSegmentKpis(w.Context(), &segmentationv1.ListSegmentKpisRequest{Parent: "segments/buyers", From: &date.Date{Year: 2026, Month: 2, Day: 30}})
		wantError(w, err, codes.InvalidArgument, "INVALID_FIELD", "from")
		_, err = w.kpis.ListSegmentKpis(w.Context(), &segmentationv1.ListSegmentKpisRequest{Parent: "segments/nosuch"})
		wantError(w, err, codes.NotFound, "SEGMENT_NOT_FOUND", "")
	})
}

// measured waits until a segment was measured on so many days, and returns them.
func (w *world) measured(segment string, days int) []*segmentationv1.SegmentKpi {
	w.Helper()
	for until := time.Now().Add(within); ; {
		answer, err := w.kpis.ListSegmentKpis(w.Context(), &segmentationv1.ListSegmentKpisRequest{Parent: "segments/" + segment})
		if err != nil {
			w.Fatal(err)
		}
		if len(answer.GetKpis()) >= days {
			return answer.GetKpis()
		}
		if time.Now().After(until) {
			w.Fatalf("%s was measured on %d days, not %d", segment, len(answer.GetKpis()), days)
		}
		select {
		case <-w.Context().Done():
			w.Fatal(w.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
