package valuation_test

import (
	"math"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

const (
	productBenefit = valuationv1.EconomicKind_ECONOMIC_KIND_PRODUCT_BENEFIT
	serviceBenefit = valuationv1.EconomicKind_ECONOMIC_KIND_SERVICE_BENEFIT
	timeCost       = valuationv1.EconomicKind_ECONOMIC_KIND_TIME_COST
	servingCost    = valuationv1.EconomicKind_ECONOMIC_KIND_SERVING_COST
	monthly        = valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_MONTHLY
	yearly         = valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_YEARLY
)

func cny(minor int64) *apiv1.Money { return &apiv1.Money{MinorUnits: minor, CurrencyCode: "CNY"} }

// lineOf is a line of a customer, due once.
func lineOf(customer string, kind valuationv1.EconomicKind, minor int64, date string) *valuationv1.EconomicLine {
	return &valuationv1.EconomicLine{
		Subject: &valuationv1.EconomicLine_Customer{Customer: "customers/" + customer}, Kind: kind, Amount: cny(minor),
		StartDate: date, Evidence: "interview of 2025-12-01", DisplayName: "a line",
	}
}

func ofSegment(l *valuationv1.EconomicLine, segment string) *valuationv1.EconomicLine {
	l.Subject = &valuationv1.EconomicLine_Segment{Segment: "segments/" + segment}
	return l
}

func due(l *valuationv1.EconomicLine, r valuationv1.EconomicRecurrence, until string) *valuationv1.EconomicLine {
	l.Recurrence, l.EndDate = r, until
	return l
}

func (c *client) line(l *valuationv1.EconomicLine) *valuationv1.EconomicLine {
	c.Helper()
	made, err := c.economics.CreateEconomicLine(c.Context(), &valuationv1.CreateEconomicLineRequest{EconomicLine: l})
	if err != nil {
		c.Fatal(err)
	}
	return made
}

func (c *client) economicsOf(customer string, segments ...string) (*valuationv1.CustomerEconomics, error) {
	return c.economics.GetCustomerEconomics(c.Context(), &valuationv1.GetCustomerEconomicsRequest{
		Name: "customers/" + customer, Segments: segments,
	})
}

// hansShop has a customer with 100.00 and 50.00 CNY of orders in 2025, of which
// the first has a known cost of 60.00, and one without any cost.
func hansShop(t testing.TB) *shop {
	s := newShop()
	s.buy("hans", date(t, "2025-03-01"), 10_000, "CNY", 6_000)
	s.buy("hans", date(t, "2025-09-01"), 5_000, "CNY", unknown)
	s.buy("plain", date(t, "2025-09-01"), 5_000, "CNY", unknown)
	return s
}

func TestEconomicsOnBothEngines(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			c := serve(t, engine.open(t), serveShop(t, hansShop(t)), frozen)
			_, err := c.economicsOf("hans")
			wantError(t, err, codes.NotFound, "VALUATIONS_NOT_REFRESHED", "")
			c.refresh(policy("2025-12-31"))

			_, err = c.economicsOf("hans") // price alone, on both sides
			wantError(t, err, codes.FailedPrecondition, "ECONOMICS_ONLY_PRICE", "")
			_, err = c.economicsOf("prospect")
			wantError(t, err, codes.FailedPrecondition, "ECONOMICS_NOTHING_KNOWN", "")

			// The last of January, of February, …: eleven times by the end of November.
			c.line(due(lineOf("hans", productBenefit, 2_000, "2025-01-31"), monthly, "2025-11-30"))
			c.line(lineOf("hans", timeCost, 300, "2025-03-02"))
			c.line(lineOf("hans", servingCost, 99_999, "2026-01-01")) // not yet
			e, err := c.economicsOf("hans")
			if err != nil {
				t.Fatal(err)
			}
			side := e.GetCustomerSide()
			if e.GetStartDate() != "2025-01-31" || e.GetOrders() != 2 || side.GetBenefits().GetMinorUnits() != 22_000 ||
				side.GetCosts().GetMinorUnits() != 15_300 || side.GetNet().GetMinorUnits() != 6_700 || len(side.GetItems()) != 3 ||
				len(side.GetMissingKinds()) != 5 || side.GetItems()[1].GetOccurrences() != 11 {
				t.Errorf("customer's side of %v", e)
			}
			if r := e.GetCompanySide().GetRefusal(); r.GetReason() != "SERVING_COSTS_UNKNOWN" || e.GetCompanySide().GetNet() != nil {
				t.Errorf("company's side without a cost to serve: %v", e.GetCompanySide())
			}

			c.line(ofSegment(due(lineOf("", servingCost, 500, "2020-01-01"), yearly, ""), "vip"))
			e, err = c.economicsOf("hans", "segments/vip")
			if err != nil {
				t.Fatal(err)
			}
			// Of the segment's years only those count that lie in the relationship: none
			// begins between 31 January and 31 December 2025.
			if e.GetCompanySide().GetRefusal().GetReason() != "SERVING_COSTS_UNKNOWN" {
				t.Errorf("company's side %v", e.GetCompanySide())
			}
			c.line(ofSegment(due(lineOf("", servingCost, 500, "2020-06-01"), yearly, ""), "vip"))
			e, err = c.economicsOf("hans", "segments/vip")
			if err != nil {
				t.Fatal(err)
			}
			ours := e.GetCompanySide()
			if ours.GetBenefits().GetMinorUnits() != 4_000 || ours.GetCosts().GetMinorUnits() != 500 || ours.GetNet().GetMinorUnits() != 3_500 ||
				math.Abs(ours.GetMarginCoverage()-2.0/3) > 1e-12 || ours.GetItems()[1].GetSegment() != "segments/vip" {
				t.Errorf("company's side %v", ours)
			}
			if !hasWarning(e.GetWarnings(), "MARGIN_PARTIAL") || !hasWarning(e.GetWarnings(), "SEGMENT_LINES") {
				t.Errorf("warnings %v", e.GetWarnings())
			}
			if e, err = c.economicsOf("plain", "segments/vip"); fails(err) != "ECONOMICS_ONLY_PRICE" {
				t.Errorf("without any cost known: %v, %v", e, err)
			}
			testDiscounted(t, c)
		})
	}
}

