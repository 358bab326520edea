package layout

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTableAlignsChineseWithLatin(t *testing.T) {
	p := &Page{Width: 40}
	p.Table([][]string{{"客户", "5"}, {"abcdef", "1234"}})
	want := "客户       5\nabcdef  1234\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestNoLineIsWiderThanThePage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &Page{Width: rapid.IntRange(8, 60).Draw(t, "width")}
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abc 客户价值 123")), 0, 90, -1)
		p.Title(word.Draw(t, "title"))
		p.Table([][]string{{word.Draw(t, "a"), word.Draw(t, "b")}, {word.Draw(t, "c")}})
		p.Bars([]Bar{{Label: word.Draw(t, "label"), Text: word.Draw(t, "text"), Share: rapid.Float64Range(0, 1).Draw(t, "share"), Most: 1}})
		p.Item(word.Draw(t, "item"))
		for line := range strings.Lines(p.String()) {
			if n := Columns(strings.TrimSuffix(line, "\n")); n > p.Width {
				t.Fatalf("%d columns on a page of %d: %q", n, p.Width, line)
			}
		}
	})
}

func TestItemKeepsEveryWord(t *testing.T) {
	p := &Page{Width: 20}
	text := "many words that do not fit into one line of it"
	p.Item(text)
	if got := strings.Join(strings.Fields(p.String())[1:], " "); got != text {
		t.Errorf("got %q", got)
	}
}

func TestItemBreaksWhatHasNoSpaces(t *testing.T) {
	p := &Page{Width: 20}
	p.Item("说明 同期客户中在第期当期有有效订单的比例 end")
	want := "- 说明 同期客户中在\n  第期当期有有效订单\n  的比例 end\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestControlCharactersAreLeftOut(t *testing.T) {
	p := &Page{Width: 40}
	p.Heading("a\x1b[2Jb")
	p.Item("one\u009b31m two\x7f")
	p.Table([][]string{{"x\ny", "z\r"}})
	if got := p.String(); strings.ContainsAny(got, "\x1b\u009b\x7f\r") || strings.Count(got, "\n") != 5 {
		t.Errorf("%q", got)
	}
}

func TestCommandsCanBeCopied(t *testing.T) {
	p := &Page{Width: 30}
	p.Command(`kehu funnel --step page --step 'cart:Product Added' --as-of 2025-06-30`)
	want := "  $ kehu funnel --step page \\\n    --step 'cart:Product Added' \\\n    --as-of 2025-06-30\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAmountsWithTheirCurrencyAreNumbers(t *testing.T) {
	p := &Page{Width: 40}
	p.Table([][]string{{"", "sum"}, {"a", "5.00 CNY"}, {"b", "1,250.00 CNY"}})
	want := "            sum\na      5.00 CNY\nb  1,250.00 CNY\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestTitlesBreakWhereTheTableIsTooWide(t *testing.T) {
	p := &Page{Width: 20}
	p.Table([][]string{{"customer", "order days per year"}, {"C1", "12.5"}})
	want := "customer  order days\n            per year\nC1              12.5\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestColumnsGoOnBelow(t *testing.T) {
	p := &Page{Width: 20}
	p.Table([][]string{{"name", "aaaaaa", "bbbbbb", "cccccc"}, {"one", "1", "2", "3"}})
	want := "name  aaaaaa  bbbbbb\none        1       2\n\nname  cccccc\none        3\n"
	if got := p.String(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
