package table_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

func open(t *testing.T, text string, f table.Format) (*table.Table, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := table.Open(path, f, progress.Reporter{})
	if err == nil {
		t.Cleanup(func() {
			if err := opened.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	return opened, err
}

func all(t *testing.T, from *table.Table) (rows [][]string) {
	t.Helper()
	for {
		cells, err := from.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, slices.Clone(cells))
	}
}

func TestReadsWhatSpreadsheetsWrite(t *testing.T) {
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("周,逮捕\n20,1\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text   string
		titles []string
	}{
		"plain":      {"week,arrest\n20,1\n", []string{"week", "arrest"}},
		"mark, CRLF": {"\ufeffweek,arrest\r\n20,1\r\n", []string{"week", "arrest"}},
		"semicolons": {"week;arrest\n20;1\n", []string{"week", "arrest"}},
		"tabs":       {"week\tarrest\n20\t1", []string{"week", "arrest"}},
		"quotes":     {"\"week;s\",\" arrest \"\n\"20\",\"1\"\n\n", []string{"week;s", "arrest"}},
		"GB18030":    {gb, []string{"周", "逮捕"}},
	} {
		opened, err := open(t, c.text, table.Format{Encoding: "auto", Delimiter: "auto"})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if rows := all(t, opened); !slices.Equal(opened.Titles, c.titles) || len(rows) != 1 || !slices.Equal(rows[0], []string{"20", "1"}) {
			t.Errorf("%s: %q, %q", name, opened.Titles, rows)
		}
	}
}

func TestRefusesWhatIsNoTable(t *testing.T) {
	for reason, text := range map[string]string{
		"FILE_EMPTY":            "",
		"FILE_ENCODING_UNKNOWN": "week\n\xff\xfe\n",
		"ROW_NOT_TEXT":          "week\n\x00\n",
		"ROW_TOO_LONG":          "week\n" + strings.Repeat("1", table.MaxRowBytes+1),
		"FILE_TOO_MANY_COLUMNS": strings.Repeat("a,", table.MaxColumns) + "\n",
		"ROW_RAGGED":            "week,arrest\n1\n",
		"ROW_MALFORMED":         "week,arrest\n1,\"2\"3\n",
	} {
		opened, err := open(t, text, table.Format{})
		for err == nil {
			_, err = opened.Next()
		}
		if fault.ReasonOf(err) != reason || fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%s: %v", reason, err)
		}
	}
	if _, err := open(t, "a\n1\n", table.Format{Sheet: "x"}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("a sheet of a text file: %v", err)
	}
}

func TestColumnsByTitle(t *testing.T) {
	opened, err := open(t, "Week,week,arrest,ARREST,Fin\n1,2,3,4,5\n", table.Format{})
	if err != nil {
		t.Fatal(err)
	}
	for title, want := range map[string]int{"week": 1, "Week": 0, "fin": 4} {
		if got, err := opened.Column(title); got != want || err != nil {
			t.Errorf("%s is column %d, %v", title, got, err)
		}
	}
	if _, err := opened.Column("Arrest"); fault.ReasonOf(err) != "COLUMN_AMBIGUOUS" {
		t.Errorf("Arrest: %v", err)
	}
	if _, err := opened.Column("prio"); fault.ReasonOf(err) != "COLUMN_NOT_FOUND" || !strings.Contains(err.Error(), "Fin") {
		t.Errorf("prio: %v", err)
	}
	if _, err := opened.Next(); err != nil {
		t.Fatal(err)
	}
	if err := opened.Wrong(4, "5", "must be 0 or 1"); err.Error() != `row 1, column Fin: must be 0 or 1, is "5"` {
		t.Error(err)
	}
}

func TestCells(t *testing.T) {
	for cell, want := range map[string]float64{"1": 1, " -1.5 ": -1.5, "2e-3": 0.002, "+.5": 0.5} {
		if got, ok := table.Number(cell); got != want || !ok {
			t.Errorf("%q is %v, %v", cell, got, ok)
		}
	}
	for _, cell := range []string{"", "NaN", "inf", "Infinity", "1,000", "0x10", "1_000", "1e999", "--1", "１", "1 2"} {
		if got, ok := table.Number(cell); ok {
			t.Errorf("%q is %v", cell, got)
		}
	}
	if !table.Missing(" ") || !table.Missing("NA") || table.Missing("NaN") || table.Missing("0") {
		t.Error("missing is nothing or NA")
	}
	for cell, want := range map[string]bool{"0": false, "1": true, "TRUE": true, "False": false} {
		if got, ok := table.Truth(cell); got != want || !ok {
			t.Errorf("%q is %v, %v", cell, got, ok)
		}
	}
	if _, ok := table.Truth("2"); ok {
		t.Error("2 is no truth")
	}
}
