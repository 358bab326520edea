package stat_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/stat"
)

// reference are figures computed by independent tools on public data.
type reference struct {
	NPS struct {
		NPS  float64    `json:"nps"`
		SE   float64    `json:"se"`
		CI95 [2]float64 `json:"ci95"`
	} `json:"nps_450_300_250"`
	RFM struct {
		N        int            `json:"n"`
		Cells    int            `json:"cells"`
		TopCells map[string]int `json:"top_cells"`
	} `json:"rfm_cdnow_sample"`
}

func readReference(t *testing.T) reference {
	t.Helper()
	var r reference
	refdata.JSON(t, "reference/segments_stats.json", &r)
	return r
}

func TestNPSReference(t *testing.T) {
	want := readReference(t).NPS
	got, err := stat.EstimateNPS(stat.NPSCounts{Promoters: 450, Passives: 300, Detractors: 250}, 0.95, stat.MethodWald)
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]float64{
		"nps": {got.Value, want.NPS}, "se": {got.StdErr, want.SE},
		"low": {got.Low, want.CI95[0]}, "high": {got.High, want.CI95[1]},
	} {
		if !near(pair[0], pair[1], 1e-9) {
			t.Errorf("%s is %.12f, want %.12f", name, pair[0], pair[1])
		}
	}
}

type history struct {
	days  map[string]bool
	last  time.Time
	cents int64
}

// cdnow reads the raw orders: recency in days on 1998-06-30, distinct order days
// and cents, in order of customer id.
func cdnow(t *testing.T) (recency, frequency, monetary []int64) {
	t.Helper()
	rows := refdata.CSV(t, "data/cdnow_orders.csv")
	customers := map[string]*history{}
	for _, row := range rows[1:] {
		day, err := time.Parse(time.DateOnly, row[2])
		if err != nil {
			t.Fatal(err)
		}
		cents, err := strconv.ParseInt(strings.Replace(row[3], ".", "", 1), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		h := customers[row[1]]
		if h == nil {
			h = &history{days: map[string]bool{}}
			customers[row[1]] = h
		}
		h.days[row[2]] = true
		h.cents += cents
		if day.After(h.last) {
			h.last = day
		}
	}
	asOf := time.Date(1998, 6, 30, 0, 0, 0, 0, time.UTC)
	for _, id := range slices.Sorted(maps.Keys(customers)) {
		h := customers[id]
		recency = append(recency, int64(asOf.Sub(h.last)/(24*time.Hour)))
		frequency = append(frequency, int64(len(h.days)))
		monetary = append(monetary, h.cents)
	}
	return recency, frequency, monetary
}

func TestRFMReference(t *testing.T) {
	want := readReference(t).RFM
	recency, frequency, monetary := cdnow(t)
	r := score(t, recency, 5, stat.OrdinalTies, stat.LowerIsBetter)
	f := score(t, frequency, 5, stat.OrdinalTies, stat.HigherIsBetter)
	m := score(t, monetary, 5, stat.OrdinalTies, stat.HigherIsBetter)
	cells := map[string]int{}
	for i := range r {
		cells[stat.RFM{R: r[i], F: f[i], M: m[i]}.String()]++
	}
	if len(r) != want.N || len(cells) != want.Cells {
		t.Errorf("%d customers in %d cells, want %d in %d", len(r), len(cells), want.N, want.Cells)
	}
	for cell, n := range want.TopCells {
		if cells[cell] != n {
			t.Errorf("cell %s holds %d customers, want %d", cell, cells[cell], n)
		}
	}
	if c, ok := stat.Concentrated(frequency); !ok || c.Value != 1 {
		t.Errorf("most of these customers bought once, got %+v %v", c, ok)
	}
}
