package analysis

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/calendar"
	"github.com/kehuhq/kehu/services/profile/internal/facet"
	"github.com/kehuhq/kehu/services/profile/internal/retention"
)

const (
	defaultPeriods = 12
	mostCells      = 20_000
)

// retentionRun is a retention on its way over the customers.
type retentionRun struct {
	asked          *profilev1.Retention
	joins, returns *activity.Selector
	calendar       calendar.Calendar
	tally          *retention.Tally
	active         []int64
}

func newRetention(r *profilev1.Retention, frame facet.Frame) (*retentionRun, error) {
	const at = "analysis.retention"
	run := &retentionRun{asked: r, joins: activity.Orders(), calendar: calendar.Calendar{Unit: calendar.Unit(r.GetUnit()), Zone: frame.Zone}}
	var err error
	if r.GetJoins() != nil {
		if run.joins, err = activity.NewSelector(at+".joins", r.GetJoins(), frame.Zone); err != nil {
			return nil, err
		}
	}
	run.returns = run.joins
	if r.GetReturns() != nil {
		if run.returns, err = activity.NewSelector(at+".returns", r.GetReturns(), frame.Zone); err != nil {
			return nil, err
		}
	}
	from, err := instantOr(at+".start_time", r.GetStartTime(), frame.AsOf)
	if err != nil {
		return nil, err
	}
	to, err := instantOr(at+".end_time", r.GetEndTime(), frame.AsOf)
	if err != nil {
		return nil, err
	}
	if to.After(frame.AsOf) {
		to = frame.AsOf
	}
	def := retention.Definition{
		Calendar: run.calendar, First: run.calendar.Period(from), Last: run.calendar.Period(to),
		Offsets: int(r.GetPeriods()), AsOf: frame.AsOf,
	}
	if def.Offsets == 0 {
		def.Offsets = defaultPeriods
	}
	switch cohorts := def.Last - def.First + 1; {
	case cohorts < 1:
		return nil, fault.Invalid(at+".end_time", "must not be before start_time, nor start_time after as_of")
	case cohorts*def.Offsets > mostCells:
		return nil, fault.Invalid(at+".periods", "must make at most %d cells, makes %d cohorts × %d periods; take a longer unit or fewer periods",
			mostCells, cohorts, def.Offsets)
	}
	run.tally = retention.NewTally(def)
	return run, nil
}

func (r *retentionRun) needs() activity.Needs { return r.joins.Needs().Join(r.returns.Needs()) }

func (r *retentionRun) add(ctx context.Context, s *facet.Subject, _ lister) error {
	joined, at := false, int64(0)
	r.active = r.active[:0]
	for i := range s.Steps {
		step := &s.Steps[i]
		if !joined {
			var err error
			if joined, err = r.joins.Selects(ctx, step); err != nil {
				return err
			}
			at = step.TimeMS
			continue
		}
		returned, err := r.returns.Selects(ctx, step)
		if err != nil {
			return err
		}
		if returned {
			r.active = append(r.active, step.TimeMS)
		}
	}
	if joined {
		r.tally.Add(at, r.active)
	}
	return nil
}

func (r *retentionRun) answer(a *profilev1.Analysis) error {
	result := &profilev1.RetentionResult{}
	level := levelOf(r.asked.GetConfidenceLevel())
	for _, c := range r.tally.Cohorts() {
		told := &profilev1.RetentionCohort{
			Period: r.calendar.Label(c.Period), StartTime: timestamppb.New(r.calendar.Start(c.Period)), Ended: c.Ended, Size: c.Size,
		}
		for i := range c.Classic {
			cell, err := cellProto(i+1, retention.Overall{Size: c.Size, Classic: c.Classic[i], Rolling: c.Rolling[i], Cumulative: c.Cumulative[i]}, level)
			if err != nil {
				return err
			}
			told.Cells = append(told.Cells, cell)
		}
		result.Cohorts = append(result.Cohorts, told)
	}
	for i, o := range r.tally.Overall() {
		cell, err := cellProto(i+1, o, level)
		if err != nil {
			return err
		}
		result.Overall = append(result.Overall, cell)
	}
	a.Result = &profilev1.Analysis_RetentionResult{RetentionResult: result}
	return nil
}

func cellProto(period int, o retention.Overall, level float64) (*profilev1.RetentionCell, error) {
	cell := &profilev1.RetentionCell{
		Period: int32(period), Size: o.Size, Classic: o.Classic, Rolling: o.Rolling, Cumulative: o.Cumulative,
	}
	for _, one := range []struct {
		to   **profilev1.Rate
		part int64
	}{{&cell.ClassicRate, o.Classic}, {&cell.RollingRate, o.Rolling}, {&cell.CumulativeRate, o.Cumulative}} {
		var err error
		if *one.to, err = rate(one.part, o.Size, level); err != nil {
			return nil, err
		}
	}
	return cell, nil
}
