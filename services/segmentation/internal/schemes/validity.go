package schemes

import (
	"context"
	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// resampled is how many customers the stability test draws from: each resample is
// divided anew.
const resampled = 2000

// validity is step 7: whether the segments are stable and real.
func (w *work) validity(ctx context.Context, o *partition.Opened, f *partition.Fitted, a *assigned, resamples int) (*segmentationv1.ValidityReport, error) {
	m := &segmentationv1.ValidityReport{}
	if err := w.bootstrap(ctx, m, o, f, resamples); err != nil {
		return nil, err
	}
	m.Tests = w.tests(a)
	for place, l := range f.Model.Labels {
		if l.ID != partition.Unknown && a.labels[place].customers > 0 {
			m.Criteria = append(m.Criteria, w.criteria(l.ID, a, place))
		}
	}
	return m, nil
}

// bootstrap tells how well each segment is found again when customers are drawn anew.
func (w *work) bootstrap(ctx context.Context, m *segmentationv1.ValidityReport, o *partition.Opened, f *partition.Fitted, resamples int) error {
	if !w.spec.Learns() {
		m.StabilityNote = "each customer is assigned by fixed thresholds alone, whoever else there is: resampling changes nothing"
		m.StabilityNoteZh = "分配仅依据固定阈值，与其他客户无关：重抽样不会改变结果"
		return nil
	}
	width := w.reader.Width()
	rows := newReservoir(width, resampled, w.seed+2)
	for at := 0; at < len(w.rows.values); at += width {
		rows.add(w.rows.values[at : at+width])
	}
	n := rows.held()
	if n < 2 {
		m.StabilityNote = "too few customers to draw anew"
		m.StabilityNoteZh = "客户太少，无法重抽样"
		return nil
	}
	row := func(i int) []float64 { return rows.values[i*width : (i+1)*width] }
	labels := make([]int, n)
	for i := range labels {
		labels[i] = o.Divide(row(i))
	}
	again := w.again(f)
	drawn := make([]float64, 0, n*width)
	found, err := stat.BootstrapJaccard(ctx, labels, func(ctx context.Context, rows []int) ([]int, error) {
		drawn = drawn[:0]
		for _, i := range rows {
			drawn = append(drawn, row(i)...)
		}
		refitted, err := again.Fit(ctx, drawn, nil)
		if err != nil {
			return nil, err
		}
		opened, err := refitted.Model.Open(nil)
		if err != nil {
			return nil, err
		}
		divided := make([]int, len(rows))
		for i, at := range rows {
			divided[i] = opened.Divide(row(at))
		}
		return divided, nil
	}, stat.Bootstrap{Resamples: resamples, Seed: w.seed})
	if fault.KindOf(err) == fault.FailedPrecondition || fault.KindOf(err) == fault.InvalidArgument {
		m.StabilityNote = "a resample could not be divided: " + err.Error()
		m.StabilityNoteZh = "某次重抽样无法划分:" + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	m.Resamples, m.ResampleSize = int32(found.Resamples), int64(found.Rows)
	for _, c := range found.Clusters {
		if l := f.Model.Labels[c.Label]; l.ID != partition.Unknown {
			m.Stability = append(m.Stability, &segmentationv1.LabelStability{Label: l.ID, Jaccard: c.Jaccard, DissolvedShare: c.Dissolved})
		}
	}
	return nil
}

// again is how a resample is divided: into as many clusters, from fewer beginnings.
func (w *work) again(f *partition.Fitted) *partition.Spec {
	again := *w.spec
	if again.KMeans != nil {
		k := *again.KMeans
		k.K, k.Starts = f.Clusters.K, 3
		again.KMeans = &k
	}
	return &again
}

// tests are those of difference in the outside variables, corrected together.
func (w *work) tests(a *assigned) (all []*segmentationv1.OutsideTest) {
	for j, c := range w.columns {
		switch {
		case c.forming:
		case c.Numeric():
			all = append(all, anova(c, a, j), kruskal(c, a, j))
		default:
			all = append(all, contingency(c, a, j))
		}
	}
	var p []float64
	var made []*segmentationv1.OutsideTest
	for _, t := range all {
		if t.GetRefusal() == nil {
			made, p = append(made, t), append(p, t.GetPValue())
		}
	}
	if adjusted, err := stat.Holm(p); err == nil {
		for i, t := range made {
			t.AdjustedPValue = adjusted[i]
		}
	}
	return all
}

// told are the labels with customers, without unknown.
func (a *assigned) told() []*tally { return a.labels[:len(a.labels)-1] }

func anova(c *column, a *assigned, j int) *segmentationv1.OutsideTest {
	t := &segmentationv1.OutsideTest{Fact: c.Name, Test: "ANOVA"}
	var groups []stat.Spread
	for _, label := range a.told() {
		if label.spreads[j].N > 0 {
			groups = append(groups, label.spreads[j])
		}
	}
	r, err := stat.OneWayAnova(groups)
	if refuse(t, err) {
		return t
	}
	t.Statistic, t.DegreesOfFreedom = r.F, []float64{float64(r.DFBetween), float64(r.DFWithin)}
	t.PValue, t.Effect, t.Customers = r.P, r.EtaSquared, r.N
	t.Reading, t.ReadingZh = r.Reading("en"), r.Reading("zh")
	return t
}

func kruskal(c *column, a *assigned, j int) *segmentationv1.OutsideTest {
	t := &segmentationv1.OutsideTest{Fact: c.Name, Test: "KRUSKAL_WALLIS"}
	var groups [][]int64
	for _, label := range a.told() {
		if label.ranks[j] != nil {
			groups = append(groups, label.ranks[j])
		}
	}
	var rows [][]int64 // a row for each bin, with the groups' customers in it
	for bin := 0; len(groups) > 0 && bin < len(groups[0]); bin++ {
		row, all := make([]int64, len(groups)), int64(0)
		for g, counts := range groups {
			row[g] = counts[bin]
			all += counts[bin]
		}
		if all > 0 {
			rows = append(rows, row)
		}
	}
	r, err := stat.KruskalWallisOrdered(rows)
	if refuse(t, err) {
		return t
	}
	t.Statistic, t.DegreesOfFreedom = r.H, []float64{float64(r.DF)}
	t.PValue, t.Effect, t.Customers = r.P, r.EpsilonSquared, r.N
	t.Reading, t.ReadingZh = r.Reading("en"), r.Reading("zh")
	return t
}

func contingency(c *column, a *assigned, j int) *segmentationv1.OutsideTest {
	t := &segmentationv1.OutsideTest{Fact: c.Name, Test: "CHI_SQUARED"}
	var used []int
	for at := range maxGroups + 1 {
		for _, label := range a.told() {
			if label.groups[j][at] > 0 {
				used = append(used, at)
				break
			}
		}
	}
	var counts [][]int64
	for _, label := range a.told() {
		row, sum := make([]int64, len(used)), int64(0)
		for i, at := range used {
			row[i] = label.groups[j][at]
			sum += row[i]
		}
		if sum > 0 {
			counts = append(counts, row)
		}
	}
	r, err := stat.Contingency(counts)
	if refuse(t, err) {
		return t
	}
	t.Statistic, t.DegreesOfFreedom = r.ChiSquare, []float64{float64(r.DF)}
	t.PValue, t.Effect, t.Customers = r.P, r.CramersV, r.N
	t.Reading, t.ReadingZh = r.Reading("en"), r.Reading("zh")
	return t
}

// refuse notes why a test could not be made.
func refuse(t *segmentationv1.OutsideTest, err error) bool {
	if err == nil {
		return false
	}
	t.Refusal = &apiv1.Warning{Reason: or(fault.ReasonOf(err), "TEST_NOT_POSSIBLE"), Message: err.Error()}
	return true
}

// differs tells whether a test shows the difference that the thresholds ask for.
func differs(t *segmentationv1.OutsideTest, h *segmentationv1.SchemeThresholds) bool {
	least := h.GetMinEtaSquared()
	if t.GetTest() == "CHI_SQUARED" {
		least = h.GetMinCramersV()
	}
	return t.GetRefusal() == nil && t.GetAdjustedPValue() <= h.GetMaxPValue() && t.GetEffect() >= least
}

// smallEffect is Cohen's d, or h, from which on a difference counts (J. Cohen, 1988).
const smallEffect = 0.2

// actionableTraits are so many differences from the others that a segment can be
// addressed in a way of its own.
const actionableTraits = 2

// criteria judges a segment by the four criteria.
func (w *work) criteria(label string, a *assigned, place int) *segmentationv1.LabelCriteria {
	t, h := a.labels[place], w.scheme.GetThresholds()
	effect, differing := strongest(a.described[place])
	share, reach := ratio(t.customers, w.population), ratio(t.reachable, t.customers)
	criterion := func(met bool, figure, threshold float64, name, nameZh string) *segmentationv1.JudgedCriterion {
		return &segmentationv1.JudgedCriterion{Met: met, Figure: figure, Threshold: threshold, FigureName: name, FigureNameZh: nameZh}
	}
	return &segmentationv1.LabelCriteria{
		Label:           label,
		Substantial:     criterion(share >= h.GetMinSizeShare() && t.customers >= h.GetMinSize(), share, max(h.GetMinSizeShare(), ratio(h.GetMinSize(), w.population)), "share of customers", "客户占比"),
		Reachable:       criterion(reach >= h.GetMinReachableShare(), reach, h.GetMinReachableShare(), "share who can be reached", "可触达占比"),
		Distinguishable: criterion(effect >= smallEffect, effect, smallEffect, "largest difference from the others (d or h)", "与其他客户的最大差异(d 或 h)"),
		Actionable:      criterion(differing >= actionableTraits, differing, actionableTraits, "traits to act on", "可用于行动的特征数"),
	}
}
