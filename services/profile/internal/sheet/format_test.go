package sheet

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/fault"
)

func TestDelimiterIsTold(t *testing.T) {
	for header, want := range map[string]string{
		"a,b,c": ",", "a;b;c": ";", "a\tb\tc": "\t", "a": ",", "": ",",
		"a;b,c;d":               ";",
		"a,b;c":                 ",", // a tie
		"a\tb;c":                ";", // a tie
		"a\t,b\t,c\t":           ",", // tabs that keep the digits of what comes below
		"\"a,b,c\";d;e":         ";",
		"\"a\nb,c\";\"d,e\"":    ";",
		"金额(元,含税);数量;b":         ";",
		",,,":                   ",",
		"=\"a,b,c\";=\"d\"":     ";",
		"a,\"b;c;d;e;f\",\"g\"": ",",
		"5\" pipe,a;b;c":        ",", // cannot be read with any
	} {
		_, found, failure := readAs(t, Format{}, header+"\n1\n", 0, 1)
		if failure != "" || found.Delimiter != want && header != "" {
			t.Errorf("%q: %q %s, want %q", header, found.Delimiter, failure, want)
		}
		stated := Format{Delimiter: ";"}
		if _, found, _ := readAs(t, stated, header+"\n1\n", 0, 1); found.Delimiter != ";" {
			t.Errorf("%q: %q, stated was %q", header, found.Delimiter, stated.Delimiter)
		}
	}
}

func TestFormatsThereAreNot(t *testing.T) {
	for _, format := range []Format{{Delimiter: "|"}, {Delimiter: ",,"}, {Encoding: "big5"}} {
		if _, err := NewReader(Mark{}, format); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", format, err)
		}
	}
}

func TestEncodingIsTold(t *testing.T) {
	const sentence = "订单编号,买家会员名\n1,张三\n"
	bom := "\xef\xbb\xbf"
	for _, test := range []struct {
		name, data string
		stated     Encoding
		want       string // the fields, or why not
		found      Encoding
	}{
		{"ASCII", "a,b\n", Open, "a|b", Open},
		{"UTF-8", sentence, Open, "订单编号|买家会员名 1|张三", UTF8},
		{"GB18030", gb(t, sentence), Open, "订单编号|买家会员名 1|张三", GB18030},
		{"ASCII at first, then GB18030", "a,b\n1,2\n" + gb(t, "3,张三丰\n4,李四\n"), Open, "a|b 1|2 3|张三丰 4|李四", GB18030},
		{"a few characters of GB18030", gb(t, "a,b\n1,王\n2,男\n"), Open, "a|b 1|王 2|男", Open},
		{"four-byte characters", gb(t, "客户,编号😀\n1,𠮷\n"), Open, "客户|编号😀 1|𠮷", GB18030},
		{"signs of GB18030", gb(t, "a,￥12.00（元）\n"), Open, "a|￥12.00（元）", GB18030},
		{"accents in UTF-8", "name,b\nJosé,1\nMüller,2\nÉva Ø,3\n", Open, "name|b José|1 Müller|2 Éva Ø|3", Open},
		{"Cyrillic and Greek in UTF-8", "имя,b\nМария,1\n,Ελένη\n", Open, "имя|b Мария|1 |Ελένη", UTF8},
		{"GB18030 that is UTF-8 by chance", "a,b\n\xc5\xae,\xcb\xbf\n" + gb(t, "张三丰") + ",1\n", Open, "a|b 女|丝 张三丰|1", GB18030},
		{"signs in UTF-8", "a,£1\n1,25°\n", Open, "a|£1 1|25°", Open},
		{"accents in Latin 1", "name,b\nJos\xe9,1\nM\xfcller,2\na,3\n", Open, "name|b !ROW_ENCODING_UNKNOWN !ROW_ENCODING_UNKNOWN a|3", Open},
		{"a value of UTF-8 that was cut", "订单编号,买家\n1,张\xe4\xb8,\n2,李四\n", Open, "订单编号|买家 !ROW_NOT_UTF8 2|李四", UTF8},
		{"the first such value cut", "a,b\n1,明前龙井礼盒\xe4\xb8\n2,李四\n", Open, "a|b !ROW_NOT_UTF8 2|李四", UTF8},
		{"a value of GB18030 that was cut", gb(t, sentence) + "2,\xc0\n3,4\n", Open, "订单编号|买家会员名 1|张三 !ROW_NOT_GB18030 3|4", GB18030},
		{"byte order mark", bom + sentence, Open, "订单编号|买家会员名 1|张三", UTF8},
		{"byte order mark, GB18030 stated", bom + sentence, GB18030, "订单编号|买家会员名 1|张三", UTF8},
		{"GB18030, UTF-8 stated", gb(t, "a,b\n1,张三\n2,3\n"), UTF8, "a|b !ROW_NOT_UTF8 2|3", UTF8},
		{"rare characters, GB18030 stated", gb(t, "ÿ,Ĳ\n"), GB18030, "ÿ|Ĳ", GB18030},
		{"the euro of code page 936", "a,\x80\n", GB18030, "a|€", GB18030},
		{"quotes and line breaks", gb(t, "订单,\"客户,\n\"\"名\"\"\"\r\n1,2\n"), Open, "订单|客户,\n\"名\" 1|2", GB18030},
		{"NUL", gb(t, "订单编号,买家\x00\n1,2\n"), Open, "!ROW_NOT_TEXT 1|2", Open},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, found, failure := readAs(t, Format{Encoding: test.stated}, test.data, 2, 1)
			if got := plainly(rows); failure != "" || got != test.want || found.Encoding != test.found {
				t.Fatalf("%q %q %s, want %q %q", got, found.Encoding, failure, test.want, test.found)
			}
			checkAnyBytes(t, Format{Encoding: test.stated}, test.data, 3, 1, 7)
		})
	}
}

