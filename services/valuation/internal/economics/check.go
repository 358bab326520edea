package economics

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"
)

// mostMinor is the largest amount of a line: sums of its occurrences then fit, and
// float64 holds it exactly.
const mostMinor = 1_000_000_000_000_000

// firstDate is the earliest that a line can begin.
const firstDate = "1970-01-01"

const field = "economic_line."

// changeable are the fields of a line that an update can change.
var changeable = []string{"kind", "amount", "recurrence", "start_date", "end_date", "display_name", "evidence"}

// take copies fields of a message to the line.
func (l *line) take(given *valuationv1.EconomicLine, fields []string) {
	for _, f := range fields {
		switch f {
		case "kind":
			l.Kind = given.GetKind()
		case "amount":
			l.Currency, l.Minor = given.GetAmount().GetCurrencyCode(), given.GetAmount().GetMinorUnits()
		case "recurrence":
			l.Recurrence = given.GetRecurrence()
		case "start_date":
			l.Start = given.GetStartDate()
		case "end_date":
			l.End = given.GetEndDate()
		case "display_name":
			l.Title = given.GetDisplayName()
		case "evidence":
			l.Evidence = given.GetEvidence()
		}
	}
	if l.Recurrence == valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_UNSPECIFIED {
		l.Recurrence = once
	}
}

const once = valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_ONCE

// check reports all that is wrong with a line.
func (l *line) check() error {
	wrong := []*fault.Fault{checkDate("start_date", l.Start, true), checkDate("end_date", l.End, false)}
	refuse := func(name, format string, args ...any) {
		wrong = append(wrong, fault.Invalid(field+name, format, args...))
	}
	if l.Kind == valuationv1.EconomicKind_ECONOMIC_KIND_UNSPECIFIED {
		refuse("kind", "must say what the line counts, e.g. ECONOMIC_KIND_SERVICE_BENEFIT")
	}
	if l.Currency == "" {
		refuse("amount", "must be given; 0 says that it is known to be nothing")
	} else {
		wrong = append(wrong, money.Check(field+"amount.currency_code", l.Currency))
	}
	if l.Minor < 0 || l.Minor > mostMinor {
		refuse("amount.minor_units", "must be 0 to %d: the kind says whether it is a benefit or a cost; is %d", int64(mostMinor), l.Minor)
	}
	switch {
	case l.End == "":
	case l.Recurrence == once:
		refuse("end_date", "must be empty: the line falls due once, on its start_date")
	case l.End < l.Start:
		refuse("end_date", "must not be before start_date %s, is %s", l.Start, l.End)
	}
	if strings.TrimSpace(l.Evidence) == "" {
		refuse("evidence", "must say where the amount is from")
	}
	wrong = append(wrong, checkText("display_name", l.Title, ""), checkText("evidence", l.Evidence, "\n\r\t"))
	return fault.Merge(wrong...)
}

func checkDate(name, date string, required bool) *fault.Fault {
	if date == "" && !required {
		return nil
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil || date < firstDate {
		return fault.Invalid(field+name, "must be a date of the calendar from %s on, YYYY-MM-DD, is %q", firstDate, date)
	}
	return nil
}

func checkText(name, text, allowed string) *fault.Fault {
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) }) {
		return fault.Invalid(field+name, "must hold no control characters")
	}
	return nil
}

// notFound is the fault for a line that there is not.
func notFound(id string) error {
	return fault.New(fault.NotFound, "ECONOMIC_LINE_NOT_FOUND", "there is no economic line %q", id)
}

// day numbers a checked date, from 1970-01-01.
func day(date string) (int64, error) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, fmt.Errorf("stored document: economic line with the date %q", date)
	}
	return t.Unix() / (24 * 60 * 60), nil // not before 1970
}
