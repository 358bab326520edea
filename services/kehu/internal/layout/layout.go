// Package layout sets tables, bars and paragraphs for a terminal. Chinese
// characters take two columns.
package layout

import (
	"math"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Page gathers lines of at most Width columns; 0 is 80.
type Page struct {
	Width int
	text  strings.Builder
}

// Bar is one line of a bar chart.
type Bar struct {
	Label, Text string
	Share       float64 // what the bar shows
	Most        float64 // the share of the longest bar
}

// String is the page so far.
func (p *Page) String() string { return p.text.String() }

// Title begins the page.
func (p *Page) Title(s string) {
	p.line(s)
	p.line(strings.Repeat("=", min(Columns(s), p.columns())))
}

// Heading begins a section.
func (p *Page) Heading(s string) {
	p.line("")
	p.line(s)
	p.line(strings.Repeat("-", min(Columns(s), p.columns())))
}

// Facts sets names and what is said of them, both to the left.
func (p *Page) Facts(rows [][2]string) {
	var widest int
	for _, row := range rows {
		widest = max(widest, Columns(row[0]))
	}
	for _, row := range rows {
		p.line(pad(row[0], widest) + "  " + row[1])
	}
}

// Bars sets a bar chart: labels, texts, and bars in the columns that are left.
func (p *Page) Bars(bars []Bar) {
	var label, text int
	for _, b := range bars {
		label, text = max(label, Columns(b.Label)), max(text, Columns(b.Text))
	}
	room := max(p.columns()-label-text-4, 0)
	for _, b := range bars {
		length := 0
		if b.Most > 0 {
			length = int(math.Round(float64(room) * b.Share / b.Most))
		}
		p.line(pad(b.Label, label) + "  " + pad(b.Text, text) + "  " + strings.Repeat("█", length))
	}
}

// Item sets a paragraph behind a dash, broken at spaces, and within what is longer
// than a line, as Chinese is.
func (p *Page) Item(s string) {
	line := "-"
	for word := range strings.FieldsSeq(s) {
		for room := p.columns() - Columns(line) - 1; Columns(word) > p.columns()-2 && room > 1; room = p.columns() - 2 {
			part := cut(word, room)
			p.line(line + " " + part)
			line, word = " ", word[len(part):]
		}
		if Columns(line)+1+Columns(word) > p.columns() && line != "-" && line != " " {
			p.line(line)
			line = " "
		}
		line += " " + word
	}
	p.line(line)
}

// Command sets a command line behind a dollar sign, to be copied: one that is wider
// than the page goes on behind a backslash, and is never cut within quotes.
func (p *Page) Command(s string) {
	line := "  $"
	for _, word := range shellWords(strings.Map(printable, s)) {
		if Columns(line)+3+Columns(word) > p.columns() && line != "  $" && line != "   " {
			p.text.WriteString(line + " \\\n")
			line = "   "
		}
		line += " " + word
	}
	p.text.WriteString(line + "\n")
}

// shellWords parts a command before its flags, at spaces outside of single quotes;
// what follows on a flag stays with it.
func shellWords(s string) (parts []string) {
	for i, word := range unquotedWords(s) {
		if i == 0 || strings.HasPrefix(word, "-") {
			parts = append(parts, word)
		} else {
			parts[len(parts)-1] += " " + word
		}
	}
	return parts
}

func unquotedWords(s string) (words []string) {
	quoted, begin := false, 0
	for i, r := range s {
		switch {
		case r == '\'':
			quoted = !quoted
		case r == ' ' && !quoted:
			if i > begin {
				words = append(words, s[begin:i])
			}
			begin = i + 1
		}
	}
	if begin < len(s) {
		words = append(words, s[begin:])
	}
	return words
}

func (p *Page) columns() int {
	if p.Width <= 0 {
		return 80
	}
	return p.Width
}

// line ends a line, cut where the page ends. What is set may come from a file, so
// that control characters, which could steer the terminal, are left out.
func (p *Page) line(s string) {
	s = strings.TrimRight(strings.Map(printable, s), " ")
	if Columns(s) > p.columns() {
		s = cut(s, p.columns()-1) + "…"
	}
	p.text.WriteString(s + "\n")
}

func printable(r rune) rune {
	if unicode.IsControl(r) {
		return -1
	}
	return r
}

// Columns is how many columns of a terminal s takes.
func Columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

func cut(s string, columns int) string {
	n := 0
	for i, r := range s {
		if n += runeColumns(r); n > columns {
			return s[:i]
		}
	}
	return s
}

func pad(s string, columns int) string {
	return s + strings.Repeat(" ", max(columns-Columns(s), 0))
}

func numeric(s string) bool {
	if amount, currency, found := strings.Cut(s, " "); found && len(currency) == 3 && strings.ToUpper(currency) == currency {
		s = amount
	}
	return s != "" && strings.Trim(s, "0123456789.,%-") == ""
}
