package economics

import (
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// months is how many months lie between two times that a line falls due; 0 of
// those that go by weeks or fall due once.
var months = map[valuationv1.EconomicRecurrence]int64{
	valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_MONTHLY:   1,
	valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_QUARTERLY: 3,
	valuationv1.EconomicRecurrence_ECONOMIC_RECURRENCE_YEARLY:    12,
}

// dueDays yields the days, from 1970-01-01, on which a line falls due up to and
// with the last one given, ascending.
func (l *line) dueDays(last int64) (func(yield func(int64) bool), error) {
	start, err := day(l.Start)
	if err != nil {
		return nil, err
	}
	if l.End != "" {
		end, err := day(l.End)
		if err != nil {
			return nil, err
		}
		last = min(last, end)
	}
	return func(yield func(int64) bool) {
		for n := int64(0); ; n++ {
			due := l.due(start, n)
			if due > last || !yield(due) || l.Recurrence == once {
				return
			}
		}
	}, nil
}

// due is the day on which a line falls due for the nth time, from 0.
func (l *line) due(start, n int64) int64 {
	step := months[l.Recurrence]
	if step == 0 {
		return start + 7*n
	}
	month := domain.Month.At(start)
	ofMonth := start - domain.Month.FirstDay(month)
	month += n * step
	return min(domain.Month.FirstDay(month)+ofMonth, domain.Month.FirstDay(month+1)-1)
}
