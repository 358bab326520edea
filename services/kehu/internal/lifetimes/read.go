// Package lifetimes reads times until an event from a table and analyses them:
// survival curves, tests of groups, models with covariates.
package lifetimes

import (
	"math"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/survival"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Columns are the titles of the columns to read. Duration and Event are needed.
type Columns struct {
	Duration, Event string
	Group, Strata   string
	Weights         string
	Cluster         string
	Covariates      []string
	// Drop leaves out rows with a missing value and counts them; otherwise the
	// first one is refused.
	Drop bool
}

// Data is what was read. Group, Strata and Cluster number the words of their
// columns in ascending order; they are nil without a column.
type Data struct {
	Sample     survival.Sample
	Covariates survival.Covariates
	Group      Codes
	Strata     Codes
	Cluster    Codes
	Rows       int64 // that were read
	Dropped    int64 // of them, for a missing value
}

// Codes are the words of a column and the number of that of each row.
type Codes struct {
	Words []string
	Of    []int
}

// reader knows where the columns are.
type reader struct {
	from                     *table.Table
	duration, event, weights int
	covariates               []int
	needed                   []int // all of them
	words                    [3]wordColumn
	data                     Data
}

type wordColumn struct {
	at   int // −1 without a column
	seen map[string]int
	into *Codes
}

// Read reads the columns of a table. What is wrong is a fault that names row,
// column, what it holds and what would be right.
func Read(from *table.Table, c Columns) (*Data, error) {
	r := &reader{from: from}
	if err := r.find(c); err != nil {
		return nil, err
	}
	var err error
	if r.data.Rows, r.data.Dropped, err = from.Complete(r.needed, c.Drop, r.row); err != nil {
		return nil, err
	}
	for i := range r.words {
		r.words[i].sort()
	}
	return &r.data, nil
}

func (r *reader) find(c Columns) (err error) {
	find := func(title string) int {
		at := -1
		if title != "" && err == nil {
			at, err = r.from.Column(title)
		}
		return at
	}
	r.duration, r.event, r.weights = find(c.Duration), find(c.Event), find(c.Weights)
	used := map[int]bool{r.duration: true, r.event: true}
	for _, title := range c.Covariates {
		if title == "" {
			return fault.Invalid("covariates", "must name a column between any two commas")
		}
		at := find(title)
		if err == nil && used[at] {
			return fault.Invalid("covariates", "must name each column once, and neither the duration nor the event: %s", title)
		}
		used[at] = true
		r.covariates = append(r.covariates, at)
		if err == nil {
			r.data.Covariates.Names = append(r.data.Covariates.Names, r.from.Titles[at])
		}
	}
	r.data.Covariates.Columns = make([][]float64, len(c.Covariates))
	r.words = [3]wordColumn{
		{at: find(c.Group), into: &r.data.Group}, {at: find(c.Strata), into: &r.data.Strata}, {at: find(c.Cluster), into: &r.data.Cluster},
	}
	r.needed = append([]int{r.duration, r.event, r.weights}, r.covariates...)
	for i := range r.words {
		r.words[i].seen = map[string]int{}
		r.needed = append(r.needed, r.words[i].at)
	}
	r.needed = slices.DeleteFunc(r.needed, func(at int) bool { return at < 0 })
	return err
}

func (r *reader) row(cells []string) error {
	s := &r.data.Sample
	duration, ok := table.Number(cells[r.duration])
	if !ok || duration < 0 {
		return r.from.Wrong(r.duration, cells[r.duration], "must be a number of 0 or more")
	}
	event, ok := table.Truth(cells[r.event])
	if !ok {
		return r.from.Wrong(r.event, cells[r.event], "must be 1 where the event was seen, otherwise 0")
	}
	s.Durations, s.Events = append(s.Durations, duration), append(s.Events, event)
	if r.weights >= 0 {
		w, ok := table.Number(cells[r.weights])
		if !ok || w < survival.MinWeight || w > survival.MaxWeight {
			return r.from.Wrong(r.weights, cells[r.weights], "must be a number above 0 and at most 1e9")
		}
		s.Weights = append(s.Weights, w)
	}
	for j, at := range r.covariates {
		v, ok := table.Number(cells[at])
		if !ok || math.Abs(v) > survival.MaxCovariate {
			return r.from.Wrong(at, cells[at], "must be a number; code a word as 0 and 1")
		}
		r.data.Covariates.Columns[j] = append(r.data.Covariates.Columns[j], v)
	}
	for i := range r.words {
		if r.words[i].at >= 0 {
			r.words[i].add(strings.TrimSpace(cells[r.words[i].at]))
		}
	}
	return nil
}

func (w *wordColumn) add(word string) {
	code, known := w.seen[word]
	if !known {
		word = strings.Clone(word)
		code = len(w.into.Words)
		w.seen[word] = code
		w.into.Words = append(w.into.Words, word)
	}
	w.into.Of = append(w.into.Of, code)
}

// sort renumbers the words: numbers by their size, before other words.
func (w *wordColumn) sort() {
	if w.into.Of == nil {
		return
	}
	sorted := slices.Clone(w.into.Words)
	slices.SortFunc(sorted, func(a, b string) int {
		x, isX := table.Number(a)
		y, isY := table.Number(b)
		switch {
		case isX && isY && x != y:
			if x < y {
				return -1
			}
			return 1
		case isX != isY && isX:
			return -1
		case isX != isY:
			return 1
		}
		return strings.Compare(a, b)
	})
	place := make([]int, len(sorted))
	for i, word := range sorted {
		place[w.seen[word]] = i
	}
	for i, code := range w.into.Of {
		w.into.Of[i] = place[code]
	}
	w.into.Words = sorted
}
