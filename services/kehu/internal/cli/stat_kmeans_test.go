package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/refdata"
)

func irisArgs(t *testing.T, k string, more ...string) []string {
	return append([]string{"kmeans", "--file", refdata.Path(t, "data/iris.csv"), "--columns", "sepal_l,sepal_w,petal_l,petal_w", "--k", k}, more...)
}

type kmeansFigures struct {
	N, K       int
	Columns    []string
	Inertia    float64
	Iterations int
	Converged  bool
	Sizes      []int64
	Centres    [][]float64
	Silhouette *float64
	SampleSize int      `json:"silhouette_sample_size"`
	Davies     *float64 `json:"davies_bouldin"`
	Calinski   *float64 `json:"calinski_harabasz"`
	Dropped    int
	Warnings   []struct{ Reason, Column string }
}

func TestStatKMeans(t *testing.T) {
	var reference map[string]json.RawMessage
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	for _, k := range []string{"2", "3", "4"} {
		var want struct {
			First      float64 `json:"first_k_rows_init_inertia"`
			Iterations int     `json:"first_k_rows_iters"`
			Sizes      []int64 `json:"first_k_rows_sizes"`
			Best       float64 `json:"best_of_100_inertia"`
			Davies     float64 `json:"davies_bouldin"`
			Calinski   float64 `json:"calinski_harabasz"`
			Silhouette float64 `json:"silhouette_full"`
		}
		if err := json.Unmarshal(reference["iris_k"+k], &want); err != nil {
			t.Fatal(err)
		}
		var first, best kmeansFigures
		statJSON(t, &first, irisArgs(t, k, "--init", "first")...)
		slices.Sort(first.Sizes)
		if !close9(first.Inertia, want.First) || first.Iterations != want.Iterations || !slices.Equal(first.Sizes, want.Sizes) || !first.Converged || first.N != 150 || first.SampleSize != 150 {
			t.Errorf("k %s: %+v, want %+v", k, first, want)
		}
		statJSON(t, &best, irisArgs(t, k, "--starts", "30", "--seed", "7")...)
		if !close9(best.Inertia, want.Best) || !close9(*best.Davies, want.Davies) || !close9(*best.Calinski, want.Calinski) || !close9(*best.Silhouette, want.Silhouette) {
			t.Errorf("k %s: %+v, want %+v", k, best, want)
		}
	}
	var one kmeansFigures
	statJSON(t, &one, irisArgs(t, "1")...)
	if one.Silhouette != nil || one.Davies != nil || len(one.Warnings) != 1 || one.Warnings[0].Reason != "INDEX_UNDEFINED" {
		t.Errorf("a single cluster: %+v", one)
	}
	out, err := command(append([]string{"stat"}, irisArgs(t, "3", "--scale", "standard")...)...)
	if err != nil || !strings.Contains(out, "3 clusters of 150 rows") || !strings.Contains(out, "scale standard") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestStatKMeansRecommends(t *testing.T) {
	var got struct {
		kmeansFigures
		Recommendation struct {
			K                        int
			Reason, English, Chinese string
			Candidates               []struct {
				K          int
				Silhouette float64
			}
		}
	}
	args := []string{"kmeans", "--file", refdata.Path(t, "data/iris.csv"), "--columns", "sepal_l,sepal_w,petal_l,petal_w", "--k-range", "2:6"}
	statJSON(t, &got, args...)
	r := got.Recommendation
	if r.K != 2 || got.K != 2 || got.Sizes[0]+got.Sizes[1] != 150 || len(r.Candidates) != 5 || !close9(r.Candidates[0].Silhouette, 0.6810461692117462) || r.Reason == "" {
		t.Errorf("%+v", got)
	}
	out, err := command(append([]string{"stat"}, args...)...)
	if err != nil || !strings.Contains(out, r.English[:20]) || !strings.Contains(out, "建议分 2 类") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, bad := range []string{"2", "1:3", "3:2", "2:1000", "a:b", "2:3:4", ":"} {
		args[len(args)-1] = bad
		if _, err := command(append([]string{"stat"}, args...)...); exitCode(err) != exitBadInput {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := command(append([]string{"stat", "--k", "3"}, args...)...); exitCode(err) != exitBadInput {
		t.Error(err)
	}
}

func TestStatKMeansMissing(t *testing.T) {
	dir := t.TempDir()
	path, labels := filepath.Join(dir, "t.csv"), filepath.Join(dir, "labels.csv")
	if err := os.WriteFile(path, []byte("a;b\n1;1\n;2\n1;2\nNA;9\n9;9\n9;8\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got kmeansFigures
	args := []string{"kmeans", "--file", path, "--columns", "a,b", "--k", "2", "--init", "first", "--missing"}
	statJSON(t, &got, append(args, "drop", "--assignments", labels)...)
	text, err := os.ReadFile(labels)
	if err != nil {
		t.Fatal(err)
	}
	if got.N != 4 || got.Dropped != 2 || got.Warnings[0].Reason != "ROWS_DROPPED" || string(text) != "row,label\n1,0\n3,0\n5,1\n6,1\n" {
		t.Errorf("%+v\n%s", got, text)
	}
	statJSON(t, &got, append(args, "median")...)
	if got.N != 6 || got.Warnings[0].Reason != "VALUES_IMPUTED" || got.Warnings[0].Column != "a" {
		t.Errorf("%+v", got)
	}
}

func TestStatKMeansRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	for text, c := range map[string]struct{ reason, says string }{
		"":                     {"FILE_EMPTY", ""},
		"a,b\n":                {"FILE_EMPTY", "no row"},
		"a,c\n1,2\n":           {"COLUMN_NOT_FOUND", `"b"`},
		"a,b\n1,2\n,3\n":       {"CELL_INVALID", "row 2, column a"},
		"a,b\n1,x\n":           {"CELL_INVALID", "row 1, column b"},
		"a,b\n1,NaN\n":         {"CELL_INVALID", `"NaN"`},
		"a,b\n1,-Inf\n":        {"CELL_INVALID", `"-Inf"`},
		"a,b\n1,1e101\n":       {"CELL_INVALID", "column b"},
		"a,b\n1,2\n2,3\n":      {"TOO_FEW_ROWS", "k"},
		"a,b\n1,2\n1,2\n1,2\n": {"CONSTANT_COLUMN", "a"},
		"a,b\n1,2\n2,1\n2,1\n": {"TOO_FEW_DISTINCT_ROWS", "k"},
		"a,b\n1,2\n1\n":        {"ROW_RAGGED", "row 2"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := command("stat", "kmeans", "--file", path, "--columns", "a,b", "--k", "3", "--scale", "minmax")
		if fault.ReasonOf(err) != c.reason || exitCode(err) != exitBadInput || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, args := range [][]string{
		{}, {"--file", path}, {"--file", path, "--columns", "a"}, {"--file", path, "--columns", "a,a", "--k", "1"}, {"--file", path, "--columns", "a,,b", "--k", "1"},
		{"--file", path, "--columns", "a", "--k", "0"}, {"--file", path, "--columns", "a", "--k", "-1"}, {"--file", path, "--columns", "a", "--k", "9999"},
		{"--file", path, "--columns", "a", "--k", "2", "--init", "random"}, {"--file", path, "--columns", "a", "--k", "2", "--starts", "0"},
		{"--file", path, "--columns", "a", "--k", "2", "--tolerance", "NaN"}, {"--file", path, "--columns", "a", "--k", "2", "--scale", "log"},
	} {
		if _, err := command(append([]string{"stat", "kmeans"}, args...)...); exitCode(err) != exitBadInput {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestStatKMeansOutliersAndBatches(t *testing.T) {
	file := filepath.Join(t.TempDir(), "far.csv")
	rows := []string{"a,b"}
	for i := range 300 {
		rows = append(rows, fmt.Sprintf("%d,%d", i%2*100+i%7, i%2*100+i%5))
	}
	rows = append(rows, "100000,100000")
	if err := os.WriteFile(file, []byte(strings.Join(rows, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	args := func(more ...string) []string {
		return append([]string{"kmeans", "--file", file, "--columns", "a,b", "--k", "2"}, more...)
	}
	var kept, moved, batched struct {
		kmeansFigures
		Outliers struct {
			Policy string
			Tail   float64
		}
		Batch int `json:"mini_batch"`
	}
	statJSON(t, &kept, args()...)
	statJSON(t, &moved, args("--outliers", "winsorise", "--outlier-tail", "0.02")...)
	if kept.Sizes[1] != 1 || kept.Outliers.Policy != "keep" || slices.Min(moved.Sizes) < 150 || moved.Outliers.Policy != "winsorise" || moved.Outliers.Tail != 0.02 || moved.N != 301 {
		t.Errorf("kept %+v, moved %+v", kept, moved)
	}
	statJSON(t, &batched, args("--outliers", "winsorise", "--outlier-tail", "0.02", "--mini-batch", "64")...)
	if batched.Batch != 64 || slices.Min(batched.Sizes) < 150 || batched.Inertia > 1.1*moved.Inertia || batched.SampleSize != 301 {
		t.Errorf("batched %+v, whole %+v", batched, moved)
	}
	out, err := command(append([]string{"stat"}, args("--outliers", "winsorise", "--mini-batch", "64", "--silhouette-rows", "100")...)...)
	if err != nil || !strings.Contains(out, "batches of 64 rows") || !strings.Contains(out, "from a sample of ") {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err = command(append([]string{"stat"}, args("--format", "text", "--outliers", "keep")...)...); err != nil || !strings.Contains(out, "from all 301 rows") {
		t.Errorf("%v\n%s", err, out)
	}
	_, err = command(append([]string{"stat"}, args("--outliers", "refuse", "--outlier-z", "5")...)...)
	if fault.ReasonOf(err) != "OUTLIER" {
		t.Errorf("refused: %v", err)
	}
	for flag, bad := range map[string][]string{
		"--outliers":     {"--outliers", "drop"},
		"--outlier-tail": {"--outliers", "winsorise", "--outlier-tail", "0.5"},
		"--outlier-z":    {"--outliers", "refuse", "--outlier-z", "NaN"},
		"--mini-batch":   {"--mini-batch", "-1"},
	} {
		if _, err := command(append([]string{"stat"}, args(bad...)...)...); err == nil || !strings.Contains(err.Error(), flag) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if _, err := command("stat", "kmeans", "--file", file, "--columns", "a,b", "--k-range", "2:4", "--mini-batch", "64"); err == nil || !strings.Contains(err.Error(), "--mini-batch") {
		t.Errorf("with a range: %v", err)
	}
}
