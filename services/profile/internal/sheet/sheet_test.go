package sheet

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
)

// tester is a test, or a check of rapid's within one.
type tester interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// record is what a test compares of a row.
type record struct {
	Number int64
	End    int64
	Text   string
	Fields []string
	Reason string
}

// readAll reads a file in chunks of the given sizes, the last of which repeats,
// and returns its rows and the reason for which reading ended early.
func readAll(t tester, data string, columns int, sizes ...int) (rows []record, failure string) {
	t.Helper()
	rows, _, failure = readAs(t, Format{}, data, columns, sizes...)
	return rows, failure
}

// readAs is readAll of a file of which the format is known, or a part of it. It
// returns the format that was found, too.
func readAs(t tester, format Format, data string, columns int, sizes ...int) (rows []record, found Format, failure string) {
	t.Helper()
	r, err := NewReader(Mark{}, format)
	if err != nil {
		t.Fatal(err)
	}
	r.Expect(columns)
	rest := data
	for n := 0; ; n++ {
		size := min(sizes[min(n, len(sizes)-1)], len(rest))
		r.Feed([]byte(rest[:size]), size == len(rest))
		rest = rest[size:]
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return rows, r.Format(), fault.ReasonOf(err)
			}
			rows = append(rows, recordOf(t, r, row))
		}
		if rest == "" {
			break
		}
	}
	if mark, err := r.Mark(); err != nil || mark.Offset != int64(len(data)) {
		t.Fatalf("read up to %d of %d bytes (%v)", mark.Offset, len(data), err)
	}
	if sum := sha256.Sum256([]byte(data)); string(r.Sum()) != string(sum[:]) {
		t.Fatal("the digest is not that of the file")
	}
	return rows, r.Format(), ""
}

func recordOf(t tester, r *Reader, row Row) record {
	t.Helper()
	mark, err := r.Mark()
	if err != nil {
		t.Fatal(err)
	}
	out := record{Number: row.Number, End: mark.Offset, Text: row.Text, Fields: append([]string(nil), row.Fields...)}
	if row.Fault != nil {
		out.Reason = row.Fault.Reason
	}
	return out
}

// whole reads a file in one chunk.
func whole(t tester, data string, columns int) ([]record, string) {
	return readAll(t, data, columns, len(data)+1)
}

var field = rapid.StringOfN(rapid.RuneFrom([]rune("ab1,\"\n\r\t ;客户龘é€😀.-"), unicode.Han), 0, 6, -1)

// A table that encoding/csv writes is read as it was, wherever it is cut, with any
// delimiter and in each encoding.
func TestReadsWhatCSVWriterWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "width")
		table := rapid.SliceOfN(rapid.SliceOfN(field, width, width), 1, 8).Draw(t, "table")
		format := Format{
			Encoding:  rapid.SampledFrom([]Encoding{UTF8, GB18030}).Draw(t, "encoding"),
			Delimiter: rapid.SampledFrom(Delimiters).Draw(t, "delimiter"),
		}
		crlf := rapid.Bool().Draw(t, "crlf")
		data := written(t, table, format, crlf)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "sizes")
		rows, _, failure := readAs(t, format, data, width, sizes...)
		if failure != "" || len(rows) != len(table) {
			t.Fatalf("%d rows of %d, %s", len(rows), len(table), failure)
		}
		for i, row := range rows {
			want := table[i]
			if crlf { // csv.Writer writes line breaks in fields as CR LF then
				want = mapped(want, func(s string) string {
					return strings.ReplaceAll(strings.ReplaceAll(s, "\r", ""), "\n", "\r\n")
				})
			}
			if row.Reason != "" || row.Number != int64(i) || !reflect.DeepEqual(row.Fields, want) {
				t.Fatalf("row %d: %+v, want %q", i, row, want)
			}
		}
	})
}

// written is a table as a file.
func written(t tester, table [][]string, format Format, crlf bool) string {
	t.Helper()
	var file strings.Builder
	w := csv.NewWriter(&file)
	w.Comma, w.UseCRLF = rune(format.Delimiter[0]), crlf
	if err := w.WriteAll(table); err != nil {
		t.Fatal(err)
	}
	if format.Encoding != GB18030 {
		return file.String()
	}
	return gb(t, file.String())
}

