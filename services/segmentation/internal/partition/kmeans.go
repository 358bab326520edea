package partition

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/pkg/fault"
)

// KMeansSpec is k-means before it has seen customers.
type KMeansSpec struct {
	Variables  []string
	Log        []string // of Variables, those of which log(1+x) is taken
	K          int      // 0 to choose between KMin and KMax
	KMin, KMax int
	Scaling    cluster.Scaling
	Winsorise  bool // at the 1 % and 99 % quantiles
	Impute     bool // take the median for what is missing; otherwise such customers are unknown
	Starts     int
	Seed       uint64
}

// KMeans assigns to the nearest of some centres that stand still.
type KMeans struct {
	Variables []string        `bson:"variables"`
	Log       []bool          `bson:"log"`
	Scaler    *cluster.Scaler `bson:"scaler"`
	K         int             `bson:"k"`
	Centres   []float64       `bson:"centres"` // K rows, scaled
}

// Clusters is what is told of clusters.
type Clusters struct {
	K                  int
	Reason, ReasonZh   string
	Inertia            float64
	Silhouette         float64
	SilhouetteClusters []float64
	SilhouetteSample   int
	DaviesBouldin      float64
	Iterations         int
	Converged          bool
	Trials             []Trial
	// Centres are in the variables' units, a row for each cluster.
	Centres [][]float64
}

// Trial is a number of clusters that was tried.
type Trial struct {
	K          int
	Inertia    float64
	Silhouette float64
}

func (s *KMeansSpec) check() error {
	if len(s.Variables) == 0 || len(s.Variables) > MaxInputs {
		return fault.Invalid("variables.forming", "must be 1 to %d numbers to form clusters by, are %d", MaxInputs, len(s.Variables))
	}
	for i, name := range s.Variables {
		if slices.Contains(s.Variables[:i], name) {
			return fault.Invalid(fmt.Sprintf("variables.forming[%d].fact", i), "must be named once, %s is named twice", name)
		}
	}
	for i, name := range s.Log {
		if !slices.Contains(s.Variables, name) {
			return fault.Invalid(fmt.Sprintf("method.kmeans.log_variables[%d]", i), "must be a forming variable, is %.128q", name)
		}
	}
	if s.K == 1 || s.K == 0 && (s.KMin < 2 || s.KMax < s.KMin) {
		return fault.Invalid("method.kmeans.k", "must be at least 2, or 0 with k_min from 2 on and k_max not below it")
	}
	return nil
}

func (m *KMeans) inputs() ([]input, error) { return findInputs("variables.forming", m.Variables) }

// bend takes the logarithms of the variables that want it. Refunds can make amounts
// negative: the sign is kept.
func bend(log []bool, row []float64) {
	for j, is := range log {
		if is {
			row[j] = math.Copysign(math.Log1p(math.Abs(row[j])), row[j])
		}
	}
}

// unbend is the reverse of bend.
func unbend(log []bool, row []float64) {
	for j, is := range log {
		if is {
			row[j] = math.Copysign(math.Expm1(math.Abs(row[j])), row[j])
		}
	}
}

// choosing is how many rows the number of clusters is chosen from: the trials cost as
// many divisions as there are numbers to try.
const choosing = 20_000

// trying is how many beginnings each number is tried with.
const trying = 3

func (s *KMeansSpec) fit(ctx context.Context, rows []float64, report func(done, total int, what string)) (*Fitted, error) {
	m := &KMeans{Variables: s.Variables, Log: make([]bool, len(s.Variables))}
	for j, name := range s.Variables {
		m.Log[j] = slices.Contains(s.Log, name)
	}
	width := len(s.Variables)
	bent := slices.Clone(rows)
	for at := 0; at < len(bent); at += width {
		bend(m.Log, bent[at:at+width])
	}
	prepared, err := s.prepare(m, bent)
	if err != nil {
		return nil, err
	}
	out := &Fitted{Clusters: &Clusters{K: s.K, Reason: "as declared", ReasonZh: "按方案设定"}}
	for _, w := range prepared.Warnings() {
		out.warn(w.Reason, "%s", w.Message)
	}
	if s.K == 0 {
		if err := s.choose(ctx, prepared.Matrix, out.Clusters, report); err != nil {
			return nil, err
		}
	}
	report(0, 1, fmt.Sprintf("forming %d clusters", out.Clusters.K))
	o := cluster.Options{K: out.Clusters.K, Starts: s.Starts, Seed: s.Seed, Tolerance: cluster.DefaultTolerance}
	result, err := cluster.KMeans(ctx, prepared.Matrix, o)
	if err != nil {
		return nil, refused(err)
	}
	for _, w := range result.Warnings {
		out.warn(w.Reason, "%s", w.Message)
	}
	return out, m.take(ctx, prepared.Matrix, result, out)
}

