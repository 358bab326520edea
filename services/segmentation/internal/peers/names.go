package peers

import (
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// The names of enum values as facts: without their prefix, empty for unspecified.
var (
	kinds        = names(profilev1.CustomerKind_name, "CUSTOMER_KIND_")
	genders      = names(profilev1.Gender_name, "GENDER_")
	acquisitions = names(profilev1.Acquisition_name, "ACQUISITION_")
	areas        = names(profilev1.Area_name, "AREA_")
	degrees      = names(profilev1.Education_name, "EDUCATION_")
	marriages    = names(profilev1.MaritalStatus_name, "MARITAL_STATUS_")
	stages       = names(profilev1.JourneyStage_name, "JOURNEY_STAGE_")
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

const customerPrefix = "customers/"

func customerID(c *profilev1.Customer) string { return strings.TrimPrefix(c.GetName(), customerPrefix) }