// plainly writes rows down for comparison.
func plainly(rows []record) string {
	var all []string
	for _, row := range rows {
		if row.Reason != "" {
			all = append(all, "!"+row.Reason)
		} else {
			all = append(all, strings.Join(row.Fields, "|"))
		}
	}
	return strings.Join(all, " ")
}

// Text is what the user can read, in UTF-8, whatever the file is in.
func TestTextIsDecoded(t *testing.T) {
	rows, _ := whole(t, gb(t, "订单编号,买家\n1,张三,多\n"), 2)
	if rows[1].Text != "1,张三,多" || rows[1].Reason != "ROW_RAGGED" {
		t.Fatalf("%+v", rows[1])
	}
}

// Chinese of three characters and more is told from its first row, in both encodings.
func TestChineseIsTold(t *testing.T) {
	han := rapid.StringOfN(rapid.RuneFrom([]rune("的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里订单编号买家会员名实付金额状态创建时间宝贝标题联系手机")), 3, 30, -1)
	rapid.Check(t, func(t *rapid.T) {
		table := [][]string{{"a", "b"}, {"1", han.Draw(t, "text")}, {han.Draw(t, "text"), "2"}}
		format := Format{
			Syntax:    Delimited,
			Encoding:  rapid.SampledFrom([]Encoding{UTF8, GB18030}).Draw(t, "encoding"),
			Delimiter: rapid.SampledFrom(Delimiters).Draw(t, "delimiter"),
		}
		rows, found, _ := readAs(t, Format{}, written(t, table, format, false), 2, rapid.IntRange(1, 9).Draw(t, "size"))
		if found != format || !reflect.DeepEqual(rows[1].Fields, table[1]) || !reflect.DeepEqual(rows[2].Fields, table[2]) {
			t.Fatalf("%v, want %v: %+v", found, format, rows)
		}
	})
}

// Text given as a formula has the same value with and without quotes around it.
func TestTextAsFormula(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("0123ab,;\n =客\"")), 0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		want := text.Draw(t, "text")
		bare := `="` + strings.ReplaceAll(want, `"`, `""`) + `"`
		quoted := `"` + strings.ReplaceAll(bare, `"`, `""`) + `"`
		for _, field := range []string{bare, quoted} {
			rows, failure := readAll(t, "a,b\n"+field+",x\n", 2, 3)
			if failure != "" || rows[1].Reason != "" || rows[1].Fields[0] != want || rows[1].Fields[1] != "x" {
				t.Fatalf("%q: %+v %s, want %q", field, rows, failure, want)
			}
		}
	})
}

func TestBlankRows(t *testing.T) {
	for row, want := range map[string]bool{
		",,": true, " ,\t,\u3000": true, `"","",""`: true, ",": true, ",,,,": true, " ": true, `="",,`: true,
		"a,,": false, ",,,,a": false, ",0,": false, `,,"`: false, ",\x00,": false, `"" ,,`: false,
	} {
		r, err := NewReader(Mark{}, Format{Delimiter: ","})
		if err != nil {
			t.Fatal(err)
		}
		r.Expect(3)
		r.Feed([]byte("a,b,c\n"+row+"\n"), true)
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		got, err := r.Next()
		if err != nil || got.Blank() != want || got.Number != 1 {
			t.Errorf("%q: %+v %t %v", row, got, got.Blank(), err)
		}
		if _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%q: %v", row, err)
		}
	}
}

func TestHeaderInNoEncoding(t *testing.T) {
	r, err := NewReader(Mark{}, Format{})
	if err != nil {
		t.Fatal(err)
	}
	r.Feed([]byte("num\xe9ro,pr\xe9nom\n"), true)
	header, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	if f := CheckHeader(header); f == nil || f.Reason != "FILE_ENCODING_UNKNOWN" || !strings.Contains(f.Message, "CSV UTF-8") {
		t.Fatalf("%v", f)
	}
}
