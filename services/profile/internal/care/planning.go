package care

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/care/lunar"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

const (
	// planningKind is the name under which plannings are kept: it must stay.
	planningKind = "plan-care-tasks"
	// batch is how many customers are planned for between two checkpoints.
	batch = 1000
	// mostDays is the longest span that is planned at once.
	mostDays = 60
)

// progress of a planning, as its checkpoints keep it.
type progress struct {
	From, To                                          string // days; empty before the first checkpoint
	Zone                                              string
	Last                                              string // customer planned for last
	Customers, Planned, Known, WithoutConsent, Paused int64
}

// PlanCareTasks starts the planning of what the policy asks for.
func (s *Server) PlanCareTasks(ctx context.Context, r *profilev1.PlanCareTasksRequest) (*longrunningpb.Operation, error) {
	p, err := s.policy(ctx)
	if err != nil {
		return nil, err
	}
	if _, _, err := s.spanOf(r, p); err != nil {
		return nil, err
	}
	return s.operations.Start(ctx, planningKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// spanOf is the days that a request asks for, and the zone they are of.
func (s *Server) spanOf(r *profilev1.PlanCareTasksRequest, p *profilev1.CarePolicy) (span, *time.Location, error) {
	zone, err := aip.Zone("time_zone", p.GetTimeZone())
	if err != nil {
		return span{}, nil, err
	}
	today := s.now().In(zone)
	begin := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	if begin, err = dayOr("from", r.GetFrom(), begin); err != nil {
		return span{}, nil, err
	}
	end, err := dayOr("to", r.GetTo(), begin.Add(days(p.GetHorizonDays())))
	if err != nil {
		return span{}, nil, err
	}
	switch {
	case begin.Year() < lunar.FirstYear || end.Year() > lunar.LastYear:
		return span{}, nil, fault.Invalid("from", "must be a day of the years %d to %d, for which the Chinese calendar is known", lunar.FirstYear, lunar.LastYear)
	case !begin.Before(end) || end.Sub(begin) > days(mostDays):
		return span{}, nil, fault.Invalid("to", "must be 1 to %d days after from", mostDays)
	}
	return span{begin, end}, zone, nil
}

// plan goes on from the last checkpoint. What it writes is known by customer,
// rule and occasion, so that a step taken twice plans nothing twice.
func (s *Server) plan(ctx context.Context, run *operation.Run[*profilev1.PlanCareTasksRequest, progress]) (proto.Message, error) {
	p, err := s.policy(ctx)
	if err != nil {
		return nil, err
	}
	w := &planner{Server: s, policy: p, at: run.State}
	if w.at.From == "" {
		var zone *time.Location
		if w.span, zone, err = s.spanOf(run.Request, p); err != nil {
			return nil, err
		}
		w.at.From, w.at.To, w.at.Zone = w.span.from.Format(time.DateOnly), w.span.to.Format(time.DateOnly), zone.String()
	}
	if err := w.resume(); err != nil {
		return nil, err
	}
	part := store.Span{}
	if w.at.Last != "" {
		part.From = w.at.Last + `"` // directly behind it, see kehu.api.v1.CustomerRange
	}
	for c, err := range s.people.All(ctx, part) {
		if err != nil {
			return nil, err
		}
		w.meet(&c)
		if w.met < batch {
			continue
		}
		if err := w.flush(ctx); err != nil {
			return nil, err
		}
		run.Progress(w.at.Customers, 0, "planning")
		if err := run.Checkpoint(ctx, w.at); err != nil {
			return nil, err
		}
	}
	if err := w.flush(ctx); err != nil {
		return nil, err
	}
	return &profilev1.PlanCareTasksResponse{
		Customers: w.at.Customers, Planned: w.at.Planned, Known: w.at.Known, WithoutConsent: w.at.WithoutConsent, Paused: w.at.Paused,
		FromDate: w.at.From, ToDate: w.at.To, TimeZone: w.at.Zone,
	}, nil
}

// planner plans for one customer after another.
type planner struct {
	*Server
	policy   *profilev1.CarePolicy
	span     span
	zone     *time.Location
	holidays calendar
	at       progress
	met      int
	waiting  []dues
}

// dues is what is due for one customer.
type dues struct {
	customer string
	list     []occasion
}

// resume reads the days from the progress.
func (w *planner) resume() (err error) {
	if w.span.from, err = time.Parse(time.DateOnly, w.at.From); err != nil {
		return err
	}
	if w.span.to, err = time.Parse(time.DateOnly, w.at.To); err != nil {
		return err
	}
	w.zone, err = time.LoadLocation(w.at.Zone)
	w.holidays = newCalendar(w.span)
	return err
}

// meet notes what is due for a customer.
func (w *planner) meet(c *domain.Customer) {
	w.met++
	w.at.Customers++
	w.at.Last = c.ID
	if list := occasions(w.policy, w.holidays, w.span, c, w.zone); len(list) > 0 {
		w.waiting = append(w.waiting, dues{c.ID, list})
	}
}

// flush plans what was noted.
func (w *planner) flush(ctx context.Context) error {
	waiting := w.waiting
	w.waiting, w.met = nil, 0
	if len(waiting) == 0 {
		return nil
	}
	ids, keys := make([]string, len(waiting)), make([]string, len(waiting))
	for i, d := range waiting {
		ids[i], keys[i] = d.customer, docstore.ID(d.customer)
	}
	plans, err := w.plans.GetMany(ctx, keys)
	if err != nil {
		return err
	}
	allowed, err := w.allowed(ctx, ids)
	if err != nil {
		return err
	}
	var ops []docstore.Op[task]
	for i, d := range waiting {
		ops = append(ops, w.tasksFor(d, plans[i], allowed[i])...)
	}
	return w.write(ctx, ops)
}

// tasksFor are the contacts to be planned for a customer.
func (w *planner) tasksFor(d dues, p *plan, allowed bool) []docstore.Op[task] {
	manager, paused := w.policy.GetDefaultManager(), ""
	if p != nil {
		if paused = p.PausedUntil; p.Manager != "" {
			manager = p.Manager
		}
	}
	var ops []docstore.Op[task]
	seen := make(map[string]bool)
	for _, o := range d.list {
		day := o.day.Format(time.DateOnly)
		id := o.rule.GetRule() + "-" + day
		switch {
		case seen[id]: // two holidays on one day
			continue
		case o.due.Format(time.DateOnly) < paused:
			w.at.Paused++
			continue
		case o.rule.GetMarketing() && !allowed:
			w.at.WithoutConsent++
			continue
		}
		seen[id] = true
		ops = append(ops, docstore.Op[task]{Expect: docstore.Absent, Doc: &task{
			Meta:     docstore.Meta{ID: docstore.ID(d.customer, id)},
			Customer: d.customer, Manager: manager, Follows: true, State: planned,
			Topic: o.rule.GetTopic(), Holiday: o.holiday, Channel: o.rule.GetChannel(), Marketing: o.rule.GetMarketing(),
			DueAt: due(w.policy, w.zone, o.due), Rule: o.rule.GetRule(), Occasion: day,
			TextZh: o.rule.GetText().GetZh(), TextEn: o.rule.GetText().GetEn(), CreatedAt: w.now(),
		}})
	}
	return ops
}

// write writes what is not there yet.
func (w *planner) write(ctx context.Context, ops []docstore.Op[task]) error {
	for len(ops) > 0 {
		n := min(len(ops), batch)
		errs, err := w.docs.Write(ctx, ops[:n])
		if err != nil {
			return err
		}
		for _, err := range errs {
			switch {
			case err == nil:
				w.at.Planned++
			case errors.Is(err, docstore.ErrConflict):
				w.at.Known++
			default:
				return err
			}
		}
		ops = ops[n:]
	}
	return nil
}

// Daily starts the planning of a day, once for all processes, where the policy
// asks for it.
func (s *Server) Daily(ctx context.Context) error {
	p, err := s.policy(ctx)
	if err != nil || !p.GetDaily() {
		return err
	}
	days, _, err := s.spanOf(&profilev1.PlanCareTasksRequest{}, p)
	if err != nil {
		return err
	}
	today := days.from.Format(time.DateOnly)
	_, err = s.operations.Start(ctx, planningKind, operation.Start{
		ID: "care-" + today, Request: &profilev1.PlanCareTasksRequest{From: aip.Date(today)},
	})
	return err
}
