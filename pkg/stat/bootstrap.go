package stat

import (
	"context"
	"math/rand/v2"
	"slices"
)

// Bounds of Bootstrap.
const (
	MinResamples = 10
	MaxResamples = 10000
)

// Bootstrap says how resamples are drawn.
type Bootstrap struct {
	Resamples int    // MinResamples to MaxResamples; 100 tell enough
	Seed      uint64 // of what is drawn
	Rows      int    // that are drawn for each, of as many as there are; 0 for all
}

// Stability is how well clusters are found again in resamples of the data.
type Stability struct {
	Clusters []ClusterStability `json:"clusters"` // in ascending order of their labels
	// AdjustedRand is the mean agreement of the whole partition with those of the resamples.
	AdjustedRand float64   `json:"adjusted_rand"`
	Resamples    int       `json:"resamples"`
	Rows         int       `json:"rows"` // drawn for each
	Seed         uint64    `json:"seed"`
	Warnings     []Warning `json:"warnings"`
}

// ClusterStability is how well one cluster is found again.
type ClusterStability struct {
	Label     int     `json:"label"`
	Size      int64   `json:"size"`
	Jaccard   float64 `json:"jaccard"`   // mean over the resamples
	Low       float64 `json:"low"`       // 5 % of the resamples are below
	High      float64 `json:"high"`      // 5 % are above
	Recovered float64 `json:"recovered"` // share of resamples with more than 0.75
	Dissolved float64 `json:"dissolved"` // share of resamples with 0.5 or less
	Resamples int     `json:"resamples"` // in which any of its rows was drawn
}

// BootstrapJaccard tells how well each cluster of a partition is found again if the
// data had come out a little differently: it draws rows with replacement, has them
// clustered, and compares each original cluster with the most similar new one by
// Jaccard's index, over the rows drawn, each counted once; the mean over resamples
// is the cluster's stability. Hennig (2007), "Cluster-wise assessment of cluster
// stability", Computational Statistics & Data Analysis 52:258–271. How to read it:
// 0.85 or more is highly stable, 0.75 stable, 0.6 a pattern whose members are
// doubtful; below is not to be trusted, and 0.5 or less is dissolved.
//
// labels are those of the rows, any whole numbers. cluster is given rows (numbers
// from 0, as often as they were drawn) and returns a label for each, whatever it
// calls them; it is called once for each resample, one after the other. The same
// seed gives the same result. It fails unless there are 2 rows or more, on settings
// outside their bounds, when cluster fails or returns another number of labels, and
// when ctx ends.
func BootstrapJaccard(ctx context.Context, labels []int, cluster func(ctx context.Context, rows []int) ([]int, error), b Bootstrap) (*Stability, error) {
	if b.Rows == 0 {
		b.Rows = len(labels)
	}
	switch {
	case len(labels) < 2:
		return nil, refuse(ReasonTooFewValues, "labels", "must be of 2 rows or more, got %d", len(labels))
	case b.Rows < 2 || b.Rows > len(labels):
		return nil, refuse(ReasonInvalid, "rows", "must be 2 to the %d there are, got %d", len(labels), b.Rows)
	case b.Resamples < MinResamples || b.Resamples > MaxResamples:
		return nil, refuse(ReasonInvalid, "resamples", "must be %d to %d, got %d", MinResamples, MaxResamples, b.Resamples)
	}
	place := numbered(labels)
	indices := make([][]float64, len(place)) // Jaccard of each cluster, by resample
	random, agreement := rand.New(rand.NewPCG(b.Seed, uint64(b.Resamples))), 0.0
	drawn, met := make([]int, b.Rows), make([]int, len(labels))
	for resample := 1; resample <= b.Resamples; resample++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for i := range drawn {
			drawn[i] = random.IntN(len(labels))
		}
		found, err := cluster(ctx, drawn)
		if err != nil {
			return nil, err
		}
		if len(found) != len(drawn) {
			return nil, refuse(ReasonInvalid, "cluster", "must return a label for each of %d rows, returned %d", len(drawn), len(found))
		}
		var old, again []int // of the rows drawn, each once
		for i, row := range drawn {
			if met[row] != resample {
				met[row] = resample
				old, again = append(old, labels[row]), append(again, found[i])
			}
		}
		counts, err := crossCount(old, again)
		if err != nil {
			return nil, err
		}
		agree, err := AdjustedRandOf(counts)
		if err != nil {
			return nil, err
		}
		agreement += agree
		for label, row := range numbered(old) {
			indices[place[label]] = append(indices[place[label]], bestJaccard(counts, row))
		}
	}
	s := &Stability{AdjustedRand: agreement / float64(b.Resamples), Resamples: b.Resamples, Rows: b.Rows, Seed: b.Seed, Warnings: []Warning{}}
	s.summarise(labels, place, indices)
	return s, nil
}

// bestJaccard is that of a row's cluster and the column's most similar to it.
func bestJaccard(counts [][]int64, row int) float64 {
	columns, size := make([]int64, len(counts[row])), int64(0)
	for i := range counts {
		for j, c := range counts[i] {
			columns[j] += c
			if i == row {
				size += c
			}
		}
	}
	best := 0.0
	for j, both := range counts[row] {
		if similar, err := Jaccard(both, size, columns[j]); err == nil {
			best = max(best, similar)
		}
	}
	return best
}

func (s *Stability) summarise(labels []int, place map[int]int, indices [][]float64) {
	s.Clusters = make([]ClusterStability, len(place))
	for label, at := range place {
		s.Clusters[at].Label = label
	}
	for _, label := range labels {
		s.Clusters[place[label]].Size++
	}
	for at, all := range indices {
		c := &s.Clusters[at]
		c.Resamples = len(all)
		if len(all)*2 < s.Resamples {
			s.Warnings = append(s.Warnings, warning(ReasonRarelyDrawn, "cluster %d has %d rows and was drawn in %d of %d resamples: too small to tell", c.Label, c.Size, len(all), s.Resamples))
		}
		if len(all) == 0 {
			continue
		}
		slices.Sort(all)
		for _, j := range all {
			c.Jaccard += j / float64(len(all))
			if j > 0.75 {
				c.Recovered += 1 / float64(len(all))
			}
			if j <= 0.5 {
				c.Dissolved += 1 / float64(len(all))
			}
		}
		c.Jaccard, c.Recovered, c.Dissolved = min(1, c.Jaccard), min(1, c.Recovered), min(1, c.Dissolved)
		c.Low, c.High = all[len(all)/20], all[len(all)-1-len(all)/20]
	}
}
