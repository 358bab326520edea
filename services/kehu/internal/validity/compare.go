package validity

import (
	"fmt"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// Comparison is whether the groups of a table differ in some columns.
type Comparison struct {
	Group    string         `json:"group"`
	Rows     int64          `json:"rows"`    // read
	Dropped  int64          `json:"dropped"` // of them, left out for a missing value
	Compared []*Differences `json:"columns"`
	// Correction is that of the corrected p-values, where there are several columns.
	Correction string `json:"correction,omitempty"`
}

// Differences are those of the groups in one column.
type Differences struct {
	Column        string                  `json:"column"`
	Anova         *Anova                  `json:"anova"` // null where it cannot be computed: see Warnings
	KruskalWallis *KruskalWallis          `json:"kruskal_wallis"`
	Groups        []Group                 `json:"groups"`
	Warnings      []stat.Warning          `json:"warnings"`
	values        [][]float64             // of each group
	ranks         *stat.KruskalWallisTest // with the ranks of the groups
}

// Anova is a test of means with its corrected p-value and how to read it.
type Anova struct {
	stat.Anova
	PHolm   *float64 `json:"p_value_holm,omitempty"`
	Reading string   `json:"reading"`
}

// KruskalWallis is a test of ranks with its corrected p-value and how to read it.
type KruskalWallis struct {
	H              float64  `json:"h"`
	DF             int64    `json:"df"`
	P              float64  `json:"p_value"`
	EpsilonSquared float64  `json:"epsilon_squared"`
	TieCorrection  float64  `json:"tie_correction"`
	N              int64    `json:"n"`
	PHolm          *float64 `json:"p_value_holm,omitempty"`
	Reading        string   `json:"reading"`
}

// Group is what one group's values are like.
type Group struct {
	Name     string  `json:"name"`
	N        int64   `json:"n"`
	Mean     float64 `json:"mean"`
	SD       float64 `json:"sd"`
	Median   float64 `json:"median"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	MeanRank float64 `json:"mean_rank"`
}

// Compare compares the groups that the values of one column name in columns of
// numbers. lang is the language of the readings, zh or en. With several columns
// the p-values of each test are also given corrected as by Holm.
func Compare(from *table.Table, values []string, group string, drop bool, lang string) (*Comparison, error) {
	d, err := read(from, Columns{Numbers: values, Words: []string{group}, Most: stat.MaxGroups, Drop: drop})
	if err != nil {
		return nil, err
	}
	names, of := d.words[0].names, d.words[0].of
	if len(names) < 2 {
		return nil, fault.Invalid("group", "must have 2 different values or more, %s has %d", group, len(names))
	}
	c := &Comparison{Group: group, Rows: d.rows, Dropped: d.dropped}
	for i, title := range d.titles {
		one := &Differences{Column: title, Warnings: []stat.Warning{}, values: make([][]float64, len(names))}
		for row, v := range d.numbers[i] {
			one.values[of[row]] = append(one.values[of[row]], v)
		}
		if err := one.test(names); err != nil {
			return nil, At("column "+title, err)
		}
		c.Compared = append(c.Compared, one)
	}
	if len(c.Compared) > 1 {
		c.Correction = "holm"
		if err := c.correct(); err != nil {
			return nil, err
		}
	}
	for _, one := range c.Compared {
		one.read(lang)
	}
	return c, nil
}

func (d *Differences) test(names []string) error {
	spreads := make([]stat.Spread, len(names))
	for g, values := range d.values {
		spreads[g] = stat.SpreadOf(values)
	}
	a, err := stat.OneWayAnova(spreads)
	switch {
	case err == nil:
		d.Anova = &Anova{Anova: a}
	case fault.ReasonOf(err) == stat.ReasonZeroWithin: // ranks can be compared all the same
		d.Warnings = append(d.Warnings, stat.Warning{Reason: stat.ReasonZeroWithin, Message: err.Error()})
	default:
		return err
	}
	k, err := stat.KruskalWallis(d.values)
	if err != nil {
		return err
	}
	d.ranks = &k
	d.KruskalWallis = &KruskalWallis{H: k.H, DF: k.DF, P: k.P, EpsilonSquared: k.EpsilonSquared, TieCorrection: k.TieCorrection, N: k.N}
	d.Warnings = append(d.Warnings, k.Warnings...)
	for g, s := range spreads {
		d.Groups = append(d.Groups, Group{
			Name: names[g], N: s.N, Mean: s.Mean, SD: s.SD(), Median: median(d.values[g]), Min: s.Min, Max: s.Max, MeanRank: k.MeanRanks[g],
		})
	}
	return nil
}

// correct corrects the p-values of each test over the columns.
func (c *Comparison) correct() error {
	var means, ranks []float64
	for _, d := range c.Compared {
		if d.Anova != nil {
			means = append(means, d.Anova.P)
		}
		ranks = append(ranks, d.KruskalWallis.P)
	}
	means, err := stat.Holm(means)
	if err != nil {
		return err
	}
	if ranks, err = stat.Holm(ranks); err != nil {
		return err
	}
	for i, d := range c.Compared {
		d.KruskalWallis.PHolm = &ranks[i]
		if d.Anova != nil {
			d.Anova.PHolm, means = &means[0], means[1:]
		}
	}
	return nil
}

// read puts the tests into words, by the corrected p-value where there is one.
func (d *Differences) read(lang string) {
	if a := d.Anova; a != nil {
		said := a.Anova
		if a.PHolm != nil {
			said.P = *a.PHolm
		}
		a.Reading = said.Reading(lang)
	}
	said := *d.ranks
	if d.KruskalWallis.PHolm != nil {
		said.P = *d.KruskalWallis.PHolm
	}
	d.KruskalWallis.Reading = said.Reading(lang)
}

// median is the middle value, or the mean of the two in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return sorted[half-1]/2 + sorted[half]/2
}

// At says of which column or file a fault is.
func At(where string, err error) error {
	f, ok := fault.As(err)
	if !ok {
		return fmt.Errorf("%s: %w", where, err)
	}
	named := *f
	named.Message = where + ": " + f.Message
	return &named
}
