package analysis_test

import (
	"encoding/json"
	"strings"
	"testing"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/sample"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

func TestNetRevenueIsAccountedFor(t *testing.T) {
	r := sample.New(1, 300, 30).Report()
	if sum := r.Reconciliation; sum.Rows != sum.Records+sum.Skipped+sum.Refused || sum.Refused != 17 || sum.Skipped != 2 {
		t.Errorf("%d rows are not %d records, %d skipped and %d refused", sum.Rows, sum.Records, sum.Skipped, sum.Refused)
	}
	if len(r.Reconciliation.Totals) != 1 {
		t.Fatalf("%d totals", len(r.Reconciliation.Totals))
	}
	total := r.Reconciliation.Totals[0]
	if total.Later.Sign() != 0 {
		t.Errorf("%s after the as-of date, want none", total.Later)
	}
	if total.Analysed.String() != r.Revenue["CNY"] || total.Analysed.Plus(total.AnonymousNet).String() != total.Net.String() {
		t.Errorf("net %s is not %s analysed and %s without a buyer", total.Net, total.Analysed, total.AnonymousNet)
	}
	if total.Paid.Minus(total.Refunded).String() != total.Net.String() || total.Orders != total.PaidOrders+total.UnpaidOrders+total.ClosedOrders {
		t.Errorf("totals do not add up: %+v", total)
	}
	if got := r.Reconciliation.Orders(); got != total.Orders {
		t.Errorf("%d orders, want %d", got, total.Orders)
	}
}

func TestManyMonthsAreShownByYear(t *testing.T) {
	few := sample.New(1, 300, 20).Report().Reconciliation
	if few.Years() != nil || len(few.LastMonths()) != len(few.Months) {
		t.Errorf("%d months are folded", len(few.Months))
	}
	many := sample.New(1, 300, 30).Report().Reconciliation
	years, last := many.Years(), many.LastMonths()
	if len(years) != 3 || years[0].Period != "2023" || years[2].Period != "2025" {
		t.Fatalf("years %v", years)
	}
	if len(last) != 12 || last[11].Period != many.Months[len(many.Months)-1].Period {
		t.Errorf("%d last months", len(last))
	}
	var orders int64
	net := years[0].Net.Minus(years[0].Net)
	for _, year := range years {
		orders += year.Orders
		net = net.Plus(year.Net)
	}
	if orders != many.Orders() || net.String() != many.Totals[0].Net.String() {
		t.Errorf("the years make %d orders and %s, the whole %d and %s", orders, net, many.Orders(), many.Totals[0].Net)
	}
}

func TestSeveralCurrenciesStayApart(t *testing.T) {
	month := func(name, code string, net int64) *profilev1.MonthTotals {
		m := &apiv1.Money{MinorUnits: net, CurrencyCode: code}
		return &profilev1.MonthTotals{Month: name, CurrencyCode: code, Orders: 1, PaidOrders: 1, Paid: m, Net: m}
	}
	r := analysis.ReconciliationOf(&profilev1.Import{Rows: 4, Reconciliation: &profilev1.Reconciliation{Months: []*profilev1.MonthTotals{
		month("2024-01", "CNY", 100), month("2024-01", "JPY", 7), month("2024-02", "CNY", 250), {Month: "", CurrencyCode: "CNY", Orders: 1, ClosedOrders: 1},
	}}})
	if len(r.Totals) != 2 || r.Totals[0].Net.String() != "3.50" || r.Totals[1].Net.String() != "7" || r.Totals[0].Orders != 3 {
		t.Errorf("totals %+v", r.Totals)
	}
	p := &layout.Page{Width: 100}
	r.WriteText(p)
	if text := p.String(); !strings.Contains(text, "no time") || !strings.Contains(text, "JPY") {
		t.Errorf("text\n%s", text)
	}
}

func TestIssuesAreRanked(t *testing.T) {
	r := sample.New(1, 300, 30).Report()
	var codes []string
	for _, issue := range r.Quality {
		codes = append(codes, issue.Code)
		if issue.Title.ZH == "" || issue.Title.EN == "" || issue.Fix.ZH == "" || issue.Fix.EN == "" || strings.Contains(issue.Title.ZH+issue.Title.EN, "{") {
			t.Errorf("%s: title %v, fix %v", issue.Code, issue.Title, issue.Fix)
		}
	}
	want := "ANONYMOUS_ORDERS ORDER_ID_ROUNDED TIME_MALFORMED SOMETHING_NEW SKIPPED_ROWS COLUMNS_IGNORED"
	if got := strings.Join(codes, " "); got != want {
		t.Errorf("issues %s, want %s", got, want)
	}
	if first := r.Quality[0]; first.Orders != 90 || first.Revenue["CNY"].String() != "9450.00" || !strings.Contains(first.Detail, "masked") {
		t.Errorf("orders without a buyer: %+v", first)
	}
}

func TestRefusalsThatNoReasonCountsAreStillNamed(t *testing.T) {
	r := analysis.NewReport(&profilev1.Import{
		Rows: 10, Rejected: 7, Refusals: []*profilev1.RefusalCount{{Reason: "ROW_RAGGED", Rows: 4, FirstRow: 1}},
	}, nil, &valuationv1.ValuationSummary{}, nil)
	if len(r.Quality) != 2 || r.Quality[1].Code != "ROWS_REJECTED" || r.Quality[1].Rows != 3 {
		t.Errorf("issues %+v", r.Quality)
	}
}

func TestEveryGroupHasAdvice(t *testing.T) {
	for _, g := range sample.New(1, 300, 30).Report().RFM.Groups {
		for _, text := range []string{
			g.Advice.Who.ZH, g.Advice.Offer.ZH, g.Advice.Channel.ZH, g.Advice.When.ZH,
			g.Advice.Who.EN, g.Advice.Offer.EN, g.Advice.Channel.EN, g.Advice.When.EN,
		} {
			if text == "" {
				t.Errorf("%s (%s) lacks advice", g.NameEN, g.Code)
			}
		}
	}
}

// TestSummariesOfOldHaveNoDistributions: a base valued before there were any
// still gives a report.
func TestSummariesOfOldHaveNoDistributions(t *testing.T) {
	shop := sample.New(1, 300, 30)
	shop.Summary.Cohorts, shop.Summary.OrderValues, shop.Summary.PurchaseIntervals, shop.Summary.Concentration = nil, nil, nil, nil
	shop.Import.Reconciliation, shop.Import.Refusals = nil, nil
	r := shop.Report()
	var text strings.Builder
	if err := r.WriteText(&text, 80); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String(), "Cohorts") {
		t.Error("cohorts are shown where there are none")
	}
	encoded, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(encoded), `"order_values":null`) || !strings.Contains(string(encoded), `"months":[]`) {
		t.Errorf("JSON %s", encoded)
	}
}

