package orderscan

import (
	"bytes"
	"math"
	"time"
)

// dayOf reads a date, YYYY-MM-DD or with slashes, alone or before a time of day; a
// time with an offset from UTC is of the day that it has in zone.
func dayOf(cell []byte, zone *time.Location) (int32, bool) {
	if len(cell) < 10 || cell[4] != cell[7] || cell[4] != '-' && cell[4] != '/' {
		return 0, false
	}
	year, ok1 := digits(cell[0:4])
	month, ok2 := digits(cell[5:7])
	day, ok3 := digits(cell[8:10])
	if !ok1 || !ok2 || !ok3 || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	if len(cell) == 10 {
		return civil(year, month, day), true
	}
	if cell[10] != ' ' && cell[10] != 'T' {
		return 0, false
	}
	return dayOfTime(cell, civil(year, month, day), zone)
}

// dayOfTime is for a date with a time of day behind it.
func dayOfTime(cell []byte, day int32, zone *time.Location) (int32, bool) {
	rest := cell[11:]
	switch {
	case len(rest) == 5: // 15:04
		_, err := time.Parse("15:04", string(rest))
		return day, err == nil
	case !bytes.ContainsAny(rest, "Z+-"):
		_, err := time.Parse("15:04:05", string(rest))
		return day, err == nil
	}
	text := []byte(string(cell))
	text[4], text[7], text[10] = '-', '-', 'T'
	t, err := time.Parse(time.RFC3339, string(text))
	if err != nil {
		return 0, false
	}
	year, month, of := t.In(zone).Date()
	return civil(year, int(month), of), true
}

func digits(cell []byte) (n int, ok bool) {
	for _, c := range cell {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, true
}

var monthDays = [...]int{1: 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}

func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return monthDays[month]
}

// civil is the days from 1970-01-01 to a date of the Gregorian calendar: years are
// taken from March on, so that the leap day is the last, in eras of 400 years.
func civil(year, month, day int) int32 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	ofEra := year - 400*era
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int32(146097*era + 365*ofEra + ofEra/4 - ofEra/100 + ofYear - 719468)
}

// minorUnits reads an amount of 0 or more with so many decimals at most, such as
// 29.33, as whole minor units.
func minorUnits(cell []byte, decimals int) (int64, bool) {
	var n int64
	seen, after := 0, -1
	for _, c := range cell {
		switch {
		case c >= '0' && c <= '9':
			if n > (math.MaxInt64-9)/10 {
				return 0, false
			}
			n = 10*n + int64(c-'0')
			seen++
			if after >= 0 {
				after++
			}
		case c == '.' && after < 0:
			after = 0
		default:
			return 0, false
		}
	}
	after = max(after, 0)
	for ; after > decimals && n%10 == 0; after-- { // 29.3300 is 29.33
		n /= 10
	}
	if seen == 0 || after > decimals {
		return 0, false
	}
	for ; after < decimals; after++ {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n *= 10
	}
	return n, true
}
