package comparison

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// fold brings text to lower case without compatibility forms (full-width
// letters) and outer spaces.
func fold(s string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(s)))
}

// bare is fold without accents: "José" is "jose", "Lü" is "lu".
func bare(s string) string {
	s = fold(s)
	if isASCII(s) {
		return s
	}
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		return s
	}
	return plain
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// hanOf is the Chinese characters of s.
func hanOf(s string) []rune {
	var han []rune
	for _, r := range s {
		if unicode.Is(unicode.Han, r) {
			han = append(han, r)
		}
	}
	return han
}

// words are the runs of letters and digits in s, apostrophes left out of them.
func words(s string) []string {
	s = strings.NewReplacer("'", "", "’", "", "`", "").Replace(s)
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
