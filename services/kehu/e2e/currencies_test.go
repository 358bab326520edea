package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCurrenciesAreConvertedOnlyWhenAsked analyses orders in three currencies:
// apart from each other, and by rates in one of them. The figures were worked out
// by hand: 10 × 7.0288 + 10 × 7.1 + 100 + 1,000 × 0.0471 = 288.39 with each order
// rounded to the fen.
func TestCurrenciesAreConvertedOnlyWhenAsked(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	orders := write("orders.csv", "order_id,customer_id,order_time,amount,currency\n"+
		"1,a,2026-01-05,10.00,USD\n2,a,2026-02-05,10.00,USD\n3,b,2026-02-06,100,CNY\n4,c,2026-02-06,1000,JPY\n")
	const rates = "from,to,start_date,rate\nUSD,CNY,2026-01-01,7.0288\nUSD,CNY,2026-02-01,7.1\n"

	apart, _ := analyze(t, orders, "--yes")
	if len(apart.Revenue) != 3 || apart.Revenue["USD"] != "20.00" {
		t.Errorf("apart: %v", apart.Revenue)
	}
	all := write("all.csv", rates+"JPY,CNY,2026-01-01,0.0471\n")
	r, _ := analyze(t, orders, "--yes", "--report-in", "CNY", "--rates", all)
	if len(r.Revenue) != 1 || r.Revenue["CNY"] != "288.39" || r.Customers != 3 {
		t.Errorf("in CNY: %v of %d customers, want 288.39 of 3", r.Revenue, r.Customers)
	}
	for name, c := range map[string]struct{ file, says string }{
		"a rate is missing": {rates, "from JPY to CNY for 2026-02-06"},
		"no such date":      {rates + "JPY,CNY,2026-02-30,1\n", "row 3, start_date"},
		"no such currency":  {rates + "XYZ,CNY,2026-02-01,1\n", "row 3: from_currency_code"},
		"a rate of zero":    {rates + "JPY,CNY,2026-02-01,0\n", "row 3: rate"},
		"a pair twice":      {rates + "USD,CNY,2026-02-01,7\n", "row 3: start_date"},
		"a wrong column":    {"from,to,day,rate\n", `column "day"`},
		"nothing":           {"", "empty"},
	} {
		_, errs, code := kehu(t, "analyze", orders, "--yes", "--report-in", "CNY", "--rates", write("wrong.csv", c.file))
		if code != 2 || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, %s", name, code, errs)
		}
	}
}
