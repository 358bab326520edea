package e2e

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMappingFiles writes down how an export is read, and reads it so.
func TestMappingFiles(t *testing.T) {
	dir := t.TempDir()
	all := sales(6, 120)
	export := save(t, "export.csv", csvOf(t, taobao(all), ','))
	mapping := filepath.Join(dir, "shop.yaml")
	_, want := analyze(t, export, "--save-map", mapping)
	if _, got := analyze(t, export, "--map", mapping); got != want {
		t.Errorf("read by the mapping that was saved it is\n%s\nnot\n%s", got, want)
	}
	text, err := os.ReadFile(mapping)
	if err != nil {
		t.Fatal(err)
	}
	// Another shop, with other titles and words.
	other := strings.NewReplacer("订单编号", "单号", "买家会员名", "会员", "交易成功", "完结", "买家实际支付金额", "实收").Replace
	_, got := analyze(t, save(t, "export.csv", []byte(other(string(csvOf(t, taobao(all), ','))))), "--map", save(t, "map.yaml", []byte(other(string(text)))))
	if got != want {
		t.Errorf("with other titles it is\n%s\nnot\n%s", got, want)
	}
	// The flags go before the mapping.
	r, _ := analyze(t, export, "--map", mapping, "--currency", "EUR")
	if r.Revenue["EUR"] == "" || len(r.Revenue) != 1 {
		t.Errorf("with --currency EUR the revenue is %v", r.Revenue)
	}
}

// TestKehuNamesAsMapping: Kehu's own format can be written down and changed as well.
func TestKehuNamesAsMapping(t *testing.T) {
	export := save(t, "orders.csv", []byte("order_id,customer_id,order_time,amount\n1,a,2024-01-01 23:30,5\n1,a,2024-01-01 23:30,5\n2,a,2024-02-01,7\n"))
	for meaning, revenue := range map[string]string{"order": "12.00", "line": "17.00"} {
		mapping := filepath.Join(t.TempDir(), "kehu.yaml")
		r, want := analyze(t, export, "--currency", "CNY", "--zone", "Asia/Shanghai", "--amount", meaning, "--save-map", mapping)
		if r.Revenue["CNY"] != revenue || r.Orders != 2 {
			t.Errorf("--amount %s: %v of %d orders", meaning, r.Revenue, r.Orders)
		}
		if _, got := analyze(t, export, "--map", mapping); got != want {
			t.Errorf("--amount %s: read by the mapping that was saved it is\n%s\nnot\n%s", meaning, got, want)
		}
	}
}

// TestFilesThatAreNotUnderstood must end before anything is imported, with what
// to do about it.
func TestFilesThatAreNotUnderstood(t *testing.T) {
	export := string(csvOf(t, taobao(sales(7, 20)), ','))
	mapping := filepath.Join(t.TempDir(), "shop.yaml")
	analyze(t, save(t, "export.csv", []byte(export)), "--save-map", mapping)
	text, err := os.ReadFile(mapping)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(old, other string) string {
		if !strings.Contains(string(text), old) {
			t.Fatalf("%q is not in\n%s", old, text)
		}
		return save(t, "shop.yaml", []byte(strings.Replace(string(text), old, other, 1)))
	}
	for _, c := range []struct {
		name, content string
		args          []string
		says          []string
	}{
		{"unknown titles", "单号,会员,时间,实收\n1,a,2024-01-01,5\n", nil, []string{"PRESET_UNKNOWN", "--map", "order_id: 单号"}},
		{"two platforms alike", "订单号,下单帐号,下单时间,应付金额,订单状态,买家手机号,订单实付金额\n", nil, []string{"jd, youzan", "--preset"}},
		{"another platform's preset", export, []string{"--preset", "jd"}, []string{"下单帐号", "应付金额"}},
		{"a column short", strings.Replace(export, "订单状态", "状态", 1), nil, []string{"taobao", "订单状态", "--map"}},
		{"no currency", "order_id,customer_id,order_time,amount\n1,a,2024-01-01,5\n", nil, []string{"CURRENCY_MISSING", "--currency CNY"}},
		{"misspelt key", export, []string{"--map", broken("\ncolumns:", "\ncolums:")}, []string{"--map", "shop.yaml", "line 9", "colums"}},
		{"key twice", export, []string{"--map", broken("\nrows: order", "\namount: order")}, []string{"line", `"amount" stands twice`}},
		{"of another version", export, []string{"--map", broken("version: 1", "version: 2")}, []string{"version 2 is not known"}},
		{"title that is not there", export, []string{"--map", broken("order_id: [订单编号, 主订单编号]", "order_id: 单号")}, []string{"单号"}},
		{"mapping that is none", export, []string{"--map", save(t, "m.yaml", []byte("\x89PNG"))}, []string{"--map", "m.yaml"}},
		{"mapping and preset", export, []string{"--map", mapping, "--preset", "taobao"}, []string{"--map and --preset exclude each other"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, errs, code := kehu(t, append([]string{"analyze", save(t, "export.csv", []byte(c.content))}, c.args...)...)
			if code != 2 || out != "" || strings.Contains(errs, "importing") {
				t.Errorf("exit %d, want 2\n%s%s", code, out, errs)
			}
			for _, s := range c.says {
				if !strings.Contains(errs, s) {
					t.Errorf("does not say %q:\n%s", s, errs)
				}
			}
		})
	}
}

// TestWhatIsHandedOn: the page, the data and the lists.
func TestWhatIsHandedOn(t *testing.T) {
	export := save(t, "export.csv", csvOf(t, taobao(sales(8, 200)), ','))
	dir := filepath.Join(t.TempDir(), "report")
	_, want := analyze(t, export, "--out", dir, "--lang", "zh")
	out, errs, code := kehu(t, "analyze", export, "--format", "html", "--out", dir, "--lang", "zh")
	if code != 0 || out != "" || !strings.Contains(errs, filepath.Join(dir, "report.html")) {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !strings.Contains(string(page), `<html lang="zh`) {
		t.Errorf("%v: the page is %.100q", err, page)
	}
	if kept, err := os.ReadFile(filepath.Join(dir, "report.json")); err != nil || string(kept) != want {
		t.Errorf("%v: report.json is not what --format json prints", err)
	}
	lists, _ := filepath.Glob(filepath.Join(dir, "[1-8]-*.csv"))
	var listed int
	for _, path := range lists {
		text, err := os.ReadFile(path)
		if err != nil || !strings.HasPrefix(string(text), "\ufeff") {
			t.Fatalf("%s: %v, %.20q", path, err, text)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		listed += len(rows) - 1
	}
	if all := truthOf(sales(8, 200), "CNY", true).customers; int64(listed) != all {
		t.Errorf("%d customers are listed, want %d", listed, all)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
	// Without a directory the page is the output, in the language of the environment.
	t.Setenv("LC_ALL", "en_US.UTF-8")
	if out, errs, code := kehu(t, "analyze", export, "--format", "html"); code != 0 || !strings.HasPrefix(strings.ToLower(out), "<!doctype html>") || !strings.Contains(out, `<html lang="en`) {
		t.Errorf("exit %d\n%.200s%s", code, out, errs)
	}
}
