package sheet

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestRows(t *testing.T) {
	const malformed, unclosed = "ROW_MALFORMED", "ROW_QUOTE_UNCLOSED"
	for _, test := range []struct{ name, data, want string }{
		{"nothing", "", ""},
		{"only a byte order mark", "\xef\xbb\xbf", ""},
		{"blank lines", "\n\r\n\na,b\n\n\nc,d\n\n", "a|b c|d"},
		{"no line break at the end", "a,b\nc,d", "a|b c|d"},
		{"each line break", "a,b\r\nc,d\ne,f\rg,h\r", "a|b c|d e|f g|h"},
		{"carriage return twice", "a,b\r\r\nc,d\r\r\n", "a|b c|d"},
		{"byte order mark", "\xef\xbb\xbfa,b\n", "a|b"},
		{"empty fields", ",\n\"\",\"\"\n", "| |"},
		{"quoted", "\"a,\"\"x\"\"\",b\n\"c\nd\",\"e\r\nf\"\n", "a,\"x\"|b c\nd|e\r\nf"},
		{"spaces stay", " a , b \n", " a | b "},
		{"ragged", "a,b\nc\nd,e,f\n\ng,h", "a|b !ROW_RAGGED !ROW_RAGGED g|h"},
		{"quote in a bare field", "a,5\" pipe\nc,d\n", "!" + malformed + " c|d"},
		{"text behind a closing quote", "\"a\"b,c\nd,e\n", "!" + malformed + " d|e"},
		{"a stray quote takes one line alone", "\"a,b\nc,d\ne,\"f, g\"\nh,i\n", "!" + malformed + " c|d e|f, g h|i"},
		{"never closed", "a,b\n\"c,d\ne,f\ng,h\n", "a|b !" + unclosed + " e|f g|h"},
		{"never closed in the last line", "a,b\nc,\"d", "a|b !" + unclosed},
		{"never closed, line break last", "a,b\nc,\"d\n", "a|b !" + unclosed},
		{"sound, then stray in a row of two lines", "\"a\nb\",c\"d\ne,f\n", "!" + malformed + " e|f"},
		{"NUL", "a,b\nc,\x00\nd,e\n", "a|b !ROW_NOT_TEXT d|e"},
		{"surplus blank fields", "a,b\nc,d,, \ne,f,,g\n,,,\n", "a|b c|d !ROW_RAGGED |"},
		{"text as a formula", "=\"00123\",b\n\"=\"\"00123\"\"\",=\"\"\n=\"a,\"\"b\"\"\",\"=\"\"a,\"\"\"\"b\"\"\"\"\"\"\"\n", "00123|b 00123| a,\"b\"|a,\"b\""},
		{"a line break in text as a formula", "=\"a\nb\",c\nd,e\n", "a\nb|c d|e"},
		{"other formulas", "=A1,=1+2\n=,b\n\"=\"\"a\"\"&\"\"b\"\"\",\"=\"\"a\"\n", "=A1|=1+2 =|b =\"a\"&\"b\"|=\"a"},
		{"a formula that is no text", "=\"a\"&\"b\",c\nd,=e\"\nf,g\n", "!" + malformed + " !" + malformed + " f|g"},
		{"text as a formula, never closed", "a,=\"b\nc,d\n", "!" + unclosed + " c|d"},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, failure := whole(t, test.data, 2)
			var got []string
			for _, row := range rows {
				if row.Reason != "" {
					got = append(got, "!"+row.Reason)
				} else {
					got = append(got, strings.Join(row.Fields, "|"))
				}
			}
			if strings.Join(got, " ") != test.want || failure != "" {
				t.Fatalf("got %q %s, want %q", got, failure, test.want)
			}
			checkAnyBytes(t, Format{}, test.data, 1)
			checkAnyBytes(t, Format{}, test.data, 2)
		})
	}
}

func TestNoCSVFile(t *testing.T) {
	for _, begin := range []string{
		"PK\x03\x04\x14\x00\x06\x00", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "\x1f\x8b\x08\x00", "%PDF-1.7", "\x89PNG\r\n\x1a\n",
		"\xff\xd8\xff\xe0", "GIF89a", "PAR1", "<HTML><body>", "<table border=1>", "<?xml version", "Rar!\x1a\x07\x00", "\xff\xfea\x00,\x00", "\xfe\xff\x00a\x00,",
	} {
		data := begin + "\n1,2,3\n"
		if rows, failure := whole(t, data, 0); failure != "FILE_NOT_CSV" || rows != nil {
			t.Errorf("%q: %v %s", begin, rows, failure)
		}
		if _, failure := readAll(t, data, 0, 1); failure != "FILE_NOT_CSV" {
			t.Errorf("%q byte by byte: %s", begin, failure)
		}
	}
}

func TestHeaders(t *testing.T) {
	for data, want := range map[string]string{
		"a,b\n":                                  "",
		"a\n":                                    "",
		"a|b|c\n":                                "FILE_DELIMITER",
		"a,\x00\n":                               "ROW_NOT_TEXT",
		"a,\"b\n":                                "ROW_QUOTE_UNCLOSED",
		strings.Repeat("a,", MaxColumns) + "b":   "FILE_TOO_MANY_COLUMNS",
		strings.Repeat("a,", MaxColumns-1) + "b": "",
	} {
		r, err := NewReader(Mark{}, Format{})
		if err != nil {
			t.Fatal(err)
		}
		r.Feed([]byte(data), true)
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if f := CheckHeader(row); f != nil {
			got = f.Reason
		}
		if got != want {
			t.Errorf("%.20q: %q, want %q", data, got, want)
		}
	}
}

