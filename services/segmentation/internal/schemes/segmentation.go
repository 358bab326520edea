package schemes

import (
	"fmt"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/partition"
)

// segmentation is step 5: the division.
func (w *work) segmentation(f *partition.Fitted, a *assigned, continued []continuation) *segmentationv1.SegmentationReport {
	m := &segmentationv1.SegmentationReport{Method: w.method(f), Failed: a.failed}
	currency, whole := a.currency()
	for place, l := range f.Model.Labels {
		t := a.labels[place]
		size := &segmentationv1.LabelSize{Label: l.ID, DisplayName: l.En, DisplayNameZh: l.Zh, Customers: t.customers, Share: ratio(t.customers, w.population)}
		if currency != "" {
			size.Revenue = &apiv1.Money{MinorUnits: t.revenue[currency], CurrencyCode: currency}
			size.RevenueShare = ratio(t.revenue[currency], whole)
		}
		if l.ID == partition.Unknown {
			m.Unknown = t.customers
		}
		if at := continued[place]; at.From != "" {
			before := a.before(at.From)
			size.PreviousCustomers = &before
		}
		m.Labels = append(m.Labels, size)
	}
	for _, c := range f.Cuts {
		m.Cuts = append(m.Cuts, &segmentationv1.CutPoints{Fact: c.Fact, At: c.At, Basis: c.Basis})
	}
	if f.Clusters != nil {
		m.Clusters = clusterReport(f)
	}
	return m
}

// before is how many customers have a label in the baseline's model today.
func (a *assigned) before(label string) (n int64) {
	for i, id := range a.beforeLabels {
		if id == label {
			for _, both := range a.cross[i] {
				n += both
			}
		}
	}
	return n
}

// currency is the one in which most customers paid, and all the revenue in it.
func (a *assigned) currency() (currency string, whole int64) {
	payers := make(map[string]int64)
	for _, t := range a.labels {
		for c, n := range t.payers {
			payers[c] += n
		}
	}
	for c, n := range payers {
		if n > payers[currency] || n == payers[currency] && c < currency {
			currency = c
		}
	}
	for _, t := range a.labels {
		whole += t.revenue[currency]
	}
	return currency, whole
}

func (w *work) method(f *partition.Fitted) string {
	switch {
	case w.spec.RFM != nil:
		return fmt.Sprintf("RFM, %s, %s", w.spec.RFM.Grouping, w.spec.RFM.Currency)
	case w.spec.KMeans != nil:
		return fmt.Sprintf("k-means, k = %d, %d variables", f.Clusters.K, w.forming)
	case w.spec.Quadrants != nil:
		return "value by need"
	case w.spec.Crossed != nil:
		return fmt.Sprintf("%d crossed dimensions", len(w.spec.Crossed.Dimensions))
	default:
		return fmt.Sprintf("%d rules, the first that holds", len(w.spec.Rules))
	}
}

func clusterReport(f *partition.Fitted) *segmentationv1.ClusterReport {
	c := f.Clusters
	m := &segmentationv1.ClusterReport{
		K: int32(c.K), Reason: c.Reason, ReasonZh: c.ReasonZh, Inertia: c.Inertia, Silhouette: c.Silhouette, SilhouetteSample: int64(c.SilhouetteSample),
		DaviesBouldin: c.DaviesBouldin, Iterations: int32(c.Iterations), Converged: c.Converged,
	}
	for _, t := range c.Trials {
		m.Trials = append(m.Trials, &segmentationv1.ClusterTrial{K: int32(t.K), Inertia: t.Inertia, Silhouette: &t.Silhouette})
	}
	for i, centre := range c.Centres {
		m.Centres = append(m.Centres, &segmentationv1.ClusterCentre{Label: f.Model.Labels[i].ID, Values: centre})
	}
	return m
}