// testDiscounted compares with discounting each amount by itself.
func testDiscounted(t *testing.T, c *client) {
	t.Helper()
	e, err := c.economics.GetCustomerEconomics(t.Context(), &valuationv1.GetCustomerEconomicsRequest{Name: "customers/hans", DiscountRate: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	value := func(day string, minor float64) float64 {
		days := date(t, day).Sub(date(t, "2025-01-31")).Hours() / 24
		return minor * math.Pow(1.1, -days/365)
	}
	benefits := 0.0
	for _, day := range []string{"01-31", "02-28", "03-31", "04-30", "05-31", "06-30", "07-31", "08-31", "09-30", "10-31", "11-30"} {
		benefits += value("2025-"+day, 2000)
	}
	want := int64(math.RoundToEven(benefits))
	paid := int64(math.RoundToEven(value("2025-03-01", 10_000))) + int64(math.RoundToEven(value("2025-09-01", 5_000)))
	spent := int64(math.RoundToEven(value("2025-03-02", 300)))
	if s := e.GetCustomerSide(); s.GetBenefits().GetMinorUnits() != want || s.GetCosts().GetMinorUnits() != paid+spent || s.GetNet().GetMinorUnits() != want-paid-spent {
		t.Errorf("discounted %v, want %d less %d and %d", s, want, paid, spent)
	}
	if stated := e.GetCustomerSide().GetItems()[0].GetStated().GetMinorUnits(); stated != 15_000 {
		t.Errorf("stated are %d", stated)
	}
}

func hasWarning(all []*apiv1.Warning, reason string) bool {
	for _, w := range all {
		if w.GetReason() == reason {
			return true
		}
	}
	return false
}

func fails(err error) string {
	_, why, _ := reason(err)
	return why
}

// Amounts in several currencies are added up by declared rates, or not at all.
func TestEconomicsNeverMixCurrencies(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, hansShop(t)), frozen)
	c.refresh(policy("2025-12-31"))
	dollars := lineOf("hans", productBenefit, 2_000, "2025-04-01")
	dollars.Amount.CurrencyCode = "USD"
	c.line(dollars)
	_, err := c.economicsOf("hans")
	wantError(t, err, codes.FailedPrecondition, "MIXED_CURRENCIES", "")
	ask := func(currency string) (*valuationv1.CustomerEconomics, error) {
		return c.economics.GetCustomerEconomics(t.Context(), &valuationv1.GetCustomerEconomicsRequest{Name: "customers/hans", ReportingCurrencyCode: currency})
	}
	e, err := ask("CNY")
	if err != nil || e.GetCurrencyCode() != "CNY" || e.GetCustomerSide().GetBenefits().GetMinorUnits() != 14_000 {
		t.Errorf("%v, %v", e, err)
	}
	if i := e.GetCustomerSide().GetItems()[1]; i.GetStated().GetCurrencyCode() != "USD" || i.GetStated().GetMinorUnits() != 2_000 {
		t.Errorf("item %v", i)
	}
	_, err = ask("XQQ")
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "reporting_currency_code")
}

