package workbook_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/workbook"
)

// save writes a workbook that fill has filled.
func save(t testing.TB, fill func(*excelize.File)) string {
	t.Helper()
	file := excelize.NewFile()
	fill(file)
	path := filepath.Join(t.TempDir(), "orders.xlsx")
	if err := file.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// put fills a sheet from the row given on.
func put(t testing.TB, file *excelize.File, sheet string, row int, rows ...[]any) {
	t.Helper()
	for i, cells := range rows {
		at, err := excelize.CoordinatesToCellName(1, row+i)
		if err == nil {
			err = file.SetSheetRow(sheet, at, &cells)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func convert(t testing.TB, path, sheet string) (*workbook.CSV, [][]string) {
	t.Helper()
	if is, err := workbook.Is(path); !is || err != nil {
		t.Fatalf("is a workbook: %v, %v", is, err)
	}
	c, err := workbook.Convert(path, sheet, progress.Reporter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Remove() })
	text, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return c, rows
}

func equal(t *testing.T, got [][]string, want ...[]string) {
	t.Helper()
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestValues(t *testing.T) {
	path := save(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 1,
			[]any{"订单编号", "金额", "付款时间", "备注"},
			[]any{"1234567890123456789", 19.99, time.Date(2024, 11, 11, 0, 3, 59, 0, time.UTC), `="007"`},
			[]any{"00123", 0.1, 45607.5, "甲,\"乙\"\n丙"},
			[]any{1234567890123456789.0, 0.05, nil, 1e6},
		)
		for cell, value := range map[string]string{"B2": "19.989999999999998", "B4": "5.0000000000000003E-2"} {
			if err := f.SetCellDefault("Sheet1", cell, value); err != nil {
				t.Fatal(err)
			}
		}
	})
	c, rows := convert(t, path, "")
	equal(t, rows,
		[]string{"订单编号", "金额", "付款时间", "备注"},
		[]string{"1234567890123456789", "19.99", "45607.0027662037", `="007"`},
		[]string{"00123", "0.1", "45607.5", "甲,\"乙\"\n丙"},
		[]string{"1234567890123456800", "0.05", "", "1000000"},
	)
	if c.Rows != 3 || c.Sheet != "Sheet1" || len(c.Others) != 0 {
		t.Errorf("%+v", c)
	}
	info, err := os.Stat(c.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v: others must not read it", info.Mode(), err)
	}
	if err := c.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(c.Path)); !os.IsNotExist(err) {
		t.Errorf("something is left behind: %v", err)
	}
}

// TestRoundedByExcel: the form in which Excel stores a number of more digits than it has.
func TestRoundedByExcel(t *testing.T) {
	path := save(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 1, []any{"id", "amount"}, []any{1, 2})
		if err := f.SetCellDefault("Sheet1", "A2", "1.2345678901234568E+18"); err != nil {
			t.Fatal(err)
		}
	})
	_, rows := convert(t, path, "")
	equal(t, rows, []string{"id", "amount"}, []string{"1.2345678901234568E+18", "2"})
}

func TestBlankRowsAndRaggedOnes(t *testing.T) {
	path := save(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 3, []any{"a", "b", "c"}, []any{1}, []any{}, []any{" "}, []any{2, nil, 3, 4}, []any{nil, "", " "})
	})
	_, rows := convert(t, path, "")
	equal(t, rows,
		[]string{"a", "b", "c"}, []string{"1", "", ""}, []string{"", "", ""}, []string{"", "", ""}, []string{"2", "", "3", "4"})
}

func TestFormulas(t *testing.T) {
	path := save(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 1, []any{"id", "amount"}, []any{1, 12.5})
		if err := f.SetCellFormula("Sheet1", "B2", "10+2.5"); err != nil {
			t.Fatal(err)
		}
	})
	_, rows := convert(t, path, "")
	equal(t, rows, []string{"id", "amount"}, []string{"1", "12.5"})
}

