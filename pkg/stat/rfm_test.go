package stat_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/stat"
)

func TestEnglishMapIsTotal(t *testing.T) {
	cells := map[stat.EnglishSegment]int{}
	for r := uint8(1); r <= 5; r++ {
		for f := uint8(1); f <= 5; f++ {
			s, err := stat.EnglishSegmentOf(r, f)
			if err != nil || s.String() == "" {
				t.Fatalf("cell R%d F%d: segment %d, error %v", r, f, s, err)
			}
			cells[s]++
			for m := uint8(1); m <= 5; m++ {
				if _, err := stat.EnglishSegmentOf(r, stat.RFM{R: r, F: f, M: m}.FM()); err != nil {
					t.Fatalf("cell %d%d%d: %v", r, f, m, err)
				}
			}
		}
	}
	names := map[string]bool{}
	for _, s := range stat.EnglishSegments() {
		if cells[s] == 0 {
			t.Errorf("%s has no cell", s)
		}
		names[s.String()] = true
	}
	if len(names) != 11 || len(cells) != 11 {
		t.Errorf("%d names and %d segments with cells, want 11", len(names), len(cells))
	}
}

func TestEnglishMapLandmarks(t *testing.T) {
	for cell, want := range map[[2]uint8]string{
		{5, 5}: "Champions", {5, 4}: "Champions", {4, 5}: "Loyal", {5, 1}: "New Customers",
		{4, 1}: "Promising", {5, 2}: "Potential Loyalists", {3, 3}: "Need Attention",
		{3, 1}: "About To Sleep", {1, 5}: "Cannot Lose Them", {1, 3}: "At Risk",
		{2, 2}: "Hibernating", {1, 1}: "Lost",
	} {
		if got, err := stat.EnglishSegmentOf(cell[0], cell[1]); err != nil || got.String() != want {
			t.Errorf("R%d F%d is %v (%v), want %s", cell[0], cell[1], got, err, want)
		}
	}
	for _, bad := range [][2]uint8{{0, 3}, {6, 3}, {3, 0}, {3, 6}} {
		if _, err := stat.EnglishSegmentOf(bad[0], bad[1]); argumentOf(err) == "" {
			t.Errorf("R%d F%d was taken", bad[0], bad[1])
		}
	}
}

func TestEightGroups(t *testing.T) {
	for _, c := range []struct {
		r, f, m          bool
		chinese, english string
	}{
		{true, true, true, "重要价值", "Important value"},
		{true, false, true, "重要发展", "Important develop"},
		{false, true, true, "重要保持", "Important keep"},
		{false, false, true, "重要挽留", "Important win back"},
		{true, true, false, "一般价值", "General value"},
		{true, false, false, "一般发展", "General develop"},
		{false, true, false, "一般保持", "General keep"},
		{false, false, false, "一般挽留", "General win back"},
	} {
		g := stat.GroupOf(c.r, c.f, c.m)
		if g.Chinese() != c.chinese || g.String() != c.english {
			t.Errorf("R %v F %v M %v: %s %s, want %s %s", c.r, c.f, c.m, g.Chinese(), g, c.chinese, c.english)
		}
	}
	if len(stat.Groups()) != 8 {
		t.Errorf("%d groups", len(stat.Groups()))
	}
}

func TestNamesOfNothing(t *testing.T) {
	if g := stat.Group(200); g.String() != "" || g.Chinese() != "" {
		t.Error("a group that does not exist has a name")
	}
	if stat.EnglishSegment(200).String() != "" || stat.EnglishSegment(0).String() != "" {
		t.Error("a segment that does not exist has a name")
	}
	if got := (stat.RFM{R: 5, F: 4, M: 3}).String() + " " + (stat.RFM{R: 10, F: 9, M: 1}).String(); got != "543 10-9-1" {
		t.Errorf("cells print as %s", got)
	}
}

func TestThresholds(t *testing.T) {
	orders := []int64{1, 1, 1, 2, 10}
	mean, err := stat.MeanThreshold(orders, stat.HigherIsBetter)
	if err != nil || mean.At != 3 || mean.High(3) || !mean.High(4) {
		t.Errorf("mean %+v, %v", mean, err)
	}
	median, err := stat.MedianThreshold([]uint8{5, 1, 2, 4}, stat.HigherIsBetter)
	if err != nil || median.At != 3 {
		t.Errorf("median %+v, %v", median, err)
	}
	days, err := stat.MedianThreshold([]int64{10, 20, 300}, stat.LowerIsBetter)
	if err != nil || !days.High(19) || days.High(20) || days.High(300) {
		t.Errorf("recency threshold %+v, %v", days, err)
	}
	if _, err := stat.MeanThreshold([]int64{}, stat.HigherIsBetter); argumentOf(err) != "values" {
		t.Errorf("mean of nothing: %v", err)
	}
	if _, err := stat.MedianThreshold([]uint8{}, stat.HigherIsBetter); argumentOf(err) != "values" {
		t.Errorf("median of nothing: %v", err)
	}
}

func TestMeanDoesNotOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64().Draw(t, "v")
		n := rapid.IntRange(1, 50).Draw(t, "n")
		values := make([]int64, n)
		for i := range values {
			values[i] = v
		}
		got, err := stat.MeanThreshold(values, stat.HigherIsBetter)
		if err != nil || math.Abs(got.At-float64(v)) > 1e-15*math.Abs(float64(v))*4 {
			t.Fatalf("mean of %d times %d: %v, %v", n, v, got.At, err)
		}
	})
}
