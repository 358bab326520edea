package importer

import (
	"slices"
	"testing"
)

// Batches that were cut differently, some of which did not become durable, leave
// lines that overlap; each row counts once.
func TestOverlappingLines(t *testing.T) {
	lineOf := func(rows ...int64) *line {
		l := &line{order: "run!o"}
		for _, row := range rows {
			l.Rows = append(l.Rows, staged{Row: row})
		}
		l.ID = "run!o!" + rowKey(rows[0]) + "-" + rowKey(rows[len(rows)-1])
		return l
	}
	lines := []*line{lineOf(5, 6), lineOf(5, 6, 7), lineOf(7, 8), lineOf(8), lineOf(8, 12), lineOf(13)}
	if !slices.IsSortedFunc(lines, func(a, b *line) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	}) {
		t.Fatal("the lines are not in the order of their ids")
	}
	a, o := &assembler{}, &order{}
	for _, l := range lines {
		if !o.holds(l) {
			t.Fatalf("%s is of another order", l.ID)
		}
		if err := a.addLine(t.Context(), o, l); err != nil {
			t.Fatal(err)
		}
	}
	var rows []int64
	for _, row := range o.rows {
		rows = append(rows, row.Row)
	}
	if !slices.Equal(rows, []int64{5, 6, 7, 8, 12, 13}) {
		t.Errorf("rows %v", rows)
	}
}
