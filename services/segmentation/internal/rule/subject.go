package rule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/money"
)

// subject is what a condition is about, as it is written and as Chinese readers call it.
type subject struct{ en, zh string }

var wordsEn = [...]string{equal: "", unequal: "something other than ", less: "less than ", atMost: "at most ", greater: "more than ", atLeast: "at least "}

var wordsZh = [...]string{equal: "为 ", unequal: "不为 ", less: "小于 ", atMost: "至多 ", greater: "大于 ", atLeast: "至少 "}

// change says what a compared value would have to be.
func (s subject) change(value string, o operator, than string, holds bool) (en, zh string) {
	if value == "" {
		value = "unknown"
	}
	if holds {
		o = o.opposite()
	}
	if o == unequal && value == than {
		return s.en + " is " + value + " and would have to be something else", s.zh + "为 " + value + "，需要为其他值"
	}
	en = s.en + " is " + value + " and would have to be " + wordsEn[o] + than
	if value == "unknown" {
		value = "未知"
	}
	return en, s.zh + "为 " + value + "，需要" + wordsZh[o] + than
}

// flip says the same of a yes or no.
func (s subject) flip(holds bool) (en, zh string) {
	if holds {
		return s.en + " is true and would have to be false", s.zh + "为是，需要为否"
	}
	return s.en + " is false and would have to be true", s.zh + "为否，需要为是"
}

// maxListed bounds how many texts of a list a sentence names.
const maxListed = 10

// among says the same of a text and a list.
func (s subject) among(value string, texts []string, holds bool) (en, zh string) {
	more := ""
	if len(texts) > maxListed {
		texts, more = texts[:maxListed], ", …"
	}
	listed := make([]string, len(texts))
	for i, text := range texts {
		listed[i] = quoted(text)
	}
	list := strings.Join(listed, ", ") + more
	en, zh = s.en+" is "+quoted(value), s.zh+"为 "+quoted(value)
	if holds {
		return en + " and would have to be none of " + list, zh + "，需要不是 " + list
	}
	return en + " and would have to be one of " + list, zh + "，需要是 " + list + " 之一"
}

func quoted(text string) string { return strconv.Quote(text) }

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// formatAmount is an amount in the major unit, with the decimals of its currency, and
// more where it has them.
func formatAmount(x float64, currency string) string {
	s := formatDouble(x)
	_, fraction, _ := strings.Cut(s, ".")
	if decimals, known := money.Decimals(currency); known && len(fraction) < decimals {
		return strconv.FormatFloat(x, 'f', decimals, 64)
	}
	return s
}

func formatDouble(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

const day = 24 * time.Hour

// ordered returns the texts in order, none twice.
func ordered(texts []string) []string {
	slices.Sort(texts)
	return slices.Compact(texts)
}
