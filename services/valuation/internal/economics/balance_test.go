package economics

import (
	"context"
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// noRates declares none.
type noRates struct{ Profile }

func (noRates) Convert(context.Context, int64, string, string, time.Time) (int64, error) {
	return 0, fault.New(fault.FailedPrecondition, "EXCHANGE_RATE_MISSING", "no rate was declared")
}

// TestSidesAreTheSumsOfTheirItems: whatever orders and lines there are, totals are
// the sums of the items shown, items count what they state discounted between the
// first day and the last, and a refused side has no total.
func TestSidesAreTheSumsOfTheirItems(t *testing.T) {
	policy := domain.Policy{AsOfDate: "2025-06-30", Zone: "America/New_York"}
	asOf, err := policy.AsOf()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{profile: noRates{}}
	rapid.Check(t, func(t *rapid.T) {
		q := question{customer: "c", asOf: asOf, zone: policy.Zone, rate: rapid.SampledFrom([]float64{0, 0.1, 3}).Draw(t, "rate")}
		h := &domain.History{Customer: "c", Codes: []string{"CNY"}}
		for range rapid.IntRange(0, 5).Draw(t, "orders") {
			h.TimeMS = append(h.TimeMS, asOf.EndMS-rapid.Int64Range(-10, 2_000).Draw(t, "day")*86_400_000)
			h.Net = append(h.Net, rapid.Int64Range(0, 1_000_000).Draw(t, "net"))
			h.Cost = append(h.Cost, rapid.Int64Range(-1, 900_000).Draw(t, "cost"))
		}
		var own []*line
		for range rapid.IntRange(0, 6).Draw(t, "lines") {
			own = append(own, &line{
				Customer: "c", Kind: valuationv1.EconomicKind(rapid.Int32Range(1, 11).Draw(t, "kind")), Currency: "CNY",
				Minor: rapid.Int64Range(0, 100_000).Draw(t, "minor"), Recurrence: valuationv1.EconomicRecurrence(rapid.Int32Range(1, 5).Draw(t, "recurrence")),
				Start: rapid.SampledFrom([]string{"2020-02-29", "2024-12-31", "2025-06-30", "2025-07-01"}).Draw(t, "start"),
			})
		}
		m, err := s.balance(t.Context(), q, h, own, nil)
		if err != nil {
			if fault.ReasonOf(err) != "ECONOMICS_NOTHING_KNOWN" {
				t.Fatal(err)
			}
			return
		}
		for name, side := range map[string]*valuationv1.EconomicSide{"customer": m.GetCustomerSide(), "company": m.GetCompanySide()} {
			checkSide(t, name, side, q.rate)
		}
	})
}

func checkSide(t *rapid.T, name string, side *valuationv1.EconomicSide, rate float64) {
	var benefits, costs int64
	for _, i := range side.GetItems() {
		amount, stated := i.GetAmount().GetMinorUnits(), i.GetStated().GetMinorUnits()
		switch kind := i.GetKind(); {
		case kind <= valuationv1.EconomicKind_ECONOMIC_KIND_IMAGE_BENEFIT: // the margin, without a kind, too
			benefits += amount
		default:
			costs += amount
		}
		if rate == 0 && amount != stated || math.Abs(float64(amount)) > math.Abs(float64(stated))+float64(i.GetOccurrences()) && i.GetKind() != 0 {
			t.Fatalf("%s: %v at %g", name, i, rate)
		}
	}
	if side.GetRefusal() != nil {
		if side.GetNet() != nil || side.GetBenefits() != nil || side.GetCosts() != nil {
			t.Fatalf("%s is refused and has totals: %v", name, side)
		}
		return
	}
	if side.GetBenefits().GetMinorUnits() != benefits || side.GetCosts().GetMinorUnits() != costs || side.GetNet().GetMinorUnits() != benefits-costs {
		t.Fatalf("%s: %v, its items come to %d less %d", name, side, benefits, costs)
	}
}

// TestAmountsWithoutARateAreNotConverted: the fault of profile is the answer.
func TestAmountsWithoutARateAreNotConverted(t *testing.T) {
	asOf, err := (&domain.Policy{AsOfDate: "2025-06-30", Zone: "UTC"}).AsOf()
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Customer: "c", Kind: valuationv1.EconomicKind_ECONOMIC_KIND_TIME_COST, Currency: "USD", Minor: 1, Recurrence: once, Start: "2025-01-01"}
	_, err = (&Server{profile: noRates{}}).balance(t.Context(), question{customer: "c", asOf: asOf, reporting: "CNY"}, &domain.History{Customer: "c"}, []*line{l}, nil)
	if fault.ReasonOf(err) != "EXCHANGE_RATE_MISSING" {
		t.Error(err)
	}
}
