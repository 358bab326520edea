package sheet

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

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
	Fields []string
	Reason string
}

// readAll reads a file in chunks of the given sizes, the last of which repeats,
// and returns its rows and the reason for which reading ended early.
func readAll(t tester, data string, columns int, sizes ...int) (rows []record, failure string) {
	t.Helper()
	r, err := NewReader(Mark{}, Format{})
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
				return rows, fault.ReasonOf(err)
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
	return rows, ""
}

func recordOf(t tester, r *Reader, row Row) record {
	t.Helper()
	mark, err := r.Mark()
	if err != nil {
		t.Fatal(err)
	}
	out := record{Number: row.Number, End: mark.Offset, Fields: append([]string(nil), row.Fields...)}
	if row.Fault != nil {
		out.Reason = row.Fault.Reason
	}
	return out
}

// whole reads a file in one chunk.
func whole(t tester, data string, columns int) ([]record, string) {
	return readAll(t, data, columns, len(data)+1)
}

var field = rapid.StringOfN(rapid.RuneFrom([]rune("ab1,\"\n\r ;客😀.-")), 0, 6, -1)

// A table that encoding/csv writes is read as it was, wherever it is cut.
func TestReadsWhatCSVWriterWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(2, 4).Draw(t, "width")
		table := rapid.SliceOfN(rapid.SliceOfN(field, width, width), 1, 8).Draw(t, "table")
		var file strings.Builder
		w := csv.NewWriter(&file)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(table); err != nil {
			t.Fatal(err)
		}
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "sizes")
		rows, failure := readAll(t, file.String(), width, sizes...)
		if failure != "" || len(rows) != len(table) {
			t.Fatalf("%d rows of %d, %s", len(rows), len(table), failure)
		}
		for i, row := range rows {
			want := table[i]
			if w.UseCRLF { // csv.Writer writes line breaks in fields as CR LF then
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

func mapped(in []string, f func(string) string) []string {
	out := make([]string, len(in))
	for i := range in {
		out[i] = f(in[i])
	}
	return out
}

// Whatever the bytes, the cuts do not matter, and every byte belongs to one row.
func checkAnyBytes(t tester, data string, sizes ...int) {
	want, wantFailure := whole(t, data, 3)
	got, failure := readAll(t, data, 3, sizes...)
	if failure != wantFailure || !reflect.DeepEqual(got, want) {
		t.Fatalf("cut into %v:\n%+v %s\nin one piece:\n%+v %s", sizes, got, failure, want, wantFailure)
	}
	end := int64(0)
	for i, row := range want {
		if row.Number != int64(i) || row.End <= end || row.End > int64(len(data)) {
			t.Fatalf("row %d ends at %d behind %d of %d: %+v", i, row.End, end, len(data), row)
		}
		end = row.End
	}
}

func TestCutsDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.StringOfN(rapid.RuneFrom([]rune("a,\"\n\r\x00客")), 0, 60, -1).Draw(t, "data")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 5).Draw(t, "sizes")
		checkAnyBytes(t, data, sizes...)
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
		checkAnyBytes(t, data, min(max(size, 1), 1<<16))
	})
}

// Reading goes on behind any row as if it had never stopped.
func TestGoesOnAtAnyMark(t *testing.T) {
	const data = "\xef\xbb\xbfid,name\n1,\"a\nb\"\r\n\n2,c\r3,\"d\n4,e\"\"\n5,\"f\"g\n6,h\n\n\n"
	want, _ := whole(t, data, 2)
	for n := range want {
		r, err := NewReader(Mark{}, Format{})
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
		if sum := sha256.Sum256([]byte(data)); string(r.Sum()) != string(sum[:]) {
			t.Fatalf("digest after going on behind row %d", n)
		}
	}
}
