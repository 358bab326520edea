package rule

import (
	"testing"
	"time"
)

func TestSpansAreToldInWords(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		0:                                {"0 seconds", "0 秒"},
		day:                              {"a day", "1 天"},
		90 * day:                         {"90 days", "90 天"},
		36 * time.Hour:                   {"1 day 12 hours", "1 天 12 小时"},
		time.Hour:                        {"an hour", "1 小时"},
		297*time.Hour + 61*time.Second:   {"12 days 9 hours 1 minute 1 second", "12 天 9 小时 1 分钟 1 秒"},
		-2*day - 3*time.Minute:           {"minus 2 days 3 minutes", "负 2 天 3 分钟"},
		1500 * time.Millisecond:          {"1.5s", "1.5s"},
		106751*day + 23*time.Hour:        {"106751 days 23 hours", "106751 天 23 小时"},
		roughly(297*time.Hour + 61):      {"12 days 9 hours", "12 天 9 小时"},
		roughly(-25*time.Hour - 61):      {"minus 1 day 1 hour", "负 1 天 1 小时"},
		roughly(61*time.Second + 999999): {"1 minute 1 second", "1 分钟 1 秒"},
		roughly(time.Millisecond * 999):  {"0 seconds", "0 秒"},
	} {
		if got := [2]string{spanEn(d), spanZh(d)}; got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}