func TestEconomicLinesAreKept(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) { testLines(t, serve(t, engine.open(t), serveShop(t, hansShop(t)), frozen)) })
	}
}

func testLines(t *testing.T, c *client) {
	create := &valuationv1.CreateEconomicLineRequest{EconomicLine: lineOf("hans", timeCost, 300, "2025-03-02"), RequestId: "r1"}
	dry := proto.CloneOf(create)
	dry.ValidateOnly = true
	if _, err := c.economics.CreateEconomicLine(t.Context(), dry); err != nil {
		t.Fatal(err)
	}
	first, err := c.economics.CreateEconomicLine(t.Context(), create)
	if err != nil {
		t.Fatal(err)
	}
	again, err := c.economics.CreateEconomicLine(t.Context(), create)
	if err != nil || !proto.Equal(again, first) {
		t.Errorf("repeated: %v, %v", again, err)
	}
	create.EconomicLine.Amount.MinorUnits = 4
	_, err = c.economics.CreateEconomicLine(t.Context(), create)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
	_, err = c.economics.CreateEconomicLine(t.Context(), &valuationv1.CreateEconomicLineRequest{
		EconomicLine: lineOf("hans", timeCost, 1, "2025-03-02"), LineId: strings.TrimPrefix(first.GetName(), "economicLines/"),
	})
	wantError(t, err, codes.AlreadyExists, "ECONOMIC_LINE_EXISTS", "")
	_, err = c.economics.CreateEconomicLine(t.Context(), &valuationv1.CreateEconomicLineRequest{EconomicLine: lineOf("nobody", timeCost, 1, "2025-03-02")})
	wantError(t, err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")

	update := &valuationv1.UpdateEconomicLineRequest{EconomicLine: &valuationv1.EconomicLine{Name: first.GetName(), Amount: cny(777), Etag: first.GetEtag()}}
	changed, err := c.economics.UpdateEconomicLine(t.Context(), update)
	if err != nil || changed.GetAmount().GetMinorUnits() != 777 || changed.GetEvidence() != first.GetEvidence() || changed.GetEtag() == first.GetEtag() {
		t.Errorf("changed: %v, %v", changed, err)
	}
	_, err = c.economics.UpdateEconomicLine(t.Context(), update)
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	update.EconomicLine.Etag = ""
	update.UpdateMask = &fieldmaskpb.FieldMask{Paths: []string{"customer"}}
	_, err = c.economics.UpdateEconomicLine(t.Context(), update)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	update.UpdateMask.Paths = []string{"evidence"}
	_, err = c.economics.UpdateEconomicLine(t.Context(), update)
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "economic_line.evidence")

	for range 4 {
		c.line(lineOf("hans", serviceBenefit, 5, "2025-04-01"))
		c.line(ofSegment(lineOf("", servingCost, 5, "2025-04-01"), "hans"))
	}
	if n := len(c.allLines(&valuationv1.ListEconomicLinesRequest{Customer: "customers/hans", PageSize: 2})); n != 5 {
		t.Errorf("%d lines of the customer", n)
	}
	if n := len(c.allLines(&valuationv1.ListEconomicLinesRequest{Segment: "segments/hans", PageSize: 3})); n != 4 {
		t.Errorf("%d lines of the segment", n)
	}
	if n := len(c.allLines(&valuationv1.ListEconomicLinesRequest{})); n != 9 {
		t.Errorf("%d lines", n)
	}
	_, err = c.economics.DeleteEconomicLine(t.Context(), &valuationv1.DeleteEconomicLineRequest{Name: first.GetName(), Etag: first.GetEtag()})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
	if _, err := c.economics.DeleteEconomicLine(t.Context(), &valuationv1.DeleteEconomicLineRequest{Name: first.GetName()}); err != nil {
		t.Error(err)
	}
	_, err = c.economics.GetEconomicLine(t.Context(), &valuationv1.GetEconomicLineRequest{Name: first.GetName()})
	wantError(t, err, codes.NotFound, "ECONOMIC_LINE_NOT_FOUND", "")
}