func (s *KMeansSpec) prepare(m *KMeans, bent []float64) (*cluster.Prepared, error) {
	matrix, err := cluster.NewMatrix(s.Variables, bent)
	if err != nil {
		return nil, err
	}
	p := cluster.Preparation{Scaling: s.Scaling, Missing: cluster.MissingDrop, Constant: cluster.ConstantRefuse}
	if s.Impute {
		p.Missing = cluster.MissingMedian
	}
	if s.Winsorise {
		p.Outliers = cluster.Outliers{Policy: cluster.OutliersWinsorise, Tail: 0.01}
	}
	if m.Scaler, _, err = cluster.FitScaler(matrix, p); err != nil {
		return nil, refused(err)
	}
	prepared, err := m.Scaler.Apply(matrix)
	return prepared, refused(err)
}

// refused says that the data cannot support clusters: what package cluster calls an
// invalid argument is not the caller's, but what the facts came to.
func refused(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Kind != fault.InvalidArgument {
		return err
	}
	g := *f
	g.Kind = fault.FailedPrecondition
	return &g
}

// choose tries numbers of clusters on a part of the rows, and takes that with the
// greatest mean silhouette, the least of equals.
func (s *KMeansSpec) choose(ctx context.Context, m cluster.Matrix, out *Clusters, report func(done, total int, what string)) error {
	some := m
	if n := m.Rows(); n > choosing {
		d := m.Columns()
		some.Values = make([]float64, 0, choosing*d)
		for i := range choosing {
			some.Values = append(some.Values, m.Row(int(int64(i)*int64(n)/choosing))...)
		}
	}
	best := math.Inf(-1)
	for k := s.KMin; k <= s.KMax; k++ {
		report(k-s.KMin, s.KMax-s.KMin+1, "choosing the number of clusters")
		result, err := cluster.KMeans(ctx, some, cluster.Options{K: k, Starts: trying, Seed: s.Seed, Tolerance: cluster.DefaultTolerance})
		if err != nil {
			if k > s.KMin && fault.KindOf(err) == fault.InvalidArgument {
				break // not so many different customers
			}
			return refused(err)
		}
		silhouette, err := cluster.SilhouetteOf(ctx, some, result.Labels, k, cluster.SilhouetteOptions{Rows: 2000, Seed: s.Seed})
		if err != nil {
			return refused(err)
		}
		out.Trials = append(out.Trials, Trial{k, result.Inertia, silhouette.Mean})
		if silhouette.Mean > best {
			best, out.K = silhouette.Mean, k
		}
	}
	out.Reason = fmt.Sprintf("of %d to %d clusters, tried on a sample, %d had the greatest mean silhouette there, %.3f", s.KMin, out.Trials[len(out.Trials)-1].K, out.K, best)
	out.ReasonZh = fmt.Sprintf("在样本上试分 %d 至 %d 类，分 %d 类时样本的平均轮廓系数最大，为 %.3f", s.KMin, out.Trials[len(out.Trials)-1].K, out.K, best)
	return nil
}

// take keeps what a division has found, the largest cluster first.
func (m *KMeans) take(ctx context.Context, scaled cluster.Matrix, r *cluster.Result, out *Fitted) error {
	order := make([]int, r.K)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(r.Sizes[b] - r.Sizes[a]) })
	m.K = r.K
	out.Model = &Model{KMeans: m}
	c := out.Clusters
	for place, old := range order {
		m.Centres = append(m.Centres, r.Centre(old)...)
		out.Model.Labels = append(out.Model.Labels, ClusterLabel(place+1))
		centre := m.Scaler.Original(r.Centre(old))
		unbend(m.Log, centre)
		c.Centres = append(c.Centres, centre)
	}
	out.Model.Labels = append(out.Model.Labels, unknownLabel())
	c.Inertia, c.Iterations, c.Converged = r.Inertia, r.Iterations, r.Converged
	silhouette, err := cluster.SilhouetteOf(ctx, scaled, r.Labels, r.K, cluster.SilhouetteOptions{Seed: r.Seed})
	if err != nil {
		return refused(err)
	}
	c.Silhouette, c.SilhouetteSample = silhouette.Mean, silhouette.SampleSize
	for _, old := range order {
		c.SilhouetteClusters = append(c.SilhouetteClusters, silhouette.Clusters[old])
	}
	indices, err := cluster.IndicesOf(scaled, r.Labels, r.K)
	if err != nil {
		return refused(err)
	}
	if indices.DaviesBouldin != nil {
		c.DaviesBouldin = *indices.DaviesBouldin
	}
	return nil
}

// ClusterLabel is the label of a cluster that has no name.
func ClusterLabel(n int) Label {
	return Label{fmt.Sprintf("cluster-%d", n), fmt.Sprintf("cluster %d", n), fmt.Sprintf("第 %d 类", n)}
}
