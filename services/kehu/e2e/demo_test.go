package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kehuhq/kehu/services/kehu/internal/demo"
	madeup "github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// TestDemo runs the demo on two small shops and holds what it finds against the
// truth that it prints beside.
func TestDemo(t *testing.T) {
	for _, seed := range []string{"1", "2"} {
		out, errs, code := kehu(t, "demo", "--customers", "400", "--seed", seed)
		if code != 0 {
			t.Fatalf("exit %d\n%s", code, errs)
		}
		for _, line := range []string{
			"orders that count", "revenue, CNY", "revenue, USD", "all revenue in CNY", "events kept", "sent twice, kept once",
			"visitors identified", "may be written to for marketing", "orders.jsonl",
		} {
			_, rest, found := strings.Cut(out, line+" ")
			fields := strings.Fields(rest)
			if !found || len(fields) < 2 || fields[0] != fields[1] || fields[0] == "0" {
				t.Errorf("seed %s, %s: found %.40q, which is not the truth", seed, line, rest)
			}
		}
		// The portrait, the funnel, retention, a suggestion and the leads.
		if n := strings.Count(out, "every figure is right"); n != 5 || strings.Contains(out, "NOT what was found") {
			t.Errorf("seed %s: %d figures are right:\n%s", seed, n, out)
		}
		for _, said := range []string{"The ledger balances", "must not be the advocate", "12 of the 12 customers observed are read as what they are", "there is no customer \"friend-1-2\"", "Nothing is held.",
			"in segments/big-in-guangdong? 为什么", "gate 发布关口, targets chosen", "published 已发布: segments/buyers-", "(UNMEASURED)", "does the playbook pay?"} {
			if !strings.Contains(out, said) {
				t.Errorf("seed %s: does not say %q:\n%s", seed, said, out)
			}
		}
	}
}

// TestFiguresOfTheDemo serves what the demo has kept, and holds what the commands
// for analysts answer against what the shop is known to be.
func TestFiguresOfTheDemo(t *testing.T) {
	const seed, customers = 3, 400
	made, err := madeup.Generate(demo.Config(seed, customers))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, errs, code := kehu(t, "demo", "--customers", strconv.Itoa(customers), "--seed", strconv.Itoa(seed), "--data", dir); code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	s := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	f := figures{t, s.addresses["grpc"], made}
	f.funnel()
	f.retention()
	f.portrait()
	f.leads()
	f.gaps()
	f.cohorts()
	var quality struct{ Customers string }
	f.ask(&quality, "quality", "--latest", "--format", "json")
	if quality.Customers == "" || quality.Customers == "0" {
		t.Errorf("quality %+v", quality)
	}
}

// cohorts must part all customers who bought, each of whom has one first gap.
func (f figures) cohorts() {
	f.t.Helper()
	var table struct {
		Customers, OmittedCustomers string
		Cohorts                     []struct {
			Customers string
			Ended     bool
			Cells     []struct{ Customers string }
		}
	}
	f.ask(&table, "value", "cohorts", "--format", "json")
	number := func(text string) int {
		n, err := strconv.Atoi(text)
		if err != nil {
			f.t.Fatal(err)
		}
		return n
	}
	all := number(table.OmittedCustomers)
	for _, c := range table.Cohorts {
		all += number(c.Customers)
		if c.Ended && (len(c.Cells) == 0 || c.Cells[0].Customers != c.Customers) {
			f.t.Errorf("cohort %+v", c)
		}
	}
	var curve struct{ Observations string }
	f.ask(&curve, "value", "survival-curve", "--gaps", "first", "--format", "json")
	if all == 0 || all != number(table.Customers) || curve.Observations != table.Customers {
		f.t.Errorf("%d customers in cohorts, %s gaps, of %s", all, curve.Observations, table.Customers)
	}
}

// figures are what a server answers about a shop whose truth is known.
type figures struct {
	t      *testing.T
	server string
	shop   *madeup.Shop
}

// ask runs kehu and reads what it prints.
func (f figures) ask(into any, args ...string) {
	f.t.Helper()
	out, errs, code := kehu(f.t, append(args, "--server", f.server)...)
	if err := json.Unmarshal([]byte(out), into); code != 0 || err != nil {
		f.t.Fatalf("%v: exit %d, %v\n%s", args, code, err, errs)
	}
}

// analyse is ask about all that happened in the shop.
func (f figures) analyse(into any, args ...string) {
	f.t.Helper()
	f.ask(into, append(args, "--zone", "Asia/Shanghai", "--as-of", "2025-06-30", "--format", "json")...)
}