func TestSheets(t *testing.T) {
	path := save(t, func(f *excelize.File) {
		for _, name := range []string{"说明", "空", "订单", "更多"} {
			if _, err := f.NewSheet(name); err != nil {
				t.Fatal(err)
			}
		}
		put(t, f, "Sheet1", 1, []any{"hidden"})
		put(t, f, "订单", 1, []any{"orders"})
		put(t, f, "更多", 1, []any{"more"})
		f.SetActiveSheet(2)
		if err := f.SetSheetVisible("Sheet1", false); err != nil {
			t.Fatal(err)
		}
	})
	c, rows := convert(t, path, "")
	equal(t, rows, []string{"orders"})
	if c.Sheet != "订单" || !slices.Equal(c.Others, []string{"说明", "空", "更多"}) {
		t.Errorf("%+v", c)
	}
	_, rows = convert(t, path, "更多")
	equal(t, rows, []string{"more"})
	_, rows = convert(t, path, "sheet1")
	equal(t, rows, []string{"hidden"})
	for sheet, says := range map[string]string{"无": "说明, 空, 订单, 更多", "空": "nothing on the sheet"} {
		if _, err := workbook.Convert(path, sheet, progress.Reporter{}); !refused(err, says) {
			t.Errorf("sheet %s: %v", sheet, err)
		}
	}
}

// TestAnyTable holds what is read against what was written, and a second reading
// against the first.
func TestAnyTable(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		cell := rapid.StringMatching(`[a-z0-9一-龥,;"'=+@ <&>\n]{1,12}x`)
		width := rapid.IntRange(1, 5).Draw(rt, "width")
		want := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 1, 8).Draw(rt, "rows")
		file := excelize.NewFile()
		for i, row := range want {
			cells := make([]any, len(row))
			for j := range row {
				cells[j] = row[j]
			}
			put(t, file, "Sheet1", i+1, cells)
		}
		path := filepath.Join(dir, "any.xlsx")
		if err := file.SaveAs(path); err != nil {
			rt.Fatal(err)
		}
		first, got := convert(t, path, "")
		second, _ := convert(t, path, "")
		if !slices.EqualFunc(got, want, slices.Equal) {
			rt.Fatalf("got %q, want %q", got, want)
		}
		one, _ := os.ReadFile(first.Path)
		two, _ := os.ReadFile(second.Path)
		if !bytes.Equal(one, two) {
			rt.Fatal("the same workbook gives other bytes")
		}
		for _, c := range []*workbook.CSV{first, second} {
			if err := c.Remove(); err != nil {
				rt.Fatal(err)
			}
		}
	})
}

// TestLargeSheet is one whose texts and cells do not fit in memory as they should.
func TestLargeSheet(t *testing.T) {
	const n = 15_000
	path := save(t, func(f *excelize.File) {
		rows := [][]any{{"id", "title"}}
		for i := range n {
			rows = append(rows, []any{strconv.Itoa(i) + "号", "a title of its own, " + strings.Repeat("长", 120) + strconv.Itoa(i)})
		}
		put(t, f, "Sheet1", 1, rows...)
	})
	_, rows := convert(t, path, "")
	if len(rows) != n+1 {
		t.Fatalf("%d rows, want %d", len(rows), n+1)
	}
	for i, row := range rows[1:] {
		if row[0] != strconv.Itoa(i)+"号" || !strings.HasSuffix(row[1], "长"+strconv.Itoa(i)) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
}

// repack writes the archive at path anew with its parts as change leaves them.
func repack(t *testing.T, path string, change func(name string, content []byte) []byte) string {
	t.Helper()
	in, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range in.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		to, err := w.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(change(part.Name, content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return write(t, out.Bytes())
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.xlsx")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func refused(err error, says string) bool {
	return fault.KindOf(err) == fault.InvalidArgument && strings.Contains(err.Error(), says)
}
