package importer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// sums are the words with which a row begins that sums up others.
var sums = []string{"合计", "总计", "共计", "小计", "汇总", "grand total", "total", "sum"}

// isTotal reports a row that sums up others: it begins with a word for a sum, and
// has no order id but, perhaps, that word.
func (c *columns) isTotal(fields []string) bool {
	first := ""
	for _, field := range fields {
		if first = tidy(field); first != "" {
			break
		}
	}
	if !maySum(first) {
		return false
	}
	if id := tidy(c.in(fields, string(mapping.OrderID))); id != "" && id != first {
		return false
	}
	first = mapping.Fold(first)
	for _, word := range sums {
		if rest, found := strings.CutPrefix(first, word); found && endsWord(word, rest) {
			return true
		}
	}
	return false
}

// endsWord keeps ids such as TOTAL-7 and sum1 from being taken for sums.
func endsWord(word, rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	return word[0] >= utf8.RuneSelf || rest == "" || unicode.IsSpace(next) || strings.ContainsRune(":(", next)
}

// emptyPlaceholders empties the fields in which a platform writes that there is
// nothing.
func emptyPlaceholders(fields []string) {
	for i, field := range fields {
		if len(field) > 0 && len(field) <= longestPlaceholder && strings.IndexByte(" -#nN\xe2", field[0]) >= 0 && placeholders[strings.ToLower(tidy(field))] {
			fields[i] = ""
		}
	}
}

var placeholders = map[string]bool{"-": true, "--": true, "—": true, "——": true, "null": true, "n/a": true, "#n/a": true}

const longestPlaceholder = 8 // bytes, with a space or two

// maySum looks at the first letter only, in any width.
func maySum(text string) bool {
	if text == "" {
		return false
	}
	if c := text[0]; c < utf8.RuneSelf {
		return strings.IndexByte("tTgGsS", c) >= 0
	}
	return true
}
