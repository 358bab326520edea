package layout

import "strings"

// gap is between the columns of a table.
const gap = 2

// Table sets rows in columns, as wide as their widest cell: the first column to
// the left, columns of numbers to the right. The first row may be their titles: where
// the table is wider than the page they are broken at their spaces. What is still too
// wide goes on below, with the first column again; only a column of more than half
// the page is cut instead, where a quarter of the page is left for it.
func (p *Page) Table(rows [][]string) {
	columns := measured(rows)
	if across(columns) > p.columns() && len(rows) > 1 {
		body := measured(rows[1:])
		var titles [][]string
		for i, title := range rows[0] {
			room := 0
			if i < len(body) {
				room = body[i].width
			}
			for n, line := range broken(title, room) {
				if n == len(titles) {
					titles = append(titles, make([]string, len(rows[0])))
				}
				titles[n][i] = line
			}
		}
		numbers := columns
		rows = append(titles, rows[1:]...)
		columns = measured(rows)
		for i := range columns {
			columns[i].numbers = numbers[i].numbers
		}
	}
	for from := 1; ; {
		to := p.fitting(columns, from)
		p.set(rows, columns, from, to)
		if from = to; from >= len(columns) {
			return
		}
		p.line("")
	}
}

// column is how the cells below one another in a table are set.
type column struct {
	width   int
	numbers bool
}

// measured are the columns of rows, of which the first may be titles.
func measured(rows [][]string) (columns []column) {
	for n, row := range rows {
		for i, cell := range row {
			if i == len(columns) {
				columns = append(columns, column{numbers: i > 0})
			}
			c := &columns[i]
			c.width = max(c.width, Columns(cell))
			c.numbers = c.numbers && (n == 0 || cell == "" || numeric(cell))
		}
	}
	return columns
}

// across is how many columns of the terminal a table takes.
func across(columns []column) (n int) {
	for _, c := range columns {
		n += c.width + gap
	}
	return n - gap
}

// broken breaks a title at its spaces into lines of a width, or of as much as takes two
// lines.
func broken(title string, room int) []string {
	for ; ; room++ {
		var lines []string
		for word := range strings.FieldsSeq(title) {
			if last := len(lines) - 1; last >= 0 && Columns(lines[last])+1+Columns(word) <= room {
				lines[last] += " " + word
			} else {
				lines = append(lines, word)
			}
		}
		if len(lines) <= 2 {
			return lines
		}
	}
}

// fitting is up to which column, not included, those from one on fit beside the first.
func (p *Page) fitting(columns []column, from int) int {
	if len(columns) == 0 {
		return 0
	}
	used := columns[0].width
	for i := from; i < len(columns); i++ {
		used += gap + columns[i].width
		room := p.columns() - (used - columns[i].width)
		if used > p.columns() && i > from && (columns[i].width <= p.columns()/2 || room < p.columns()/4) {
			return i
		}
	}
	return len(columns)
}

// set sets the first column and those from one to another.
func (p *Page) set(rows [][]string, columns []column, from, to int) {
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			if i > 0 && (i < from || i >= to) {
				continue
			}
			space := strings.Repeat(" ", columns[i].width-Columns(cell))
			if columns[i].numbers {
				b.WriteString(space + cell)
			} else {
				b.WriteString(cell + space)
			}
			b.WriteString(strings.Repeat(" ", gap))
		}
		p.line(b.String())
	}
}
