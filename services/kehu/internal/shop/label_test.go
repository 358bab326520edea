package shop_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/width"

	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// dirtyShop has every flaw many times.
func dirtyShop(t *testing.T) *shop.Shop {
	config := shop.Default(31, 3000)
	config.DirtyShare, config.DuplicateShare = 0.3, 0.2
	return generate(t, config)
}

func readRows(t *testing.T, data []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func labelsOf(s *shop.Shop, file string) map[int]shop.Label {
	out := map[int]shop.Label{}
	for l := range s.Labels() {
		if l.File == file {
			out[l.Row] = l
		}
	}
	return out
}

// orderMinor reads a row of orders.csv as strictly as the columns are documented,
// or says that it cannot.
func orderMinor(row []string) (minor int64, ok bool) {
	if len(row) != len(shop.OrderColumns) || row[0] == "" || row[1] == "" || row[4] != "CNY" {
		return 0, false
	}
	if _, err := time.Parse(time.RFC3339, row[2]); err != nil {
		return 0, false
	}
	amount, ok := new(big.Rat).SetString(row[3])
	if !ok || amount.Sign() < 0 || strings.ContainsAny(row[3], "eE/_") {
		return 0, false
	}
	amount.Mul(amount, big.NewRat(100, 1))
	return amount.Num().Int64(), amount.IsInt()
}

func TestOrderLabelsTellTheDirt(t *testing.T) {
	s := dirtyShop(t)
	rows := readRows(t, files(t, s)[shop.OrdersFile])
	if !slices.Equal(rows[0], shop.OrderColumns) {
		t.Fatalf("header %v", rows[0])
	}
	labels, kinds, readable := labelsOf(s, shop.OrdersFile), map[string]int{}, map[string]int64{}
	for n, row := range rows[1:] {
		label, dirty := labels[n+1]
		minor, ok := orderMinor(row)
		kinds[label.Kind]++
		switch {
		case dirty && row[0] != label.Record:
			t.Fatalf("row %d is of %s, its label of %s", n+1, row[0], label.Record)
		case dirty && label.Remedy == shop.Repeat:
			if !slices.Equal(row, rows[n]) { // rows[n] is the row before
				t.Errorf("row %d repeats nothing", n+1)
			}
		case ok == dirty:
			t.Errorf("row %d reads: %v, label %+v: %q", n+1, ok, label, row)
		case ok && row[9] == shop.Paid:
			readable[row[0]] = minor
		}
	}
	for kind, n := range kinds {
		if n < 20 {
			t.Errorf("only %d rows of %q", n, kind)
		}
	}
	if len(kinds) != 15 { // 14 flaws and the good rows
		t.Errorf("kinds %v", kinds)
	}
	checkRepairs(t, s, rows[1:], labels, readable)
}

// checkRepairs holds the readable and the repairable rows against the truth: each
// paid order is there once, with its amount.
func checkRepairs(t *testing.T, s *shop.Shop, rows [][]string, labels map[int]shop.Label, amounts map[string]int64) {
	t.Helper()
	for n, label := range labels {
		row := slices.Clone(rows[n-1])
		if label.Remedy != shop.Repair || row[9] != shop.Paid {
			continue
		}
		row[4] = "CNY"
		row[3] = strings.TrimSpace(width.Narrow.String(row[3]))
		if date := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-").Replace(row[2]); len(date) == 10 {
			row[2] = date + "T00:00:00Z"
		}
		minor, ok := orderMinor(row)
		if !ok {
			t.Errorf("row %d (%s) cannot be repaired: %q", n, label.Kind, row)
		}
		amounts[row[0]] = minor
	}
	orders, revenue := 0, int64(0)
	for c := range s.Customers() {
		for o := range s.Orders(c) {
			if o.Status != shop.Paid {
				continue
			}
			orders++
			revenue += o.Amount
			if amounts[o.ID] != o.Amount {
				t.Errorf("order %s is worth %d in the file, %d in truth", o.ID, amounts[o.ID], o.Amount)
			}
		}
	}
	totals := s.Totals()
	if len(amounts) != orders || totals.Orders != orders || totals.RevenueMinor != revenue || totals.OrderRows != len(rows) {
		t.Errorf("%d orders in the file, %d worth %d in truth, totals %+v", len(amounts), orders, revenue, totals)
	}
}