func (f figures) funnel() {
	var found struct {
		FunnelResult struct {
			Steps []struct {
				Reached int `json:",string"`
			}
		}
	}
	f.analyse(&found, "funnel", "--step", "page", "--step", "view", "--step", "cart:Product Added",
		"--step", "cart:Checkout Started", "--step", "purchase", "--window", "1h")
	truth := f.shop.Behaviour().Reached
	if len(found.FunnelResult.Steps) != len(truth) {
		f.t.Fatalf("%+v, in truth %v", found, truth)
	}
	for i, step := range found.FunnelResult.Steps {
		if step.Reached != truth[i] {
			f.t.Errorf("step %d: %d customers, in truth %d", i+1, step.Reached, truth[i])
		}
	}
}

func (f figures) retention() {
	var found struct {
		RetentionResult struct {
			Cohorts []struct {
				Period string
				Size   int `json:",string"`
				Cells  []struct {
					Classic int `json:",string"`
				}
			}
		}
	}
	f.analyse(&found, "retention", "--unit", "month", "--from", "2025-01-01")
	truth := f.shop.Cohorts(f.shop.Config().End.AddDate(0, -6, 0))
	if len(found.RetentionResult.Cohorts) != len(truth) {
		f.t.Fatalf("%+v, in truth %+v", found, truth)
	}
	for i, c := range found.RetentionResult.Cohorts {
		var returned []int
		for _, cell := range c.Cells {
			returned = append(returned, cell.Classic)
		}
		if c.Period != truth[i].Month || c.Size != truth[i].Size || !slices.Equal(returned, truth[i].Returned) {
			f.t.Errorf("cohort %+v, in truth %+v", c, truth[i])
		}
	}
}

func (f figures) portrait() {
	var found struct {
		PortraitResult struct {
			GroupSize int `json:",string"`
		}
	}
	f.analyse(&found, "portrait", "--group", "orders.count>=3", "--of", "customer.gender")
	if truth := f.shop.Buyers(3); found.PortraitResult.GroupSize != truth {
		f.t.Errorf("%d customers with 3 orders or more, in truth %d", found.PortraitResult.GroupSize, truth)
	}
}

func (f figures) leads() {
	var found struct {
		Totals []struct {
			CurrencyCode string
			Pipeline     struct {
				MinorUnits int64 `json:",string"`
			}
		}
	}
	f.ask(&found, "leads", "forecast", "--format", "json")
	truth := f.shop.Pipeline().Values
	if len(found.Totals) != len(truth) {
		f.t.Errorf("totals %+v, in truth %v", found.Totals, truth)
	}
	for _, total := range found.Totals {
		if total.Pipeline.MinorUnits != truth[total.CurrencyCode] {
			f.t.Errorf("leads in %s are worth %d, in truth %d", total.CurrencyCode, total.Pipeline.MinorUnits, truth[total.CurrencyCode])
		}
	}
}

func (f figures) gaps() {
	var found struct {
		SearchGaps []struct {
			Term      string
			Searches  int `json:",string"`
			Customers int `json:",string"`
		}
	}
	f.ask(&found, "profile", "list-search-gaps")
	truth := f.shop.Behaviour().Gaps
	if len(found.SearchGaps) == 0 {
		f.t.Error("no search gaps")
	}
	for _, g := range found.SearchGaps {
		if truth[g.Term] != (madeup.Gap{Searches: g.Searches, Customers: g.Customers}) {
			f.t.Errorf("gap %+v, in truth %+v", g, truth[g.Term])
		}
	}
}

// TestStoreCopy takes a suite's data to another directory and serves from there.
func TestStoreCopy(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	if _, errs, code := kehu(t, "demo", "--customers", "200", "--data", from); code != 0 {
		t.Fatalf("exit %d\n%s", code, errs)
	}
	out, errs, code := kehu(t, "store", "copy", "--from", from, "--to", to)
	if code != 0 || !strings.Contains(out, "every table is the same") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	s := start(t, "kehu", "serve", "--data", to, "--keyring", filepath.Join(from, "keyring.json"), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	client{t, "http://" + s.addresses["http"]}.get("/v1/ledger:trialBalance").want(true, "balanced")
	if _, _, code := kehu(t, "store", "copy", "--from", from, "--to", to); code == 0 {
		t.Error("a copy onto a store in use succeeded")
	}
}
