package mapping

import (
	"fmt"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Check reports everything that is wrong with a mapping by itself. path is the
// field that holds it, for the paths of the faults.
func (m *Mapping) Check(path string) error {
	var faults []*fault.Fault
	wrong := func(field, format string, args ...any) {
		faults = append(faults, fault.Invalid(path+"."+field, format, args...))
	}
	for _, f := range []Field{OrderID, Amount} {
		if !m.Has(f) {
			wrong(fmt.Sprintf("columns.%s", f), "must name the column that holds it")
		}
	}
	if !m.Has(OrderTime) && !m.Has(PaidTime) {
		wrong("columns.order_time", "must name the column that holds it, or paid_time must")
	}
	m.checkTitles(wrong)
	m.checkWords(wrong)
	if m.Rows == OrderRows && m.Amount == LineAmount {
		wrong("amount", "must not be that of a line where each row is an order")
	}
	if m.Zone != "" && !KnownZone(m.Zone) {
		wrong("time_zone", "must be an IANA time zone such as Asia/Shanghai, is %q", m.Zone)
	}
	if m.Currency != "" {
		faults = append(faults, domain.CheckCurrency(path+".currency_code", m.Currency))
	}
	return fault.Merge(faults...)
}

// checkTitles reports titles that cannot be told apart: a column holds one thing.
func (m *Mapping) checkTitles(wrong func(field, format string, args ...any)) {
	taken := make(map[string]string)
	for _, f := range Fields {
		for n, title := range m.Columns[f] {
			at := fmt.Sprintf("columns.%s[%d]", f, n)
			switch folded := Fold(title); {
			case folded == "":
				wrong(at, "must not be empty")
			case taken[folded] != "":
				wrong(at, "must be given once: %q is also %s", title, taken[folded])
			default:
				taken[folded] = at
			}
		}
	}
}

func (m *Mapping) checkWords(wrong func(field, format string, args ...any)) {
	means := make(map[string]domain.Status)
	for _, w := range m.Statuses {
		folded := Fold(w.Text)
		before, twice := means[folded]
		switch {
		case folded == "":
			wrong("statuses", "must have no empty word")
		case twice && before != w.Means:
			wrong("statuses", "must give each word one meaning: %q is %s and %s", w.Text, before, w.Means)
		}
		means[folded] = w.Means
	}
	if len(m.Statuses) > 0 && !m.Has(Status) {
		wrong("columns.status", "must name the column of the words in statuses")
	}
}

// KnownZone reports an IANA time zone. Local is none: it is wherever a process
// happens to run.
func KnownZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}
