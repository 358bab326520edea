package rule

import (
	"strconv"
	"strings"
	"time"
)

// unit is one in which spans are told.
type unit struct {
	of         time.Duration
	en, ens, a string
	zh         string
}

var units = []unit{
	{day, "day", "days", "a day", "天"},
	{time.Hour, "hour", "hours", "an hour", "小时"},
	{time.Minute, "minute", "minutes", "a minute", "分钟"},
	{time.Second, "second", "seconds", "a second", "秒"},
}

// spanEn is a span in words, e.g. "a day", "12 days 9 hours".
func spanEn(d time.Duration) string {
	for _, u := range units {
		if d == u.of {
			return u.a
		}
	}
	return spell(d, "minus ", func(n int64, u unit) string {
		if n == 1 {
			return "1 " + u.en
		}
		return strconv.FormatInt(n, 10) + " " + u.ens
	})
}

// spanZh is a span in Chinese words, e.g. "12 天 9 小时".
func spanZh(d time.Duration) string { return spell(d, "负 ", chinese) }

func chinese(n int64, u unit) string { return strconv.FormatInt(n, 10) + " " + u.zh }

// roughly cuts a span to its first two units: who reads of 12 days asks for no seconds.
func roughly(d time.Duration) time.Duration {
	for i, u := range units[:len(units)-1] {
		if d.Abs() >= u.of {
			return d.Truncate(units[i+1].of)
		}
	}
	return d.Truncate(time.Second)
}

// spell tells a span in its units, those that it has none of left out. What is finer than
// a second is told as Go does.
func spell(d time.Duration, minus string, word func(int64, unit) string) string {
	if d%time.Second != 0 {
		return d.String()
	}
	var words []string
	left := d.Abs()
	for _, u := range units {
		if n := left / u.of; n > 0 {
			words = append(words, word(int64(n), u))
			left %= u.of
		}
	}
	if len(words) == 0 {
		return word(0, units[len(units)-1])
	}
	if d < 0 {
		words[0] = minus + words[0]
	}
	return strings.Join(words, " ")
}
