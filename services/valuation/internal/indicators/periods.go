package indicators

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Period is how long the periods of a query are.
type Period uint8

// The periods. Week is from Monday to Sunday.
const (
	EachSnapshot Period = iota
	Week
	Month
	Year
)

// Point is the indicators of a group in a period.
type Point struct {
	Start, End string // first and last day
	Snapshot   *Snapshot
	Reason     string // why there is none
}

// Why a period is blank.
const (
	Unfinished = "PERIOD_UNFINISHED"
	NotTaken   = "NOT_TAKEN"
)

// mostPoints bounds an answer.
const mostPoints = 1000

// Query is the indicators of a group over time. Empty dates are those of the first
// and the last snapshot of the group. Faults: INDICATORS_NOT_TAKEN, INVALID_FIELD.
func (s *Store) Query(ctx context.Context, group, from, to string, period Period) ([]Point, error) {
	latest, err := s.Latest(ctx)
	if err != nil {
		return nil, err
	}
	if from == "" {
		if from, err = s.end(ctx, group, false); err != nil {
			return nil, err
		}
	}
	if to == "" {
		if to, err = s.end(ctx, group, true); err != nil {
			return nil, err
		}
	}
	start, err := date("from_date", from)
	if err != nil {
		return nil, err
	}
	end, err := date("to_date", to)
	if err != nil {
		return nil, err
	}
	if end.Before(start) {
		return nil, fault.Invalid("to_date", "must not be before from_date, %s, is %s", from, to)
	}
	if period == EachSnapshot {
		return s.each(ctx, group, from, to)
	}
	var points []Point
	for first := period.begin(start); !first.After(end); first = period.next(first) {
		if len(points) == mostPoints {
			return nil, fault.Invalid("from_date", "must be such that there are %d periods at most up to to_date", mostPoints)
		}
		p := Point{Start: first.Format(time.DateOnly), End: period.next(first).AddDate(0, 0, -1).Format(time.DateOnly)}
		if p.End > latest {
			p.Reason = Unfinished
		} else if p.Snapshot, err = s.LastIn(ctx, group, p.Start, p.End); err != nil {
			return nil, err
		} else if p.Snapshot == nil {
			p.Reason = NotTaken
		}
		points = append(points, p)
	}
	return points, nil
}

func (s *Store) each(ctx context.Context, group, from, to string) ([]Point, error) {
	found, err := s.Of(ctx, group, from, to, mostPoints)
	points := make([]Point, len(found))
	for i, snapshot := range found {
		points[i] = Point{Start: snapshot.Date, End: snapshot.Date, Snapshot: snapshot}
	}
	return points, err
}

func date(field, text string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return t, fault.Invalid(field, "must be a date of the calendar, YYYY-MM-DD, is %.32q", text)
	}
	return t, nil
}

// begin is the first day of the period that a day lies in.
func (p Period) begin(day time.Time) time.Time {
	switch p {
	case Week:
		return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	case Year:
		return time.Date(day.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	default:
		return time.Date(day.Year(), day.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
}

// next is the first day of the period behind one.
func (p Period) next(first time.Time) time.Time {
	switch p {
	case Week:
		return first.AddDate(0, 0, 7)
	case Year:
		return first.AddDate(1, 0, 0)
	default:
		return first.AddDate(0, 1, 0)
	}
}