func TestTextBeginsWithTheReconciliation(t *testing.T) {
	for _, width := range []int{60, 80, 120} {
		var out strings.Builder
		if err := sample.New(1, 300, 30).Report().WriteText(&out, width); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		at := 0
		for _, heading := range []string{"Reconciliation 对账", "by year", "Customers 客户", "RFM groups", "Cohorts", "Top customers", "Refused rows", "数据质量"} {
			found := strings.Index(text[at:], heading)
			if found < 0 {
				t.Fatalf("no %q behind byte %d of\n%s", heading, at, text)
			}
			at += found
		}
		for line := range strings.Lines(text) {
			if layout.Columns(strings.TrimSuffix(line, "\n")) > width {
				t.Errorf("wider than %d: %q", width, line)
			}
		}
		if width == 120 && testing.Verbose() {
			t.Log("\n" + text)
		}
	}
}

func TestDefinitionsNameTheirPopulation(t *testing.T) {
	r := sample.New(1, 300, 30).Report()
	for _, d := range r.Definitions {
		if d.Population == 0 || d.Of.ZH == "" || d.Of.EN == "" || d.Means.ZH == "" || d.Means.EN == "" {
			t.Errorf("definition %+v", d)
		}
	}
	cohorts, known := r.Definition("cohorts")
	if !known || cohorts.Population != r.Customers {
		t.Errorf("cohorts of %d customers, want %d", cohorts.Population, r.Customers)
	}
	if _, known := r.Definition("nothing"); known {
		t.Error("a figure that does not exist is defined")
	}
}

// What is expected is told with what it rests on, and where nothing is, nothing is said.
func TestOutlook(t *testing.T) {
	shop := sample.New(1, 300, 30)
	r := shop.Report()
	text := &strings.Builder{}
	if err := r.WriteText(text, 100); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"next 365 days", "240", "100 of 300 customers", "80.0%", "3,000.00 CNY of margin within 1095 days", "900.00 CNY", "models/mbg-nbd-refresh-1"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing:\n%s", want, text)
		}
	}
	shop.Summary.Predictions = &valuationv1.PredictionSummary{}
	r = shop.Report()
	text.Reset()
	if err := r.WriteText(text, 100); err != nil || r.Outlook != nil || strings.Contains(text.String(), "Outlook") {
		t.Errorf("%v, %+v:\n%s", err, r.Outlook, text)
	}
}
