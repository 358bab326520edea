package importer

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// key reads an id. Spaces around it are none of it.
func key(column, value string) (string, *fault.Fault) {
	value = tidy(value)
	if value == "" {
		return "", invalid(column, "VALUE_MISSING", "must not be empty")
	}
	return value, ident.Check(column, value)
}

// orderKey reads the id of an order.
func orderKey(column, value string) (string, *fault.Fault) { return key(column, value) }

// maxExactDigits is how many digits of a number a spreadsheet keeps.
const maxExactDigits = 15

// roundedID reports an id as a spreadsheet leaves it that has rounded it.
func roundedID(id string) bool { return strings.HasSuffix(id, "000") }
