package analysis

import (
	"errors"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

func TestFilesWithoutOrdersSayWhy(t *testing.T) {
	masked := &profilev1.Import{Reconciliation: &profilev1.Reconciliation{Months: []*profilev1.MonthTotals{
		{Month: "2024-11", CurrencyCode: "CNY", Orders: 5, PaidOrders: 3, AnonymousOrders: 3, ClosedOrders: 2},
	}}}
	refused := []upload.Refused{{Row: 1, Column: "amount", Reason: "CURRENCY_MISSING", Message: "no currency"}}
	for name, test := range map[string]struct {
		imported *profilev1.Import
		refused  []upload.Refused
		reason   string
		says     []string
	}{
		"empty":       {&profilev1.Import{}, nil, "NO_ORDERS", []string{"nothing to analyse"}},
		"masked":      {masked, nil, "NO_ORDERS", []string{"5 orders", "2 are unpaid or closed", "3 paid ones 3 name no buyer"}},
		"no currency": {&profilev1.Import{Rejected: 1}, refused, "CURRENCY_MISSING", []string{"row 1", "column amount", "--currency"}},
	} {
		var file *FileError
		if err := noOrders(test.imported, test.refused); !errors.As(err, &file) || file.Reason != test.reason {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, part := range test.says {
			if !strings.Contains(file.Message, part) {
				t.Errorf("%s: %q does not say %q", name, file.Message, part)
			}
		}
	}
}
