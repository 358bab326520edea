package economics

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// merged is a customer who goes by b, and was a too.
type merged struct{}

func (merged) Root(context.Context, string) string { return "b" }

func (merged) Members(context.Context, string) []string { return []string{"b", "a"} }

// noOrders is a profile with every customer and no order.
type noOrders struct{ noRates }

func (noOrders) Exists(context.Context, string) error { return nil }

func (noOrders) History(_ context.Context, customer string, _ time.Time, _ string) (*domain.History, error) {
	return &domain.History{Customer: customer}, nil
}

// refreshed holds as of the end of June.
type refreshed struct{}

func (refreshed) Summary(context.Context) (domain.Summary, error) {
	return domain.Summary{Policy: domain.Policy{AsOfDate: "2025-06-30", Zone: "Asia/Shanghai"}}, nil
}

// TestLinesOfMergedRecordsCount: what was written under either id is the customer's.
func TestLinesOfMergedRecordsCount(t *testing.T) {
	engine, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	s, err := New(t.Context(), Deps{Engine: engine, Profile: noOrders{}, Summaries: refreshed{}, Customers: merged{}, Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for id, kind := range map[string]valuationv1.EconomicKind{
		"a": valuationv1.EconomicKind_ECONOMIC_KIND_IMAGE_BENEFIT, "b": valuationv1.EconomicKind_ECONOMIC_KIND_EFFORT_COST,
		"a-b": valuationv1.EconomicKind_ECONOMIC_KIND_EFFORT_COST, // somebody else
	} {
		given := (&line{Customer: id, Kind: kind, Currency: "CNY", Minor: 500, Start: "2025-01-01", Evidence: "asked"}).proto()
		if _, err := s.CreateEconomicLine(t.Context(), &valuationv1.CreateEconomicLineRequest{EconomicLine: given}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"a", "b"} {
		m, err := s.GetCustomerEconomics(t.Context(), &valuationv1.GetCustomerEconomicsRequest{Name: "customers/" + id})
		if err != nil || len(m.GetCustomerSide().GetItems()) != 2 || m.GetCustomerSide().GetNet() == nil || m.GetCustomerSide().GetNet().GetMinorUnits() != 0 {
			t.Errorf("%s: %v, %v", id, m, err)
		}
	}
}
