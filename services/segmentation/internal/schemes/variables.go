package schemes

import (
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"
)

// stability is step 4: how much the forming variables moved since the baseline, and by
// chance alone.
func (w *work) stability(a *assigned, base *baseline) *segmentationv1.VariableReport {
	m := &segmentationv1.VariableReport{}
	if base != nil {
		m.BaselineRun = base.name
	}
	for j := range w.forming {
		own := a.own[j]
		if own == nil {
			continue
		}
		v := &segmentationv1.VariableStability{Fact: w.columns[j].Name, Customers: w.columns[j].known}
		if d, err := stat.PSIOfCounts(own.halves[0], own.halves[1], stat.DefaultSmoothing); err == nil {
			v.SplitHalfPsi = d.PSI
			v.Reading, v.ReadingZh = "between two random halves: "+d.Reading("en"), "随机两半之间:"+d.Reading("zh")
		}
		if a.base[j] != nil {
			if d, err := a.base[j].frozen.Baseline.Drift(a.base[j].total(), stat.DefaultSmoothing); err == nil {
				v.Psi, v.BaselineCustomers = &d.PSI, d.NExpected
				v.Reading, v.ReadingZh = d.Reading("en"), d.Reading("zh")
			}
		}
		if limit := w.scheme.GetThresholds().GetMaxPsi(); v.GetPsi() > limit || v.SplitHalfPsi > limit {
			m.Moved = append(m.Moved, v.Fact)
		}
		m.Variables = append(m.Variables, v)
	}
	return m
}
