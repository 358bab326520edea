package importer

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestReadTime(t *testing.T) {
	shanghai, newYork, santiago := zone(t, "Asia/Shanghai"), zone(t, "America/New_York"), zone(t, "America/Santiago")
	for _, test := range []struct {
		text string
		zone *time.Location
		want string // RFC 3339, UTC; or the reason of the fault
	}{
		{"2026-03-14", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-14", shanghai, "2026-03-13T16:00:00Z"},
		{"2026/3/4", shanghai, "2026-03-03T16:00:00Z"},
		{"2026年3月14日", shanghai, "2026-03-13T16:00:00Z"},
		{"２０２６年３月１４日", shanghai, "2026-03-13T16:00:00Z"},
		{" 2026-03-14 ", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-14 15:09", shanghai, "2026-03-14T07:09:00Z"},
		{"2026/3/14 5:09:26", shanghai, "2026-03-13T21:09:26Z"},
		{"2026年3月14日15:09:26", shanghai, "2026-03-14T07:09:26Z"},
		{"2026年03月14日 15:09", shanghai, "2026-03-14T07:09:00Z"},
		{"2026-03-14T15:09:26Z", shanghai, "2026-03-14T15:09:26Z"},
		{"2026-03-14T15:09:26+08:00", time.UTC, "2026-03-14T07:09:26Z"},
		{"2026-03-14 15:09:26.5 -0330", time.UTC, "2026-03-14T18:39:26.5Z"},
		{"2026-03-14T15:09:26.123456789Z", time.UTC, "2026-03-14T15:09:26.123456789Z"},
		{"2024-02-29", time.UTC, "2024-02-29T00:00:00Z"},
		// New York's clocks were put forward from 02:00 to 03:00, and back from 02:00 to 01:00.
		{"2026-03-08 02:30", newYork, "TIME_SKIPPED"},
		{"2026-03-08 03:00", newYork, "2026-03-08T07:00:00Z"},
		{"2026-11-01 01:30", newYork, "2026-11-01T05:30:00Z"},
		// Santiago's from 00:00 to 01:00: the day has no midnight.
		{"2025-09-07", santiago, "2025-09-07T04:00:00Z"},
		{"2025-09-07 00:00", santiago, "TIME_SKIPPED"},
		{"2024-02-30", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2023-02-29", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2024-13-01", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"0000-00-00", time.UTC, "TIME_NOT_IN_CALENDAR"},
		{"2026-03-14 24:00", time.UTC, "TIME_MALFORMED"},
		{"2016-12-31T23:59:60Z", time.UTC, "TIME_MALFORMED"},
		{"14/03/2026", time.UTC, "TIME_AMBIGUOUS"},
		{"3/4/2026 15:04", time.UTC, "TIME_AMBIGUOUS"},
		{"03-04-26", time.UTC, "TIME_AMBIGUOUS"},
		{"14.3.2026", time.UTC, "TIME_AMBIGUOUS"},
		{"14.3", time.UTC, "TIME_MALFORMED"},
		{"1/2-2026", time.UTC, "TIME_MALFORMED"},
		{"昨天", time.UTC, "TIME_MALFORMED"},
		{"20260314", shanghai, "2026-03-13T16:00:00Z"},
		{"２０２６０３１４", shanghai, "2026-03-13T16:00:00Z"},
		{"20260314150926", shanghai, "2026-03-14T07:09:26Z"},
		{"20260314 15:09", shanghai, "2026-03-14T07:09:00Z"},
		{"20260314T15:09:26Z", shanghai, "2026-03-14T15:09:26Z"},
		{"20260332", shanghai, "TIME_NOT_IN_CALENDAR"},
		{"20260314250926", shanghai, "TIME_MALFORMED"},
		{"202603141509", shanghai, "TIME_MALFORMED"},
		{"2026031", shanghai, "TIME_MALFORMED"},
		{"2024/11/11 0:03", shanghai, "2024-11-10T16:03:00Z"},
		{"2024-11-11 00:03:59", shanghai, "2024-11-10T16:03:59Z"},
		{"2024.11.11", shanghai, "2024-11-10T16:00:00Z"},
		{"2024.1.1 0:03", shanghai, "2023-12-31T16:03:00Z"},
		{"2024年11月11日 0时3分", shanghai, "2024-11-10T16:03:00Z"},
		{"2024年11月11日0时3分59秒", shanghai, "2024-11-10T16:03:59Z"},
		{"2024年11月11日 15时", shanghai, "TIME_MALFORMED"},
		{"2024年11月11日 0时3", shanghai, "TIME_MALFORMED"},
		{"2024年11月11日 25时3分", shanghai, "TIME_MALFORMED"},
		{"２０２４／１１／１１　０：０３", shanghai, "2024-11-10T16:03:00Z"},
		{"2024-11-11 00:03:59 +0800", time.UTC, "2024-11-10T16:03:59Z"},
		{"2024-11-11 00:03:59 UTC", shanghai, "2024-11-11T00:03:59Z"},
		{"2024/11/11 上午 9:05", shanghai, "2024-11-11T01:05:00Z"},
		{"2024/11/11 下午9:05:07", shanghai, "2024-11-11T13:05:07Z"},
		{"2024/11/11 上午 12:05", shanghai, "2024-11-10T16:05:00Z"},
		{"2024/11/11 下午 12:05", shanghai, "2024-11-11T04:05:00Z"},
		{"2024-11-11 9:05 PM", shanghai, "2024-11-11T13:05:00Z"},
		{"2024-11-11 9:05am +0800", time.UTC, "2024-11-11T01:05:00Z"},
		{"2024-11-11 13:05 PM", shanghai, "TIME_MALFORMED"},
		{"2024-11-11 下午", shanghai, "TIME_MALFORMED"},
		{"2024-11-11 下午 3:04 PM", shanghai, "TIME_MALFORMED"},
		{"2024-11-11T", shanghai, "TIME_MALFORMED"},
		{`="2024-11-11 00:03"`, shanghai, "2024-11-10T16:03:00Z"},
		{"'2024-11-11", shanghai, "2024-11-10T16:00:00Z"},
		{"'20241111", shanghai, "2024-11-10T16:00:00Z"},
		{"45607.0025", shanghai, "2024-11-10T16:03:36Z"},
		{"45607.999999999", shanghai, "2024-11-11T16:00:00Z"},
		{"45607.50005787037", time.UTC, "2024-11-11T12:00:05Z"},
		{"60000.", time.UTC, "TIME_MALFORMED"},
		{"19999", time.UTC, "TIME_MALFORMED"},
		{"80000", time.UTC, "TIME_MALFORMED"},
		{"-45607", time.UTC, "TIME_MALFORMED"},
		{"1731254639", shanghai, "2024-11-10T16:03:59Z"},
		{"1731254639123", shanghai, "2024-11-10T16:03:59.123Z"},
		{"2024111100", shanghai, "TIME_MALFORMED"},
		{"999999999", shanghai, "TIME_MALFORMED"},
		{"2026-03/14", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14x", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 ", time.UTC, "2026-03-14T00:00:00Z"},
		{"2026-03-1415:00", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 15", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14 15:09:26 CST", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14T15:09:26+24:00", time.UTC, "TIME_MALFORMED"},
		{"2026-03-14T15:09:26.Z", time.UTC, "TIME_MALFORMED"},
		{"46095", time.UTC, "2026-03-14T00:00:00Z"},
		{"45907", santiago, "2025-09-07T04:00:00Z"},
		{"", time.UTC, "VALUE_MISSING"},
	} {
		got, f := readTime("order_time", test.text, test.zone)
		text := reasonOf(f)
		if f == nil {
			text = got.Format(time.RFC3339Nano)
		}
		if text != test.want || f == nil && got.Location() != time.UTC {
			t.Errorf("%q in %s: %s, want %s", test.text, test.zone, text, test.want)
		}
	}
}

// What package time writes is read as what it was.
func TestReadTimeAgainstFormat(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 0).In(shanghai)
		layout := rapid.SampledFrom([]string{
			time.RFC3339, time.DateTime, "2006/1/2 15:04:05", "2006年1月2日 15:04:05", "2006年01月02日15:04:05", "2006-01-02T15:04:05",
			"2006.1.2 15:04:05", "20060102150405", "2006年1月2日 15时4分5秒", "2006/1/2 3:04:05 PM", "2006-01-02 15:04:05 -0700",
		}).Draw(t, "layout")
		// China's clocks were put back in the years to 1991: an hour is there twice.
		got, f := readTime("order_time", at.Format(layout), shanghai)
		if f != nil || !got.Equal(at) && got.In(shanghai).Format(layout) != at.Format(layout) {
			t.Fatalf("%s: %s, %v", at.Format(layout), got, f)
		}
	})
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	location, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return location
}

func TestBirthDates(t *testing.T) {
	now := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"1990-05-17": "1990-05-17", "1990/5/17": "1990-05-17", "1990年5月17日": "1990-05-17", "--05-17": "--05-17", "": "",
		"1990-05-17 00:00:00": "1990-05-17",
		"1990-02-30":          "!birth_date", "九零后": "!birth_date", "2190-05-06": "!birth_date", "1985-00-12": "!birth_date",
	} {
		born, f := birthDate(text, now)
		got := born.String()
		if f != nil {
			got = "!" + f.Violations[0].Field
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
