package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/services/kehu/internal/clusters"
)

type kmeansFlags struct {
	table       tableFlags
	columns     []string
	settings    clusters.Settings
	init        string
	scale       string
	missing     string
	outliers    string
	tail, z     float64
	between     string // numbers of clusters to compare
	assignments string
	format      string
}

func newStatKMeans() *cobra.Command {
	var f kmeansFlags
	cmd := &cobra.Command{
		Use:   "kmeans",
		Short: "Groups of similar rows by k-means",
		Long: `Divides the rows of a table into --k clusters of similar numbers in --columns, and says
how well they are apart. Columns with larger numbers weigh more: --scale standard makes
them equal. The same file, flags and --seed give the same clusters.

  --init kmeans++  draws the first centres, several times (--starts), and keeps the best
  --init first     begins with the first rows, once

--k-range 2:8 in place of --k compares the divisions into 2 to 8 clusters, recommends
one with its reason, and takes it.`,
		Example: `  kehu stat kmeans --file iris.csv --columns sepal_l,sepal_w,petal_l,petal_w --k 3
  kehu stat kmeans --file iris.csv --columns petal_l,petal_w --scale standard --k-range 2:8
  kehu stat kmeans --file customers.csv --columns recency,frequency,monetary --scale robust --k 5 \
    --missing median --outliers winsorise --assignments labels.csv --format json
  kehu stat kmeans --file clicks.csv --columns views,carts --scale standard --k 8 --mini-batch 1024`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), cmd.OutOrStdout()) },
	}
	f.table.add(cmd, "file")
	flags, options := cmd.Flags(), &f.settings.Options
	flags.StringSliceVar(&f.columns, "columns", nil, "columns of numbers, with commas between")
	flags.IntVar(&options.K, "k", 0, fmt.Sprintf("clusters, 1 to %d", cluster.MaxClusters))
	flags.StringVar(&f.between, "k-range", "", "numbers of clusters to compare, e.g. 2:8; the one recommended is taken")
	flags.StringVar(&f.init, "init", string(cluster.InitPlusPlus), "the first centres: kmeans++ or first")
	flags.Uint64Var(&options.Seed, "seed", 1, "of what is drawn")
	flags.IntVar(&options.Starts, "starts", cluster.DefaultStarts, "how often to begin with other centres (kmeans++)")
	flags.IntVar(&options.Iterations, "max-iterations", cluster.DefaultIterations, "the most in a start, with --mini-batch of batches")
	flags.Float64Var(&options.Tolerance, "tolerance", cluster.DefaultTolerance, "end when centres move by less, in mean variances; 0: when no row changes")
	flags.StringVar(&f.scale, "scale", string(cluster.ScaleNone), "of the columns: none, standard, minmax or robust")
	flags.StringVar(&f.missing, "missing", string(cluster.MissingRefuse), "empty values: refuse, drop (the row) or median (take it)")
	flags.StringVar(&f.outliers, "outliers", string(cluster.OutliersKeep), "numbers far from the others of their column: keep, winsorise (move to a quantile) or refuse")
	flags.Float64Var(&f.tail, "outlier-tail", 0.01, "the share of a column at either end that is moved (winsorise)")
	flags.Float64Var(&f.z, "outlier-z", 6, "the most standard deviations from the mean (refuse)")
	flags.IntVar(&f.settings.Batch, "mini-batch", 0, fmt.Sprintf("divide by batches of so many rows, e.g. %d: faster with very many rows, and a little worse; 0: by all rows", cluster.DefaultBatch))
	flags.IntVar(&f.settings.SilhouetteRows, "silhouette-rows", cluster.DefaultSilhouetteRows, "rows from which the silhouette is computed, of more a sample")
	flags.StringVar(&f.assignments, "assignments", "", "file to write with the row and label of each row, as CSV")
	flags.StringVar(&f.format, "format", "text", "text or json")
	return cmd
}

