package workbook_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/workbook"
)

// archive is a zip file of the parts given.
func archive(t *testing.T, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range parts {
		to, err := w.Create(name)
		if err == nil {
			_, err = to.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestIs(t *testing.T) {
	many := map[string]string{"xl/workbook.xml": ""}
	for i := range 10_001 {
		many[fmt.Sprintf("xl/media/%d.png", i)] = ""
	}
	sheet := archive(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": strings.Repeat(" ", 70<<20)})
	for _, c := range []struct {
		name    string
		content []byte
		is      bool
		says    string // the refusal
	}{
		{"empty", nil, false, ""},
		{"text", []byte("order_id,amount\n"), false, ""},
		{"two bytes", []byte("PK"), false, ""},
		{"picture", []byte("\x89PNG\r\n\x1a\n"), false, ""},
		{"xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and more"), false, "save it as .xlsx"},
		{"zip", archive(t, map[string]string{"orders.csv": "a,b"}), false, "unpack it"},
		{"xlsb", archive(t, map[string]string{"xl/workbook.bin": ""}), false, "save it as .xlsx"},
		{"ods", archive(t, map[string]string{"content.xml": ""}), false, "save it as .xlsx"},
		{"cut zip", sheet[:len(sheet)/2], false, "damaged"},
		{"zip signature alone", []byte("PK\x03\x04"), false, "damaged"},
		{"bomb", sheet, false, "times its size"},
		{"many parts", archive(t, many), false, "parts"},
		{"declared 3 GiB", claim(t, archive(t, map[string]string{"xl/workbook.xml": "<workbook/>"}), 3<<30), false, "2 GiB"},
		{"workbook", archive(t, map[string]string{"xl/workbook.xml": "<workbook/>"}), true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			is, err := workbook.Is(write(t, c.content))
			switch {
			case c.says == "" && err != nil, c.says != "" && !refused(err, c.says):
				t.Errorf("%v, want %q", err, c.says)
			case c.says == "" && is != c.is:
				t.Errorf("is a workbook: %v", is)
			}
		})
	}
}

// claim changes the unzipped size that the directory of an archive states of its last part.
func claim(t *testing.T, archive []byte, size uint32) []byte {
	t.Helper()
	at := bytes.LastIndex(archive, []byte("PK\x01\x02"))
	if at < 0 {
		t.Fatal("no directory")
	}
	binary.LittleEndian.PutUint32(archive[at+24:], size)
	return archive
}

// TestDamage gives workbooks that are broken inside. None may be taken for a
// shorter one.
func TestDamage(t *testing.T) {
	good := save(t, func(f *excelize.File) {
		put(t, f, "Sheet1", 1, []any{"id", "title"}, []any{1, "first"}, []any{2, "second"}, []any{3, "third"})
	})
	in := func(part, old, other string) func(string, []byte) []byte {
		return func(name string, content []byte) []byte {
			if name != part {
				return content
			}
			changed := bytes.Replace(content, []byte(old), []byte(other), 1)
			if bytes.Equal(changed, content) {
				t.Fatalf("%s does not hold %q: %s", part, old, content)
			}
			return changed
		}
	}
	const sheet = "xl/worksheets/sheet1.xml"
	for _, c := range []struct {
		name   string
		change func(string, []byte) []byte
		says   string
	}{
		{"control character", in(sheet, `<c r="A3">`, "<c r=\"A3\"><!-- \x0b -->"), "control character"},
		{"broken markup", in(sheet, `<row r="3">`, `<row r="3"><`), "breaks off"},
		{"row beyond the last", in(sheet, `<row r="4">`, `<row r="1048577">`), "damaged"},
		{"cell without a column", in(sheet, `r="A3"`, `r="3"`), "damaged"},
		{"no sheets", in("xl/workbook.xml", `<sheet name`, `<shoot name`), ""},
		{"from 1904", in("xl/workbook.xml", `<workbookPr`, `<workbookPr date1904="1"`), "1904"},
		{"broken workbook", in("xl/workbook.xml", `<sheets>`, `<sheets`), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := repack(t, good, c.change)
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			got, err := workbook.Convert(path, "", progress.Reporter{})
			if !refused(err, c.says) {
				t.Errorf("%+v, %v, want %q", got, err, c.says)
			}
			if left, _ := os.ReadDir(temporary); len(left) > 0 {
				t.Errorf("%s is left behind", left[0].Name())
			}
		})
	}
}
