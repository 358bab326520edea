// Package journey says at which stage of their journey customers are: from the
// first notice they take of the company to their loyalty. Stages are computed
// from what a customer did, by the rules of a policy, and from what persons say;
// the same history and the same policy always give the same.
package journey

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/profile/internal/activity"
	"github.com/kehuhq/kehu/services/profile/internal/calendar"
)

// Stage is a stage of the journey.
type Stage int

// The stages in their order.
const (
	None Stage = iota
	Awareness
	Consideration
	Decision
	Purchase
	Use
	Loyalty
)

// Stages is how many there are, none included.
const Stages = int(Loyalty) + 1

var stageNames = [Stages]string{"none", "awareness", "consideration", "decision", "purchase", "use", "loyalty"}

// String is the stage in lower case.
func (s Stage) String() string {
	if s < None || s > Loyalty {
		return ""
	}
	return stageNames[s]
}

// Policy is the rules by which customers come to the stages.
type Policy struct {
	Version int64
	Zone    *time.Location
	Rules   []Rule
}

// Rule brings a customer to a stage.
type Rule struct {
	Stage    Stage
	Selector *activity.Selector
	Count    int  // so many steps that are selected, 1 at least
	Days     bool // counts days of the policy's zone, and not steps
	// After counts only what comes once that stage or a later one has been come to,
	// and Delay later at least. None counts everything.
	After Stage
	Delay time.Duration
}

// Needs are what has to be read for a policy.
func (p *Policy) Needs() activity.Needs {
	var n activity.Needs
	for i := range p.Rules {
		n = n.Join(p.Rules[i].Selector.Needs())
	}
	return n
}

// Setting is a stage that a person says a customer is at.
type Setting struct {
	Customer string // the record it was said of
	ID       string
	TimeMS   int64
	Stage    Stage
	Reason   string
	By       string
}

// Transition is a step from one stage to another.
type Transition struct {
	From, To Stage
	TimeMS   int64
	Rule     int      // the number of the rule, from 1; 0 where a person said so
	Setting  *Setting // what the person said
}

// Transitions are how a customer came from stage to stage, oldest first: by the
// first step at which a rule of a later stage is met, and by what persons said.
// Steps and settings are in the order of time; of equal times the steps come
// first. The rules do not lead back.
func (p *Policy) Transitions(ctx context.Context, steps []activity.Step, settings []Setting) ([]Transition, error) {
	t := &traveller{policy: p, progress: make([]progress, len(p.Rules)), days: calendar.Calendar{Unit: calendar.Day, Zone: p.Zone}}
	for len(steps) > 0 || len(settings) > 0 {
		if len(steps) == 0 || len(settings) > 0 && settings[0].TimeMS < steps[0].TimeMS {
			t.set(&settings[0])
			settings = settings[1:]
			continue
		}
		if err := t.take(ctx, &steps[0]); err != nil {
			return nil, err
		}
		steps = steps[1:]
	}
	return t.transitions, nil
}

// traveller is one customer on the way.
type traveller struct {
	policy      *Policy
	days        calendar.Calendar
	stage       Stage
	since       [Stages]int64 // when each stage up to the present one was come to
	progress    []progress
	transitions []Transition
}

// progress is how far a rule has been met.
type progress struct {
	count   int
	lastDay int
}

func (t *traveller) take(ctx context.Context, s *activity.Step) error {
	to, by := t.stage, 0
	for i := range t.policy.Rules {
		rule, progress := &t.policy.Rules[i], &t.progress[i]
		if rule.After != None && (t.stage < rule.After || s.TimeMS-t.since[rule.After] < rule.Delay.Milliseconds()) {
			continue
		}
		selected, err := rule.Selector.Selects(ctx, s)
		if err != nil {
			return err
		}
		if !selected || rule.Days && !t.newDay(progress, s.TimeMS) {
			continue
		}
		if progress.count++; progress.count >= rule.Count && rule.Stage > to {
			to, by = rule.Stage, i+1
		}
	}
	if by > 0 {
		t.move(Transition{From: t.stage, To: to, TimeMS: s.TimeMS, Rule: by})
	}
	return nil
}

func (t *traveller) newDay(p *progress, timeMS int64) bool {
	day := t.days.Period(time.UnixMilli(timeMS))
	if p.count > 0 && day == p.lastDay {
		return false
	}
	p.lastDay = day
	return true
}

func (t *traveller) set(s *Setting) {
	t.move(Transition{From: t.stage, To: s.Stage, TimeMS: s.TimeMS, Setting: s})
	for i := range t.policy.Rules {
		if t.policy.Rules[i].After > t.stage {
			t.progress[i] = progress{} // it begins anew once the stage is come to again
		}
	}
}

func (t *traveller) move(to Transition) {
	for stage := t.stage + 1; stage <= to.To; stage++ {
		t.since[stage] = to.TimeMS
	}
	t.stage = to.To
	t.transitions = append(t.transitions, to)
}