// allLines follows the pages of a list, of which none may name a line twice.
func (c *client) allLines(r *valuationv1.ListEconomicLinesRequest) map[string]*valuationv1.EconomicLine {
	c.Helper()
	all := map[string]*valuationv1.EconomicLine{}
	for {
		answer, err := c.economics.ListEconomicLines(c.Context(), r)
		if err != nil {
			c.Fatal(err)
		}
		for _, l := range answer.GetEconomicLines() {
			if all[l.GetName()] != nil {
				c.Errorf("%s is listed twice", l.GetName())
			}
			all[l.GetName()] = l
		}
		if r.PageToken = answer.GetNextPageToken(); r.PageToken == "" {
			return all
		}
	}
}

func TestWrongLinesNameTheField(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, hansShop(t)), frozen)
	for want, spoil := range map[string]func(*valuationv1.EconomicLine){
		"economic_line.kind":                 func(l *valuationv1.EconomicLine) { l.Kind = 0 },
		"economic_line.amount":               func(l *valuationv1.EconomicLine) { l.Amount = nil },
		"economic_line.amount.minor_units":   func(l *valuationv1.EconomicLine) { l.Amount.MinorUnits = -1 },
		"economic_line.amount.currency_code": func(l *valuationv1.EconomicLine) { l.Amount.CurrencyCode = "XQQ" },
		"economic_line.start_date":           func(l *valuationv1.EconomicLine) { l.StartDate = "2025-02-30" },
		"economic_line.end_date":             func(l *valuationv1.EconomicLine) { l.Recurrence, l.EndDate = monthly, "2024-01-01" },
		"economic_line.evidence":             func(l *valuationv1.EconomicLine) { l.Evidence = " \n" },
		"economic_line.display_name":         func(l *valuationv1.EconomicLine) { l.DisplayName = "a\x00b" },
		"economic_line.customer":             func(l *valuationv1.EconomicLine) { l.Subject = nil },
	} {
		l := lineOf("hans", timeCost, 300, "2025-03-02")
		spoil(l)
		_, err := c.economics.CreateEconomicLine(t.Context(), &valuationv1.CreateEconomicLineRequest{EconomicLine: l})
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", want)
	}
	_, err := c.economics.CreateEconomicLine(t.Context(), &valuationv1.CreateEconomicLineRequest{EconomicLine: lineOf("hans", timeCost, 1, "2025-03-02"), LineId: "a/b"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "line_id")
	_, err = c.economicsOf("hans", "vip")
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "segments")
}

// Lines of a person are shown and erased like all else that is kept of it.
func TestLinesOfAPersonAreErased(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, hansShop(t)), frozen)
	c.line(lineOf("hans", timeCost, 300, "2025-03-02"))
	c.line(lineOf("hans", productBenefit, 300, "2025-03-02"))
	kept := c.line(lineOf("plain", timeCost, 300, "2025-03-02"))
	if held := c.held("hans")["economic_lines"]; len(held) != 2 || held[0].AsMap()["evidence"] != "interview of 2025-12-01" {
		t.Fatalf("held are %v", held)
	}
	for range 2 {
		if s := c.eraseAll("hans"); len(s) != 1 || s[0].GetSection() != "economic_lines" || s[0].GetErased() != 2 {
			t.Errorf("erased %v", s)
		}
	}
	if held := c.held("hans"); len(held) != 0 {
		t.Errorf("there is still %v", held)
	}
	if all := c.allLines(&valuationv1.ListEconomicLinesRequest{}); len(all) != 1 || all[kept.GetName()] == nil {
		t.Errorf("lines left are %v", all)
	}
}
