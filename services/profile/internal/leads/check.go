package leads

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// maxMinor is the largest value of a lead, in minor units.
const maxMinor = 1_000_000_000_000_000

// changeable are the fields of a lead that a caller sets.
var changeable = []string{
	"display_name", "customer", "prospect", "owner", "sales_mode", "expected_value",
	"expected_close_date", "buying_factors", "assessment", "notes",
}

// check reports what is wrong with what a caller set of a lead.
func check(l *profilev1.Lead) error {
	if err := aip.CheckText(aip.Only(l, changeable)); err != nil {
		return err
	}
	var faults []*fault.Fault
	if strings.TrimSpace(l.GetOwner()) == "" {
		faults = append(faults, fault.Invalid("owner", "must name the salesperson who answers for the lead"))
	}
	if v := l.GetExpectedValue(); v != nil {
		if v.GetMinorUnits() < 0 || v.GetMinorUnits() > maxMinor {
			faults = append(faults, fault.Invalid("expected_value.minor_units", "must be from 0 to %d, is %d", maxMinor, v.GetMinorUnits()))
		}
		faults = append(faults, money.Check("expected_value.currency_code", v.GetCurrencyCode()))
	}
	if _, err := aip.Day("expected_close_date", l.GetExpectedCloseDate()); err != nil {
		f, _ := fault.As(err)
		faults = append(faults, f)
	}
	seen := make(map[string]bool)
	for i, factor := range l.GetBuyingFactors() {
		key := fold(factor.GetFactor())
		if key == "" || seen[key] {
			faults = append(faults, fault.Invalid(fmt.Sprintf("buying_factors[%d].factor", i), "must be a text that no other factor has"))
		}
		seen[key] = true
	}
	return fault.Merge(faults...)
}

// fold is a name without regard to case, width and the spaces around it.
func fold(name string) string {
	return strings.ToLower(strings.Join(strings.Fields(norm.NFKC.String(name)), " "))
}
