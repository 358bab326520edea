// Package validity holds groups of a table's rows against other columns: whether
// they differ, whether two sortings agree, and whether a column has drifted.
package validity

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Columns say what to read of each row.
type Columns struct {
	Numbers []string // titles of columns of numbers
	Words   []string // titles of columns whose values are names of groups
	Most    int      // different values that a column of Words may have
	// Drop leaves out rows with a missing value and counts them; otherwise the
	// first one is refused.
	Drop bool
}

// data is what was read, by column.
type data struct {
	titles  []string // of the columns of numbers
	numbers [][]float64
	words   []*groups
	rows    int64
	dropped int64
}

// groups are the different words of a column, and which of them each row has.
type groups struct {
	title string
	names []string
	of    []int32 // place in names, by row
	place map[string]int32
}

// read reads the columns of a table. What is wrong is a fault that names row,
// column, what it holds and what would be right.
func read(from *table.Table, c Columns) (*data, error) {
	numbers, err := find(from, c.Numbers)
	if err != nil {
		return nil, err
	}
	words, err := find(from, c.Words)
	if err != nil {
		return nil, err
	}
	d := &data{numbers: make([][]float64, len(numbers))}
	for _, at := range numbers {
		d.titles = append(d.titles, from.Titles[at])
	}
	for _, at := range words {
		d.words = append(d.words, &groups{title: from.Titles[at], place: map[string]int32{}})
	}
	d.rows, d.dropped, err = from.Complete(slices.Concat(numbers, words), c.Drop, func(cells []string) error {
		for i, at := range numbers {
			v, ok := table.Number(cells[at])
			if !ok {
				return from.Wrong(at, cells[at], "must be a number")
			}
			d.numbers[i] = append(d.numbers[i], v)
		}
		for i, at := range words {
			if err := d.words[i].add(strings.TrimSpace(cells[at]), c.Most); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, g := range d.words {
		g.sort()
	}
	return d, nil
}

func find(from *table.Table, titles []string) ([]int, error) {
	var at []int
	for _, title := range titles {
		column, err := from.Column(strings.TrimSpace(title))
		if err != nil {
			return nil, err
		}
		if slices.Contains(at, column) {
			return nil, fault.Invalid("columns", "must each be named once: %s", from.Titles[column])
		}
		at = append(at, column)
	}
	return at, nil
}

// add takes the word of the next row. A column of many, such as one of customers' ids,
// is refused at once.
func (g *groups) add(word string, most int) error {
	at, met := g.place[word]
	if !met {
		if len(g.names) == most {
			return fault.New(fault.InvalidArgument, "TOO_MANY_GROUPS", "column %s has more than %d different values: it names no groups", g.title, most)
		}
		at, word = int32(len(g.names)), strings.Clone(word)
		g.place[word] = at
		g.names = append(g.names, word)
	}
	g.of = append(g.of, at)
	return nil
}

// sort puts the words in order: numbers by their size, before other words.
func (g *groups) sort() {
	sorted := slices.Clone(g.names)
	slices.SortFunc(sorted, func(a, b string) int {
		x, isX := table.Number(a)
		y, isY := table.Number(b)
		switch {
		case isX && isY && x < y, isX && !isY:
			return -1
		case isX && isY && x > y, isY && !isX:
			return 1
		}
		return strings.Compare(a, b)
	})
	g.rename(sorted)
}

// rename gives the words their places in names, which has all of them.
func (g *groups) rename(names []string) {
	moved := make([]int32, len(g.names))
	for i, name := range names {
		if old, met := g.place[name]; met {
			moved[old] = int32(i)
		}
	}
	for row, old := range g.of {
		g.of[row] = moved[old]
	}
	g.names, g.place = names, make(map[string]int32, len(names))
	for i, name := range names {
		g.place[name] = int32(i)
	}
}

// counts is how many rows have each word.
func (g *groups) counts() []int64 {
	n := make([]int64, len(g.names))
	for _, at := range g.of {
		n[at]++
	}
	return n
}