func (f *kmeansFlags) check() error {
	err := errors.Join(
		f.table.check(),
		oneOf("init", f.init, string(cluster.InitPlusPlus), string(cluster.InitFirst)),
		oneOf("scale", f.scale, string(cluster.ScaleNone), string(cluster.ScaleStandard), string(cluster.ScaleMinMax), string(cluster.ScaleRobust)),
		oneOf("missing", f.missing, string(cluster.MissingRefuse), string(cluster.MissingDrop), string(cluster.MissingMedian)),
		oneOf("outliers", f.outliers, string(cluster.OutliersKeep), string(cluster.OutliersWinsorise), string(cluster.OutliersRefuse)),
		oneOf("format", f.format, "text", "json"),
		within("max-iterations", f.settings.Options.Iterations, 1, cluster.MaxIterations),
		within("starts", f.settings.Options.Starts, 1, cluster.MaxStarts),
		within("silhouette-rows", f.settings.SilhouetteRows, 2, cluster.MaxSilhouetteRows),
		within("mini-batch", f.settings.Batch, 0, cluster.MaxBatch),
		f.checkOutliers(),
		f.checkK(),
	)
	if len(f.columns) == 0 {
		err = errors.Join(err, usageError{errors.New("--columns must name the columns of numbers")})
	}
	for i, name := range f.columns {
		f.columns[i] = strings.TrimSpace(name)
	}
	if !(f.settings.Options.Tolerance >= 0 && f.settings.Options.Tolerance <= 1) {
		err = errors.Join(err, usageError{fmt.Errorf("--tolerance must be 0 to 1, is %v", f.settings.Options.Tolerance)})
	}
	return err
}

func (f *kmeansFlags) checkOutliers() error {
	if !(f.tail > 0 && f.tail < 0.5) {
		return usageError{fmt.Errorf("--outlier-tail must be above 0 and below 0.5, is %v", f.tail)}
	}
	if !(f.z >= 1 && f.z <= cluster.MaxMagnitude) {
		return usageError{fmt.Errorf("--outlier-z must be 1 or more, is %v", f.z)}
	}
	return nil
}

// policy is what is done about outliers.
func (f *kmeansFlags) policy() cluster.Outliers {
	o := cluster.Outliers{Policy: cluster.OutlierPolicy(f.outliers)}
	switch o.Policy {
	case cluster.OutliersWinsorise:
		o.Tail = f.tail
	case cluster.OutliersRefuse:
		o.Z = f.z
	}
	return o
}

// checkK takes either --k or --k-range.
func (f *kmeansFlags) checkK() error {
	if f.between == "" {
		return within("k", f.settings.Options.K, 1, cluster.MaxClusters)
	}
	if f.settings.Batch != 0 {
		return usageError{errors.New("--mini-batch divides into --k clusters: --k-range compares divisions by all rows")}
	}
	if f.settings.Options.K != 0 {
		return usageError{errors.New("--k-range takes the place of --k: give one of them")}
	}
	low, high, _ := strings.Cut(f.between, ":")
	least, noLeast := strconv.Atoi(low)
	most, noMost := strconv.Atoi(high)
	if noLeast != nil || noMost != nil || least < 2 || most < least || most > cluster.MaxClusters || most-least >= cluster.MaxRange {
		return usageError{fmt.Errorf("--k-range must be two numbers such as 2:8, of 2 to %d and at most %d apart, is %q", cluster.MaxClusters, cluster.MaxRange-1, f.between)}
	}
	f.settings.KMin, f.settings.KMax = least, most
	return nil
}

// within refuses a number outside its bounds.
func within(flag string, value, least, most int) error {
	if value >= least && value <= most {
		return nil
	}
	return usageError{fmt.Errorf("--%s must be %d to %d, is %d", flag, least, most, value)}
}

func (f *kmeansFlags) run(ctx context.Context, out io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	f.settings.Options.Init = cluster.Init(f.init)
	f.settings.Preparation = cluster.Preparation{Scaling: cluster.Scaling(f.scale), Missing: cluster.MissingPolicy(f.missing), Constant: cluster.ConstantRefuse, Outliers: f.policy()}
	m, err := f.read()
	if err != nil {
		return err
	}
	division, err := clusters.Divide(ctx, m, f.settings)
	if err != nil {
		return err
	}
	if f.assignments != "" {
		if err := create(f.assignments, division.WriteAssignments); err != nil {
			return err
		}
	}
	if f.format == "json" {
		return writeJSON(out, division)
	}
	return division.WriteText(out, width())
}

func (f *kmeansFlags) read() (m cluster.Matrix, err error) {
	from, err := f.table.open()
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	return clusters.Read(from, f.columns, cluster.MissingPolicy(f.missing))
}
