package clusters

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Settings say how to divide.
type Settings struct {
	Preparation    cluster.Preparation
	Options        cluster.Options
	SilhouetteRows int
	// Batch is how many rows a batch has; 0 where all rows are compared in each iteration.
	Batch int
	// KMin and KMax are the numbers of clusters from which one is recommended and
	// taken; 0 where Options.K says it.
	KMin, KMax int
}

// Division is what k-means found. As JSON it is an object with these members.
type Division struct {
	Head
	K          int       `json:"k"`
	Inertia    float64   `json:"inertia"` // Σ of squared distances, in scaled units
	Iterations int       `json:"iterations"`
	Converged  bool      `json:"converged"`
	Sizes      []int64   `json:"sizes"`
	Centres    []Centre  `json:"centres"` // in the units of the columns
	Scaled     []Centre  `json:"centres_scaled,omitempty"`
	Silhouette *float64  `json:"silhouette"` // null with a single cluster
	SampleSize int       `json:"silhouette_sample_size"`
	Sampled    bool      `json:"silhouette_sampled"`
	Clusters   []float64 `json:"silhouette_clusters"`
	Davies     *float64  `json:"davies_bouldin"`
	Calinski   *float64  `json:"calinski_harabasz"`
	// Recommendation is there where a range of numbers of clusters was compared.
	Recommendation *cluster.Recommendation `json:"recommendation,omitempty"`

	kept, labels []int
}

// Centre is a row of numbers in the order of the columns.
type Centre = []float64

// Head is what was divided, and how.
type Head struct {
	Columns  []string          `json:"columns"`
	N        int               `json:"n"`    // rows divided
	Rows     int               `json:"rows"` // read
	Dropped  int               `json:"dropped"`
	Scale    cluster.Scaling   `json:"scale"`
	Init     cluster.Init      `json:"init"`
	Starts   int               `json:"starts"`
	Seed     uint64            `json:"seed"`
	Outliers cluster.Outliers  `json:"outliers"`
	Batch    int               `json:"mini_batch,omitempty"` // rows of one; an iteration is a batch then
	Warnings []cluster.Warning `json:"warnings"`
}

// prepared are the rows of the table in scaled units.
func prepared(m cluster.Matrix, s Settings) (*cluster.Scaler, *cluster.Prepared, Head, error) {
	scaler, warnings, err := cluster.FitScaler(m, s.Preparation)
	if err != nil {
		return nil, nil, Head{}, err
	}
	rows, err := scaler.Apply(m)
	if err != nil {
		return nil, nil, Head{}, err
	}
	h := Head{
		Columns: m.Names, N: rows.Matrix.Rows(), Rows: m.Rows(), Dropped: rows.Dropped,
		Scale: scaler.Preparation.Scaling, Outliers: scaler.Preparation.Outliers, Batch: s.Batch, Seed: s.Options.Seed, Warnings: append(warnings, rows.Warnings()...),
	}
	if h.Warnings == nil {
		h.Warnings = []cluster.Warning{}
	}
	return scaler, rows, h, nil
}

// Divide divides the rows of a table.
func Divide(ctx context.Context, m cluster.Matrix, s Settings) (*Division, error) {
	scaler, rows, head, err := prepared(m, s)
	if err != nil {
		return nil, err
	}
	var recommended *cluster.Recommendation
	if s.KMax > 0 {
		recommended, err = cluster.Recommend(ctx, rows.Matrix, cluster.RecommendOptions{
			KMin: s.KMin, KMax: s.KMax, Options: s.Options, SilhouetteRows: s.SilhouetteRows,
		})
		if err != nil {
			return nil, err
		}
		s.Options.K = recommended.K
	}
	found, err := s.found(ctx, rows.Matrix)
	if err != nil {
		return nil, err
	}
	head.Init, head.Starts = found.Init, found.Starts
	head.Warnings = append(head.Warnings, found.Warnings...)
	d := &Division{
		Head: head, K: found.K, Inertia: found.Inertia, Iterations: found.Iterations, Converged: found.Converged, Sizes: found.Sizes,
		Clusters: []float64{}, Recommendation: recommended, kept: rows.Kept, labels: found.Labels,
	}
	for j := range found.K {
		d.Centres = append(d.Centres, scaler.Original(found.Centre(j)))
		if head.Scale != cluster.ScaleNone {
			d.Scaled = append(d.Scaled, found.Centre(j))
		}
	}
	return d, d.judge(ctx, rows.Matrix, found, s)
}

func (s Settings) found(ctx context.Context, m cluster.Matrix) (*cluster.Result, error) {
	if s.Batch > 0 {
		return cluster.MiniBatch(ctx, m, s.Options, s.Batch)
	}
	return cluster.KMeans(ctx, m, s.Options)
}

// judge adds the indices, which need two clusters.
func (d *Division) judge(ctx context.Context, m cluster.Matrix, found *cluster.Result, s Settings) error {
	indices, err := cluster.IndicesOf(m, found.Labels, found.K)
	if fault.ReasonOf(err) == cluster.ReasonSingleCluster {
		d.Warnings = append(d.Warnings, cluster.Warning{Reason: cluster.ReasonIndexUndefined, Message: "silhouette, Davies–Bouldin and Caliński–Harabasz compare clusters, and there is one"})
		return nil
	}
	if err != nil {
		return err
	}
	silhouette, err := cluster.SilhouetteOf(ctx, m, found.Labels, found.K, cluster.SilhouetteOptions{Rows: s.SilhouetteRows, Seed: s.Options.Seed, Workers: s.Options.Workers})
	if err != nil {
		return err
	}
	d.Silhouette, d.SampleSize, d.Sampled, d.Clusters = &silhouette.Mean, silhouette.SampleSize, silhouette.Sampled, silhouette.Clusters
	d.Davies, d.Calinski = indices.DaviesBouldin, indices.CalinskiHarabasz
	d.Warnings = append(d.Warnings, indices.Warnings...)
	return nil
}

// WriteAssignments writes the row of the file, counted from 1 below its header, and
// the cluster, from 0, of each row that was divided, as CSV.
func (d *Division) WriteAssignments(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintln(out, "row,label")
	for i, label := range d.labels {
		if d.kept != nil {
			i = d.kept[i]
		}
		fmt.Fprintf(out, "%d,%d\n", i+1, label)
	}
	return out.Flush()
}
