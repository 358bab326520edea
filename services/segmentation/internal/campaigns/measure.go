package campaigns

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Meter reads what campaigns have come to.
type Meter struct {
	Store *Store
	Facts Facts
}

// settleTime is how long after its planned end the result of a campaign is taken, so
// that the facts know of the last orders.
const settleTime = 10 * time.Minute

// Result is what a campaign has come to: as it was taken when it had ended, or by the
// facts of now. CAMPAIGN_NOT_STARTED before it runs.
func (m *Meter) Result(ctx context.Context, c *Campaign) (*Result, error) {
	if !c.assigned() {
		return nil, fault.New(fault.FailedPrecondition, "CAMPAIGN_NOT_STARTED", "campaign %q has not been started", c.ID)
	}
	if c.Result != nil {
		return c.Result, nil
	}
	return m.measure(ctx, c, m.Store.instant())
}

// measure adds up, in one pass over the assignments.
func (m *Meter) measure(ctx context.Context, c *Campaign, at time.Time) (*Result, error) {
	r := &Result{AsOf: at, End: c.windowEnd(at), Strata: make([]Arms, len(c.Strata))}
	customers := make([]string, 0, partSize)
	for docs, err := range m.Store.all(ctx, c, "", partSize) {
		if err != nil {
			return nil, err
		}
		customers = customers[:0]
		for _, d := range docs {
			customers = append(customers, d.customer())
		}
		known, err := m.Facts.GetMany(ctx, customers, ofOutcome)
		if err != nil {
			return nil, err
		}
		for i, d := range docs {
			arm := d.arm()
			if known[i] == nil {
				r.All.of(arm).Gone++
				continue
			}
			o := outcomeOf(known[i], c.Start, r.End, c.Currency)
			r.All.of(arm).add(o)
			for _, j := range d.Strata {
				if int(j) < len(r.Strata) {
					r.Strata[j].of(arm).add(o)
				}
			}
		}
	}
	return r, nil
}

// End ends a running campaign now, or takes the result of one that has ended.
func (m *Meter) End(ctx context.Context, id string) (*Campaign, error) {
	return m.Store.Change(ctx, id, func(c *Campaign) error {
		switch c.State {
		case Ended:
			return docstore.ErrUnchanged
		case Running:
			c.State, c.Stop = Ended, m.Store.instant()
			return nil
		}
		return fault.New(fault.FailedPrecondition, "CAMPAIGN_NOT_STARTED", "campaign %q has not been started", id)
	})
}

// Sweep ends the campaigns whose time is over, and takes the results of those ended.
func (m *Meter) Sweep(ctx context.Context) error {
	running, err := m.Store.in(ctx, Running)
	if err != nil {
		return err
	}
	now := m.Store.instant()
	for _, c := range running {
		if now.Before(c.End.Add(settleTime)) {
			continue
		}
		_, err := m.Store.Change(ctx, c.ID, func(c *Campaign) error {
			if c.State != Running {
				return docstore.ErrUnchanged
			}
			c.State, c.Stop = Ended, c.End
			return nil
		})
		if err != nil {
			return err
		}
	}
	ended, err := m.Store.in(ctx, Ended)
	if err != nil {
		return err
	}
	for _, c := range ended {
		if c.Result != nil || now.Before(c.Stop.Add(settleTime)) {
			continue
		}
		if err := m.keep(ctx, c, now); err != nil {
			return err
		}
	}
	return nil
}

func (m *Meter) keep(ctx context.Context, c *Campaign, now time.Time) error {
	r, err := m.measure(ctx, c, now)
	if err != nil {
		return err
	}
	_, err = m.Store.Change(ctx, c.ID, func(c *Campaign) error {
		if c.Result != nil {
			return docstore.ErrUnchanged
		}
		c.Result = r
		return nil
	})
	if gone := fault.ReasonOf(err) == "CAMPAIGN_NOT_FOUND"; !gone {
		return err
	}
	return nil // deleted meanwhile
}

// HeldOut tells which running campaign holds a customer out from an action of a
// strategy; empty for none.
func (s *Store) HeldOut(ctx context.Context, customer, strategy, action string) (string, error) {
	running, err := s.in(ctx, Running)
	if err != nil {
		return "", err
	}
	now := s.instant()
	for _, c := range running {
		if !now.Before(c.End) || c.Strategy != "" && c.Strategy != strategy || c.Action != "" && c.Action != action {
			continue
		}
		d, err := s.assignments.Get(ctx, docstore.ID(c.ID, customer))
		if errors.Is(err, docstore.ErrNotFound) {
			continue
		}
		if err != nil {
			return "", err
		}
		if d.HeldOut {
			return c.ID, nil
		}
	}
	return "", nil
}
