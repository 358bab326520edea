package indicators

import (
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/stat"
)

// rfmGroup is the name of an RFM group, e.g. "rfmGroups/IMPORTANT_VALUE".
func rfmGroup(g stat.Group) string {
	return "rfmGroups/" + strings.TrimPrefix(valuationv1.RfmGroup(g).String(), "RFM_GROUP_") // in the same order
}
