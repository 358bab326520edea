package analysis

import (
	"regexp"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

func analysisName(id string) string { return "analyses/" + id }

func operationName(id string) string { return "operations/profile/" + id }

func analysisID(field, name string) (string, error) {
	id, ok := strings.CutPrefix(name, "analyses/")
	if !ok || !idPattern.MatchString(id) {
		return "", fault.Invalid(field, "must have the form analyses/{analysis}")
	}
	return id, nil
}
