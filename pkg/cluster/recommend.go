package cluster

import (
	"context"

	"github.com/kehuhq/kehu/pkg/fault"
)

// MaxRange is how many numbers of clusters are compared at most.
const MaxRange = 50

// RecommendOptions say which numbers of clusters to compare.
type RecommendOptions struct {
	KMin, KMax     int     // 2 at least; KMax at most KMin+MaxRange−1
	Options        Options // of each division; K is not used, and Init cannot be InitGiven
	SilhouetteRows int     // see SilhouetteOptions
}

// Candidate is a division into K clusters.
type Candidate struct {
	K                int      `json:"k"`
	Inertia          float64  `json:"inertia"`
	Silhouette       float64  `json:"silhouette"`
	SampleSize       int      `json:"silhouette_sample_size"`
	DaviesBouldin    *float64 `json:"davies_bouldin"`    // see Indices
	CalinskiHarabasz *float64 `json:"calinski_harabasz"` // see Indices
	SmallestShare    float64  `json:"smallest_share"`    // of the rows, in the smallest cluster
	Iterations       int      `json:"iterations"`
	Converged        bool     `json:"converged"`
}

// Recommendation is a number of clusters with its reason.
type Recommendation struct {
	K      int    `json:"k"`
	Reason Ground `json:"reason"`
	// English and Chinese say the reason in plain words.
	English    string      `json:"english"`
	Chinese    string      `json:"chinese"`
	Elbow      int         `json:"elbow"` // 0 where there is none
	Candidates []Candidate `json:"candidates"`
}

// Recommend divides the rows of m into each number of clusters from KMin to KMax, and
// recommends one: that with the highest silhouette, or, where others are within
// NearlyEqual of it and the elbow of the inertias is among them, the elbow. The elbow
// is sought on the curve from a single cluster where KMin is 2. It fails as KMeans and
// SilhouetteOf do.
func Recommend(ctx context.Context, m Matrix, o RecommendOptions) (*Recommendation, error) {
	switch {
	case o.KMin < 2:
		return nil, fault.Invalid("k_min", "must be 2 or more: a single cluster can be compared with none, is %d", o.KMin)
	case o.KMax < o.KMin || o.KMax > MaxClusters || o.KMax-o.KMin >= MaxRange:
		return nil, fault.Invalid("k_max", "must be %d to %d, is %d", o.KMin, min(MaxClusters, o.KMin+MaxRange-1), o.KMax)
	case o.Options.Init == InitGiven:
		return nil, fault.Invalid("init", "must draw the centres for each number of clusters, or take the first rows")
	}
	o.Options.K = o.KMax // refuse at once what will be refused in the end
	if err := o.Options.withDefaults().check(m); err != nil {
		return nil, err
	}
	r := &Recommendation{}
	var ks []int
	var inertias []float64
	if o.KMin == 2 {
		ks, inertias = append(ks, 1), append(inertias, meanVariance(m)*float64(m.Columns())*float64(m.Rows()))
	}
	for k := o.KMin; k <= o.KMax; k++ {
		c, err := candidate(ctx, m, k, o)
		if err != nil {
			return nil, err
		}
		r.Candidates = append(r.Candidates, c)
		ks, inertias = append(ks, k), append(inertias, c.Inertia)
	}
	elbow, _, err := ElbowOf(ks, inertias)
	if err != nil {
		return nil, err
	}
	r.Elbow = elbow
	r.choose()
	return r, nil
}

func candidate(ctx context.Context, m Matrix, k int, o RecommendOptions) (Candidate, error) {
	o.Options.K = k
	division, err := KMeans(ctx, m, o.Options)
	if err != nil {
		return Candidate{}, err
	}
	c := Candidate{K: k, Inertia: division.Inertia, Iterations: division.Iterations, Converged: division.Converged, SmallestShare: 1}
	for _, size := range division.Sizes {
		c.SmallestShare = min(c.SmallestShare, float64(size)/float64(m.Rows()))
	}
	silhouette, err := SilhouetteOf(ctx, m, division.Labels, k, SilhouetteOptions{Rows: o.SilhouetteRows, Seed: o.Options.Seed, Workers: o.Options.Workers})
	if err != nil {
		return c, err
	}
	indices, err := IndicesOf(m, division.Labels, k)
	if err != nil {
		return c, err
	}
	c.Silhouette, c.SampleSize = silhouette.Mean, silhouette.SampleSize
	c.DaviesBouldin, c.CalinskiHarabasz = indices.DaviesBouldin, indices.CalinskiHarabasz
	return c, nil
}

// choose decides between the candidates.
func (r *Recommendation) choose() {
	best, elbow := r.Candidates[0], (*Candidate)(nil)
	for i, c := range r.Candidates {
		if c.Silhouette > best.Silhouette {
			best = c
		}
		if c.K == r.Elbow {
			elbow = &r.Candidates[i]
		}
	}
	chosen, reason := best, RecommendedSilhouette
	switch {
	case best.Silhouette < WeakStructure:
		reason = RecommendedWeak
	case elbow != nil && elbow.K == best.K:
		reason = RecommendedBoth
	case elbow != nil && best.Silhouette-elbow.Silhouette <= NearlyEqual:
		chosen, reason = *elbow, RecommendedElbow
	}
	r.K, r.Reason = chosen.K, reason
	r.English, r.Chinese = reason.words(chosen, best, r.Elbow)
}