func gb(t tester, text string) string {
	t.Helper()
	data, err := simplifiedchinese.GB18030.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mapped(in []string, f func(string) string) []string {
	out := make([]string, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}

// Whatever the bytes, the cuts do not matter, and every byte belongs to one row.
func checkAnyBytes(t tester, format Format, data string, sizes ...int) {
	want, wantFormat, wantFailure := readAs(t, format, data, 3, len(data)+1)
	got, found, failure := readAs(t, format, data, 3, sizes...)
	if failure != wantFailure || found != wantFormat || !reflect.DeepEqual(got, want) {
		t.Fatalf("cut into %v:\n%+v %v %s\nin one piece:\n%+v %v %s", sizes, got, found, failure, want, wantFormat, wantFailure)
	}
	end := int64(0)
	if wantFormat.Syntax == JSONLines {
		end = -1 // the header is a row of no bytes
	}
	for i, row := range want {
		if row.Number != int64(i) || row.End <= end || row.End > int64(len(data)) {
			t.Fatalf("row %d ends at %d behind %d of %d: %+v", i, row.End, end, len(data), row)
		}
		end = row.End
	}
}

var formats = rapid.Custom(func(t *rapid.T) Format {
	return Format{
		Encoding:  rapid.SampledFrom([]Encoding{Open, UTF8, GB18030}).Draw(t, "encoding"),
		Delimiter: rapid.SampledFrom(append([]string{""}, Delimiters...)).Draw(t, "delimiter"),
	}
})

func TestCutsDoNotMatter(t *testing.T) {
	pieces := []string{"a", "1", ",", ";", "\t", "\"", "=\"", "=", "\n", "\r", "\r\n", " ", "\x00", "客", "é", "\xbf\xcd\xbb\xa7", "\xc9\xcf", "\x81\x30\x81\x30", "\xff", "\x80", "\xef\xbb\xbf"}
	rapid.Check(t, func(t *rapid.T) {
		data := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), "")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "sizes")
		checkAnyBytes(t, formats.Draw(t, "format"), data, sizes...)
	})
}

func TestAnyBytes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := string(rapid.SliceOf(rapid.Byte()).Draw(t, "data"))
		checkAnyBytes(t, formats.Draw(t, "format"), data, rapid.IntRange(1, 5).Draw(t, "size"))
	})
}

func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		"a,b,c\n1,2,3\r\n4,5,6\r7,8,9", "\"a\"\"b\",\"c\nd\",e\n", "\xef\xbb\xbfa,b\n\"x\n", "a\"b,c\n\"d\"e,f\n",
		"PK\x03\x04....", "\xff\xfea\x00", "a,b,c\n\x00,\xff,\n\n\n", "\"",
	} {
		f.Add(seed, 3)
	}
	f.Fuzz(func(t *testing.T, data string, size int) {
		checkAnyBytes(t, Format{}, data, min(max(size, 1), 1<<16))
	})
}

// Reading goes on behind any row as if it had never stopped.
func TestGoesOnAtAnyMark(t *testing.T) {
	const text = "id,name\n1,\"a\nb\"\r\n\n2,c\r3,\"d\n4,e\"\"\n5,\"f\"g\n客户六,h\n7,客\n\n\n"
	for _, data := range []string{text, "\xef\xbb\xbf" + text, gb(t, text), strings.ReplaceAll(gb(t, text), ",", ";")} {
		goesOnAtAnyMark(t, Format{}, data)
	}
	goesOnAtAnyMark(t, Format{Encoding: GB18030}, "\xef\xbb\xbf"+text)
}

func goesOnAtAnyMark(t *testing.T, format Format, data string) {
	t.Helper()
	want, found, _ := readAs(t, format, data, 2, len(data)+1)
	for n := range want {
		r, err := NewReader(Mark{}, format)
		if err != nil {
			t.Fatal(err)
		}
		r.Feed([]byte(data), true)
		for range n + 1 {
			if _, err := r.Next(); err != nil {
				t.Fatal(err)
			}
		}
		mark, err := r.Mark()
		if err != nil {
			t.Fatal(err)
		}
		if r, err = NewReader(mark, r.Format()); err != nil {
			t.Fatal(err)
		}
		r.Expect(2)
		r.Feed([]byte(data[mark.Offset:]), true)
		for i := n + 1; i < len(want); i++ {
			row, err := r.Next()
			if got := recordOf(t, r, row); err != nil || !reflect.DeepEqual(got, want[i]) {
				t.Fatalf("behind row %d: %+v (%v), want %+v", n, got, err, want[i])
			}
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("behind the last row: %v", err)
		}
		if r.Format() != found {
			t.Fatalf("format after going on behind row %d: %v, want %v", n, r.Format(), found)
		}
		if sum := sha256.Sum256([]byte(data)); string(r.Sum()) != string(sum[:]) {
			t.Fatalf("digest after going on behind row %d", n)
		}
	}
}
