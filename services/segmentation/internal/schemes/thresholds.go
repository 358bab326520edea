package schemes

import (
	"math"

	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// withDefaults fills in the thresholds that are not declared. Their sources: PSI 0.25,
// N. Siddiqi, Credit Risk Scorecards, 2006; Jaccard 0.6, C. Hennig, Cluster-wise
// assessment of cluster stability, 2007; silhouette 0.25, L. Kaufman and P. Rousseeuw,
// Finding Groups in Data, 1990; η² 0.01 and V 0.1, J. Cohen, Statistical Power Analysis,
// 1988 (small effects). The others are practice.
func withDefaults(t *segmentationv1.SchemeThresholds) *segmentationv1.SchemeThresholds {
	if t == nil {
		t = &segmentationv1.SchemeThresholds{}
	}
	fill := func(v **float64, otherwise float64) {
		if *v == nil {
			*v = proto.Float64(otherwise)
		}
	}
	fill(&t.MinCompleteness, 0.8)
	fill(&t.MaxPsi, 0.25)
	fill(&t.MinJaccard, 0.6)
	fill(&t.MinSilhouette, 0.25)
	fill(&t.MinEtaSquared, 0.01)
	fill(&t.MinCramersV, 0.1)
	fill(&t.MaxPValue, 0.05)
	fill(&t.MinSizeShare, 0.01)
	fill(&t.MaxUnknownShare, 0.3)
	fill(&t.MinReachableShare, 0.5)
	if t.MinOutsideVariables == nil {
		t.MinOutsideVariables = proto.Int32(1)
	}
	if t.MinSize == nil {
		t.MinSize = proto.Int64(30)
	}
	return t
}

// weighed are the weights scaled to add up to 1: all the same where none is given.
func weighed(w *segmentationv1.AttractivenessWeights) *segmentationv1.AttractivenessWeights {
	sum := w.GetSize() + w.GetGrowth() + w.GetPurchasingPower() + w.GetNeed() + w.GetFit() + w.GetCompetition()
	if sum <= 0 {
		return &segmentationv1.AttractivenessWeights{Size: 1. / 6, Growth: 1. / 6, PurchasingPower: 1. / 6, Need: 1. / 6, Fit: 1. / 6, Competition: 1. / 6}
	}
	if math.Abs(sum-1) < 1e-9 {
		return w // scaled already
	}
	return &segmentationv1.AttractivenessWeights{
		Size: w.GetSize() / sum, Growth: w.GetGrowth() / sum, PurchasingPower: w.GetPurchasingPower() / sum,
		Need: w.GetNeed() / sum, Fit: w.GetFit() / sum, Competition: w.GetCompetition() / sum,
	}
}