func TestCustomerLabelsTellTheDirt(t *testing.T) {
	s := dirtyShop(t)
	rows := readRows(t, files(t, s)[shop.CustomersFile])
	labels := labelsOf(s, shop.CustomersFile)
	customers := map[string]shop.Customer{}
	for c := range s.Customers() {
		customers[c.ID] = c
	}
	kinds := map[string]int{}
	for n, row := range rows[1:] {
		label, dirty := labels[n+1]
		kinds[label.Kind]++
		if dirty && row[0] != label.Record {
			t.Fatalf("row %d is of %s, its label of %s", n+1, row[0], label.Record)
		}
		if label.Remedy == shop.Merge {
			checkTwin(t, row, label.Kind, customers[label.Twin])
			continue
		}
		same := len(row) == len(shop.CustomerColumns)
		if c := customers[row[0]]; same {
			same = row[1] == c.Name && row[7] == c.Email && row[8] == c.Phone &&
				(row[4] == "" && c.BirthDate.IsZero() || row[4] == c.BirthDate.Format(time.DateOnly))
		}
		if same == dirty {
			t.Errorf("row %d agrees with the customer: %v, label %+v: %q", n+1, same, label, row)
		}
		if label.Kind == "masked_phone" && !strings.Contains(row[8], "****") {
			t.Errorf("row %d: phone %s is not masked", n+1, row[8])
		}
	}
	for kind, n := range kinds {
		if n < 15 {
			t.Errorf("only %d rows of %q", n, kind)
		}
	}
	if len(kinds) != 15 { // 10 flaws, 4 kinds of twin, the good rows
		t.Errorf("kinds %v", kinds)
	}
	totals := s.Totals()
	if totals.CustomerRows != len(rows)-1 || totals.Kinds["twin_typo"] != kinds["twin_typo"] {
		t.Errorf("totals %+v for %d rows", totals, len(rows)-1)
	}
}

// checkTwin holds the second record of c to what its kind promises to share and to change.
func checkTwin(t *testing.T, row []string, kind string, c shop.Customer) {
	t.Helper()
	if row[0] != c.TwinID || row[0] == c.ID || row[6] != c.City || row[9] != "" {
		t.Errorf("twin %q of %+v", row, c)
	}
	onlyDigits := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}
	samePhone := c.Phone != "" && row[8] != c.Phone && strings.HasSuffix(onlyDigits(row[8]), c.Phone[3:])
	born := row[4] == "" && c.BirthDate.IsZero() || row[4] == c.BirthDate.Format(time.DateOnly)
	good := false
	switch kind {
	case shop.TwinPinyin:
		good = row[1] == c.Pinyin && row[1] != c.Name && samePhone
	case shop.TwinSpaced:
		good = row[1] != c.Name && strings.ReplaceAll(row[1], " ", "") == c.Name && samePhone
	case shop.TwinTypo:
		good = row[1] != c.Name && row[7] != c.Email && strings.EqualFold(row[7], c.Email)
	case shop.TwinMasked:
		good = row[1] == c.Name && row[7] == "" && (row[8] == "" || strings.Contains(row[8], "****")) && born
	}
	if !good {
		t.Errorf("%s %q of %+v", kind, row, c)
	}
}

func TestFilesHoldTheTruth(t *testing.T) {
	s, dir := generate(t, shop.Default(32, 300)), t.TempDir()
	if err := s.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range files(t, s) {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes, want %d, %v", name, len(got), len(want), err)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, shop.TruthFile))
	if err != nil {
		t.Fatal(err)
	}
	var truth struct {
		Parameters struct {
			Seed      uint64
			Purchases shop.Purchases
			Spend     shop.Spend
		}
		Totals    shop.Totals
		Customers []shop.Person
	}
	if err := json.Unmarshal(data, &truth); err != nil {
		t.Fatal(err)
	}
	config := s.Config()
	if truth.Parameters.Seed != 32 || truth.Parameters.Purchases != config.Purchases || truth.Parameters.Spend != config.Spend {
		t.Errorf("parameters %+v", truth.Parameters)
	}
	if len(truth.Customers) != 300 || truth.Totals.Customers != 300 {
		t.Fatalf("%d customers, totals %+v", len(truth.Customers), truth.Totals)
	}
	i := 0
	for c := range s.Customers() {
		if truth.Customers[i] != s.Person(c) {
			t.Errorf("%s is %+v in the file, %+v in truth", c.ID, truth.Customers[i], s.Person(c))
		}
		i++
	}
	if err := s.WriteFiles(filepath.Join(dir, "missing"+strconv.Itoa(i))); err == nil {
		t.Error("wrote into a folder that does not exist")
	}
}

// BenchmarkWriteOrders is the price of an order row.
func BenchmarkWriteOrders(b *testing.B) {
	s := generate(b, shop.Default(1, 20_000))
	b.ReportAllocs()
	for b.Loop() {
		counter := &lineCounter{}
		if err := s.WriteOrders(counter); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(counter.lines), "rows/op")
	}
}

type lineCounter struct{ lines int }

func (c *lineCounter) Write(p []byte) (int, error) {
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}
