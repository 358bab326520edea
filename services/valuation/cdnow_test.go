package valuation_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// cdnow is the shop of the CDNOW sample.
func cdnow(t testing.TB) *shop {
	t.Helper()
	rows := refdata.CSV(t, "data/cdnow_orders.csv")
	s := newShop()
	s.batch = 100
	for _, row := range rows[1:] {
		at, err := time.Parse(time.DateOnly, row[2])
		if err != nil {
			t.Fatal(err)
		}
		cents, err := strconv.ParseInt(strings.Replace(row[3], ".", "", 1), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		s.buy(row[1], at, cents, row[4], unknown)
	}
	return s
}

func TestCDNOWReference(t *testing.T) {
	var reference struct {
		RFM struct {
			N        int64            `json:"n"`
			Cells    int              `json:"cells"`
			TopCells map[string]int64 `json:"top_cells"`
		} `json:"rfm_cdnow_sample"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	want := reference.RFM
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	got := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "1998-06-30", RfmTies: valuationv1.RfmTies_RFM_TIES_ORDINAL})

	if got.GetCustomers() != want.N || got.GetOrders() != 6919 || len(got.GetRfmCells()) != want.Cells {
		t.Errorf("%d customers, %d orders, %d cells; want %d, 6919, %d",
			got.GetCustomers(), got.GetOrders(), len(got.GetRfmCells()), want.N, want.Cells)
	}
	if len(got.GetRevenue()) != 1 || got.GetRevenue()[0].GetMinorUnits() != 24409194 || got.GetRevenue()[0].GetCurrencyCode() != "USD" {
		t.Errorf("revenue %v, want 244,091.94 USD", got.GetRevenue())
	}
	for cell, n := range want.TopCells {
		if got.GetRfmCells()[cell] != n {
			t.Errorf("cell %s has %d customers, want %d", cell, got.GetRfmCells()[cell], n)
		}
	}
	// Ordinal ties give every score equally often, up to one.
	for name, scores := range map[string][]int64{
		"recency": got.GetRecencyScores(), "frequency": got.GetFrequencyScores(), "monetary": got.GetMonetaryScores(),
	} {
		for i, n := range scores {
			if n != want.N/5 && n != want.N/5+1 {
				t.Errorf("%d customers have %s score %d, want a fifth of %d", n, name, i+1, want.N)
			}
		}
	}
	wantParts(t, got)
	if !warned(got, "CONCENTRATED") {
		t.Errorf("most of these customers bought on one day, which the warnings %v do not tell", got.GetWarnings())
	}
	if all := c.list("", 1000); len(all) != int(want.N) {
		t.Errorf("%d valuations, want %d", len(all), want.N)
	}
}

func TestSharedTies(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, cdnow(t)), frozen)
	got := c.refresh(&valuationv1.ValuationPolicy{AsOfDate: "1998-06-30"})
	wantParts(t, got)
	type values struct{ recency, days, cents int64 }
	scored := map[values]string{}
	for _, v := range c.list("customer_id", 1000) {
		key := values{v.GetRecencyDays(), v.GetOrderDays(), v.GetRevenue()[0].GetMinorUnits()}
		if cell, met := scored[key]; met && cell != v.GetRfm().GetCell() {
			t.Errorf("equal values %+v are scored %s and %s", key, cell, v.GetRfm().GetCell())
		}
		scored[key] = v.GetRfm().GetCell()
	}
	// Whoever bought on one day has one and the same frequency score.
	if scores := got.GetFrequencyScores(); scores[0]+scores[1]+scores[2] > 1500 && scores[0] > 0 && scores[1] > 0 {
		t.Errorf("frequency scores %v part customers with one order day", scores)
	}
}

// wantParts checks that the parts of a summary add up to the whole.
func wantParts(t testing.TB, s *valuationv1.ValuationSummary) {
	t.Helper()
	var inCells, inGroups, inSegments, revenue int64
	for _, n := range s.GetRfmCells() {
		inCells += n
	}
	shares, segmentShares := 0.0, 0.0
	for _, g := range s.GetGroups() {
		inGroups += g.GetCustomers()
		revenue += g.GetRevenue().GetMinorUnits()
		shares += g.GetRevenueShare()
	}
	for _, g := range s.GetSegments() {
		inSegments += g.GetCustomers()
		segmentShares += g.GetRevenueShare()
	}
	n := s.GetCustomers()
	if inCells != n || inGroups != n || inSegments != n || len(s.GetGroups()) != 8 {
		t.Errorf("%d customers, %d in cells, %d in %d groups, %d in segments", n, inCells, inGroups, len(s.GetGroups()), inSegments)
	}
	if n == 0 {
		return
	}
	if total := s.GetRevenue()[0].GetMinorUnits(); revenue != total {
		t.Errorf("the groups' revenue is %d, the whole %d", revenue, total)
	}
	if s.GetRevenue()[0].GetMinorUnits() > 0 && (shares < 0.999999 || shares > 1.000001 || segmentShares < 0.999999 || segmentShares > 1.000001) {
		t.Errorf("the shares add up to %g and %g", shares, segmentShares)
	}
}

func warned(s *valuationv1.ValuationSummary, reason string) bool {
	for _, w := range s.GetWarnings() {
		if w.GetReason() == reason {
			return true
		}
	}
	return false
}
