package validity

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Drift is how far a column has moved from one table to another.
type Drift struct {
	stat.Drift
	Column     string    `json:"column,omitempty"`
	Categories []string  `json:"categories,omitempty"` // names of the bins of words
	Edges      []float64 `json:"edges,omitempty"`      // between the bins of numbers
	Dropped    int64     `json:"dropped"`              // rows left out for a missing value
	Reading    string    `json:"reading"`
}

// DriftSettings say how a column is compared.
type DriftSettings struct {
	Column      string
	Bins        int  // of numbers
	Categorical bool // the column holds words, each a bin
	Smoothing   float64
	Drop        bool
	Lang        string // of the reading, zh or en
}

// CompareShares compares shares of the same bins.
func CompareShares(expected, actual []float64, smoothing float64, lang string) (*Drift, error) {
	d, err := stat.PSI(expected, actual, smoothing)
	if err != nil {
		return nil, err
	}
	return &Drift{Drift: d, Reading: d.Reading(lang)}, nil
}

// CompareColumns compares a column of two tables: numbers in bins that the expected
// ones make, or words, which each are one.
func CompareColumns(expected, actual *table.Table, s DriftSettings) (*Drift, error) {
	columns := Columns{Numbers: []string{s.Column}, Drop: s.Drop}
	if s.Categorical {
		columns = Columns{Words: []string{s.Column}, Most: maxCategories, Drop: s.Drop}
	}
	before, err := read(expected, columns)
	if err != nil {
		return nil, At("--expected", err)
	}
	after, err := read(actual, columns)
	if err != nil {
		return nil, At("--actual", err)
	}
	d := &Drift{Column: s.Column, Dropped: before.dropped + after.dropped}
	if s.Categorical {
		err = d.words(before.words[0], after.words[0], s.Smoothing)
	} else {
		err = d.numbers(before.numbers[0], after.numbers[0], s)
	}
	if err != nil {
		return nil, err
	}
	d.Reading = d.Drift.Reading(s.Lang)
	return d, nil
}

func (d *Drift) numbers(before, after []float64, s DriftSettings) error {
	baseline, err := stat.FreezeBins(before, s.Bins)
	if err != nil {
		return err
	}
	counts, err := baseline.Count(after)
	if err != nil {
		return err
	}
	d.Edges = baseline.Edges
	d.Drift, err = baseline.Drift(counts, s.Smoothing)
	return err
}

func (d *Drift) words(before, after *groups, smoothing float64) (err error) {
	all := &groups{names: slices.Clone(before.names), place: map[string]int32{}}
	for _, name := range after.names {
		if _, met := before.place[name]; !met {
			all.names = append(all.names, name)
		}
	}
	all.sort()
	d.Categories = all.names
	if len(d.Categories) == 1 { // nothing can have moved; a bin for what is not there
		d.Categories = append(d.Categories, "…")
	}
	before.rename(d.Categories)
	after.rename(d.Categories)
	d.Drift, err = stat.PSIOfCounts(before.counts(), after.counts(), smoothing)
	return err
}

// WriteText writes the bins and the index for a terminal with so many columns.
func (d *Drift) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	p.Heading("Population stability " + d.Column)
	rows := [][]string{{"bin", "expected", "actual", "part of PSI"}}
	for i, b := range d.Bins[:min(len(d.Bins), shownCells)] {
		rows = append(rows, []string{d.bin(i), fmt.Sprintf("%.4f", b.Expected), fmt.Sprintf("%.4f", b.Actual), fmt.Sprintf("%.4f", b.Contribution)})
	}
	p.Table(rows)
	if len(d.Bins) > shownCells {
		p.Item(fmt.Sprintf("%d of %d bins; --format json has all", shownCells, len(d.Bins)))
	}
	if d.Chance != nil {
		p.Item(fmt.Sprintf("n %d expected, %d actual", d.NExpected, d.NActual))
	}
	if d.Smoothing > 0 {
		p.Item(fmt.Sprintf("%v added to each share, so that empty bins count", d.Smoothing))
	}
	p.Item(d.Reading)
	return end(w, p, d.NExpected+d.NActual+d.Dropped, d.Dropped)
}

// bin is the name of a bin.
func (d *Drift) bin(i int) string {
	switch {
	case d.Categories != nil:
		return d.Categories[i]
	case d.Edges == nil:
		return strconv.Itoa(i + 1)
	case i == 0:
		return "below " + figure(d.Edges[0])
	case i == len(d.Edges):
		return figure(d.Edges[i-1]) + " and up"
	case d.Edges[i] == math.Nextafter(d.Edges[i-1], math.Inf(1)):
		return "just " + figure(d.Edges[i-1])
	default:
		return figure(d.Edges[i-1]) + " up to " + figure(d.Edges[i])
	}
}
