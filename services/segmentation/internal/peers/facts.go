package peers

import (
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// The names of enum values as facts: without their prefix, empty for unspecified.
var (
	kinds        = names(profilev1.CustomerKind_name, "CUSTOMER_KIND_")
	genders      = names(profilev1.Gender_name, "GENDER_")
	acquisitions = names(profilev1.Acquisition_name, "ACQUISITION_")
	groups       = names(valuationv1.RfmGroup_name, "RFM_GROUP_")
)

func names(of map[int32]string, prefix string) map[int32]string {
	short := make(map[int32]string, len(of))
	for number, name := range of {
		if number != 0 {
			short[number] = strings.TrimPrefix(name, prefix)
		}
	}
	return short
}

func customerID(c *profilev1.Customer) string { return strings.TrimPrefix(c.GetName(), "customers/") }

func customerFacts(c *profilev1.Customer) facts.Customer {
	return facts.Customer{
		ID:          customerID(c),
		Kind:        kinds[int32(c.GetKind())],
		Gender:      genders[int32(c.GetGender())],
		Region:      c.GetRegion(),
		City:        c.GetCity(),
		Acquisition: acquisitions[int32(c.GetAcquisition())],
	}
}

// valuationFacts fills in what comes from a valuation, if the customer is valued.
func valuationFacts(f *facts.Facts, v *valuationv1.Valuation) {
	f.Revenue = f.Revenue[:0]
	if !f.Valued {
		f.Orders, f.Value, f.RFM = facts.Orders{}, facts.Value{}, facts.Scores{}
		return
	}
	f.Orders = facts.Orders{
		Count: v.GetOrders(), Days: v.GetOrderDays(), RecencyDays: v.GetRecencyDays(),
		FirstTime: v.GetFirstOrderTime().AsTime(), LastTime: v.GetLastOrderTime().AsTime(),
	}
	for _, m := range v.GetRevenue() {
		f.Revenue = append(f.Revenue, facts.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()})
	}
	f.Value = facts.Value{}
	if m := v.GetHistoricValue(); m != nil {
		f.Value = facts.Value{
			Known: true, Coverage: v.GetHistoricValueCoverage(),
			Historic: facts.Money{Currency: m.GetCurrencyCode(), Minor: m.GetMinorUnits()},
		}
	}
	r := v.GetRfm()
	f.RFM = facts.Scores{
		Recency: int(r.GetRecency()), Frequency: int(r.GetFrequency()), Monetary: int(r.GetMonetary()),
		Cell: r.GetCell(), Group: groups[int32(r.GetGroup())], Segment: r.GetSegment(),
	}
}
