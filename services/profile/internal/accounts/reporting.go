package accounts

import (
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// checkReporting reports whom a contact cannot report to: somebody elsewhere,
// somebody who does not exist, or somebody who reports to the contact.
func checkReporting(c *profilev1.Contact, others []*profilev1.Contact) error {
	if c.GetReportsTo() == "" {
		return nil
	}
	var customer, id, own, boss string
	if err := aip.ParseName("name", c.GetName(), contactPattern, &own, &id); err != nil {
		return err
	}
	if err := aip.ParseName("reports_to", c.GetReportsTo(), contactPattern, &customer, &boss); err != nil {
		return err
	}
	if customer != own {
		return fault.Invalid("reports_to", "must be a contact of customers/%s", own)
	}
	above := superiors(others)
	if _, exists := above[c.GetReportsTo()]; !exists && c.GetReportsTo() != c.GetName() {
		f := fault.New(fault.NotFound, "CONTACT_NOT_FOUND", "reports_to: there is no contact %q", boss)
		f.Violations = []fault.Violation{{Field: "reports_to", Description: "must be a contact that exists"}}
		return f
	}
	above[c.GetName()] = c.GetReportsTo()
	if inCycle(c.GetName(), above) {
		f := fault.Invalid("reports_to", "must not be somebody who reports, directly or not, to %q", id)
		f.Reason = "REPORTING_CYCLE"
		return f
	}
	return nil
}

// superiors is whom each contact reports to, "" for nobody.
func superiors(all []*profilev1.Contact) map[string]string {
	above := make(map[string]string, len(all)+1)
	for _, c := range all {
		above[c.GetName()] = c.GetReportsTo()
	}
	return above
}

// inCycle reports whether somebody reports, by whatever steps, to itself.
func inCycle(name string, above map[string]string) bool {
	at := above[name]
	for range above {
		if at == "" || at == name {
			break
		}
		at = above[at]
	}
	return at == name
}
