package orderscan_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/orderscan"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

var columns = orderscan.Columns{Customer: "customer_id", Time: "order_time", Amount: "amount", Currency: "currency"}

func read(t testing.TB, text string, o orderscan.Options) (*orderscan.Orders, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if o.Columns == (orderscan.Columns{}) {
		o.Columns = columns
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return orderscan.Read(path, o, progress.Reporter{})
}

// rows is what was read, as text, in order.
func rows(o *orderscan.Orders) (all []string) {
	for i, c := range o.Customer {
		all = append(all, fmt.Sprintf("%s %s %d", o.IDs[c], orderscan.Date(o.Day[i]), o.Amount[i]))
	}
	slices.Sort(all)
	return all
}

func TestReadsOrders(t *testing.T) {
	const header = "order_id,customer_id,order_time,amount,currency\n"
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String("客户,时间,金额\n王芳,2026/01/02,3.5\n")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		o    orderscan.Options
		want []string
	}{
		"plain":                     {header + "1,b,2026-01-02,3.50,CNY\n2,a,2026-01-03,4,CNY", orderscan.Options{}, []string{"a 2026-01-03 400", "b 2026-01-02 350"}},
		"CRLF":                      {header + "1,b,2026-01-02,3.50,CNY\r\n\r\n", orderscan.Options{}, []string{"b 2026-01-02 350"}},
		"quotes":                    {header + "1,\"b,c\",2026-01-02 23:59,3.50,CNY\n", orderscan.Options{}, []string{"b,c 2026-01-02 350"}},
		"mark":                      {"\ufeff" + header + "1,b,2026-01-02T23:59:59,3.50,CNY\n", orderscan.Options{}, []string{"b 2026-01-02 350"}},
		"an offset":                 {header + "1,b,2026-01-02T23:00:00Z,3.50,CNY\n", orderscan.Options{Zone: shanghai}, []string{"b 2026-01-03 350"}},
		"yen":                       {header + "1,b,2026-01-02,350,JPY\n", orderscan.Options{}, []string{"b 2026-01-02 350"}},
		"one kept":                  {header + "1,b,2026-01-02,350,JPY\n2,b,2026-01-03,1,USD\n", orderscan.Options{Keep: "USD"}, []string{"b 2026-01-03 100"}},
		"no currency":               {"customer_id;order_time;amount\nb;2026-01-02;3.5\n", orderscan.Options{}, []string{"b 2026-01-02 350"}},
		"GB18030":                   {gb, orderscan.Options{Columns: orderscan.Columns{Customer: "客户", Time: "时间", Amount: "金额", Currency: "币种"}}, []string{"王芳 2026-01-02 350"}},
		"not understood as it says": {header + "1,b,2024-02-29,3.5000,CNY\n", orderscan.Options{Format: table.Format{Encoding: "utf-8", Delimiter: "comma"}}, []string{"b 2024-02-29 350"}},
	} {
		for cores := 1; cores <= 3; cores++ {
			c.o.Cores = cores
			o, err := read(t, c.text, c.o)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := rows(o); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q", name, got)
			}
		}
	}
}

func TestRefusesOrders(t *testing.T) {
	const header = "customer_id,order_time,amount,currency\n"
	for text, want := range map[string][2]string{
		"":                             {"FILE_EMPTY", ""},
		header:                         {"FILE_EMPTY", "no order"},
		"customer,order_time,amount\n": {"COLUMN_NOT_FOUND", "customer_id"},
		header + "a,2026-01-01,1,CNY\nb,2026-02-30,1,CNY\n":          {"CELL_INVALID", "row 2, column order_time"},
		header + "a,01.02.2026,1,CNY\n":                              {"CELL_INVALID", "2026-01-31"},
		header + "a,2026-01-01 25:00,1,CNY\n":                        {"CELL_INVALID", "order_time"},
		header + "a,2026-01-01,-1,CNY\n":                             {"CELL_INVALID", "column amount"},
		header + "a,2026-01-01,1.005,CNY\n":                          {"CELL_INVALID", "column amount"},
		header + "a,2026-01-01,99999999999999999999,CNY\n":           {"CELL_INVALID", "column amount"},
		header + "a,2026-01-01,NaN,CNY\n":                            {"CELL_INVALID", "column amount"},
		header + "a,2026-01-01,1,RMB\n":                              {"CELL_INVALID", "column currency"},
		header + " ,2026-01-01,1,CNY\n":                              {"CELL_INVALID", "customer_id"},
		header + "a,2026-01-01,1,CNY\nb,2026-01-01,1,USD\n":          {"CURRENCIES_MIXED", "row 2"},
		header + "a,2026-01-01,1\n":                                  {"ROW_RAGGED", "row 1"},
		header + "a,2026-01-01,1,CNY,\n":                             {"ROW_RAGGED", "row 1"},
		header + "a,2026-01-01,1,CNY\n\x00\n":                        {"ROW_NOT_TEXT", ""},
		header + strings.Repeat("x", table.MaxRowBytes+5<<20) + "\n": {"ROW_TOO_LONG", ""},
	} {
		_, err := read(t, text, orderscan.Options{Cores: 2})
		if fault.ReasonOf(err) != want[0] || !strings.Contains(err.Error(), want[1]) {
			t.Errorf("%.80q: %v", text, err)
		}
	}
}

// TestPiecesAndRows: a file of many pieces is read as it is in one, and the row of a
// mistake is counted over all of them.
func TestPiecesAndRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("order_id,customer_id,order_time,amount,currency\n")
	const n = 130_000
	for i := range n {
		fmt.Fprintf(&b, "o-%d,c-%d,%s,%d.%02d,EUR\n", i, rng.IntN(30_000), orderscan.Date(int32(19_000+rng.IntN(700))), rng.IntN(500), rng.IntN(100))
	}
	one, err := read(t, b.String(), orderscan.Options{Cores: 1})
	if err != nil {
		t.Fatal(err)
	}
	quoted, err := read(t, b.String()+"x,\"c-1\",2022-01-08,0,EUR\n", orderscan.Options{Cores: 2})
	if err != nil {
		t.Fatal(err)
	}
	many, err := read(t, b.String(), orderscan.Options{Cores: 3})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(many.IDs) || !slices.Equal(many.IDs, one.IDs) || many.Rows != n || many.Last != one.Last || quoted.Rows != n+1 {
		t.Fatalf("%d and %d customers, %d rows", len(one.IDs), len(many.IDs), many.Rows)
	}
	want, err := one.Values(one.Last, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := many.Values(one.Last, 2)
	if err != nil || !slices.Equal(got.Recency, want.Recency) || !slices.Equal(got.Frequency, want.Frequency) || !slices.Equal(got.Monetary, want.Monetary) {
		t.Errorf("by several workers the values differ, %v", err)
	}
	_, err = read(t, b.String()+"x,c-1,yesterday,0,EUR\n", orderscan.Options{Cores: 2})
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("row %d,", n+1)) {
		t.Error(err)
	}
}
