package report

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// speaking are the functions with which templates write texts, numbers, money
// and dates in a language, and draw charts.
func speaking(lang string, r *analysis.Report) template.FuncMap {
	s := speech{lang, r.Currency, unfinishedMonth(r.AsOf)}
	return template.FuncMap{
		"t":          func(key string, values ...any) (string, error) { return words.In(lang, key, values...) },
		"say":        func(text words.Text) string { return text.In(lang) },
		"group":      func(g analysis.Group) string { return g.In(lang) },
		"count":      count,
		"percent":    percent,
		"percentage": func(share float64) float64 { return 100 * share },
		"money":      s.money,
		"moneyIn":    moneyIn,
		"date":       s.date,
		"days":       days,
		"daysAt":     daysAt,
		"sums":       sums,
		"figure":     func(name string) (figure, error) { return figureOf(r, name) },
		"lapsed":     func() lapsed { return lapsedOf(r) },
		"lost":       func() lost { return lostOf(r) },
		"per": func(part, whole int64) float64 {
			return float64(part) / float64(max(whole, 1))
		},
		"whole":        func(n float64) string { return count(int64(math.Round(n))) },
		"rest":         func(share float64) float64 { return max(1-share, 0) },
		"bar":          func(share, most float64) bar { return barOf(share, most) },
		"mostOf":       mostOf,
		"netColumns":   s.netColumns,
		"valueColumns": s.valueColumns,
		"dayColumns":   dayColumns,
		"heat":         heatOf,
		"rank":         func(i int) int { return i + 1 },
	}
}

// speech writes figures in a language.
type speech struct {
	lang       string
	currency   string // of amounts that name none
	unfinished string // the month of the as-of date, where that is not its last day
}

// unfinishedMonth is the month of a day, e.g. "2024-11", and empty on its last day.
func unfinishedMonth(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil || at.AddDate(0, 0, 1).Day() == 1 {
		return ""
	}
	return at.Format("2006-01")
}

func count(n int64) string { return money.Grouped(strconv.FormatInt(n, 10)) }

// percent writes a share with one decimal; a share that is not nothing does not
// become 0.
func percent(share float64) string {
	if share > 0 && share < 0.0005 {
		return "<0.1%"
	}
	return fmt.Sprintf("%.1f%%", 100*share)
}

// signs are currencies whose sign is understood wherever the report is read.
var signs = map[string]string{"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "TWD": "NT$", "JPY": "JP¥", "KRW": "₩"}

func (s speech) money(decimal string) string { return moneyIn(decimal, s.currency) }

// moneyIn writes an amount, a decimal text or a money.Amount, with its currency.
func moneyIn(decimal any, currency string) string {
	text := money.Grouped(fmt.Sprint(decimal))
	sign, known := signs[currency]
	if !known {
		return strings.TrimSpace(text + " " + currency)
	}
	if rest, negative := strings.CutPrefix(text, "-"); negative {
		return "-" + sign + rest
	}
	return sign + text
}

// sums writes amounts by currency.
func sums(amounts map[string]money.Amount) string {
	var all []string
	for _, code := range slices.Sorted(maps.Keys(amounts)) {
		all = append(all, moneyIn(amounts[code], code))
	}
	return strings.Join(all, " + ")
}

// date writes a day, YYYY-MM-DD.
func (s speech) date(day string) string {
	at, err := time.Parse(time.DateOnly, day)
	switch {
	case err != nil:
		return day
	case s.lang == words.Chinese:
		return at.Format("2006年1月2日")
	default:
		return at.Format("2 January 2006")
	}
}

// days writes a number of days, e.g. "21" or "37.4".
func days(n float64) string {
	return money.Grouped(strconv.FormatFloat(n, 'f', -1, 64))
}

// daysAt is the quantile of a distribution of days, 0 where it is not known.
func daysAt(d *analysis.Distribution[float64], probability float64) float64 {
	n, _ := d.Quantile(probability)
	return n
}

// short writes a round number for the axis of a chart.
func (s speech) short(n float64) string {
	text := func(n float64) string { return money.Grouped(strconv.FormatFloat(n, 'f', -1, 64)) }
	switch {
	case n >= 1e6 && s.lang == words.Chinese:
		return text(n/1e4) + "万"
	case n >= 1e6:
		return text(n/1e6) + "M"
	default:
		return text(n)
	}
}
