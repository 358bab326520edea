package comparison

import (
	"fmt"
	"slices"

	"github.com/antzucaro/matchr"
)

// comparePhones compares each with each and takes the best.
func comparePhones(a, b []string) agreement {
	out := agreement{level: Different, kind: ByPhone}
	for _, x := range a {
		if slices.Contains(b, x) {
			return agreement{Exact, ByPhone, []string{PhoneKey(x)}}
		}
		for _, y := range b {
			if len(x) == len(y) && len(x) >= 10 && matchr.OSA(x, y) == 1 {
				out.level = OneDigit
			}
		}
	}
	return out
}

// PhoneKey is the last nine digits of a number: without the country code, which
// some forget.
func PhoneKey(phone string) string { return phone[max(0, len(phone)-9):] }

func compareEmails(a, b []email) agreement {
	out := agreement{level: Different, kind: ByEmail}
	for _, x := range a {
		for _, y := range b {
			switch {
			case x.local != y.local:
			case x.domain == y.domain:
				return agreement{Exact, ByEmail, []string{x.local}}
			case !x.role && len(x.local) >= 4:
				out = agreement{SameLocal, ByEmail, []string{x.local}}
			}
		}
	}
	return out
}

func compareAddresses(a, b []place) agreement {
	out := agreement{level: Different, kind: ByAddress}
	for _, x := range a {
		for _, y := range b {
			switch comparePlaces(x, y) {
			case Exact:
				return agreement{Exact, ByAddress, []string{x.key, y.key}}
			case Building:
				out.level = Building
			}
		}
	}
	return out
}

// compareDates compares birth dates. A year that one of them lacks is no
// difference.
func compareDates(a, b Date) Level {
	sameDay := a.Month == b.Month && a.Day == b.Day
	if a.Year == 0 || b.Year == 0 {
		if sameDay {
			return DayMonth
		}
		return Different
	}
	switch {
	case a == b && firstOfJanuary(a):
		return Placeholder
	case a == b:
		return Exact
	case a.Year == b.Year && a.Month == b.Day && a.Day == b.Month:
		return Swapped
	case sameDay && slipped(digits(a.Year), digits(b.Year)):
		return YearSlip
	case a.Year == b.Year && (a.Month == b.Month && slipped(digits(a.Day), digits(b.Day)) ||
		a.Day == b.Day && slipped(digits(a.Month), digits(b.Month))):
		return OneDigit
	case a.Year == b.Year && (firstOfJanuary(a) || firstOfJanuary(b)):
		return YearOnly
	}
	return Different
}

// firstOfJanuary is what many forms put in where only the year is known.
func firstOfJanuary(d Date) bool { return d.Month == 1 && d.Day == 1 }

// slipped reports that one digit differs or two neighbours are swapped.
func slipped(a, b string) bool { return matchr.OSA(a, b) == 1 }

func digits(n int) string { return fmt.Sprintf("%02d", n) }
