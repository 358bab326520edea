package aip

import (
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Instant reads a timestamp; the zero time where it is not set.
func Instant(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if t.CheckValid() != nil {
		return time.Time{}, fault.Invalid(field, "must be an instant between the years 1 and 9999")
	}
	return t.AsTime().Truncate(time.Millisecond), nil
}

// Timestamp writes a time; nil for the zero time.
func Timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Day reads a calendar date as YYYY-MM-DD; "" where it is not set.
func Day(field string, d *date.Date) (string, error) {
	if d == nil {
		return "", nil
	}
	day := time.Date(int(d.GetYear()), time.Month(d.GetMonth()), int(d.GetDay()), 0, 0, 0, 0, time.UTC)
	if d.GetYear() < 1 || d.GetYear() > 9999 ||
		day.Year() != int(d.GetYear()) || int(day.Month()) != int(d.GetMonth()) || day.Day() != int(d.GetDay()) {
		return "", fault.Invalid(field, "must be a date of the calendar with a year from 1 to 9999, is %s",
			fmt.Sprintf("%04d-%02d-%02d", d.GetYear(), d.GetMonth(), d.GetDay()))
	}
	return day.Format(time.DateOnly), nil
}

// Date writes what Day reads.
func Date(day string) *date.Date {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil
	}
	return &date.Date{Year: int32(t.Year()), Month: int32(t.Month()), Day: int32(t.Day())}
}

// Zone reads the name of an IANA zone; empty is UTC.
func Zone(field, name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" {
		return nil, fault.Invalid(field, "must be an IANA time zone such as Asia/Shanghai, is %q", name)
	}
	return zone, nil
}
