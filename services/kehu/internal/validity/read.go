// Package validity holds groups of a table's rows against other columns: whether
// they differ, whether two sortings agree, and whether a column has drifted.
package validity

import (
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Columns say what to read of each row.
type Columns struct {
	Numbers []string // titles of columns of numbers
	Words   []string // titles of columns whose values are names of groups
	// Drop leaves out rows with a missing value and counts them; otherwise the
	// first one is refused.
	Drop bool
}

// data is what was read, by column.
type data struct {
	titles  []string // of the columns of numbers
	numbers [][]float64
	words   [][]string
	rows    int64
	dropped int64
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
	d := &data{numbers: make([][]float64, len(numbers)), words: make([][]string, len(words))}
	for _, at := range numbers {
		d.titles = append(d.titles, from.Titles[at])
	}
	needed := slices.Concat(numbers, words)
	seen := map[string]string{} // one string for each word
	for {
		cells, err := from.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		d.rows++
		if at := slices.IndexFunc(needed, func(at int) bool { return table.Missing(cells[at]) }); at >= 0 {
			if !c.Drop {
				return nil, from.Wrong(needed[at], cells[needed[at]], "must have a value; --missing drop leaves such rows out")
			}
			d.dropped++
			continue
		}
		for i, at := range numbers {
			v, ok := table.Number(cells[at])
			if !ok {
				return nil, from.Wrong(at, cells[at], "must be a number")
			}
			d.numbers[i] = append(d.numbers[i], v)
		}
		for i, at := range words {
			d.words[i] = append(d.words[i], known(seen, strings.TrimSpace(cells[at])))
		}
	}
	if d.rows == d.dropped {
		return nil, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file has no row to analyse: %d read, %d left out for a missing value", d.rows, d.dropped)
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

// known is a word that outlives its row, the same string whenever it is met.
func known(seen map[string]string, word string) string {
	same, ok := seen[word]
	if !ok {
		same = strings.Clone(word)
		seen[same] = same
	}
	return same
}

// distinct are the different words: numbers by their size, before other words.
func distinct(words []string) []string {
	met := map[string]bool{}
	var names []string
	for _, w := range words {
		if !met[w] {
			met[w] = true
			names = append(names, w)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
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
	return names
}

// places are the positions of words in names.
func places(names, words []string) []int {
	place := make(map[string]int, len(names))
	for i, name := range names {
		place[name] = i
	}
	of := make([]int, len(words))
	for i, w := range words {
		of[i] = place[w]
	}
	return of
}
