package schemes

import (
	"regexp"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"go.einride.tech/aip/resourcename"
)

// Patterns of the resource names.
const (
	schemePattern = "schemes/{scheme}"
	runPattern    = "schemes/{scheme}/runs/{run}"
)

var (
	schemeID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	runID    = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
)

func schemeName(id string) string      { return resourcename.Sprint(schemePattern, id) }
func runName(scheme, id string) string { return resourcename.Sprint(runPattern, scheme, id) }

func parseScheme(field, name string) (id string, err error) {
	if !strings.HasPrefix(name, "schemes/") || resourcename.Sscan(name, schemePattern, &id) != nil || !schemeID.MatchString(id) {
		return "", fault.Invalid(field, "must have the form %s", schemePattern)
	}
	return id, nil
}

func parseRun(field, name string) (scheme, id string, err error) {
	if !strings.HasPrefix(name, "schemes/") || resourcename.Sscan(name, runPattern, &scheme, &id) != nil || !schemeID.MatchString(scheme) || !runID.MatchString(id) {
		return "", "", fault.Invalid(field, "must have the form %s", runPattern)
	}
	return scheme, id, nil
}

// changeable are the fields of a scheme that an update can change.
var changeable = []string{"display_name", "objective", "method", "data", "variables", "thresholds", "weights"}
