package schemes

import (
	"math"
	"slices"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// column is one variable over all customers.
type column struct {
	*partition.Variable
	forming bool
	known   int64
	zero    int64
	spread  stat.Spread
	groups  map[string]int // places of the categories, in the order they were met
	names   []string
	// field is the fact that the variable is, nil of others; currency is that of its
	// amounts, where they are amounts and all in one.
	field    *facts.Field
	currency string
	mixed    bool
}

func newColumn(v *partition.Variable, forming bool) *column {
	c := &column{Variable: v, forming: forming, groups: make(map[string]int)}
	if c.Numeric() {
		c.field, _ = facts.Lookup(v.Name)
	}
	return c
}

// read is the column's number of a customer: of a category its place. NaN is not known.
func (c *column) read(f *facts.Facts, m partition.Moment) float64 {
	if c.Numeric() {
		if x, known := c.Number(f, m); known {
			return x
		}
		return math.NaN()
	}
	category, known := c.Category(f)
	if !known {
		return math.NaN()
	}
	return float64(c.place(category))
}

// note notes in which currency a customer's amount is.
func (c *column) note(f *facts.Facts) {
	if c.field == nil {
		return
	}
	switch currency := c.field.Currency(f); {
	case currency == "" || currency == c.currency:
	case c.currency == "":
		c.currency = currency
	default:
		c.mixed = true
	}
}

// unit is what the column's numbers are told in.
func (c *column) unit() string {
	if c.Unit == "" && !c.mixed {
		return c.currency
	}
	return c.Unit
}

// place finds a category; of those beyond the limit it is that of all others.
func (c *column) place(category string) int {
	if at, met := c.groups[category]; met {
		return at
	}
	if len(c.names) == maxGroups {
		return maxGroups
	}
	c.groups[category] = len(c.names)
	c.names = append(c.names, category)
	return len(c.names) - 1
}

func (c *column) count(x float64) {
	if math.IsNaN(x) {
		return
	}
	c.known++
	if c.Numeric() {
		c.spread.Add(x)
		if x == 0 {
			c.zero++
		}
	}
}

// read fills the columns' numbers of a customer. Forming ones are those that the
// division goes by.
func (w *work) read(f *facts.Facts, into []float64) {
	for _, c := range w.columns {
		c.note(f)
	}
	if w.reader != nil {
		w.reader.Read(f, w.own, w.row)
	}
	for j, c := range w.columns {
		switch {
		case !c.forming:
			into[j] = c.read(f, w.outside)
		case w.reader != nil && c.Numeric():
			into[j] = w.row[j]
		default:
			into[j] = c.read(f, w.outside)
		}
	}
}

// report tells what the data of all columns is like.
func (w *work) report() *segmentationv1.DataReport {
	formed := w.population
	if w.rows != nil {
		formed = int64(w.rows.held())
	}
	m := &segmentationv1.DataReport{Population: w.population, FormedFrom: formed, LatestFactTime: instant(w.latest), ActiveShare: ratio(w.active, w.population)}
	for j, c := range w.columns {
		v := &segmentationv1.VariableData{
			Fact: c.Name, Label: c.Label, LabelZh: c.LabelZh, Forming: c.forming, Numeric: c.Numeric(),
			Known: c.known, Completeness: ratio(c.known, w.population), Distinct: int64(len(c.names)),
		}
		if c.Numeric() {
			v.ZeroShare, v.Mean = ratio(c.zero, c.known), c.spread.Mean
			describeNumbers(v, w.sample(j))
		}
		m.Variables = append(m.Variables, v)
	}
	return m
}

// sample are a column's known numbers in the sample, ascending.
func (w *work) sample(j int) []float64 {
	var known []float64
	for at := j; at < len(w.data.values); at += w.data.width {
		if x := w.data.values[at]; !math.IsNaN(x) {
			known = append(known, x)
		}
	}
	slices.Sort(known)
	return known
}

// distinctLimit is up to how many different numbers are counted.
const distinctLimit = 1000

func describeNumbers(v *segmentationv1.VariableData, sorted []float64) {
	if len(sorted) == 0 {
		return
	}
	for i, x := range sorted {
		if i == 0 || x != sorted[i-1] {
			v.Distinct++
		}
	}
	v.Distinct = min(v.Distinct, distinctLimit)
	quantile := func(q float64) float64 {
		h := q * float64(len(sorted)-1)
		low := int(h)
		if low+1 >= len(sorted) {
			return sorted[len(sorted)-1]
		}
		return sorted[low] + (h-float64(low))*(sorted[low+1]-sorted[low])
	}
	q1, q3 := quantile(0.25), quantile(0.75)
	v.Quantiles = []float64{sorted[0], q1, quantile(0.5), q3, sorted[len(sorted)-1]}
	far := 0
	for _, x := range sorted {
		if x < q1-3*(q3-q1) || x > q3+3*(q3-q1) {
			far++
		}
	}
	v.OutlierShare = float64(far) / float64(len(sorted))
}

func ratio(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
