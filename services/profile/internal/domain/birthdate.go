package domain

import (
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// BirthDate is a calendar date. Year 0 means that only month and day are known;
// the zero value, that nothing is.
type BirthDate struct {
	Year  int `json:"year"`
	Month int `json:"month"`
	Day   int `json:"day"`
}

// earliestBirth is before the birth of anyone alive, so an older year is a slip.
const earliestBirth = 1850

func (d *BirthDate) check(field string, now time.Time) *fault.Fault {
	if *d == (BirthDate{}) {
		return nil
	}
	year := d.Year
	if year == 0 {
		year = 2000 // a leap year: 29 February is someone's birthday
	}
	// A day may have begun further east before it does in UTC.
	latest := now.AddDate(0, 0, 1)
	date := time.Date(year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	switch {
	case d.Month == 0 || d.Day == 0:
		return fault.Invalid(field, "must have a month and a day, with year 0 where the year is not known")
	case date.Year() != year || int(date.Month()) != d.Month || date.Day() != d.Day:
		return fault.Invalid(field, "%s is not a date of the calendar", d)
	case year < earliestBirth:
		return fault.Invalid(field, "must not be before %d, is %s", earliestBirth, d)
	case d.Year != 0 && date.After(latest):
		return fault.Invalid(field, "must not lie in the future, is %s", d)
	}
	return nil
}

// String is the date as in ISO 8601: "1990-05-17", or "--05-17" without a year;
// empty for the zero value.
func (d BirthDate) String() string {
	switch {
	case d == BirthDate{}:
		return ""
	case d.Year == 0:
		return fmt.Sprintf("--%02d-%02d", d.Month, d.Day)
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// ParseBirthDate reads what String writes.
func ParseBirthDate(s string) (BirthDate, error) {
	var d BirthDate
	if s == "" {
		return d, nil
	}
	n, err := fmt.Sscanf(s, "%04d-%02d-%02d", &d.Year, &d.Month, &d.Day)
	if err != nil || n != 3 {
		d.Year = 0
		if n, err = fmt.Sscanf(s, "--%02d-%02d", &d.Month, &d.Day); err != nil || n != 2 {
			return BirthDate{}, fault.Invalid("birth_date", "must be written 1990-05-17, or --05-17 without a year, is %q", s)
		}
	}
	if d.String() != s {
		return BirthDate{}, fault.Invalid("birth_date", "must be written 1990-05-17, or --05-17 without a year, is %q", s)
	}
	return d, nil
}
