package e2e

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/refdata"
)

// bought is what a few lines over the raw rows say of one customer.
type bought struct {
	orders int
	cents  int64
	days   []string
}

// cdnow reads the CDNOW orders, one a row.
func cdnow(t *testing.T) (path string, customers map[string]*bought) {
	t.Helper()
	path = refdata.Path(t, "data/cdnow_orders.csv")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	customers = map[string]*bought{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		cells := strings.Split(strings.TrimSpace(line), ",")
		var whole, cents int64
		if _, err := fmt.Sscanf(cells[3], "%d.%d", &whole, &cents); err != nil {
			t.Fatal(err)
		}
		b := customers[cells[1]]
		if b == nil {
			b = &bought{}
			customers[cells[1]] = b
		}
		b.orders++
		b.cents += 100*whole + cents
		b.days = append(b.days, cells[2])
	}
	for _, b := range customers {
		slices.Sort(b.days)
		b.days = slices.Compact(b.days)
	}
	return path, customers
}

// TestReportDirectory: what `kehu analyze --out` leaves, held against the raw rows.
func TestReportDirectory(t *testing.T) {
	path, customers := cdnow(t)
	for _, lang := range []string{"zh", "en"} {
		t.Run(lang, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "report")
			if _, errs, code := kehu(t, "analyze", path, "--format", "html", "--lang", lang, "--out", dir); code != 0 {
				t.Fatalf("exit %d\n%s", code, errs)
			}
			page := read(t, dir, "report.html")
			for _, figure := range []string{"2,357", "6,919", "$244,091.94", "cdnow_orders.csv"} {
				if !strings.Contains(page, figure) {
					t.Errorf("the page does not show %s", figure)
				}
			}
			var r struct {
				RFM struct {
					Groups []struct {
						Name      string `json:"name_en"`
						Customers int    `json:"customers"`
						Revenue   string `json:"revenue"`
						List      string `json:"list"`
					}
				}
			}
			if err := json.Unmarshal([]byte(read(t, dir, "report.json")), &r); err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for _, g := range r.RFM.Groups {
				var cents int64
				rows := spreadsheet(t, read(t, dir, g.List))
				for _, row := range rows {
					id := strings.TrimPrefix(row[0], "'")
					b := customers[id]
					if b == nil || seen[id] || row[1] != fmt.Sprint(b.orders) || row[2] != fmt.Sprintf("%d.%02d", b.cents/100, b.cents%100) ||
						row[4] != b.days[0] || row[5] != b.days[len(b.days)-1] {
						t.Fatalf("%s: row %q, the file says %+v", g.List, row, b)
					}
					seen[id] = true
					cents += b.cents
				}
				if len(rows) != g.Customers || fmt.Sprintf("%d.%02d", cents/100, cents%100) != g.Revenue {
					t.Errorf("%s has %d customers with %d cents, the report says %d with %s", g.List, len(rows), cents, g.Customers, g.Revenue)
				}
				if !strings.Contains(page, ">"+g.List+"</a>") {
					t.Errorf("the page does not lead to %s", g.List)
				}
			}
			if len(seen) != len(customers) {
				t.Errorf("%d of %d customers are in a list", len(seen), len(customers))
			}
		})
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// spreadsheet is the rows of a list, without its header.
func spreadsheet(t *testing.T, text string) [][]string {
	t.Helper()
	text, marked := strings.CutPrefix(text, "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) < 2 {
		t.Fatalf("no list for a spreadsheet: %v\n%.200s", err, text)
	}
	return rows[1:]
}

// TestReportFigures holds concentration and intervals against a few lines over
// the raw rows.
func TestReportFigures(t *testing.T) {
	path, customers := cdnow(t)
	out, errs, code := kehu(t, "analyze", path, "--format", "json")
	if code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	var r struct {
		Concentration []struct {
			Share    float64 `json:"customer_share"`
			Count    int     `json:"customers"`
			Revenues float64 `json:"revenue_share"`
		}
		Intervals struct {
			Count     int64
			Quantiles []struct{ Probability, Value float64 }
		} `json:"purchase_intervals"`
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	var revenue []int64
	var gaps []int
	var total int64
	for _, b := range customers {
		revenue, total = append(revenue, b.cents), total+b.cents
		for i := 1; i < len(b.days); i++ {
			gaps = append(gaps, int(date(t, b.days[i]).Sub(date(t, b.days[i-1])).Hours()/24))
		}
	}
	slices.Sort(revenue)
	slices.Reverse(revenue)
	slices.Sort(gaps)
	for _, c := range r.Concentration {
		n := int(math.Ceil(c.Share * float64(len(revenue))))
		var sum int64
		for _, cents := range revenue[:n] {
			sum += cents
		}
		if want := float64(sum) / float64(total); c.Count != n || math.Abs(c.Revenues-want) > 1e-12 {
			t.Errorf("the top %g are %d customers with %g, want %d with %g", c.Share, c.Count, c.Revenues, n, want)
		}
	}
	if len(r.Concentration) != 3 || r.Intervals.Count != int64(len(gaps)) || len(r.Intervals.Quantiles) != 6 {
		t.Errorf("%d shares, %d intervals with %d quantiles, want %d intervals", len(r.Concentration), r.Intervals.Count, len(r.Intervals.Quantiles), len(gaps))
	}
	for _, q := range r.Intervals.Quantiles {
		if want := gaps[int(math.Ceil(q.Probability*float64(len(gaps))))-1]; q.Value != float64(want) {
			t.Errorf("%g of the intervals are within %g days, want %d", q.Probability, q.Value, want)
		}
	}
}

func date(t *testing.T, day string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	return at
}
