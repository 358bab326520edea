package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ProgramState is whether a programme runs.
type ProgramState string

// The states.
const (
	Draft  ProgramState = "draft"
	Active ProgramState = "active"
	Paused ProgramState = "paused"
	Closed ProgramState = "closed"
)

// programSteps are the states that may follow a state.
var programSteps = map[ProgramState][]ProgramState{
	Draft:  {Active},
	Active: {Paused, Closed},
	Paused: {Active, Closed},
}

const (
	maxPoints      = 1_000_000_000 // of one reward
	maxAttribution = 730           // days
	// DefaultAttribution is the attribution window, in days, where none is given.
	DefaultAttribution = 90
)

// Program is a referral programme.
type Program struct {
	ID              string
	DisplayName     string
	Goal            string
	AdvocatePoints  int64
	RefereePoints   int64
	AttributionDays int32
	BudgetPoints    int64 // 0 is no limit
	SpentPoints     int64 // given out and held
	State           ProgramState
	// Holds are the changes of SpentPoints that their referrals do not confirm
	// yet, as far as is known.
	Holds []Hold
	// Secret makes codes and ids derived from request ids unpredictable.
	Secret     []byte
	Request    RequestKey
	CreateTime time.Time
	UpdateTime time.Time
	Version    int64
}

// Normalize fills in defaults and reports all that a caller has set wrong.
func (p *Program) Normalize() error {
	if p.AttributionDays == 0 {
		p.AttributionDays = DefaultAttribution
	}
	var wrong []*fault.Fault
	check := func(ok bool, field, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fault.Invalid(field, format, args...))
		}
	}
	wrong = append(wrong, checkText("program.display_name", p.DisplayName, 128), checkText("program.goal", p.Goal, 1024))
	check(p.AdvocatePoints >= 0 && p.AdvocatePoints <= maxPoints, "program.advocate_points", "must be from 0 to %d", maxPoints)
	check(p.RefereePoints >= 0 && p.RefereePoints <= maxPoints, "program.referee_points", "must be from 0 to %d", maxPoints)
	check(p.AttributionDays > 0 && p.AttributionDays <= maxAttribution, "program.attribution_days", "must be from 1 to %d", maxAttribution)
	check(p.BudgetPoints == 0 || p.BudgetPoints >= p.Reward(), "program.budget_points",
		"must be 0, for no limit, or enough for one reward of %d points", p.Reward())
	return fault.Merge(wrong...)
}

// Reward is what one referral costs, in points.
func (p *Program) Reward() int64 { return p.AdvocatePoints + p.RefereePoints }

// Step brings the programme into another state. It reports whether that
// changes anything, or returns the fault ILLEGAL_STEP.
func (p *Program) Step(to ProgramState) (changed bool, err error) {
	if p.State == to {
		return false, nil
	}
	if !slices.Contains(programSteps[p.State], to) {
		return false, illegalStep("programme", string(p.State), string(to))
	}
	p.State = to
	return true, nil
}

// ProgramFields are the fields a caller may change.
var ProgramFields = []string{"display_name", "goal", "advocate_points", "referee_points", "attribution_days", "budget_points"}

// Change takes the named fields from another programme, checks the result, and
// reports whether anything is different. Rewards are fixed once a programme was
// started: REWARDS_FIXED.
func (p *Program) Change(from *Program, fields []string) (changed bool, err error) {
	before := *p
	for _, field := range fields {
		switch field {
		case "display_name":
			p.DisplayName = from.DisplayName
		case "goal":
			p.Goal = from.Goal
		case "advocate_points":
			p.AdvocatePoints = from.AdvocatePoints
		case "referee_points":
			p.RefereePoints = from.RefereePoints
		case "attribution_days":
			p.AttributionDays = from.AttributionDays
		case "budget_points":
			p.BudgetPoints = from.BudgetPoints
		}
	}
	if err := p.Normalize(); err != nil {
		return false, err
	}
	if p.State != Draft && (p.AdvocatePoints != before.AdvocatePoints || p.RefereePoints != before.RefereePoints) {
		return false, fault.New(fault.FailedPrecondition, "REWARDS_FIXED",
			"the rewards of a programme that was started no longer change; close it and write another")
	}
	if p.BudgetPoints != before.BudgetPoints && p.BudgetPoints != 0 && p.BudgetPoints < p.SpentPoints {
		f := fault.Invalid("program.budget_points", "must be 0, for no limit, or at least the %d points already given out and held", p.SpentPoints)
		f.Kind, f.Reason = fault.FailedPrecondition, "BUDGET_BELOW_SPENT"
		return false, f
	}
	return p.DisplayName != before.DisplayName || p.Goal != before.Goal || p.AdvocatePoints != before.AdvocatePoints ||
		p.RefereePoints != before.RefereePoints || p.AttributionDays != before.AttributionDays || p.BudgetPoints != before.BudgetPoints, nil
}

// CheckActive is the fault PROGRAM_NOT_ACTIVE unless the programme takes codes
// and referrals.
func (p *Program) CheckActive() error {
	if p.State == Active {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "PROGRAM_NOT_ACTIVE",
		"programme %q is %s; only an active one takes codes and referrals", p.ID, p.State).With("state", strings.ToUpper(string(p.State)))
}

// illegalStep names the states as the API does.
func illegalStep(what, from, to string) *fault.Fault {
	name := func(state string) string { return strings.ToUpper(strings.ReplaceAll(state, " ", "_")) }
	return fault.New(fault.FailedPrecondition, "ILLEGAL_STEP", "a %s that is %s cannot become %s", what, name(from), name(to)).
		With("from", name(from)).With("to", name(to))
}
