package report

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/sample"
)

func TestColumnsStayInTheChart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		heights := rapid.SliceOfN(rapid.Float64Range(-5, 1e12), 1, 60).Draw(t, "heights")
		all := columnsOf(heights, 0)
		left := 0.0
		for i, c := range all {
			if c.X < left || c.X+c.Width > 100 || c.Height < 0 || math.Abs(c.Y+c.Height-plotBottom) > 1e-9 || c.Y < plotTop-1e-9 {
				t.Fatalf("column %d of %d lies outside: %+v", i, len(all), c)
			}
			left = c.X + c.Width
			if i > 0 && (heights[i] > heights[i-1]) != (c.Height > all[i-1].Height) && max(heights[i], heights[i-1]) > 0 && math.Abs(c.Height-all[i-1].Height) > 1e-9 {
				t.Fatalf("columns %v are in another order than %v", all, heights)
			}
		}
	})
}

func TestGridIsRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := math.Pow(10, rapid.Float64Range(-1, 12).Draw(t, "exponent"))
		lines, top := speech{lang: "en"}.grid(most)
		if top < most || top > 2.01*most || len(lines) < 2 || len(lines) > 5 {
			t.Fatalf("%d lines up to %g for %g", len(lines), top, most)
		}
		for i, line := range lines {
			if i > 0 && line.Y >= lines[i-1].Y {
				t.Fatalf("lines %+v do not rise", lines)
			}
		}
	})
	if lines, top := (speech{}).grid(0); lines != nil || top != 0 {
		t.Errorf("a grid for nothing: %v", lines)
	}
	zh, _ := speech{lang: "zh"}.grid(4_000_000)
	if got := zh[0].Label; got != "200万" && got != "100万" {
		t.Errorf("first line %q", got)
	}
}

func TestMonthsThatHaveNotEndedAreBlank(t *testing.T) {
	r := sample.New(1, 3000, 30).Report()
	h := heatOf(r.Cohorts)
	byMonth := map[string]analysis.Cohort{}
	for _, c := range r.Cohorts.Cohorts {
		byMonth[c.Month] = c
	}
	if len(h.Rows) != heatRows || h.Older != 6 || len(h.Months) < paperRoom {
		t.Fatalf("%d rows, %d older, %d months", len(h.Rows), h.Older, len(h.Months))
	}
	darkest := 0
	for _, row := range h.Rows {
		c := byMonth[row.Month]
		for i, cell := range row.Cells {
			ended := i+1 < len(c.Retention)
			if ended != (cell.Text != "") {
				t.Errorf("%s +%d: %q, has ended: %v", row.Month, i+1, cell.Text, ended)
			}
			if cell.Level < 0 || cell.Level > levels || ended && c.Retention[i+1] == 0 && (cell.Level != 0 || cell.Text != "0") {
				t.Errorf("%s +%d: level %d of %v", row.Month, i+1, cell.Level, c.Retention[i+1])
			}
			darkest = max(darkest, cell.Level)
		}
	}
	if darkest != levels {
		t.Errorf("the darkest shade is %d", darkest)
	}
}

func TestFiguresForPeople(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{percent(0), "0.0%"}, {percent(0.0001), "<0.1%"}, {percent(0.4567), "45.7%"}, {percent(1), "100.0%"},
		{moneyIn("1234.50", "CNY"), "¥1,234.50"}, {moneyIn("-1234.50", "USD"), "-$1,234.50"}, {moneyIn("5", "XXQ"), "5 XXQ"}, {moneyIn("5", ""), "5"},
		{days(37.4), "37.4"}, {days(1200), "1,200"}, {speech{lang: "zh"}.date("2024-11-01"), "2024年11月1日"}, {speech{lang: "en"}.date("2024-11-01"), "1 November 2024"},
		{speech{}.date(""), ""}, {unfinishedMonth("2024-02-28"), "2024-02"}, {unfinishedMonth("2024-02-29"), ""}, {unfinishedMonth("x"), ""},
		{speech{lang: "en"}.short(1.5e6), "1.5M"}, {speech{lang: "en"}.short(20000), "20,000"},
	} {
		if test.got != test.want {
			t.Errorf("%q, want %q", test.got, test.want)
		}
	}
}
