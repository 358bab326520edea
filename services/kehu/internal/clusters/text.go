package clusters

import (
	"fmt"
	"io"
	"strconv"

	"github.com/kehuhq/kehu/pkg/cluster"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// WriteText writes the clusters as a table for a terminal with so many columns.
func (d *Division) WriteText(w io.Writer, columns int) error {
	p := &layout.Page{Width: columns}
	if d.Recommendation != nil {
		recommendation(p, d.Recommendation)
	}
	p.Heading(fmt.Sprintf("%d clusters of %d rows", d.K, d.N))
	titles := append([]string{"cluster", "rows", "share", "silhouette"}, d.Columns...)
	rows := [][]string{titles}
	for j, size := range d.Sizes {
		silhouette := "-"
		if d.Silhouette != nil {
			silhouette = fmt.Sprintf("%.3f", d.Clusters[j])
		}
		row := []string{strconv.Itoa(j), strconv.FormatInt(size, 10), fmt.Sprintf("%.1f%%", 100*float64(size)/float64(d.N)), silhouette}
		for _, v := range d.Centres[j] {
			row = append(row, strconv.FormatFloat(v, 'g', 5, 64))
		}
		rows = append(rows, row)
	}
	p.Table(rows)
	steps := "iterations"
	if d.Batch > 0 {
		steps = fmt.Sprintf("batches of %d rows", d.Batch)
	}
	p.Item(fmt.Sprintf("inertia %.10g after %d %s, the best of %d starts (%s, seed %d); scale %s", d.Inertia, d.Iterations, steps, d.Starts, d.Init, d.Seed, d.Scale))
	if d.Silhouette != nil {
		sample := fmt.Sprintf(", from all %d rows", d.SampleSize)
		if d.Sampled {
			sample = fmt.Sprintf(", from a sample of %d rows", d.SampleSize)
		}
		p.Item(fmt.Sprintf("silhouette %.4f (−1 to 1, the higher the better)%s", *d.Silhouette, sample))
	}
	p.Item(fmt.Sprintf("Davies–Bouldin %s (the lower the better), Caliński–Harabasz %s (the higher the better)", optional(d.Davies), optional(d.Calinski)))
	d.end(p)
	_, err := io.WriteString(w, p.String())
	return err
}

func recommendation(p *layout.Page, r *cluster.Recommendation) {
	p.Heading("How many clusters?")
	rows := [][]string{{"clusters", "inertia", "silhouette", "Davies–Bouldin", "Caliński–Harabasz", "smallest"}}
	for _, c := range r.Candidates {
		rows = append(rows, []string{
			strconv.Itoa(c.K), strconv.FormatFloat(c.Inertia, 'g', 7, 64), fmt.Sprintf("%.4f", c.Silhouette),
			optional(c.DaviesBouldin), optional(c.CalinskiHarabasz), fmt.Sprintf("%.1f%%", 100*c.SmallestShare),
		})
	}
	p.Table(rows)
	p.Item(fmt.Sprintf("%s [%s]", r.English, r.Reason))
	p.Item(r.Chinese)
}

// end adds what was said of the rows.
func (h Head) end(p *layout.Page) {
	for _, warning := range h.Warnings {
		p.Item(fmt.Sprintf("%s [%s]", warning.Message, warning.Reason))
	}
}

// optional is an index that may have no value.
func optional(v *float64) string {
	if v == nil {
		return "none"
	}
	return strconv.FormatFloat(*v, 'g', 6, 64)
}
