package importer

import (
	"regexp"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// key reads an id. Spaces around it are none of it, nor is what keeps a spreadsheet
// from taking it for a number.
func key(column, value string) (string, *fault.Fault) {
	value = unquoted(tidy(value))
	if value == "" {
		return "", invalid(column, "VALUE_MISSING", "must not be empty")
	}
	return value, ident.Check(column, value)
}

// scientific is how spreadsheets write a number with many digits, 1.23457E+17, and
// statistics programs one with more than they can keep, 1.23457e+17; fewer these
// write in full.
var scientific = regexp.MustCompile(`^[0-9](\.[0-9]+)?E\+[0-9]{2,3}$|^[0-9]\.[0-9]+E[0-9]{2,3}$|^[0-9](\.[0-9]+)?e\+(1[5-9]|[2-9][0-9]|[0-9]{3})$`)

// orderKey reads the id of an order. One that a spreadsheet has turned into a
// number with an exponent is several orders' and is refused.
func orderKey(column, value string) (string, *fault.Fault) {
	id, f := key(column, value)
	if f == nil && strings.ContainsAny(id, "eE") && scientific.MatchString(id) {
		return "", invalid(column, "ORDER_ID_ROUNDED",
			"a spreadsheet has rounded it, is %q: export the orders again, and where the file goes through a spreadsheet, open this column as text", clip(id, 40))
	}
	return id, f
}

// maxExactDigits is how many digits of a number a spreadsheet keeps.
const maxExactDigits = 15

// roundedID reports an id with the end that a spreadsheet leaves to a number with
// more digits than it keeps. An id may end so by chance: it takes many to tell.
func roundedID(id string) bool {
	return len(id) > maxExactDigits && strings.HasSuffix(id, "000") && digits(id)
}

// masked reports a value with digits or letters struck out: 138****1234, 张**, t**8.
// It stands for more than one person.
func masked(value string) bool { return strings.ContainsAny(value, "*＊•●∗✱") }