// The limits hold to the byte, whether the row comes in one chunk or in many.
func TestLongRows(t *testing.T) {
	fits := strings.Repeat("x", MaxRowBytes-len("a,\n"))
	for _, test := range []struct {
		name, data string
		rows       int
		failure    string
	}{
		{"as long as can be", "a,b\na," + fits + "\nc,d\n", 3, ""},
		{"a byte longer", "a,b\na,x" + fits + "\nc,d\n", 1, "ROW_TOO_LONG"},
		{"as long as can be, without a line break", "a," + fits + "x", 1, ""},
		{"a byte longer, without a line break", "a," + fits + "xx", 0, "ROW_TOO_LONG"},
		{"many columns", "a,b\n" + strings.Repeat(",", 10<<20), 1, "ROW_TOO_LONG"},
		{"a quote never closed", "a,b\n\"c\n" + strings.Repeat("d,e\n", MaxRowBytes/2), 2 + MaxRowBytes/2, ""},
		{"a long quoted field", "a,\"" + strings.Repeat("x", 10<<20) + "\"\n", 0, "ROW_TOO_LONG"},
	} {
		t.Run(test.name, func(t *testing.T) {
			want, failure := whole(t, test.data, 2)
			if len(want) != test.rows || failure != test.failure {
				t.Fatalf("%d rows, %q; want %d, %q", len(want), failure, test.rows, test.failure)
			}
			got, failure := readAll(t, test.data, 2, 1, 100_003)
			if failure != test.failure || !reflect.DeepEqual(got, want) {
				t.Fatalf("in chunks: %d rows, %q; want %d, %q", len(got), failure, test.rows, test.failure)
			}
		})
	}
}

// A row of a thousand columns too many is told to be, and no more is kept of it.
func TestManyColumns(t *testing.T) {
	rows, _ := whole(t, "a,b\n"+strings.Repeat(",", 500_000)+"\n", 2)
	if len(rows) != 2 || rows[1].Reason != "ROW_RAGGED" || len(rows[1].Fields) > MaxColumns+1 {
		t.Fatalf("%d fields, %s", len(rows[1].Fields), rows[1].Reason)
	}
}

// Work per byte must not grow with the number of chunks, or of stray quotes.
func TestWorkIsLinear(t *testing.T) {
	looked := func(text string, size int) (steps int) {
		data := []byte(text)
		s := newScanner(",")
		for start, have := 0, 0; start < len(data); {
			from := s.at
			end, whole := s.next(data[:have], start, have == len(data))
			steps += s.at - from
			if whole {
				start = end
				s.reset(start)
			} else {
				have = min(have+size, len(data))
			}
		}
		return steps
	}
	for name, data := range map[string]string{
		"one long row":       strings.Repeat("x", MaxRowBytes),
		"quotes that toggle": strings.Repeat("a\",\"\n", 30_000),
		"quotes unclosed":    strings.Repeat("\"a,\n", 30_000),
		"formulas unclosed":  strings.Repeat("=\"a,\n", 30_000),
		"formulas in turn":   strings.Repeat("=\"a\n=\"b\",c\n", 15_000),
		"quotes even":        "\"\n" + strings.Repeat("\"\",\"\"\n", 30_000),
	} {
		for _, size := range []int{1000, len(data)} {
			if steps := looked(data, size); steps < len(data)/2 || steps > 3*len(data) {
				t.Errorf("%s in chunks of %d: %d steps for %d bytes", name, size, steps, len(data))
			}
		}
	}
}

func BenchmarkRead(b *testing.B) {
	ascii := benchFile("web")
	for _, file := range []struct{ name, data string }{
		{"ASCII", ascii}, {"UTF8", benchFile("明前龙井礼盒装")}, {"GB18030", gb(b, benchFile("明前龙井礼盒装"))},
		{"tabs", strings.ReplaceAll(ascii, ",", "\t")},
	} {
		b.Run(file.name, func(b *testing.B) { benchmarkRead(b, []byte(file.data)) })
	}
}

func benchmarkRead(b *testing.B, data []byte) {
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r, err := NewReader(Mark{}, Format{})
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		for at := 0; at < len(data); at += 1 << 18 {
			end := min(at+1<<18, len(data))
			r.Feed(data[at:end], end == len(data))
			for {
				if row, err := r.Next(); err != nil || row.Fault != nil {
					break
				}
				rows++
			}
		}
		if rows != 10_000 {
			b.Fatalf("%d rows", rows)
		}
	}
}

// BenchmarkEncodingCSV is the standard library's reader on the same, for comparison.
func BenchmarkEncodingCSV(b *testing.B) {
	data := []byte(benchFile("web"))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		r := csv.NewReader(bytes.NewReader(data))
		r.ReuseRecord = true
		for {
			if _, err := r.Read(); err != nil {
				break
			}
		}
	}
}

func benchFile(channel string) string {
	var file strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&file, "ord-%08d,cust-%06d,2026-03-14T09:26:53+08:00,%d.%02d,CNY,%s,paid\n", i, i%997, i%5000, i%100, channel)
	}
	return file.String()
}
