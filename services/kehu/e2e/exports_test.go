package e2e

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// csvOf is rows as text.
func csvOf(t testing.TB, rows [][]string, comma rune) []byte {
	t.Helper()
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Comma = comma
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return text.Bytes()
}

func gb18030(t testing.TB, text []byte) []byte {
	t.Helper()
	encoded, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// xlsxOf is rows as a workbook, with numbers and times as a spreadsheet keeps them
// and ids as text.
func xlsxOf(t testing.TB, rows [][]string, text ...int) []byte {
	t.Helper()
	file := excelize.NewFile()
	for i, row := range rows {
		cells := make([]any, len(row))
		for j, field := range row {
			cells[j] = field
			if i == 0 || field == "" || slices.Contains(text, j) {
				continue
			}
			if number, err := strconv.ParseFloat(field, 64); err == nil {
				cells[j] = number
			} else if at, err := time.Parse("2006-01-02 15:04:05", field); err == nil {
				cells[j] = at
			}
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err == nil {
			err = file.SetSheetRow("Sheet1", at, &cells)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	out, err := file.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func save(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// reconciled is the part of an analysis, or of an import's result, that is laid
// beside the platform's own figures.
type reconciled struct {
	Rejected int64 `json:"rejected"`
	Import   json.RawMessage
	Counts   struct {
		Rows    int64       `json:"rows"`
		Records int64       `json:"record_rows"`
		Skipped int64       `json:"skipped_rows"`
		Refused int64       `json:"refused_rows"`
		Months  []monthLine `json:"months"`
	} `json:"reconciliation"`
}

func reconcile(t *testing.T, out string) reconciled {
	t.Helper()
	var r reconciled
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v in\n%s", err, out)
	}
	return r
}

func (r reconciled) compare(t *testing.T, want truth) {
	t.Helper()
	if r.Counts.Refused != 0 {
		t.Errorf("%d rows are refused", r.Counts.Refused)
	}
	if !slices.Equal(r.Counts.Months, want.months) {
		t.Errorf("the months are\n%+v\nthey were\n%+v", r.Counts.Months, want.months)
	}
}

// TestExports writes the same sales as each platform does, and wants the figures
// of the sales back from each file as it is.
func TestExports(t *testing.T) {
	all := sales(3, 300)
	refundless := slices.Clone(all)
	for i := range refundless {
		refundless[i].refunded = 0 // JD's export has no column for it
	}
	for _, c := range []struct {
		preset, currency string
		rows             [][]string
		want             truth
		args             []string
	}{
		{"taobao", "CNY", taobao(all), truthOf(all, "CNY", true), nil},
		{"jd", "CNY", jd(all), truthOf(refundless, "CNY", true), nil},
		{"youzan", "CNY", youzan(all), truthOf(all, "CNY", false), nil},
		{"shopify", "USD", shopify(all), truthOf(all, "USD", true), []string{"--zone", "Asia/Shanghai"}},
	} {
		t.Run(c.preset, func(t *testing.T) {
			path := save(t, "export.csv", csvOf(t, c.rows, ','))
			r, out := analyze(t, append(c.args, path)...)
			reconcile(t, out).compare(t, c.want)
			if r.Customers != c.want.customers || r.Orders != c.want.orders || r.Revenue[c.currency] != c.want.revenue || len(r.Revenue) != 1 {
				t.Errorf("%d customers, %d orders, %v; want %d, %d, %s", r.Customers, r.Orders, r.Revenue, c.want.customers, c.want.orders, c.want.revenue)
			}
			_, errs, _ := kehu(t, append([]string{"analyze", path, "--format", "json"}, c.args...)...)
			if !strings.Contains(errs, "told from the header (--preset "+c.preset+")") || strings.Contains(errs, "[Y/n]") {
				t.Errorf("what is understood is not said, or a question is asked of nobody:\n%s", errs)
			}
		})
	}
}

// TestOneExportInManyForms gives an export in other encodings, with other
// delimiters, as a workbook and with the traps of spreadsheets, which must change
// nothing.
func TestOneExportInManyForms(t *testing.T) {
	plain := taobao(sales(4, 200))
	text := csvOf(t, plain, ',')
	_, want := analyze(t, save(t, "orders", text))
	for _, c := range []struct {
		name    string
		content []byte
		args    []string
	}{
		{"byte order mark", append([]byte("\ufeff"), text...), nil},
		{"CRLF", bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), nil},
		{"GB18030", gb18030(t, text), nil},
		{"GB18030, said so", gb18030(t, text), []string{"--encoding", "gb18030", "--preset", "taobao"}},
		{"semicolons", csvOf(t, plain, ';'), nil},
		{"tabs", csvOf(t, plain, '\t'), nil},
		{"tabs, said so", csvOf(t, plain, '\t'), []string{"--delimiter", "tab"}},
		{"GB18030, semicolons", gb18030(t, csvOf(t, plain, ';')), nil},
		{"workbook", xlsxOf(t, plain, 0, 1, 8, 9), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, got := analyze(t, append(c.args, save(t, "orders", c.content))...); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	t.Run("traps", func(t *testing.T) {
		r, out := analyze(t, save(t, "orders", csvOf(t, trapped(plain), ',')))
		got, all := reconcile(t, out), sales(4, 200)
		got.compare(t, truthOf(all, "CNY", true))
		if got.Counts.Skipped != 2 || got.Counts.Records != 200 || r.Revenue["CNY"] != truthOf(all, "CNY", true).revenue {
			t.Errorf("%+v, %v", got.Counts, r.Revenue)
		}
	})
}

// TestOverlappingExports imports the first part of a year, then a later export
// that overlaps it and in which some orders have been paid, refunded or closed
// meanwhile.
func TestOverlappingExports(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	before := sales(5, 300)
	after := slices.Clone(before)
	changed := 0
	for i := range after[:200] {
		if a := &after[i]; i >= 120 && i%3 == 0 {
			switch {
			case a.state == saleUnpaid:
				a.state = salePaid
			case a.state == salePaid && a.refunded == 0 && i%2 == 0:
				a.refunded = a.amount / 2
			case a.state == salePaid:
				a.state, a.refunded = saleClosed, 0
			default:
				continue
			}
			changed++
		}
	}
	later := csvOf(t, taobao(after[120:]), ',')
	for _, c := range []struct {
		name                        string
		content                     []byte
		created, updated, unchanged int
	}{
		{"the first part", csvOf(t, taobao(before[:200]), ','), 200, 0, 0},
		{"the later export", later, 100, changed, 80 - changed},
		{"the same file again", later, 100, changed, 80 - changed}, // it is the import that is there
		{"the same orders in another file", append(later, ",,,,,,,,,\n"...), 0, 0, 180},
		{"and as a workbook", xlsxOf(t, taobao(after[120:]), 0, 1, 8, 9), 0, 0, 180},
	} {
		out, errs, code := kehu(t, "import", "orders", save(t, "export", c.content), "--server", s.addresses["grpc"], "--format", "json")
		if code != 0 {
			t.Fatalf("%s: exit %d\n%s%s", c.name, code, out, errs)
		}
		var got struct{ Created, Updated, Unchanged, Rejected int }
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Created != c.created || got.Updated != c.updated || got.Unchanged != c.unchanged || got.Rejected != 0 {
			t.Errorf("%s: %+v, want %d created, %d updated, %d unchanged", c.name, got, c.created, c.updated, c.unchanged)
		}
	}
	want := truthOf(after, "CNY", true)
	api := client{t, "http://" + s.addresses["http"]}
	summary := api.wait(api.post("/v1/valuations:refresh", map[string]any{"policy": map[string]any{"asOfDate": "2024-12-31", "timeZone": "Asia/Shanghai"}}).str("name"))
	summary.want(strconv.FormatInt(want.customers, 10), "response", "customers").want(strconv.FormatInt(want.orders, 10), "response", "orders")
	sums := summary.list("response", "revenue")
	minor, _ := strconv.ParseInt(sums[0]["minorUnits"].(string), 10, 64)
	if len(sums) != 1 || decimal(minor) != want.revenue {
		t.Errorf("revenue %v, want %s", sums, want.revenue)
	}
}
