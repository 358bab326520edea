package report

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/sample"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
)

func rendered(t *testing.T, r *analysis.Report, lang string) string {
	t.Helper()
	var b strings.Builder
	if err := WriteHTML(&b, r, lang); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestPageShowsTheFigures(t *testing.T) {
	r := sample.New(1, 3000, 30).Report()
	zh, en := rendered(t, r, words.Chinese), rendered(t, r, words.English)
	total := r.Reconciliation.Totals[0]
	for _, figure := range []string{
		moneyIn(total.Net, "CNY"), moneyIn(total.Paid, "CNY"), moneyIn(r.Revenue["CNY"], "CNY"), count(r.Customers), percent(r.RepeatRate),
		moneyIn(r.TopCustomers[0].Revenue, "CNY"), percent(r.Concentration[0].RevenueShare), percent(r.RFM.Groups[3].RevenueShare),
		count(r.Outlook.Lost), moneyIn(*r.Outlook.ResidualValue, "CNY"), moneyIn(*r.Outlook.ValueAtRisk, "CNY"),
	} {
		if !strings.Contains(zh, figure) || !strings.Contains(en, figure) {
			t.Errorf("%s is not in both pages", figure)
		}
	}
	for i, s := range sections {
		if !strings.Contains(zh, `<section id="`+s.name+`">`) {
			t.Errorf("section %d, %s, is missing", i, s.name)
		}
	}
	for _, g := range r.RFM.Groups {
		if !strings.Contains(zh, g.Name) || !strings.Contains(zh, g.Advice.Offer.ZH) || !strings.Contains(en, g.NameEN) {
			t.Errorf("group %s is not shown whole", g.Code)
		}
	}
	if strings.Contains(zh, "ZgotmplZ") || strings.Contains(en, "ZgotmplZ") {
		t.Error("a value was set where html/template does not trust it")
	}
	// What the page says in English is no Chinese but for the file's own words.
	if strings.Contains(en, "客户分析") || strings.Contains(zh, "Customer analysis") {
		t.Error("the languages are mixed")
	}
}

// TestPageOfLittle: reports without orders, without distributions or of many
// currencies are pages too.
func TestPageOfLittle(t *testing.T) {
	old := sample.New(1, 300, 30)
	old.Summary.Cohorts, old.Summary.OrderValues, old.Summary.PurchaseIntervals, old.Summary.Concentration = nil, nil, nil, nil
	old.Import.Reconciliation = nil
	old.Summary.Predictions.MarginRate, old.Summary.Predictions.ResidualValue, old.Summary.Predictions.ValueAtRisk = nil, nil, nil
	empty := sample.New(1, 300, 30)
	empty.Summary.OrderValues, empty.Summary.PurchaseIntervals = &valuationv1.Distribution{}, &valuationv1.Distribution{}
	for name, r := range map[string]*analysis.Report{
		"nothing":           analysis.NewReport(&profilev1.Import{}, nil, &valuationv1.ValuationSummary{}, nil),
		"no distributions":  old.Report(),
		"no values in them": empty.Report(),
		"one month":         sample.New(3, 20, 2).Report(),
	} {
		for _, lang := range words.Languages() {
			if text := rendered(t, r, lang); !strings.Contains(text, "</html>") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf%") {
				t.Errorf("%s, %s: %s", name, lang, text)
			}
		}
	}
}

func TestUnknownLanguage(t *testing.T) {
	if err := WriteHTML(&strings.Builder{}, sample.New(1, 20, 3).Report(), "fr"); err == nil || !strings.Contains(err.Error(), "en, zh") {
		t.Errorf("error %v, want one that names the languages", err)
	}
}

var key = regexp.MustCompile(`\bt "([a-z_.]+)"`)

// TestTextsAreUsed: every text of the page is used in a template, and every one
// that a template uses exists.
func TestTextsAreUsed(t *testing.T) {
	entries, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, entry := range entries {
		text, err := os.ReadFile("templates/" + entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range key.FindAllStringSubmatch(string(text), -1) {
			used[match[1]] = true
			if !words.Has(match[1]) {
				t.Errorf("%s: there is no text %q", entry.Name(), match[1])
			}
		}
	}
	for _, s := range sections {
		used[s.name+".title"] = true
	}
	for _, g := range sample.New(1, 300, 3).Report().RFM.Groups {
		used["groups."+g.Code] = true
	}
	for _, name := range words.Keys(words.English) {
		about, _, _ := strings.Cut(name, ".")
		reason := about == "quality" && strings.Count(name, ".") == 2
		if !used[name] && !reason && !slices.Contains([]string{"advice", "figure"}, about) {
			t.Errorf("text %q is used nowhere", name)
		}
	}
}
