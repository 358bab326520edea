package sheet

import (
	"strings"
	"unicode/utf8"
)

// FormulaSafe is what Harmless puts in front of a value.
const FormulaSafe = "'"

const riskySigns = "=+-@\t\r\n＝＋－＠"

// Harmless keeps a spreadsheet from taking a value for a formula.
func Harmless(value string) string {
	if first, size := utf8.DecodeRuneInString(value); size > 0 && strings.ContainsRune(riskySigns, first) {
		return FormulaSafe + value
	}
	return value
}
