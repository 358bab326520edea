package bench

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// loadReport is what BenchmarkLoad measured.
type loadReport struct {
	through, raw [kinds]loading
	memory       float64 // peak of the server's resident memory while it was loaded, in MiB
	memoryAfter  float64 // with the reads after
	disk         float64 // of the data when the load had ended, in MiB
	settled      float64 // when the server had come to rest
	small        int     // customers of the small base
	reads        []readings
}

// print writes the report; broken is why it is not whole, or nil.
func (r *loadReport) print(to io.Writer, broken error) {
	if broken != nil {
		fmt.Fprintf(to, "\nnot whole: %v\n", broken)
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(table, "\nloaded\trecords\tseconds\trecords/s\traw/s\tratio\tserver µs\tcallers µs\traw µs\tby id p50\tp99\tby phone p50\tp99\t\n")
	for k := range kinds {
		l, raw := &r.through[k], &r.raw[k]
		if l.count == 0 {
			continue
		}
		fmt.Fprintf(table, "%s\t%d\t%.1f\t%.0f\t", k, l.count, l.took.Seconds(), l.rate())
		if raw.count > 0 {
			fmt.Fprintf(table, "%.0f\t%.2f\t%.1f\t%.1f\t%.1f\t", raw.rate(), l.rate()/raw.rate(), l.each(l.work), l.each(l.calling), raw.each(raw.work))
		} else {
			fmt.Fprintf(table, "-\t-\t%.1f\t%.1f\t-\t", l.each(l.work), l.each(l.calling))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", ms(l.gets, 0.5), ms(l.gets, 0.99), ms(l.lookups, 0.5), ms(l.lookups, 0.99))
	}
	_ = table.Flush()
	fmt.Fprintf(to, "\nserver: %.0f MiB resident at the peak of the load, %.0f with the reads after; data: %.0f MiB, %.0f at rest\n",
		r.memory, r.memoryAfter, r.disk, r.settled)
	if len(r.reads) > 0 {
		large := r.through[ofCustomers].count
		fmt.Fprintf(table, "\nread at rest\t%d p50\t%d p50\tratio\t%d p99\t%d p99\tratio\t\n", r.small, large, r.small, large)
		for i := range r.reads {
			one := &r.reads[i]
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", one.what,
				ms(one.small, 0.5), ms(one.large, 0.5), growth(one, 0.5), ms(one.small, 0.99), ms(one.large, 0.99), growth(one, 0.99))
		}
		_ = table.Flush()
	}
	fmt.Fprintln(to)
}

func ms(times []time.Duration, q float64) string {
	if len(times) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f ms", quantile(times, q).Seconds()*1000)
}

func growth(r *readings, q float64) string {
	return fmt.Sprintf("%.2f", quantile(r.large, q).Seconds()/quantile(r.small, q).Seconds())
}
